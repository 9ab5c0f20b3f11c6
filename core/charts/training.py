"""Charts of the studies that train models."""

import altair as alt
import pandas as pd

from core.charts.palette import GREY, PALETTE

WITHOUT, WITH = "without", "with the loss"


def push_away(rows: pd.DataFrame, *, height: int = 260) -> alt.HConcatChart:
    """Test perplexity over training steps with the loss and without, a panel a domain; bands span the seeds.

    rows: of one setting and learning rate: domain, step, push (that of the plain runs 0), test_perplexity;
    those of the chosen λ and the plain ones alone.
    """
    kept = rows.assign(arm=rows["push"].map(lambda push: WITH if push else WITHOUT))
    values = kept.groupby(["domain", "arm", "step"])["test_perplexity"]
    drawn = values.agg(mean="mean", low="min", high="max", seeds="count").reset_index()
    colour = alt.Color(
        "arm:N",
        title=None,
        scale=alt.Scale(domain=[WITHOUT, WITH], range=[GREY, PALETTE[0]]),
        legend=alt.Legend(orient="top"),
    )
    x = alt.X("step:Q", title="Training steps", axis=alt.Axis(tickMinStep=1))
    scale = alt.Scale(type="log", nice=False, padding=10)
    tooltip = [
        alt.Tooltip("arm:N", title="Trained"),
        alt.Tooltip("step:Q", title="Steps"),
        alt.Tooltip("mean:Q", title="Mean perplexity", format=".4~g"),
        alt.Tooltip("low:Q", title="Least", format=".4~g"),
        alt.Tooltip("high:Q", title="Largest", format=".4~g"),
        alt.Tooltip("seeds:Q", title="Seeds"),
    ]
    panels = []
    for domain in dict.fromkeys(drawn["domain"]):
        base = alt.Chart(drawn[drawn["domain"] == domain], title=str(domain)).encode(
            x=x, color=colour, tooltip=tooltip
        )
        band = base.mark_area(opacity=0.25).encode(y=alt.Y("low:Q", scale=scale), y2="high:Q")
        line = base.mark_line(strokeWidth=2, point=alt.OverlayMarkDef(size=45, filled=True)).encode(
            y=alt.Y("mean:Q", title="Test perplexity", scale=scale)
        )
        panels.append(alt.layer(band, line).properties(height=height, width=340))
    return alt.hconcat(*panels)
