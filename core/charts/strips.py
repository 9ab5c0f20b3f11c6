"""Where checkpoints stand within the reference: strips of measures, and a table cell of range and score."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from urllib.parse import quote

import altair as alt
import numpy as np
import pandas as pd

from core.charts.palette import FIT_WIDTH, GREY, colour_scale, heading
from core.measures.titles import title_of


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
            others = reference[name].dropna()
            width = (others.max() - others.min()) or 1.0
            below = [(others < value).mean() if np.isfinite(value) else np.nan for value in frame[name]]
            parts.append(
                frame[["name", "family"]].assign(
                    measure=title_of(name),
                    value=frame[name],
                    place=(frame[name] - others.min()) / width,
                    below=below,
                    low=others.min(),
                    high=others.max(),
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
            color=alt.Color("family:N", scale=colour_scale(colours, chosen["family"]), legend=None),
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
        title=heading(title, subtitle),
        height=32 * len(measures) + 10,
        width="container",
        autosize=FIT_WIDTH,
    )


def ticks(low: float, high: float) -> list[float]:
    """Two to four round numbers between two limits; none where they are not apart."""
    if not high > low:
        return []
    unit = 10 ** np.floor(np.log10(high - low))
    steps = [unit * size for size in (0.2, 0.25, 0.5, 1.0, 2.0, 2.5, 5.0)]
    step = next(step for step in steps if np.floor(high / step) - np.ceil(low / step) < 4)
    places = np.arange(np.ceil(low / step), np.floor(high / step) + 1)
    return [float(f"{place * step:.10g}") for place in places]


_ticks = lru_cache(maxsize=8)(ticks)  # a table of a thousand rows asks for the same ones


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
        limits: the score at the cell's left and right edge; thin lines stand at `ticks` between them.
    """
    width, height, middle = 206, 28, 14

    def at(value: float) -> float:
        apart = limits[1] - limits[0]
        share = (min(max(value, limits[0]), limits[1]) - limits[0]) / apart if apart else 0.5
        return round(6 + share * (width - 12), 1)

    def bar(start: float, end: float, thickness: float, fill: str, opacity: float) -> str:
        length = max(at(end) - at(start), 1)
        return (
            f'<rect x="{at(start)}" y="{middle - thickness / 2}" width="{length:.1f}" height="{thickness}" '
            f'rx="{thickness / 2}" fill="{fill}" fill-opacity="{opacity}"/>'
        )

    drawn = [
        f'<rect x="{at(value)}" y="0" width="1" height="{height}" fill="{GREY}" fill-opacity="0.35"/>'
        for value in _ticks(*limits)
    ]
    drawn.append(bar(*span, 4, GREY, 0.3))
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
