"""Predicted scores: predictions against known scores, and predictors compared by held-out error."""

import numpy as np
import pandas as pd
import streamlit as st

from core.charts import predictions as charts_predicted
from core.charts.palette import ORIGINS, family_colours
from core.errors import InputError
from core.formatting import percent
from core.measures.titles import title_of
from core.prediction import DEFAULT, LINEAR, PREDICTORS, nonstandard
from core.prediction.candidates import PATCHINESS
from core.prediction.held_out import ANEW, BEST
from core.reference import held_out
from core.studies import latent_geometry, own_study, own_study_findings
from core.wording.applicability import sentences
from core.wording.held_out import on_the_compared, on_the_targets, titled
from core.wording.predictions import basis, headline, on_the_nonstandard, within_groups
from core.wording.published_evidence import SOURCE, takeaways
from pages.parts.cell_sizes import bring_others
from pages.parts.common import empty, from_url, open_store, refresh, subjects, table, to_url
from pages.parts.predicting import predictions_of

FEWEST = 12  # perturbed checkpoints with a score for it to be offered
NUMBERS = ("Predicted", "From", "To", "Known")
FEATURED = ("mean", "line:patchiness", "line:patchiness:architecture", "line:spread")

store = open_store()
everything = subjects(store)
refresh(store, store.state())


@st.cache_data(show_spinner=False)
def compared_table() -> pd.DataFrame:
    """The shipped held-out table."""
    return titled(held_out())


def controls(scores: list[str]) -> tuple[str, str, tuple[str, ...]]:
    """The row of choices. Returned: score, predictor, measures of a linear regression."""
    from_url("predicted", scores[0], scores)
    from_url("by", DEFAULT, list(PREDICTORS))
    from_url("measures", list(PATCHINESS), everything.measures, many=True)
    row = st.container(horizontal=True, gap="small")
    kept = {"persist_state": "session"}
    score = row.selectbox("Score", scores, format_func=title_of, key="predicted", width=230, **kept)
    predictor = row.selectbox(
        "Predictor",
        list(PREDICTORS),
        format_func=PREDICTORS.__getitem__,
        key="by",
        width=330,
        help="Best: lowest error on checkpoints that it was not fitted to, see below.",
        **kept,
    )
    measures: list[str] = []
    if predictor in LINEAR:
        measures = row.multiselect(
            "Measures",
            everything.measures,
            format_func=title_of,
            key="measures",
            placeholder=title_of(PATCHINESS[0]),
            width=420,
            **kept,
        )
        to_url("measures", list(PATCHINESS))
    to_url("predicted", scores[0])
    to_url("by", DEFAULT)
    return score, predictor, tuple(measures)


def drawable(rows: pd.DataFrame) -> pd.DataFrame:
    """What the charts need of predicted rows."""
    return rows.reset_index(names="subject").assign(
        kind=rows["variant"].where(rows["variant"].isin(list(charts_predicted.KINDS)), "other").to_numpy(),
        covered=np.where(rows["in_range"], "covers it", "outside"),
        residual=(rows["predicted"] - rows["actual"]).to_numpy(),
    )[
        [
            *("subject", "name", "family", "kind", "covered", "actual"),
            *("predicted", "low", "high", "residual"),
        ]
    ]


def as_table(rows: pd.DataFrame, words: str, *, why: bool) -> None:
    """Predictions as a table, highest first; `why`: with the reasons for lying outside."""
    rows = rows.sort_values("predicted", ascending=False)
    frame = pd.DataFrame(
        {
            "Rank": rows["rank"],
            "Checkpoint": rows["name"],
            "Why": [sentences(reasons) for reasons in rows["reasons"]],
            "Predicted": rows["predicted"],
            "From": rows["low"],
            "To": rows["high"],
            "Known": rows["actual"],
            "Family": rows["family"],
            "Origin": rows["origin"].map(ORIGINS),
        }
    )
    columns = [name for name in frame if (why or name != "Why") and frame[name].notna().any()]
    number = {"format": "%.2f", "width": 80}
    st.dataframe(
        frame[columns],
        hide_index=True,
        placeholder="–",
        height=min(35 * (len(frame) + 1) + 3, 360),
        column_config={
            "Rank": st.column_config.NumberColumn(
                format="%d", width=50, pinned=True, help="Among all checkpoints that the reference covers"
            ),
            "Checkpoint": st.column_config.TextColumn(width=230, pinned=True),
            "Why": st.column_config.TextColumn(
                width=520 if why else None, help="Why the reference does not cover it"
            ),
            **{
                name: st.column_config.NumberColumn(**number) for name in ("Predicted", "From", "To", "Known")
            },
        },
        alt=words,
    )


