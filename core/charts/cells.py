"""Charts of the tab Cells: occupancy, centroid distances, errors, growth with n, ranks over k."""

import altair as alt
import numpy as np
import pandas as pd

from core.cells.curves import Curves
from core.charts.palette import GREY, PALETTE
from core.measures.titles import title_of

EMPTY = 0.05  # of an even share
PICTURES = {"occupancy": "Cell occupancy", "nearest": "Centroid distances", "errors": "Reconstruction errors"}


def limits(picture: str, drawn: list[Curves]) -> tuple[float, float]:
    """The y range that holds the picture of all `drawn`, so that two side by side can share it."""
    tops = [frame["y"].max() for frame in (points(picture, curves) for curves in drawn) if len(frame)]
    return 0.0, float(max(tops, default=1.0)) * 1.04


def points(picture: str, curves: Curves) -> pd.DataFrame:
    """What a picture draws: x, y and codebook; nothing where the centroids all coincide."""
    if picture == "errors":
        edges = np.array(curves.edges)
        widths = np.maximum(np.diff(edges), 1e-12)
        density = np.array(curves.shares) / widths
        return pd.DataFrame({"x": (edges[1:] + edges[:-1]) / 2, "y": density, "codebook": "all"})
    lists = curves.occupancy if picture == "occupancy" else curves.nearest
    if not lists:
        return pd.DataFrame(columns=["x", "y", "codebook"])
    table = np.array(lists, dtype=float)
    if picture == "occupancy":
        table = table / (curves.n / curves.k)
    M, k = table.shape
    frame = pd.DataFrame({"x": np.tile(np.arange(1, k + 1) / k, M), "y": table.ravel()})
    return frame.assign(codebook=np.repeat([f"codebook {m + 1}" for m in range(M)], k))


def picture(
    name: str, curves: Curves, colour: str, *, span: tuple[float, float], x_span: tuple[float, float]
) -> alt.LayerChart | alt.FacetChart:
    """One picture of one checkpoint; span: the y range, x_span: the x range, shared with its neighbour.

    Errors have a y range each: a hill of area 1 that is a hundred times as narrow would flatten the other.
    """
    frame = points(name, curves)
    axes = {
        "occupancy": ("Cells, fullest first (share of the codebook)", "Times an even share (log)"),
        "nearest": (
            "Centroids, most apart first (share of the codebook)",
            "Squared distance (largest = 1)",
        ),
        "errors": ("Error, times a typical length", "Density of vectors"),
    }
    x = alt.X("x:Q", title=axes[name][0], scale=alt.Scale(domain=x_span, nice=False))
    y = alt.Y("y:Q", title=axes[name][1], scale=alt.Scale(domain=span, nice=False))
    if name == "occupancy":  # logarithmic above a twentieth, linear below, where empty cells are
        y = alt.Y(
            "y:Q",
            title=axes[name][1],
            scale=alt.Scale(domain=span, nice=False, type="symlog", constant=EMPTY),
            axis=alt.Axis(values=[0, 0.1, 0.3, 1, 3, 10, 30, 100], format="~g"),
        )
    tooltip = [
        alt.Tooltip("x:Q", title="Share" if name != "errors" else "Error", format=".3~g"),
        alt.Tooltip("y:Q", title=axes[name][1], format=".3~g"),
        alt.Tooltip("codebook:N", title="Codebook"),
    ]
    base = alt.Chart(frame).encode(x=x, y=y, tooltip=tooltip)
    if name == "errors":
        drawn = [base.mark_area(color=colour, opacity=0.35, line={"color": colour}, interpolate="step")]
    else:
        drawn = [
            base.mark_line(color=colour, strokeWidth=1.8, opacity=0.75).encode(detail="codebook:N"),
        ]
    if name == "occupancy":
        even = alt.Chart(pd.DataFrame({"y": [1.0]})).mark_rule(color=GREY, strokeDash=[5, 4])
        drawn.append(even.encode(y="y:Q", tooltip=alt.value("An even share")))
    return alt.layer(*drawn).properties(height=230, width="container")


def growth(rows: pd.DataFrame, measure: str, height: int = 280) -> alt.LayerChart | alt.FacetChart:
    """A cell measure against the number of vectors, a line a checkpoint.

    rows: name, n, value, seeds (how many), low and high (value ± sd between seeds, NaN: one seed).
    """
    names = list(dict.fromkeys(rows["name"]))
    base = alt.Chart(rows).encode(
        x=alt.X("n:Q", title="Vectors quantized (logarithmic)", scale=alt.Scale(type="log", padding=20)),
        color=alt.Color(
            "name:N",
            scale=alt.Scale(domain=names, range=list(PALETTE[: len(names)])),
            title=None,
            legend=alt.Legend(orient="top", labelLimit=300),
        ),
        tooltip=[
            alt.Tooltip("name:N", title="Checkpoint"),
            alt.Tooltip("n:Q", title="Vectors", format=",d"),
            alt.Tooltip("value:Q", title=title_of(measure), format=".4~g"),
            alt.Tooltip("seeds:Q", title="Quantizer seeds"),
        ],
    )
    y = alt.Y("value:Q", title=title_of(measure), scale=alt.Scale(zero=False, padding=12))
    marks = base.mark_line(point=alt.OverlayMarkDef(size=70, filled=True), strokeWidth=2).encode(y=y)
    bars = base.transform_filter("isValid(datum.low)").mark_rule(strokeWidth=2, opacity=0.5)
    return alt.layer(bars.encode(y="low:Q", y2="high:Q"), marks).properties(height=height, width="container")


def bump(ranked: pd.DataFrame, along: str, measure: str) -> alt.Chart:
    """Ranks of checkpoints over k or M, one line each. ranked: name, rank, value and `along` ("k" or "M")."""
    names = list(dict.fromkeys(ranked.sort_values([along, "rank"])["name"]))
    colours = [PALETTE[i] if i < len(PALETTE) else GREY for i in range(len(names))]
    titles = {"k": "Centroids in a codebook, k", "M": "Codebooks, M"}
    return (
        alt.Chart(ranked)
        .mark_line(point=alt.OverlayMarkDef(size=110, filled=True), strokeWidth=2.5)
        .encode(
            x=alt.X(f"{along}:O", title=titles[along], axis=alt.Axis(labelAngle=0)),
            y=alt.Y(
                "rank:Q",
                title="Rank (1 = highest value)",
                scale=alt.Scale(reverse=True, domain=[0.5, ranked["rank"].max() + 0.5], nice=False),
                axis=alt.Axis(tickMinStep=1, format="d"),
            ),
            color=alt.Color(
                "name:N",
                scale=alt.Scale(domain=names, range=colours),
                title=None,
                legend=alt.Legend(orient="right", labelLimit=220),
            ),
            tooltip=[
                alt.Tooltip("name:N", title="Checkpoint"),
                alt.Tooltip(f"{along}:O"),
                alt.Tooltip("rank:Q"),
                alt.Tooltip("value:Q", title=title_of(measure), format=".4~g"),
            ],
        )
        .properties(height=300, width="container")
    )
