"""The chart of the tab Token gap: the parts of each checkpoint's gap as bars, its accuracy as a line."""

import altair as alt
import numpy as np
import pandas as pd

from core.charts.palette import GREY, PALETTE
from core.measures.families.gap import Z

PARTS = {
    "within_domain": "Within the domain",
    "between": "Domain to reference",
    "gap": "Gap (sum of both)",
}
_COLOURS = dict(zip(PARTS.values(), (PALETTE[0], PALETTE[1], PALETTE[2]), strict=True))
MOST = 16  # checkpoints drawn as bars; more would be too thin to read


def short(name: str) -> str:
    """A checkpoint as an axis can carry it: without its owner, the usual long words cut."""
    return name.rpartition("/")[2].replace("DeepSeek-R1-Distill-", "Distill-").removesuffix("-hf")


def bars(
    rows: pd.DataFrame, distance: str, *, score: str, height: int = 300
) -> alt.LayerChart | alt.FacetChart:
    """Three bars a checkpoint, error bars on the sum, the score as a dashed line on an axis of its own.

    Arguments:
        rows: name, `{distance}_{part}`, `{distance}_se` (NaN: no error bar) and score (a fraction, or NaN);
            drawn in this order.
        distance: "cosine" or "euclidean".
        score: what the score is called; "" for none.
    """
    labels = [short(name) for name in rows["name"]]
    order = list(dict.fromkeys(labels))
    wide = rows.assign(label=labels, error=rows[f"{distance}_se"] * Z)
    long = wide.melt(
        ["label", "name", "error", "score"],
        [f"{distance}_{part}" for part in PARTS],
        var_name="part",
        value_name="value",
    )
    long["part"] = long["part"].str.removeprefix(f"{distance}_").map(PARTS)
    own = long["error"].where(long["part"] == PARTS["gap"])
    long = long.assign(low=long["value"] - own, high=long["value"] + own)
    x = alt.X(
        "label:N",
        sort=order,
        title=None,
        axis=alt.Axis(labelAngle=-35, labelLimit=150, labelOverlap=False, ticks=False),
    )
    scale = alt.Scale(domain=list(_COLOURS), range=list(_COLOURS.values()))
    tooltip = [
        alt.Tooltip("name:N", title="Checkpoint"),
        alt.Tooltip("part:N", title="Part"),
        alt.Tooltip("value:Q", title="Mean distance", format=".4~g"),
        alt.Tooltip("error:Q", title="± (95 %) of the gap", format=".2~g"),
        alt.Tooltip("score:Q", title=score or "Score", format=".1%"),
    ]
    base = alt.Chart(long).encode(x=x, xOffset=alt.XOffset("part:N", sort=list(_COLOURS)))
    unit = "1 − cosine" if distance == "cosine" else "in the weights' unit"
    y = alt.Y("value:Q", title=f"Mean distance ({unit})", scale=alt.Scale(zero=True))
    columns = base.mark_bar(cornerRadiusEnd=2).encode(
        y=y,
        color=alt.Color("part:N", scale=scale, title=None, legend=alt.Legend(orient="top", columns=3)),
        tooltip=tooltip,
    )
    layers = [columns]
    if np.isfinite(long["low"]).any():
        errors = base.transform_filter("isValid(datum.low)")
        # Dark on a light halo, so that it shows on the bar and on either background.
        for colour, width in (("#FFFFFF", 5), ("#1C232B", 2)):
            rule = errors.mark_rule(color=colour, strokeWidth=width)
            layers.append(rule.encode(y="low:Q", y2="high:Q", tooltip=tooltip))
    distances = alt.layer(*layers)
    if not score or not rows["score"].notna().any():
        return distances.properties(height=height, width="container")
    scored = alt.Chart(wide.dropna(subset=["score"])).encode(
        x=x,
        y=alt.Y(
            "score:Q",
            title=f"{score} (dashed)",
            scale=alt.Scale(zero=True),
            axis=alt.Axis(format="%", grid=False, orient="right"),
        ),
    )
    line = scored.mark_line(strokeDash=[5, 4], color=GREY, strokeWidth=2)
    points = scored.mark_point(filled=True, color=GREY, size=55, opacity=1).encode(
        tooltip=tooltip[:1] + tooltip[4:]
    )
    return (
        alt.layer(distances, alt.layer(line, points))
        .resolve_scale(y="independent")
        .properties(height=height, width="container")
    )
