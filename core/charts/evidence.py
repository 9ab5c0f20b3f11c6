"""Charts of the Evidence page: correlations with intervals, families, published findings, the matrix."""

from collections.abc import Mapping

import altair as alt
import pandas as pd

from core.charts.palette import FIT_WIDTH, GREY, PALETTE
from core.measures.titles import title_of

RAW, PARTIAL = "Raw", "Controlling for covariates"
_COLOURS = {RAW: PALETTE[0], PARTIAL: PALETTE[1]}
_ROW = 30  # pixels a measure
LABELLED = 24  # measures up to which the matrix holds its figures
_SPAN = alt.Scale(domain=[-1, 1], nice=False)
_LABELS = alt.Axis(labelLimit=290, ticks=False, domain=False, labelOverlap=False)


def _zero() -> alt.Chart:
    return alt.Chart(pd.DataFrame({"x": [0.0]})).mark_rule(color=GREY, strokeDash=[4, 4]).encode(x="x:Q")


def forest(table: pd.DataFrame) -> alt.LayerChart | alt.FacetChart:
    """Raw and partial Spearman correlation of each measure with its 95 % interval, two lines a measure.

    table: from `core.evidence.association.table`, in the order drawn.
    """
    parts = [
        table[["measure", name, f"{name}_low", f"{name}_high", f"{name}_q", f"{name}_n"]]
        .set_axis(["measure", "rho", "low", "high", "q", "n"], axis=1)
        .assign(what=what)
        for name, what in (("raw", RAW), ("partial", PARTIAL))
    ]
    long = pd.concat(parts).dropna(subset=["rho"])
    long["title"] = long["measure"].map(title_of)
    order = [title_of(name) for name in table["measure"]]
    shown = [what for what in _COLOURS if what in set(long["what"])]
    base = alt.Chart(long).encode(
        y=alt.Y("title:N", sort=order, title=None, axis=_LABELS),
        yOffset=alt.YOffset("what:N", sort=list(_COLOURS)),
        color=alt.Color(
            "what:N",
            scale=alt.Scale(domain=shown, range=[_COLOURS[what] for what in shown]),
            title=None,
            legend=alt.Legend(orient="top", symbolOpacity=1),
        ),
        tooltip=[
            alt.Tooltip("title:N", title="Measure"),
            alt.Tooltip("what:N", title="Correlation"),
            alt.Tooltip("rho:Q", title="Spearman ρ", format="+.3f"),
            alt.Tooltip("low:Q", title="95 % interval from", format="+.2f"),
            alt.Tooltip("high:Q", title="to", format="+.2f"),
            alt.Tooltip("q:Q", title="q", format=".2~g"),
            alt.Tooltip("n:Q", title="Checkpoints"),
        ],
    )
    x = alt.X("rho:Q", title="Spearman correlation with the score, 95 % interval", scale=_SPAN)
    rules = base.mark_rule(strokeWidth=2, opacity=0.55).encode(x="low:Q", x2="high:Q")
    points = base.mark_point(filled=True, size=70, opacity=1).encode(x=x)
    return alt.layer(_zero(), rules, points).properties(
        height=_ROW * len(order), width="container", autosize=FIT_WIDTH
    )


def families(table: pd.DataFrame, colours: Mapping[str, str]) -> alt.LayerChart | alt.FacetChart:
    """Pearson's r pooled and within each family. table: name, n, r, low, high; the pooled one is "All"."""
    order = list(table["name"])
    scale = alt.Scale(domain=order, range=[colours.get(name, GREY) for name in order])
    base = alt.Chart(table).encode(
        y=alt.Y("name:N", sort=order, title=None, axis=_LABELS),
        color=alt.Color("name:N", scale=scale, legend=None),
        tooltip=[
            alt.Tooltip("name:N", title="Family"),
            alt.Tooltip("n:Q", title="Checkpoints"),
            alt.Tooltip("r:Q", title="Pearson r", format="+.3f"),
            alt.Tooltip("low:Q", title="95 % interval from", format="+.2f"),
            alt.Tooltip("high:Q", title="to", format="+.2f"),
        ],
    )
    x = alt.X("r:Q", title="Pearson correlation with the score, 95 % interval", scale=_SPAN)
    rules = base.mark_rule(strokeWidth=2.5, opacity=0.55).encode(x="low:Q", x2="high:Q")
    points = base.mark_point(filled=True, size=110, opacity=1).encode(x=x)
    return alt.layer(_zero(), rules, points).properties(
        height=40 * len(order) + 20, width="container", autosize=FIT_WIDTH
    )


