"""The chart of the Explore page: one number against another, with fitted lines and what they leave over."""

from collections.abc import Mapping

import altair as alt
import pandas as pd

from core.charts.palette import FIT_WIDTH, GREY, SHAPES, colour_scale, field_name, heading
from core.measures.titles import axis_title, title_of
from core.metrics import scale_of


def scatter(
    points: pd.DataFrame,
    lines: pd.DataFrame,
    x: str,
    y: str,
    *,
    metrics: Mapping[str, str],
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
        metrics: of scores, as the store has them; they give the axes' units.
        colours: of every value of `colour_by` ("family" or "origin").
        title: what is seen, in words; subtitle: the numbers behind it.

    Returns: two views that share the x axis. Named selections: "picked" (a click; field subject) and "brush"
    (a range of x in either view, which greys out everything outside it in both).
    """
    brush = alt.selection_interval(name="brush", encodings=["x"])
    picked = alt.selection_point(name="picked", fields=["subject"], on="click", empty=False)
    shown = [name for name in SHAPES if name in set(points["origin"])]
    pooled = len(lines) and lines["group"].iloc[0] == "all"
    scale = colour_scale(colours, points[colour_by])
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
        alt.Tooltip(field=field_name(x), type="quantitative", title=title_of(x), format=".4~g"),
        alt.Tooltip(field=field_name(y), type="quantitative", title=title_of(y), format=".4~g"),
        alt.Tooltip("residual:Q", title="Above the line by", format="+.3f"),
        alt.Tooltip("origin:N", title="Origin"),
        alt.Tooltip("text:N", title="Text"),
    ]
    marks = (
        alt.Chart(points)
        .mark_point(filled=True, size=90)
        .encode(
            x=alt.X(
                field=field_name(x),
                type="quantitative",
                title=None,
                scale=_scale(x),
                axis=alt.Axis(tickCount=10),
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
        x=alt.X(field=field_name(x), type="quantitative"), detail="family:N"
    )
    band = base.mark_area(opacity=0.16).encode(y=alt.Y("low:Q"), y2="high:Q", color=line_colour)
    line = base.mark_line(strokeWidth=2).encode(
        y=alt.Y(field=field_name(y), type="quantitative"), color=line_colour
    )
    above = marks.encode(
        y=alt.Y(
            field=field_name(y),
            type="quantitative",
            title=axis_title(y, scale_of(metrics.get(y, ""))),
            scale=_scale(y),
        )
    ).add_params(brush, picked)
    main = alt.layer(band, line, above).properties(height=height, width="container")
    zero = alt.Chart(pd.DataFrame({"residual": [0.0]})).mark_rule(color=GREY).encode(y="residual:Q")
    residuals = marks.encode(
        x=alt.X(
            field=field_name(x),
            type="quantitative",
            title=axis_title(x, scale_of(metrics.get(x, ""))),
            scale=_scale(x),
            axis=alt.Axis(tickCount=10),
        ),
        y=alt.Y("residual:Q", title=["Residual", "(actual − line)"], axis=alt.Axis(tickCount=4)),
    ).properties(height=height // 3, width="container")
    return (
        alt.vconcat(main, alt.layer(zero, residuals).properties(width="container"), spacing=24)
        .properties(title=heading(title, subtitle), autosize=FIT_WIDTH)
        .resolve_scale(x="shared", color="shared", shape="shared")
    )


def _scale(name: str) -> alt.Scale:
    return (
        alt.Scale(type="log", nice=False, padding=16)
        if name == "parameters"
        else alt.Scale(zero=False, nice=False, padding=16)
    )