scores = [
    name
    for name in everything.scores
    if everything.measures
    and everything.rows.loc[everything.rows["variant"] == "perturbed", name].notna().sum() >= FEWEST
]
if not scores:
    st.title("Predicted scores")
    empty(
        "Nothing to predict from",
        "Predictions need the published checkpoints, and this store holds none. They come with the program "
        "and are loaded when it starts with a fresh store; your own come through **Add models**.",
    )
    st.stop()

heading = st.container(gap="xsmall")
st.space("xsmall")
score, predictor, measures = controls(scores)
try:
    found = predictions_of(store, everything, score, predictor, measures)
except InputError as error:
    heading.title("Predicted scores")
    st.info(str(error), title="This cannot be predicted", icon=":material/query_stats:")
    st.stop()

rows = found.rows
fitted = rows[rows["held_out"]].dropna(subset=["predicted", "actual"])
mean = float(fitted["actual"].mean())
errors = found.model.errors
with heading:
    st.title(headline(found))
    st.markdown(basis(found))

figures = st.container(horizontal=True, gap="small")
if errors is not None:
    less = 1 - errors.rmse / errors.mean_rmse
    figures.metric(
        f"Leave-one-{found.model.reference.groups}-out RMSE",
        f"{errors.rmse:.3f}",
        None if predictor == "mean" else f"{-100 * less:+.0f} % against the mean baseline",
        delta_color="inverse",
        delta_arrow="off",
        help="Root mean square error with each family left out in turn; families count the same.",
        border=True,
        height="stretch",
    )
    figures.metric(
        f"{percent(found.model.level)} interval: coverage",
        percent(found.coverage),
        help="Share of known scores within their interval, each from the other families alone.",
        border=True,
        height="stretch",
    )
    figures.metric(
        "Half an interval",
        f"± {errors.quantile:.2f}",
        help="For a checkpoint of a base that the reference does not hold, before it is cut to what a score "
        "can be.",
        border=True,
        height="stretch",
    )
    figures.metric(
        "Checkpoints fitted to",
        found.model.n,
        help="Perturbed checkpoints of arXiv 2406.12159",
        border=True,
        height="stretch",
    )

known = rows.dropna(subset=["predicted", "actual"])
if len(known):
    st.altair_chart(
        charts_predicted.against(
            drawable(known),
            score,
            colours=family_colours(everything.rows["family"]),
            title=within_groups(found),
            subtitle="Each checkpoint that the predictor was fitted to is predicted from the other families "
            "only. Upright lines: the interval. Dashed: a perfect prediction. Faint points: outside the "
            "reference.",
        ),
        width="stretch",
        alt=headline(found),
    )

thirteen = nonstandard(rows).dropna(subset=["predicted", "actual"])
if len(thirteen):
    claim, told = on_the_nonstandard(found)
    st.subheader(claim or "The non-standard checkpoints")
    st.markdown(
        f"{told} They were altered otherwise than by noise (embeddings of another language or shuffled, "
        "other objectives, other word order, nothing learnt), and no predictor was fitted to them or chosen "
        "by them."
    )
    st.altair_chart(
        charts_predicted.ranges(
            drawable(thirteen),
            score,
            colours=family_colours(everything.rows["family"]),
            mean=mean,
            title="Predicted and known score of each",
            subtitle="Dot and bar: prediction and interval. Upright mark: the known score. Dashed: the "
            "mean baseline. Faint: outside the reference.",
        ),
        alt=claim,
    )

own = rows[(rows["origin"] != "published") & rows["in_range"]]
if len(own):
    st.subheader(f"Your checkpoints that the reference covers ({len(own)})")
    as_table(own, "Predictions of your checkpoints", why=False)
outside = rows[~rows["in_range"]]
if len(outside):
    st.subheader(f"Outside what the reference covers ({len(outside)})")
    st.caption("Predictions for these extrapolate beyond the reference. Each row gives the reasons.")
    as_table(outside, "Predictions outside the reference", why=True)
