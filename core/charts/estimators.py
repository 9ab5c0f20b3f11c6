"""Dots with intervals: how well estimators order checkpoints of a base, and size and loss decoders."""

import altair as alt
import pandas as pd

from core.charts.palette import FIT_WIDTH, GREY, PALETTE

_ROW = 15  # pixels for a dot


def dots(rows: pd.DataFrame, *, shapes: list[str], title: str) -> alt.LayerChart | alt.FacetChart:
    """A row a name, in the order given, and in it a dot with an interval for each group.

    Arguments:
        rows: name, group (colour), kind (one of `shapes`, the legend's order), value, low, high and, for
            tooltips, detail. title: of the x axis.
    """
    names, groups = (list(dict.fromkeys(rows[column])) for column in ("name", "group"))
    base = alt.Chart(rows).encode(
        y=alt.Y("name:N", sort=names, title=None, axis=alt.Axis(labelLimit=300, ticks=False, domain=False)),
        yOffset=alt.YOffset("group:N", sort=groups),
        color=alt.Color(
            "group:N",
            scale=alt.Scale(domain=groups, range=[*PALETTE[3:], *PALETTE[:3]][: len(groups)]),
            legend=alt.Legend(orient="top", title=None, labelLimit=300, columns=2),
        ),
        tooltip=[
            alt.Tooltip("name:N", title="Ordered by"),
            alt.Tooltip("group:N", title="Of"),
            alt.Tooltip("value:Q", title="Spearman", format="+.2f"),
            alt.Tooltip("low:Q", title="95 % interval from", format="+.2f"),
            alt.Tooltip("high:Q", title="to", format="+.2f"),
            alt.Tooltip("detail:N", title="More"),
        ],
    )
    zero = alt.Chart(pd.DataFrame({"x": [0.0]})).mark_rule(color=GREY, strokeDash=[3, 3]).encode(x="x:Q")
    lines = base.mark_rule(strokeWidth=2, opacity=0.55).encode(
        x=alt.X("low:Q", title=title, scale=alt.Scale(nice=False, padding=10)), x2="high:Q"
    )
    points = base.mark_point(filled=True, size=70, opacity=1).encode(
        x="value:Q",
        shape=alt.Shape(
            "kind:N",
            scale=alt.Scale(domain=shapes, range=["circle", "diamond", "square"][: len(shapes)]),
            legend=alt.Legend(orient="top", title=None, symbolFillColor=GREY) if len(shapes) > 1 else None,
        ),
    )
    return alt.layer(zero, lines, points).properties(
        height=len(names) * (_ROW * len(groups) + 4), width="container", autosize=FIT_WIDTH
    )
