"""Altair charts as functions of data frames, and the one palette: a family keeps its colour on every page.

The colours were chosen to stay apart under deuteranopia, protanopia and tritanopia and to stand out on white
and on the dark background alike (tests hold both); text, axes and backgrounds are left to the theme.
"""

import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import quote

import altair as alt
import numpy as np
import pandas as pd

from core.measures.titles import axis_title, title_of

PALETTE = ("#2E6FD9", "#DD9800", "#009C78", "#D81E5B", "#9679A9", "#35B0F0", "#7E3FA8", "#A05700")
GREY = "#8A93A0"  # readable on both backgrounds
FIXED = {"BERT-small": 0, "BERT-base": 1, "RoBERTa-base": 2}  # the published families, whatever else there is
ORIGINS = {"published": "published", "measured": "measured here", "uploaded": "uploaded"}
# Streamlit fits a chart into its height, title and axes included, which leaves nothing for two or three rows:
# where the height follows the number of rows, it is that of the drawing alone.
FIT_WIDTH = alt.AutoSizeParams(type="fit-x", contains="padding")
SHAPES = {"published": "circle", "measured here": "diamond", "uploaded": "square"}


def family_colours(families: Iterable[str]) -> dict[str, str]:
    """A colour for every family; give all families of the store, so that a filter changes no colour.

    The published families have fixed colours; the others take the free ones in alphabetical order, and from
    the sixth of them on the grey, so that no two families share a colour that means something.
    """
    rest = sorted(set(families) - set(FIXED))
    free = [*PALETTE[len(FIXED) :], *[GREY] * len(rest)]
    return {name: PALETTE[index] for name, index in FIXED.items()} | dict(zip(rest, free, strict=False))


def _field(name: str) -> str:
    """A column's name as Vega-Lite reads it: dots and brackets would mean a path into nested data."""
    return re.sub(r"([.\[\]])", r"\\\1", name)


def _heading(title: str, subtitle: str, characters: int = 100) -> alt.Title:
    return alt.Title(
        textwrap.wrap(title, characters),
        subtitle=textwrap.wrap(subtitle, characters + 24),
        subtitlePadding=6,
        subtitleColor=GREY,
        offset=14,
    )


def _scale(name: str) -> alt.Scale:
    return (
        alt.Scale(type="log", nice=False, padding=16)
        if name == "parameters"
        else alt.Scale(zero=False, nice=False, padding=16)
    )


def _colours(colours: Mapping[str, str], present: Iterable[str]) -> alt.Scale:
    shown = [name for name in colours if name in set(present)]
    return alt.Scale(domain=shown, range=[colours[name] for name in shown])


