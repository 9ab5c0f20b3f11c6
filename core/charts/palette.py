"""The one palette and what charts have in common: a family keeps its colour on every page.

The colours were chosen to stay apart under deuteranopia, protanopia and tritanopia and to stand out on white
and on the dark background alike (tests hold both); text, axes and backgrounds are left to the page.
"""

import re
import textwrap
from collections.abc import Iterable, Mapping

import altair as alt

PALETTE = ("#2E6FD9", "#DD9800", "#009C78", "#D81E5B", "#9679A9", "#35B0F0", "#7E3FA8", "#A05700")
GREY = "#8A93A0"  # readable on both backgrounds
FIXED = {"BERT-small": 0, "BERT-base": 1, "RoBERTa-base": 2}  # the published families, whatever else there is
ORIGINS = {"published": "published", "measured": "measured here", "uploaded": "uploaded"}
SHAPES = {"published": "circle", "measured here": "diamond", "uploaded": "square"}
# Streamlit fits a chart into its height, title and axes included, which leaves nothing for two or three rows:
# where the height follows the number of rows, it is that of the drawing alone.
FIT_WIDTH = alt.AutoSizeParams(type="fit-x", contains="padding")


def family_colours(families: Iterable[str]) -> dict[str, str]:
    """A colour for every family; give all families of the store, so that a filter changes no colour.

    The published families have fixed colours; the others take the free ones in alphabetical order, and from
    the sixth of them on the grey, so that no two families share a colour that means something.
    """
    rest = sorted(set(families) - set(FIXED))
    free = [*PALETTE[len(FIXED) :], *[GREY] * len(rest)]
    return {name: PALETTE[index] for name, index in FIXED.items()} | dict(zip(rest, free, strict=False))


def colour_scale(colours: Mapping[str, str], present: Iterable[str]) -> alt.Scale:
    """The scale of those colours whose names are present, in the order of `colours`."""
    present = set(present)
    shown = [name for name in colours if name in present]
    return alt.Scale(domain=shown, range=[colours[name] for name in shown])


def heading(title: str, subtitle: str, characters: int = 100) -> alt.Title:
    """A title and a subtitle over a chart, broken after so many characters."""
    return alt.Title(
        textwrap.wrap(title, characters),
        subtitle=textwrap.wrap(subtitle, characters + 24),
        subtitlePadding=6,
        offset=14,
    )


def field_name(column: str) -> str:
    """A column's name as Vega-Lite reads it: dots and brackets would mean a path into nested data."""
    return re.sub(r"([.\[\]])", r"\\\1", column)
