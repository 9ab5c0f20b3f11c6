"""Charts of the page Papers: the figures of arXiv 2406.12159, a chart a panel, and a sheet to hand over."""

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from core.charts.palette import GREY, PALETTE, family_colours
from core.studies.latent_geometry import FAMILIES
from core.studies.latent_geometry_figures import Panel

KINDS = {"perturbed": "noise in the weights", "non-standard": "non-standard model"}
_SHAPES = {"perturbed": "circle", "non-standard": "diamond"}
_SIZES = {"perturbed": 55, "non-standard": 130}
_PLACES = (  # of a label at its point: align, dx, dy; the earlier the better
    ("left", 9, 0),
    ("right", -9, 0),
    ("center", 0, -13),
    ("center", 0, 14),
    ("left", 8, -11),
    ("left", 8, 12),
    ("right", -8, -11),
    ("right", -8, 12),
)
_LETTER, _LINE = 7.2, 15  # pixels that a label takes: a letter's width, a line's height
X_TITLES = {"noise": "Noise α (as a fraction)", "prediction": "Predicted GLUE average (as a fraction)"}


def chart(
    panel: Panel,
    *,
    height: int,
    width: int | str = "container",
    large: bool = False,
    legend: bool = True,
    labels: bool = False,
    x_title: bool = True,
) -> alt.Chart | alt.LayerChart | alt.FacetChart:
    """One panel.

    Arguments:
        height, width: in pixels; "container" fills the page.
        large: bigger letters, for showing to a room.
        legend: whether it explains colours and shapes itself.
        labels: whether the non-standard models are named.
        x_title: whether the axis across says what it shows, where that is the panel's own title.
    """
    drawn: alt.Chart | alt.LayerChart | alt.FacetChart
    if panel.kind == "matrix":
        drawn = _matrix(panel)
    else:
        drawn = _points(panel, legend, x_title)
        if labels:
            room = width if isinstance(width, int) else 1000 if legend else 500
            drawn = alt.layer(drawn, *_labels(panel.points, height, room))
    drawn = drawn.properties(height=height, width=width)
    if not large:
        return drawn
    return (
        drawn.configure_axis(labelFontSize=15, titleFontSize=16)
        .configure_legend(labelFontSize=16, symbolSize=160)
        .configure_text(fontSize=14)
    )


def sheet(panels: Sequence[Panel], title: str, source: str, *, width: int = 430) -> alt.ConcatChart:
    """All panels of a figure in one picture on white, to save and hand over; width: of a panel, in pixels."""
    columns = 1 if len(panels) == 1 else 2 if len(panels) <= 4 and len(panels) != 3 else 3
    width = width * 2 if columns == 1 else width
    height = width if panels[0].kind == "matrix" else round(width * 0.72)
    several = len(panels) > 1
    drawn = [
        chart(
            panel,
            height=height,
            width=width,
            legend=panel is panels[0],
            labels=not several,
            x_title=not several,
        )
        for panel in panels
    ]
    if several:
        drawn = [each.properties(title=panel.title) for each, panel in zip(drawn, panels, strict=True)]
    return (
        alt.concat(*drawn, columns=columns, spacing=28)
        .properties(
            title=alt.Title(title, subtitle=source, subtitleColor=GREY, offset=18, anchor="start"),
            background="white",
            padding=18,
        )
        .configure_axis(grid=True, gridColor="#E8EAED")
        .configure_view(stroke=None)
        .resolve_scale(color="shared", shape="shared", size="shared")
    )


def key(panels: Sequence[Panel]) -> str:
    """What colours and shapes of `panels` mean, as a line of HTML, where they are drawn without a legend."""
    colours = family_colours([])
    signs = {"perturbed": "●", "non-standard": "◆"}
    variants = {kind for panel in panels for kind in panel.points["variant"]}
    entries = [(colours[name], "●", name) for name in FAMILIES]
    if len(variants) > 1:
        entries += [(GREY, signs[kind], KINDS[kind]) for kind in KINDS if kind in variants]
    spans = [
        f'<span style="white-space:nowrap;margin-right:1.2em"><span style="color:{colour};font-size:1.2em">'
        f"{sign}</span> {text}</span>"
        for colour, sign, text in entries
    ]
    return f'<div style="font-size:0.9rem">{"".join(spans)}</div>'


