"""Charts of the project's own study, in the colours and shapes of the paper's figures beside them."""

import altair as alt
import pandas as pd

from core.charts.palette import GREY, PALETTE
from core.studies.own_study_pictures import OwnFinding

KINDS = {"perturbed": "noise in the weights", "non-standard": "non-standard model"}


def own_study_chart(finding: OwnFinding, *, height: int = 320) -> alt.Chart:
    """One picture of the study: a point a checkpoint."""
    points: pd.DataFrame = finding.points.assign(kind=finding.points["variant"].map(KINDS))
    families = sorted(points["family"].unique())
    kinds = [name for name in KINDS.values() if name in set(points["kind"])]
    colours = [*PALETTE[3:], *[GREY] * len(families)][: len(families)]
    return (
        alt.Chart(points)
        .mark_point(filled=True, opacity=0.85, size=70)
        .encode(
            x=alt.X("x:Q", title=finding.x, scale=alt.Scale(zero=False, nice=False, padding=14)),
            y=alt.Y("value:Q", title=finding.y, scale=alt.Scale(zero=False, nice=False, padding=12)),
            color=alt.Color(
                "family:N",
                scale=alt.Scale(domain=families, range=colours),
                title=None,
                legend=alt.Legend(orient="top", symbolOpacity=1) if len(families) > 1 else None,
            ),
            shape=alt.Shape(
                "kind:N",
                scale=alt.Scale(domain=kinds, range=["circle", "diamond"][: len(kinds)]),
                title=None,
                legend=alt.Legend(orient="bottom", symbolFillColor=GREY) if len(kinds) > 1 else None,
            ),
            tooltip=[
                alt.Tooltip("label:N", title="Checkpoint"),
                alt.Tooltip("x:Q", title=finding.x, format=".4~g"),
                alt.Tooltip("value:Q", title=finding.y, format=".3f"),
            ],
        )
        .properties(height=height)
    )
