"""How representative a sample of text is, drawn: Figure 2 of arXiv 2406.12159, one chart a distribution."""

import altair as alt
import pandas as pd

from core.charts.palette import GREY, PALETTE

SERIES = {"ten samples": PALETTE[0], "usable sequences": PALETTE[1], "all text": GREY}
DECADES = [10.0**i for i in range(8)]
SHARES = [10.0**-i for i in range(1, 9)]
TITLES = {
    "unigrams": ("Words", "Rank, from the most frequent"),
    "bigrams": ("Pairs of words", "Rank, from the most frequent"),
    "lengths": ("Lengths of sequences", "Words in a sequence"),
}


def frequencies(table: pd.DataFrame, distribution: str, height: int = 330) -> alt.LayerChart | alt.FacetChart:
    """Frequencies of one distribution in the samples and in the two wholes.

    found: `Representativeness.frequencies` ; distribution: a key of TITLES.
    Ranks and frequencies of words are logarithmic; lengths are not.
    """
    points = table[table["distribution"] == distribution].copy()
    points["kind"] = points["series"].where(~points["series"].str.startswith("sample"), "ten samples")
    title, x_title = TITLES[distribution]
    lengths = distribution == "lengths"
    if lengths:  # the tail of all text would squeeze what a sample can hold
        points = points[points["x"] <= points.loc[points["kind"] == "ten samples", "x"].max() + 10]
    base = alt.Chart(points).encode(
        x=alt.X(
            "x:Q",
            title=x_title,
            scale=alt.Scale(type="linear" if lengths else "log", nice=False),
            axis=alt.Axis(format="~s", values=alt.Undefined if lengths else DECADES),
        ),
        y=alt.Y(
            "frequency:Q",
            title="Share of all",
            scale=alt.Scale(type="linear" if lengths else "log"),
            axis=alt.Axis(format="%" if lengths else ".0e", values=alt.Undefined if lengths else SHARES),
        ),
        color=alt.Color(
            "kind:N",
            scale=alt.Scale(domain=list(SERIES), range=list(SERIES.values())),
            legend=alt.Legend(title=None, orient="bottom"),
        ),
        detail="series:N",
    )
    wholes = base.transform_filter("datum.kind != 'ten samples'").mark_line(strokeWidth=2.5, clip=True)
    samples = base.transform_filter("datum.kind == 'ten samples'").mark_line(
        strokeWidth=1, opacity=0.5, clip=True
    )
    return alt.layer(wholes, samples).properties(title=title, height=height)
