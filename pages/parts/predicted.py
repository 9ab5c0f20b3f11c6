"""Trust, "Predictions": predictions against known scores, and predictors compared by held-out error."""

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cache.predictions import predictable, predictions_of, references
from cache.store import Store
from cache.studies import ranked_by_published
from cache.tables import whole
from core.charts import predictions as charts_predicted
from core.charts.palette import family_colours
from core.errors import InputError
from core.formatting import capital, percent
from core.measures.titles import title_of
from core.overview import Overview
from core.prediction import LINEAR, nonstandard
from core.prediction.held_out import ANEW, BEST
from core.reference import held_out
from core.wording.held_out import on_the_compared, on_the_targets, titled
from core.wording.predictions import basis, headline, on_the_choice, on_the_nonstandard, way, within_groups
from core.wording.published_evidence import SOURCE, takeaways
from pages.parts import predicted_tables
from pages.parts.cell_sizes import bring_others
from pages.parts.common import empty
from pages.parts.controls import control
from pages.parts.markdown import plain
from pages.parts.prediction_choices import choose_measures, choose_predictor, learnt_from

FEATURED = ("mean", "line:patchiness", "line:patchiness:architecture", "line:spread")


def choose(
    store: Store, overview: Overview, scores: list[str]
) -> tuple[str, str, tuple[str, ...], str | None]:
    """The row of choices. Returned: score, predictor, measures of a linear regression, reference."""
    row = st.container(horizontal=True, gap="small")
    score = control(row.selectbox, "Score", "predicted", scores[0], scores, format_func=title_of, width=230)
    reference = learnt_from(row, "predicted_from", references(store, score))
    predictor = choose_predictor(row, "by")
    measures = choose_measures(row, "measures", overview) if predictor in LINEAR else ()
    return score, predictor, measures, reference


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


