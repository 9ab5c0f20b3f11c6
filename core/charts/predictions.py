"""Charts of predictions: against known scores, the non-standard checkpoints, and predictors compared."""

from collections.abc import Mapping

import altair as alt
import pandas as pd

from core.charts.palette import FIT_WIDTH, GREY, colour_scale, heading
from core.measures.titles import axis_title, title_of
from core.metrics import Scale

KINDS = {"perturbed": "circle", "non-standard": "diamond", "other": "square"}


def against(
    points: pd.DataFrame,
    score: str,
    *,
    scale: Scale = Scale.SHARE,
    colours: Mapping[str, str],
    title: str,
    subtitle: str,
    height: int = 400,
) -> alt.VConcatChart:
    """Predicted against known score with intervals, and the residuals below, over the same x axis.

    Arguments:
        points: one row a checkpoint: name, family, kind (a key of KINDS), covered (words), actual, predicted,
            low, high, residual (predicted − actual).
        scale: of the score, which says its unit. colours: of every family.
    """
    shown = [kind for kind in KINDS if kind in set(points["kind"])]
    x = alt.X(
        "actual:Q",
        title=None,
        scale=alt.Scale(zero=False, nice=False, padding=16),
        axis=alt.Axis(tickCount=10),
    )
    colour = alt.Color(
        "family:N",
        scale=colour_scale(colours, points["family"]),
        title=None,
        legend=alt.Legend(orient="top", symbolOpacity=1),
    )
    shape = alt.Shape(
        "kind:N",
        scale=alt.Scale(domain=shown, range=[KINDS[kind] for kind in shown]),
        title=None,
        legend=alt.Legend(orient="top", symbolFillColor=GREY, symbolStrokeColor=GREY)
        if len(shown) > 1
        else None,
    )
    tooltip = [
        alt.Tooltip("name:N", title="Checkpoint"),
        alt.Tooltip("family:N", title="Family"),
        alt.Tooltip("actual:Q", title=f"Known {title_of(score)}", format=".3f"),
        alt.Tooltip("predicted:Q", title="Predicted", format=".3f"),
        alt.Tooltip("low:Q", title="Interval from", format=".3f"),
        alt.Tooltip("high:Q", title="Interval to", format=".3f"),
        alt.Tooltip("covered:N", title="Reference"),
    ]
    faint = alt.when(alt.datum.covered == "outside").then(alt.value(0.45)).otherwise(alt.value(0.85))
    base = alt.Chart(points).encode(x=x, color=colour, tooltip=tooltip)
    ends = [
        min(points["actual"].min(), points["low"].min(), points["predicted"].min()),
        max(points["actual"].max(), points["high"].max(), points["predicted"].max()),
    ]
    heights = alt.Scale(domain=[float(value) for value in ends], nice=False, padding=8)
    own = [float(points["actual"].min()), float(points["actual"].max())]
    ideal = (
        alt.Chart(pd.DataFrame({"actual": own, "predicted": own}))
        .mark_line(color=GREY, strokeDash=[5, 4])
        .encode(x=x, y=alt.Y("predicted:Q", scale=heights))
    )
    y = alt.Y("predicted:Q", title=["Predicted", axis_title(score, scale)], scale=heights)
    ranges = base.mark_rule(strokeWidth=1.4, opacity=0.22).encode(
        y=alt.Y("low:Q", scale=heights), y2="high:Q"
    )
    marks = base.mark_point(filled=True, size=80).encode(y=y, shape=shape, opacity=faint)
    main = alt.layer(ranges, ideal, marks).properties(height=height, width="container")
    zero = alt.Chart(pd.DataFrame({"residual": [0.0]})).mark_rule(color=GREY).encode(y="residual:Q")
    left = (
        base.mark_point(filled=True, size=70)
        .encode(
            x=alt.X(
                "actual:Q",
                title=f"Known {axis_title(score, scale)}",
                scale=alt.Scale(zero=False, nice=False, padding=16),
                axis=alt.Axis(tickCount=10),
            ),
            y=alt.Y("residual:Q", title=["Residual", "(predicted − known)"], axis=alt.Axis(tickCount=5)),
            shape=shape,
            opacity=faint,
        )
        .properties(height=height // 3, width="container")
    )
    return (
        alt.vconcat(main, alt.layer(zero, left).properties(width="container"), spacing=24)
        .properties(title=heading(title, subtitle), autosize=FIT_WIDTH)
        .resolve_scale(x="shared", color="shared", shape="shared")
    )


def ranges(
    rows: pd.DataFrame,
    score: str,
    *,
    scale: Scale = Scale.SHARE,
    colours: Mapping[str, str],
    mean: float,
    title: str,
    subtitle: str,
) -> alt.LayerChart | alt.FacetChart:
    """One line a checkpoint: the interval, the prediction in it, and the known score.

    Arguments:
        rows: name, family, predicted, low, high, actual, covered (words), in the order to be drawn.
        scale: of the score. mean: what the mean baseline predicts.
    """
    order = list(rows["name"])
    y = alt.Y(
        "name:N",
        sort=order,
        title=None,
        axis=alt.Axis(labelLimit=260, labelOverlap=False, ticks=False, domain=False, grid=True),
    )
    x = alt.X(
        "predicted:Q",
        title=axis_title(score, scale),
        scale=alt.Scale(zero=False, nice=False, padding=16),
        axis=alt.Axis(tickCount=10),
    )
    tooltip = [
        alt.Tooltip("name:N", title="Checkpoint"),
        alt.Tooltip("predicted:Q", title="Predicted", format=".3f"),
        alt.Tooltip("low:Q", title="Interval from", format=".3f"),
        alt.Tooltip("high:Q", title="Interval to", format=".3f"),
        alt.Tooltip("actual:Q", title="Known", format=".3f"),
        alt.Tooltip("covered:N", title="Reference"),
    ]
    colour = alt.Color(
        "family:N",
        scale=colour_scale(colours, rows["family"]),
        title=None,
        legend=alt.Legend(orient="top", symbolType="circle"),
    )
    base = alt.Chart(rows).encode(y=y, tooltip=tooltip)
    faint = alt.when(alt.datum.covered == "outside").then(alt.value(0.45)).otherwise(alt.value(1))
    level = (
        alt.Chart(pd.DataFrame({"predicted": [mean]}))
        .mark_rule(color=GREY, strokeDash=[5, 4])
        .encode(x="predicted:Q")
    )
    bars = base.mark_bar(height=8, opacity=0.35, cornerRadius=4).encode(
        x=alt.X("low:Q"), x2="high:Q", color=colour
    )
    dots = base.mark_point(filled=True, size=110).encode(x=x, color=colour, opacity=faint)
    ticks = base.mark_tick(thickness=3, size=20, color=GREY).encode(x="actual:Q")
    return alt.layer(level, bars, ticks, dots).properties(
        title=heading(title, subtitle),
        height=26 * len(rows) + 10,
        width="container",
        autosize=FIT_WIDTH,
    )


def compared(table: pd.DataFrame, *, title: str, subtitle: str) -> alt.LayerChart | alt.FacetChart:
    """Predictors by RMSE: on families left out, and on the non-standard checkpoints.

    Arguments:
        table: title, family_rmse, test_rmse (NaN where not known), in the order to be drawn; the first row
            is the mean baseline, and a line marks its error on families left out.
    """
    kinds = {"family_rmse": "on a family left out", "test_rmse": "on the 13 non-standard checkpoints"}
    long = table.melt(["title"], list(kinds), var_name="kind", value_name="rmse").dropna(subset="rmse")
    long["kind"] = long["kind"].map(kinds)
    order = list(table["title"])
    y = alt.Y(
        "title:N",
        sort=order,
        title=None,
        axis=alt.Axis(labelLimit=420, labelOverlap=False, ticks=False, domain=False, grid=True),
    )
    x = alt.X(
        "rmse:Q",
        title="RMSE (as a fraction; lower is better)",
        scale=alt.Scale(domainMin=0, nice=False, padding=16),
        axis=alt.Axis(tickCount=8),
    )
    level = (
        alt.Chart(pd.DataFrame({"rmse": [table["family_rmse"].iloc[0]]}))
        .mark_rule(color=GREY, strokeDash=[5, 4])
        .encode(x="rmse:Q")
    )
    dots = (
        alt.Chart(long)
        .mark_point(filled=True, size=120)
        .encode(
            x=x,
            y=y,
            color=alt.Color(
                "kind:N",
                sort=list(kinds.values()),
                scale=alt.Scale(domain=list(kinds.values()), range=["#35B0F0", "#7E3FA8"]),
                title=None,
                legend=alt.Legend(orient="top", labelLimit=320),
            ),
            shape=alt.Shape(
                "kind:N",
                scale=alt.Scale(domain=list(kinds.values()), range=["circle", "diamond"]),
                title=None,
            ),
            tooltip=[
                alt.Tooltip("title:N", title="Predictor"),
                alt.Tooltip("kind:N", title="Error"),
                alt.Tooltip("rmse:Q", title="RMSE", format=".3f"),
            ],
        )
    )
    return alt.layer(level, dots).properties(
        title=heading(title, subtitle),
        height=26 * len(table) + 10,
        width="container",
        autosize=FIT_WIDTH,
    )