def scatter(
    points: pd.DataFrame,
    lines: pd.DataFrame,
    x: str,
    y: str,
    *,
    colours: Mapping[str, str],
    colour_by: str = "family",
    title: str,
    subtitle: str,
    height: int = 400,
) -> alt.VConcatChart:
    """One measure against a score or measure, with fitted lines and bands, and the residuals below.

    Arguments:
        points: one row a checkpoint: subject, name, family, origin (display words), text, x, y and residual.
        lines: x, y, low, high, and group ("all" or a family).
        colours: of every value of `colour_by` ("family" or "origin").
        title: what is seen, in words; subtitle: the numbers behind it.

    Returns: two views that share the x axis. Named selections: "picked" (a click; field subject) and "brush"
    (a range of x in either view, which greys out everything outside it in both).
    """
    brush = alt.selection_interval(name="brush", encodings=["x"])
    picked = alt.selection_point(name="picked", fields=["subject"], on="click", empty=False)
    shown = [name for name in SHAPES if name in set(points["origin"])]
    pooled = len(lines) and lines["group"].iloc[0] == "all"
    scale = _colours(colours, points[colour_by])
    colour = alt.Color(
        f"{colour_by}:N", scale=scale, title=None, legend=alt.Legend(orient="top", symbolOpacity=1)
    )
    shape = alt.Shape(
        "origin:N",
        scale=alt.Scale(domain=shown, range=[SHAPES[name] for name in shown]),
        title=None,
        legend=alt.Legend(orient="top") if len(shown) > 1 else None,
    )
    tooltip = [
        alt.Tooltip("name:N", title="Checkpoint"),
        alt.Tooltip("family:N", title="Family"),
        alt.Tooltip(field=_field(x), type="quantitative", title=title_of(x), format=".4~g"),
        alt.Tooltip(field=_field(y), type="quantitative", title=title_of(y), format=".4~g"),
        alt.Tooltip("residual:Q", title="Above the line by", format="+.3f"),
        alt.Tooltip("origin:N", title="Origin"),
        alt.Tooltip("text:N", title="Text"),
    ]
    marks = (
        alt.Chart(points)
        .mark_point(filled=True, size=90)
        .encode(
            x=alt.X(
                field=_field(x), type="quantitative", title=None, scale=_scale(x), axis=alt.Axis(tickCount=10)
            ),
            color=colour,
            shape=shape,
            opacity=alt.when(brush).then(alt.value(0.8)).otherwise(alt.value(0.12)),
            size=alt.when(picked).then(alt.value(220)).otherwise(alt.value(90)),
            tooltip=tooltip,
        )
    )
    own = colour_by == "family" and not pooled
    line_colour = colour if own else alt.value(GREY)
    base = alt.Chart(lines.rename(columns={"group": "family"})).encode(
        x=alt.X(field=_field(x), type="quantitative"), detail="family:N"
    )
    band = base.mark_area(opacity=0.16).encode(y=alt.Y("low:Q"), y2="high:Q", color=line_colour)
    line = base.mark_line(strokeWidth=2).encode(
        y=alt.Y(field=_field(y), type="quantitative"), color=line_colour
    )
    above = marks.encode(
        y=alt.Y(field=_field(y), type="quantitative", title=axis_title(y), scale=_scale(y))
    ).add_params(brush, picked)
    main = alt.layer(band, line, above).properties(height=height, width="container")
    zero = alt.Chart(pd.DataFrame({"residual": [0.0]})).mark_rule(color=GREY).encode(y="residual:Q")
    residuals = marks.encode(
        x=alt.X(
            field=_field(x),
            type="quantitative",
            title=axis_title(x),
            scale=_scale(x),
            axis=alt.Axis(tickCount=10),
        ),
        y=alt.Y("residual:Q", title=["Residual", "(actual − line)"], axis=alt.Axis(tickCount=4)),
    ).properties(height=height // 3, width="container")
    return (
        alt.vconcat(main, alt.layer(zero, residuals).properties(width="container"), spacing=24)
        .properties(title=_heading(title, subtitle), autosize=FIT_WIDTH)
        .resolve_scale(x="shared", color="shared", shape="shared")
    )


def strips(
    reference: pd.DataFrame,
    chosen: pd.DataFrame,
    measures: Sequence[str],
    *,
    colours: Mapping[str, str],
    title: str,
    subtitle: str,
) -> alt.LayerChart | alt.FacetChart:
    """Where each chosen checkpoint stands within the reference, one strip a measure.

    Arguments:
        reference, chosen: one row a checkpoint: name, family, and the measures. A strip runs from the
            reference's lowest value to its highest; a chosen checkpoint beyond them stands outside it.

    Returns: a chart of one row a measure.
    """

    def long(frame: pd.DataFrame) -> pd.DataFrame:
        parts = []
        for name in measures:
            held = reference[name].dropna()
            width = (held.max() - held.min()) or 1.0
            below = [(held < value).mean() if np.isfinite(value) else np.nan for value in frame[name]]
            parts.append(
                frame[["name", "family"]].assign(
                    measure=title_of(name),
                    value=frame[name],
                    place=(frame[name] - held.min()) / width,
                    below=below,
                    low=held.min(),
                    high=held.max(),
                )
            )
        return pd.concat(parts).dropna(subset=["value"])

    order = [title_of(name) for name in measures]
    names = list(chosen["name"])
    row = alt.Y("measure:N", sort=order, title=None, axis=alt.Axis(labelLimit=260, ticks=False, domain=False))
    place = alt.X(
        "place:Q",
        title="From the reference's lowest value to its highest",
        scale=alt.Scale(nice=False, padding=14),
        axis=alt.Axis(values=[0, 1], labelExpr="datum.value == 0 ? 'lowest' : 'highest'"),
    )
    cloud = (
        alt.Chart(long(reference))
        .mark_tick(thickness=1, size=18, opacity=0.3, color=GREY)
        .encode(x=place, y=row, tooltip=[alt.Tooltip("name:N"), alt.Tooltip("value:Q", format=".4~g")])
    )
    points = (
        alt.Chart(long(chosen))
        .mark_point(size=120, filled=True, opacity=0.95)
        .encode(
            x=place,
            y=row,
            color=alt.Color("family:N", scale=_colours(colours, chosen["family"]), legend=None),
            shape=alt.Shape(
                "name:N",
                scale=alt.Scale(
                    domain=names, range=["circle", "square", "triangle-up", "diamond"][: len(names)]
                ),
                legend=alt.Legend(orient="top", title=None, labelLimit=320, columns=2, symbolFillColor=GREY),
            ),
            tooltip=[
                alt.Tooltip("name:N", title="Checkpoint"),
                alt.Tooltip("measure:N", title="Measure"),
                alt.Tooltip("value:Q", title="Value", format=".4~g"),
                alt.Tooltip("below:Q", title="Share of the reference below", format=".0%"),
                alt.Tooltip("low:Q", title="Reference's lowest", format=".4~g"),
                alt.Tooltip("high:Q", title="Reference's highest", format=".4~g"),
            ],
        )
    )
    return alt.layer(cloud, points).properties(
        title=_heading(title, subtitle),
        height=32 * len(measures) + 10,
        width="container",
        autosize=FIT_WIDTH,
    )


def range_cell(
    predicted: float,
    low: float,
    high: float,
    actual: float,
    span: tuple[float, float],
    limits: tuple[float, float],
    colour: str,
) -> str:
    """A table cell as an SVG data URL: interval, predicted point and known score over the reference's span.

    Arguments:
        predicted, low, high, actual: in the score's units; NaN where unknown.
        span: the lowest and highest score of the reference, drawn as a grey track.
        limits: the score at the cell's left and right edge.
    """
    width, height, middle = 206, 28, 14

    def at(value: float) -> float:
        share = (min(max(value, limits[0]), limits[1]) - limits[0]) / (limits[1] - limits[0])
        return round(6 + share * (width - 12), 1)

    def bar(start: float, end: float, thickness: float, fill: str, opacity: float) -> str:
        length = max(at(end) - at(start), 1)
        return (
            f'<rect x="{at(start)}" y="{middle - thickness / 2}" width="{length:.1f}" height="{thickness}" '
            f'rx="{thickness / 2}" fill="{fill}" fill-opacity="{opacity}"/>'
        )

    drawn = [bar(*span, 4, GREY, 0.3)]
    if np.isfinite(low) and np.isfinite(high):
        drawn.append(bar(low, high, 6, colour, 0.45))
    if np.isfinite(actual):
        drawn.append(f'<rect x="{at(actual) - 1}" y="5" width="2.5" height="18" fill="{GREY}"/>')
    if np.isfinite(predicted):
        drawn.append(f'<circle cx="{at(predicted)}" cy="{middle}" r="5" fill="{colour}"/>')
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}">{"".join(drawn)}</svg>'
    )
    return "data:image/svg+xml;utf8," + quote(svg, safe="/:=\"' <>")