def findings(rows: pd.DataFrame, ours: pd.DataFrame, here: str, titles: Mapping[str, str]) -> alt.FacetChart:
    """The published correlations by statistic, a panel a measure, ours beside them where we have the measure.

    rows: from `core.evidence.published.published`; ours: the same columns without source, setting = `here`;
    titles: of the statistics that are drawn.
    """
    kept = pd.concat([rows.assign(whose="108 models, eight settings"), ours.assign(whose=here)])
    kept = kept[kept["statistic"].isin(list(titles))].dropna(subset=["value"])
    kept = kept.assign(what=kept["statistic"].map(titles), title=kept["measure"].map(title_of))
    whose = list(dict.fromkeys(kept["whose"]))
    colour = alt.Color(
        "whose:N",
        scale=alt.Scale(domain=whose, range=[GREY, PALETTE[1]][: len(whose)]),
        title=None,
        legend=alt.Legend(orient="top", labelLimit=400) if len(whose) > 1 else None,
    )
    base = alt.Chart(kept).encode(
        x=alt.X("value:Q", title="Spearman correlation", scale=_SPAN, axis=alt.Axis(values=[-1, 0, 1])),
        y=alt.Y("what:N", sort=list(titles.values()), title=None, axis=_LABELS),
        color=colour,
        shape=alt.Shape("whose:N", scale=alt.Scale(domain=whose, range=["circle", "diamond"]), legend=None),
        tooltip=[
            alt.Tooltip("title:N", title="Measure"),
            alt.Tooltip("setting:N", title="Setting"),
            alt.Tooltip("what:N", title="Statistic"),
            alt.Tooltip("value:Q", title="Spearman ρ", format="+.3f"),
        ],
    )
    points = base.mark_point(filled=True, size=75, opacity=0.75)
    zero = alt.Chart(kept).mark_rule(color=GREY, strokeDash=[4, 4]).encode(x=alt.datum(0))
    return (
        alt.layer(zero, points)
        .properties(width=178, height=120)
        .facet(
            column=alt.Column(
                "title:N",
                title=None,
                sort=list(dict.fromkeys(kept["title"])),
                header=alt.Header(labelLimit=215, labelFontWeight="bold", labelFontSize=11),
            ),
            spacing=18,
        )
    )


def matrix(pairs: pd.DataFrame, order: list[str], *, dark: bool = False) -> alt.LayerChart | alt.FacetChart:
    """Correlations of all measures with each other: colour says the sign, depth and figure say |ρ|.

    pairs: row, column, rho, n, from `core.evidence.correlation_matrix.pairs`; order: of rows and columns;
    dark: whether the page is, since a faint cell shows its background.
    """
    titles = [title_of(name) for name in order]
    frame = pairs.assign(
        row=pairs["row"].map(title_of),
        column=pairs["column"].map(title_of),
        size=pairs["rho"].abs(),
        sign=(pairs["rho"] < 0).map({True: "negative", False: "positive"}),
    )
    base = alt.Chart(frame).encode(
        x=alt.X(
            "column:N",
            sort=titles,
            title=None,
            axis=alt.Axis(labelAngle=-50, labelLimit=230, ticks=False, domain=False, labelOverlap=False),
        ),
        y=alt.Y("row:N", sort=titles, title=None, axis=_LABELS),
        tooltip=[
            alt.Tooltip("row:N", title="Measure"),
            alt.Tooltip("column:N", title="and"),
            alt.Tooltip("rho:Q", title="Spearman ρ", format="+.3f"),
            alt.Tooltip("n:Q", title="Checkpoints with both"),
        ],
    )
    cells = base.mark_rect().encode(
        color=alt.Color(
            "sign:N",
            scale=alt.Scale(domain=["positive", "negative"], range=[PALETTE[0], PALETTE[1]]),
            title=None,
            legend=alt.Legend(orient="top", symbolOpacity=1),
        ),
        opacity=alt.Opacity("size:Q", scale=alt.Scale(domain=[0, 1], range=[0.03, 1]), legend=None),
    )
    layers: list[alt.Chart] = [cells]
    if len(order) <= LABELLED:
        deep = alt.when("datum.size > 0.55 && datum.rho > 0").then(alt.value("#FFFFFF"))
        orange = (
            0.8 if dark else 0.55
        )  # from where orange is light enough, over a dark page, for dark figures
        deep = deep.when(f"datum.size > {orange}").then(alt.value("#1C232B"))
        figure = deep.otherwise(alt.value("#E4E8ED" if dark else "#1C232B"))
        layers.append(
            base.mark_text(fontSize=10.5).encode(text=alt.Text("size:Q", format=".2f"), color=figure)
        )
    return alt.layer(*layers).properties(height=max(30 * len(order), 200), width="container")
