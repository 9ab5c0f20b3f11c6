"""Charts of decoders: dispersion of key layers against kNN-LM, and against known accuracy."""

import altair as alt
import pandas as pd

from core.charts.palette import GREY, PALETTE
from core.studies.decoder_figures import ALONE
from core.studies.key_layers import CHUNKS


def keys(
    table: pd.DataFrame, chunks: int | None = None, *, height: int = 340
) -> alt.LayerChart | alt.FacetChart:
    """Perplexity against dispersion, a point a key with ± one standard deviation over draws; a dashed line at
    the perplexity of the model alone.

    table: as `core.studies.decoder_figures.knnlm_table` gives it. chunks: that dispersion is
    measured over, of CHUNKS; None: the most that the table has.
    """
    chunks = chunks or max((n for n in CHUNKS if table[f"dispersion_{n}"].notna().any()), default=CHUNKS[0])
    rows = table[table["key"] != ALONE].rename(
        columns={f"dispersion_{chunks}": "spread", f"sd_{chunks}": "sd"}
    )
    rows = rows.assign(
        low=rows["spread"] - rows["sd"],
        high=rows["spread"] + rows["sd"],
        of=rows["kind"].str.replace("_", " ").str.replace("feed forward", "feed-forward"),
    )[["key", "of", "spread", "sd", "low", "high", "weight", "perplexity"]]
    tooltip = [
        alt.Tooltip("key:N", title="Key"),
        alt.Tooltip("spread:Q", title="Dispersion", format=".3f"),
        alt.Tooltip("sd:Q", title="± between draws", format=".3f"),
        alt.Tooltip("perplexity:Q", title="Test perplexity", format=".2f"),
        alt.Tooltip("weight:Q", title="λ", format=".2f"),
    ]
    y = alt.Y("perplexity:Q", title="Test perplexity", scale=alt.Scale(type="log", nice=False, padding=12))
    colour = alt.Color(
        "of:N", title=None, scale=alt.Scale(range=list(PALETTE)), legend=alt.Legend(orient="top")
    )
    base = alt.Chart(rows).encode(y=y, color=colour, tooltip=tooltip)
    title = f"Dispersion over {chunks} chunks (1 − cosine)"
    points = base.mark_point(filled=True, size=80, opacity=1).encode(
        x=alt.X("spread:Q", title=title, scale=alt.Scale(zero=False))
    )
    bars = base.mark_rule(strokeWidth=2).encode(x="low:Q", x2="high:Q")
    alone = alt.Chart(table[table["key"] == ALONE][["key", "perplexity"]]).mark_rule(
        color=GREY, strokeDash=[5, 4], strokeWidth=2
    )
    line = alone.encode(y=y, tooltip=[tooltip[0], tooltip[3]])
    return alt.layer(line, bars, points).properties(height=height)


def accuracy(
    table: pd.DataFrame, observed: float | None = None, *, height: int = 300
) -> alt.LayerChart | alt.FacetChart:
    """Dispersion of mixtures against their share of right answers, ± 2 standard errors; the expected line.

    table: as `core.studies.decoder_figures.label_free_table` gives it. observed: dispersion of the unlabelled
    set, a dashed line.
    """
    rows = table.assign(
        low=table["dispersion"] - 2 * table["standard_error"],
        high=table["dispersion"] + 2 * table["standard_error"],
    )
    tooltip = [
        alt.Tooltip("share:Q", title="Right answers", format=".0%"),
        alt.Tooltip("dispersion:Q", title="Dispersion", format=".4f"),
        alt.Tooltip("standard_error:Q", title="Standard error", format=".2~g"),
    ]
    x = alt.X("share:Q", title="Right answers in the mixture", axis=alt.Axis(format="%"))
    y = alt.Y("dispersion:Q", title="Dispersion (1 − cosine)", scale=alt.Scale(zero=False))
    base = alt.Chart(rows).encode(x=x, tooltip=tooltip)
    layers: list[alt.Chart] = [
        base.mark_line(color=GREY, strokeWidth=2).encode(y=alt.Y("expected:Q", scale=alt.Scale(zero=False))),
        base.mark_rule(color=PALETTE[0], strokeWidth=2).encode(y="low:Q", y2="high:Q"),
        base.mark_point(filled=True, size=70, opacity=1, color=PALETTE[0]).encode(y=y),
    ]
    if observed is not None:
        own = pd.DataFrame({"dispersion": [observed], "set": ["unlabelled set"]})
        line = alt.Chart(own).mark_rule(color=PALETTE[1], strokeDash=[5, 4], strokeWidth=2)
        layers.append(line.encode(y=y, tooltip=["set:N", tooltip[1]]))
    return alt.layer(*layers).properties(height=height)
