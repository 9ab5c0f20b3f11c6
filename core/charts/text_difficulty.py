"""Charts of text by its difficulty: dispersion over perplexity, correlations along layers, clusters."""

import altair as alt
import pandas as pd

from core.charts.palette import GREY, PALETTE


def _colour(names: pd.Series) -> alt.Color:
    """A colour a checkpoint, in the order of the table."""
    shown = list(dict.fromkeys(names))
    colours = [*PALETTE, *[GREY] * len(shown)][: len(shown)]
    return alt.Color(
        "checkpoint:N",
        scale=alt.Scale(domain=shown, range=colours),
        title=None,
        legend=alt.Legend(orient="top", columns=2, labelLimit=300, symbolOpacity=1),
    )


def course_chart(points: pd.DataFrame, *, height: int = 360) -> alt.Chart:
    """A point a bin. points: a table "points" of `core.studies.text_difficulty`, those to draw."""
    scale = alt.Scale(zero=False, nice=False, padding=12)
    logarithmic = alt.Scale(type="log", nice=False, padding=12)
    return (
        alt.Chart(points)
        .mark_point(filled=True, opacity=0.8, size=60)
        .encode(
            x=alt.X("perplexity:Q", title="Mean perplexity of a bin", scale=logarithmic),
            y=alt.Y("dispersion:Q", title="Dispersion (mean cosine distance)", scale=scale),
            color=_colour(points["checkpoint"]),
            tooltip=[
                alt.Tooltip("checkpoint:N", title="Checkpoint"),
                alt.Tooltip("perplexity:Q", title="Perplexity", format=".4~g"),
                alt.Tooltip("dispersion:Q", title="Dispersion", format=".4f"),
                alt.Tooltip("segments:Q", title="Segments"),
            ],
        )
        .properties(height=height)
    )


def layers_chart(
    rows: pd.DataFrame, side: str, title: str, *, height: int = 360
) -> alt.LayerChart | alt.FacetChart:
    """One measure along layers. rows: of a table "layers". side: "pearson", with intervals, or "value"."""
    base = alt.Chart(rows).encode(
        x=alt.X("layer:Q", title="Layer (0: embeddings)", axis=alt.Axis(tickMinStep=1, format="d")),
        color=_colour(rows["checkpoint"]),
    )
    tooltip = [
        alt.Tooltip("checkpoint:N", title="Checkpoint"),
        alt.Tooltip("layer:Q", title="Layer"),
        alt.Tooltip(f"{side}:Q", title=title, format=".3f"),
    ]
    y = alt.Y(f"{side}:Q", title=title, scale=alt.Scale(zero=side == "pearson"))
    lines = base.mark_line(point=alt.OverlayMarkDef(filled=True, size=50)).encode(y=y, tooltip=tooltip)
    if side != "pearson":
        return alt.layer(lines).properties(height=height)
    bars = base.mark_rule(opacity=0.45).encode(y=alt.Y("pearson_low:Q"), y2=alt.Y2("pearson_high:Q"))
    zero = alt.Chart(pd.DataFrame({"y": [0]})).mark_rule(color=GREY, strokeDash=[4, 4]).encode(y="y:Q")
    return alt.layer(zero, bars, lines).properties(height=height)


def clusters_chart(rows: pd.DataFrame, *, height: int = 320) -> alt.Chart:
    """Distances within and between clusters. rows: of a table "clusters", a row a checkpoint."""
    long = rows.melt(["checkpoint"], ["within", "between"], "kind", "distance")
    long["kind"] = long["kind"].map({"within": "within a cluster", "between": "between clusters"})
    return (
        alt.Chart(long)
        .mark_bar()
        .encode(
            x=alt.X("kind:N", title=None, axis=alt.Axis(labelAngle=0), sort=None),
            xOffset=alt.XOffset("checkpoint:N", sort=list(dict.fromkeys(rows["checkpoint"]))),
            y=alt.Y("distance:Q", title="Mean cosine distance"),
            color=_colour(rows["checkpoint"]),
            tooltip=[
                alt.Tooltip("checkpoint:N", title="Checkpoint"),
                alt.Tooltip("kind:N", title="Distance"),
                alt.Tooltip("distance:Q", title="Mean cosine distance", format=".4f"),
            ],
        )
        .properties(height=height)
    )
