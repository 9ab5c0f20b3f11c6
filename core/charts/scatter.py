"""The chart of the Explore page: one number against another, with fitted lines and what they leave over."""

from collections.abc import Mapping

import altair as alt
import pandas as pd

from core.charts.palette import FIT_WIDTH, GREY, SHAPES, colour_scale, field_name, heading
from core.measures.titles import axis_title, title_of
from core.metrics import scale_of

NAMED = ("family", "origin")  # what colour may stand for, besides numbers


def scatter(
    points: pd.DataFrame,
    lines: pd.DataFrame,
    x: str,
    y: str,
    *,
    metrics: Mapping[str, str],
    colours: Mapping[str, str],
    colour_by: str = "family",
    size_by: str = "",
    title: str,
    subtitle: str,
    height: int = 400,
    clicked: str = "",
    rectangle: Mapping[str, tuple[float, float]] | None = None,
    characters: int = 100,
) -> alt.VConcatChart:
    """One measure against a score or measure, with fitted lines and bands, and the residuals below.

    Arguments:
        points: one row a checkpoint: subject, name, family, origin (display words), text, x, y and residual.
        lines: x, y, low, high, and group ("all" or a family).
        metrics: of scores, as the store has them; they give the axes' units.
        colours: of every value of `colour_by` where that is "family" or "origin".
        colour_by, size_by: "family", "origin" or any number among the columns of `points`; size_by "": all
            points have one size.
        title: what is seen, in words; subtitle: the numbers behind it.
        clicked: the subject that is picked at first; rectangle: "x" and "y" → (low, high), drawn at first.
        characters: after which title and subtitle break.

    Returns: two views that share the x axis. Named selections: "picked" (a click; field subject) and "brush"
    (a rectangle in the upper view, which greys out everything outside it in both).
    """
    brush = alt.selection_interval(
        name="brush",
        encodings=["x", "y"],
        value=dict(rectangle) if rectangle else alt.Undefined,  # type: ignore[arg-type]
    )
    picked = alt.selection_point(
        name="picked",
        fields=["subject"],
        on="click",
        empty=False,
        value=[{"subject": clicked}] if clicked else alt.Undefined,
    )
    shown = [name for name in SHAPES if name in set(points["origin"])]
    pooled = len(lines) and lines["group"].iloc[0] == "all"
    colour = (
        alt.Color(
            f"{colour_by}:N",
            scale=colour_scale(colours, points[colour_by]),
            title=None,
            legend=alt.Legend(orient="top", symbolOpacity=1),
        )
        if colour_by in NAMED
        else alt.Color(
            field=field_name(colour_by),
            type="quantitative",
            scale=_shade(colour_by),
            title=title_of(colour_by),
            legend=alt.Legend(orient="top", gradientLength=220, format=_format(colour_by)),
        )
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
    size = (
        alt.Size(
            field=field_name(size_by),
            type="quantitative",
            scale=alt.Scale(range=[25, 400], zero=False),
            title=title_of(size_by),
            legend=alt.Legend(
                orient="top", format=_format(size_by), values=_few(points[size_by]), symbolFillColor=GREY
            ),
        )
        if size_by
        else alt.value(90)
    )
    tooltip += [
        alt.Tooltip(field=field_name(name), type="quantitative", title=title_of(name), format=".4~g")
        for name in dict.fromkeys((colour_by, size_by))
        if name and name not in (*NAMED, x, y)
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
            size=alt.when(picked).then(alt.value(220)).otherwise(size),
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
        .properties(title=heading(title, subtitle, characters), autosize=FIT_WIDTH)
        .resolve_scale(x="shared", color="shared", shape="shared", size="shared")
    )


def _shade(name: str) -> alt.Scale:
    """Colours of a number, dark enough for white and light enough for dark at both ends."""
    return alt.Scale(
        range=["#35B0F0", "#9679A9", "#D81E5B"], type="log" if name == "parameters" else "linear", nice=False
    )


def _few(values: pd.Series) -> list[float]:
    """Three values for a legend: the lowest, the median, the highest."""
    known = values.dropna().astype(float)
    return sorted({float(f"{known.quantile(share):.3g}") for share in (0, 0.5, 1)}) if len(known) else []


def _format(name: str) -> str:
    """How a legend writes a number: parameters with their unit."""
    return "~s" if name == "parameters" else ".3~g"


def _scale(name: str) -> alt.Scale:
    return (
        alt.Scale(type="log", nice=False, padding=16)
        if name == "parameters"
        else alt.Scale(zero=False, nice=False, padding=16)
    )