bring_others(store, everything, list(found.model.measures), "bring_predicted")

everyone = compared_table()
st.subheader("Predictors compared")
st.markdown(on_the_compared(everyone))
st.markdown(f"Targets set in advance. {on_the_targets(everyone)}")
chosen = everyone["role"].fillna("") != ""
lowest = everyone[~everyone["predictor"].isin([BEST, ANEW])].nsmallest(6, "family_mse")["predictor"]
featured = everyone[everyone["predictor"].isin([*FEATURED, *lowest, BEST, ANEW]) | chosen]
st.altair_chart(
    charts_predicted.compared(
        featured.assign(family_rmse=np.sqrt(featured["family_mse"]), test_rmse=np.sqrt(featured["test_mse"])),
        title="Predictors of the GLUE average by RMSE on checkpoints that they were not fitted to",
        subtitle="Dashed: the mean baseline on families left out. Shown: the paper's, those with the "
        "lowest error, those chosen; all are in the table below.",
    ),
    alt="Predictors compared by held-out error",
)
with st.expander(f"All {len(everyone)} predictors, every figure", icon=":material/table:"):
    order = ["title", "role", "family_mse", "fold_r2", "coverage", "family_coverage", "width"]
    order += ["test_mse", "test_mae", "test_spearman", "test_coverage", "r2", "n"]
    three, two = ({"format": form, "width": 95} for form in ("%.4f", "%.2f"))
    st.dataframe(
        everyone[order],
        hide_index=True,
        placeholder="–",
        column_config={
            "title": st.column_config.TextColumn("Predictor", width=330, pinned=True),
            "role": st.column_config.TextColumn("Chosen for", width=110),
            "family_mse": st.column_config.NumberColumn(
                "MSE, families", help="Mean squared error on families left out; they count the same", **three
            ),
            "fold_r2": st.column_config.NumberColumn("R², 10-fold", help="On the perturbed", **two),
            "coverage": st.column_config.NumberColumn(
                "Coverage", help="Coverage of the 90 % interval, families left out", **two
            ),
            "family_coverage": st.column_config.NumberColumn(
                "by family", help="The same, families counting the same", **two
            ),
            "width": st.column_config.NumberColumn("Interval width", help="Mean, families left out", **two),
            "test_mse": st.column_config.NumberColumn(
                "MSE, 13", help="Mean squared error on the 13 non-standard checkpoints", **three
            ),
            "test_mae": st.column_config.NumberColumn("MAE, 13", help="Mean absolute error", **three),
            "test_spearman": st.column_config.NumberColumn("Spearman, 13", **two),
            "test_coverage": st.column_config.NumberColumn("Coverage, 13", **two),
            "r2": st.column_config.NumberColumn("r², fitted", help="Of the checkpoints fitted to", **two),
            "n": st.column_config.NumberColumn("n", width=60),
        },
        alt="Every predictor with every held-out figure",
    )
    st.caption(
        "Chosen by error on families left out (for a new base checkpoint) and in 10-fold cross-validation "
        "(for one near others of a base that the reference holds), never by the 13. The reference holds one "
        "base checkpoint a family, so leaving out a base is leaving out a family. GLUE averages are the "
        "authors': over 9 tasks for BERT-base, 8 for the others. `cli.py study held-out --again` computes "
        "the table anew."
    )


@st.cache_data(show_spinner=False)
def on_our_own() -> list[str]:
    """How the published predictor ranks the checkpoints of the project's own study, one sentence a base."""
    return own_study_findings.ranked_by_published(own_study.shipped(), latent_geometry.models())


doubts = takeaways(table(store, "findings"))
if doubts:
    st.subheader("Limitations of predicted scores")
    for column, (claim, figures_told) in zip(st.columns(len(doubts)), doubts, strict=True):
        with column.container(border=True, height="stretch", gap="xsmall"):
            st.markdown(f"**{claim}**")
            st.markdown(figures_told)
    st.caption(
        f"From {SOURCE}: 108 decoders and their losses, not encoders and GLUE. It warns against choosing a "
        "model by geometry alone."
    )
tried = on_our_own()
if tried:
    st.markdown("**Tried on encoders of our own**")
    st.markdown("\n".join(f"- {sentence}" for sentence in tried))
    st.caption("How they were made and scored: [Findings](/findings#own-study).")