def predictions_tab(store: Store, overview: Overview, heading: DeltaGenerator) -> None:
    """Draw the tab; heading: where the page's title goes."""
    scores = predictable(store)
    if not scores:
        heading.title("How far to believe a prediction")
        empty(
            "Nothing to predict from",
            "Predictions need the published checkpoints, and this store holds none. They come with the "
            "program and are loaded when it starts with a fresh store; your own come through **Add**.",
        )
        return

    score, predictor, measures, reference = choose(store, overview, scores)
    try:
        with st.spinner("Predicting…"):
            predictions = predictions_of(store, score, predictor, measures, reference)
    except InputError as error:
        heading.title("How far to believe a prediction")
        st.info(plain(str(error)), title="This cannot be predicted", icon=":material/query_stats:")
        return

    rows = predictions.rows
    fitted = rows[rows["held_out"]].dropna(subset=["predicted", "actual"])
    mean = float(fitted["actual"].mean())
    errors = predictions.model.errors
    with heading:
        st.title(plain(headline(predictions)))
        st.markdown(plain(basis(predictions)))

    figures = st.container(horizontal=True, gap="small")
    if errors is not None:
        less = 1 - errors.rmse / errors.mean_rmse
        figures.metric(
            f"{way(predictions.model)} RMSE",
            f"{errors.rmse:.3f}",
            None if predictor == "mean" else f"{-100 * less:+.0f} % against the mean baseline",
            delta_color="inverse",
            delta_arrow="off",
            help="RMSE on groups that the predictor was not fitted to; groups count the same.",
            border=True,
            height="stretch",
        )
        figures.metric(
            f"{percent(predictions.model.level)} interval: coverage",
            percent(predictions.coverage),
            help="Share of known scores within their interval, each from the other groups alone.",
            border=True,
            height="stretch",
        )
        figures.metric(
            "Half an interval",
            f"± {errors.quantile:.2f}",
            help="For a checkpoint of a base that the reference does not hold, before it is cut to what a "
            "score can be.",
            border=True,
            height="stretch",
        )
        figures.metric(
            "Checkpoints fitted to",
            predictions.model.n,
            help=capital(predictions.model.reference.title),
            border=True,
            height="stretch",
        )

    known = rows.dropna(subset=["predicted", "actual"])
    if len(known):
        st.altair_chart(
            charts_predicted.against(
                drawable(known),
                score,
                scale=predictions.model.reference.scale,
                colours=family_colours(overview.rows["family"]),
                title=within_groups(predictions),
                subtitle="Each checkpoint that the predictor was fitted to is predicted from the other "
                "groups only. Upright lines: the interval. Dashed: a perfect prediction. Faint points: "
                "outside the reference.",
            ),
            width="stretch",
            alt=headline(predictions),
        )

    thirteen = nonstandard(rows).dropna(subset=["predicted", "actual"])
    if predictions.model.reference.name != "perturbed":
        thirteen = thirteen.iloc[:0]
    if len(thirteen):
        claim, text = on_the_nonstandard(predictions)
        st.subheader(claim or "The non-standard checkpoints")
        st.markdown(
            f"{text} They were altered otherwise than by noise (embeddings of another language or shuffled, "
            "other objectives, other word order, nothing learnt), and no predictor was fitted to them or "
            "chosen by them."
        )
        st.altair_chart(
            charts_predicted.ranges(
                drawable(thirteen),
                score,
                scale=predictions.model.reference.scale,
                colours=family_colours(overview.rows["family"]),
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
        predicted_tables.checkpoints(own, "Predictions of your checkpoints", why=False)
    outside = rows[~rows["in_range"]]
    if predictions.model.reference.name != "perturbed":  # published ones were not meant to be covered by it
        outside = outside[outside["origin"] != "published"]
    if len(outside):
        st.subheader(f"Outside what the reference covers ({len(outside)})")
        st.caption("Predictions for these extrapolate beyond the reference. Each row gives the reasons.")
        predicted_tables.checkpoints(outside, "Predictions outside the reference", why=True)
    bring_others(store, overview, list(predictions.model.measures), "bring_predicted")

    if predictions.compared is not None:
        st.subheader("Predictors compared within this reference")
        st.markdown(on_the_choice(predictions))
        predicted_tables.within(predictions.compared)
        return

    everyone = titled(held_out())
    st.subheader("Predictors compared")
    st.markdown(on_the_compared(everyone))
    st.markdown(f"Targets set in advance. {on_the_targets(everyone)}")
    chosen = everyone["role"].fillna("") != ""
    lowest = everyone[~everyone["predictor"].isin([BEST, ANEW])].nsmallest(6, "family_mse")["predictor"]
    featured = everyone[everyone["predictor"].isin([*FEATURED, *lowest, BEST, ANEW]) | chosen]
    st.altair_chart(
        charts_predicted.compared(
            featured.assign(
                family_rmse=np.sqrt(featured["family_mse"]), test_rmse=np.sqrt(featured["test_mse"])
            ),
            title="Predictors of the GLUE average by RMSE on checkpoints that they were not fitted to",
            subtitle="Dashed: the mean baseline on families left out. Shown: the paper's, those with the "
            "lowest error, those chosen; all are in the table below.",
        ),
        alt="Predictors compared by held-out error",
    )
    with st.expander(f"All {len(everyone)} predictors, every figure", icon=":material/table:"):
        predicted_tables.predictors(everyone)
        st.caption(
            "Chosen by error on families left out (for a new base checkpoint) and in 10-fold "
            "cross-validation (for one near others of a base that the reference holds), never by the 13. The "
            "reference holds one base checkpoint a family, so leaving out a base is leaving out a family. "
            "GLUE averages are the authors': over 9 tasks for BERT-base, 8 for the others. `cli.py study "
            "held-out --again` computes the table anew."
        )

    limitations = takeaways(whole(store, "findings"))
    if limitations:
        st.subheader("Limitations of predicted scores")
        for column, (claim, text) in zip(st.columns(len(limitations)), limitations, strict=True):
            with column.container(border=True, height="stretch", gap="xsmall"):
                st.markdown(f"**{claim}**")
                st.markdown(text)
        st.caption(
            f"From {SOURCE}: 108 decoders and their losses, not encoders and GLUE. It warns against choosing "
            "a model by geometry alone."
        )
    ranked = ranked_by_published()
    if ranked:
        st.markdown("**Tried on encoders of our own**")
        st.markdown("\n".join(f"- {sentence}" for sentence in ranked))
        st.caption("How they were made and scored: [Papers](/papers#own-study).")