def _points(panel: Panel, legend: bool, x_title: bool) -> alt.LayerChart | alt.FacetChart:
    colours = family_colours([])
    points = panel.points.assign(
        kind=panel.points["variant"].map(KINDS), size=panel.points["variant"].map(_SIZES)
    )
    families = [name for name in FAMILIES if name in set(points["family"])]
    kinds = [KINDS[name] for name in KINDS if name in set(panel.points["variant"])]
    x = alt.X(
        "x:Q",
        title=X_TITLES.get(panel.kind, panel.title if x_title else None),
        scale=alt.Scale(zero=False, nice=False, padding=14),
        axis=alt.Axis(tickCount=6),
    )
    y = alt.Y(
        "glue_average:Q",
        title="GLUE average (as a fraction)" if x_title else "GLUE average",
        scale=alt.Scale(zero=False, nice=False, padding=12),
        axis=alt.Axis(tickCount=6),
    )
    layers: list[alt.Chart] = []
    if len(panel.line):
        line = alt.Chart(panel.line.rename(columns={"y": "glue_average"}))
        layers.append(line.mark_line(color=GREY, strokeWidth=2, strokeDash=[6, 4]).encode(x=x, y=y))
    marks = (
        alt.Chart(points)
        .mark_point(filled=True, opacity=0.85)
        .encode(
            x=x,
            y=y,
            color=alt.Color(
                "family:N",
                scale=alt.Scale(domain=families, range=[colours[name] for name in families]),
                title=None,
                legend=alt.Legend(orient="top", symbolOpacity=1) if legend and len(families) > 1 else None,
            ),
            shape=alt.Shape(
                "kind:N",
                scale=alt.Scale(
                    domain=kinds, range=[_SHAPES[name] for name in KINDS if KINDS[name] in kinds]
                ),
                title=None,
                legend=alt.Legend(orient="top", symbolFillColor=GREY, symbolSize=110)
                if legend and len(kinds) > 1
                else None,
            ),
            size=alt.Size("size:Q", scale=None, legend=None),
            tooltip=[
                alt.Tooltip("label:N", title="Model"),
                alt.Tooltip("x:Q", title=X_TITLES.get(panel.kind, panel.title), format=".4~g"),
                alt.Tooltip("glue_average:Q", title="GLUE average", format=".3f"),
                alt.Tooltip("runs:Q", title="Runs (median)"),
            ],
        )
    )
    layers.append(marks)
    return alt.layer(*layers)


def _labels(points: pd.DataFrame, height: int, width: int) -> list[alt.Chart]:
    """The names of the non-standard models, a layer for each side of a point that they stand on."""
    named = points[points["variant"] == "non-standard"]
    layers = []
    for (align, dx, dy), group in placed(named, points, height, width).groupby("place", sort=True):
        text = alt.Chart(group.drop(columns="place")).mark_text(
            align=align, dx=dx, dy=dy, color=GREY, fontSize=14
        )
        layers.append(text.encode(x="x:Q", y="glue_average:Q", text="label:N"))
    return layers


def placed(named: pd.DataFrame, points: pd.DataFrame, height: int, width: int) -> pd.DataFrame:
    """Where each label goes so that labels cover neither each other nor points, as far as eight places allow.

    Arguments:
        named: the rows to label; points: all rows drawn; both with x, glue_average and (named) label.
        height, width: of the chart in pixels; the width is a guess, as the page decides it.

    Returns: `named` with `place`, one of (align, dx, dy).
    """
    low, high = points[["x", "glue_average"]].min(), points[["x", "glue_average"]].max()
    scale = np.array([width, -height]) / np.maximum((high - low).to_numpy(np.float64), 1e-12)
    spots = points[["x", "glue_average"]].to_numpy(np.float64) * scale
    taken = [(*spot, *spot) for spot in spots]  # left, top, right, bottom
    edges = spots[:, 0].min() - 2 * _LETTER, spots[:, 0].max() + 2 * _LETTER
    places = []
    for label, x, glue in named[["label", "x", "glue_average"]].itertuples(index=False):
        boxes = {place: _box(place, label, np.array([x, glue]) * scale) for place in _PLACES}
        hits = {
            place: sum(_overlap(box, other) for other in taken) + 9 * (box[0] < edges[0] or box[2] > edges[1])
            for place, box in boxes.items()
        }
        best = min(_PLACES, key=hits.__getitem__)
        taken += [boxes[best]] * 3  # to cover a label is worse than to cover a point
        places.append(best)
    return named.assign(place=places)


Box = tuple[float, float, float, float]


def _box(place: tuple[str, int, int], label: str, at: np.ndarray) -> Box:
    align, dx, dy = place
    wide = _LETTER * len(label)
    left = at[0] + dx - {"left": 0.0, "right": wide, "center": wide / 2}[align]
    return (left, at[1] + dy - _LINE / 2, left + wide, at[1] + dy + _LINE / 2)


def _overlap(a: Box, b: Box) -> bool:
    return a[0] <= b[2] and b[0] <= a[2] and a[1] <= b[3] and b[1] <= a[3]


def _matrix(panel: Panel) -> alt.Chart:
    order = list(dict.fromkeys(panel.points["row"]))
    scale = alt.Scale(domain=[-1, 0, 1], range=[PALETTE[1], "#F2F3F5", PALETTE[0]], interpolate="rgb")
    return (
        alt.Chart(panel.points)
        .mark_rect()
        .encode(
            x=alt.X(
                "column:N",
                sort=order,
                title=None,
                axis=alt.Axis(labelAngle=-90, labelOverlap=False, ticks=False, grid=False),
            ),
            y=alt.Y(
                "row:N", sort=order, title=None, axis=alt.Axis(labelOverlap=False, ticks=False, grid=False)
            ),
            color=alt.Color(
                "r:Q", scale=scale, title="Pearson's r", legend=alt.Legend(values=[-1, -0.5, 0, 0.5, 1])
            ),
            tooltip=[
                alt.Tooltip("row:N", title="Measure"),
                alt.Tooltip("column:N", title="With"),
                alt.Tooltip("r:Q", title="Pearson's r", format="+.3f"),
            ],
        )
    )
