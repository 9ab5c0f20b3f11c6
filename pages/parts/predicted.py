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
from core.prediction import LINEAR, Predictions, nonstandard
from core.prediction.held_out import ANEW, BEST
from core.reference import held_out
from core.wording.held_out import on_the_compared, on_the_targets, titled
from core.wording.predictions import (
    basis,
    headline,
    how_far,
    on_none,
    on_the_choice,
    on_the_nonstandard,
    way,
    within_groups,
)
from core.wording.published_evidence import SOURCE, takeaways
from pages.parts import predicted_tables
from pages.parts.cell_sizes import bring_others
from pages.parts.common import empty
from pages.parts.markdown import plain
from pages.parts.picture_downloads import chart_with_downloads
from pages.parts.prediction_choices import choose_measures, choose_predictor, learnt_from

TITLE = "How far to believe a prediction"
COMPARED = "glue_average"  # the score that the shipped table of predictors is about
FEATURED = ("mean", "line:patchiness", "line:patchiness:architecture", "line:spread")


def choose(store: Store, overview: Overview, score: str) -> tuple[str, tuple[str, ...], str | None]:
    """The row of choices. Returned: predictor, measures of a linear regression, reference."""
    row = st.container(horizontal=True, gap="small")
    reference = learnt_from(row, "predicted_from", references(store, score))
    predictor = choose_predictor(row, "by")
    measures = choose_measures(row, "measures", overview) if predictor in LINEAR else ()
    return predictor, measures, reference


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


def predictions_tab(store: Store, overview: Overview, score: str, heading: DeltaGenerator) -> None:
    """Draw the tab for a score; heading: where the page's title goes."""
    if not score:
        heading.title(TITLE)
        empty(
            "Nothing to predict from",
            "Predictions need the published checkpoints, and this store holds none. They come with the "
            "program and are loaded when it starts with a fresh store; your own come through **Add**.",
        )
        return
    if score not in predictable(store):
        heading.title(TITLE)
        st.info(on_none(title_of(score)), icon=":material/query_stats:")
        return
    predictor, measures, reference = choose(store, overview, score)
    try:
        with st.spinner("Predicting…"):
            predictions = predictions_of(store, score, predictor, measures, reference)
    except InputError as error:
        heading.title(TITLE)
        st.info(plain(str(error)), title="This cannot be predicted", icon=":material/query_stats:")
        return
    with heading:
        st.title(plain(how_far(predictions)))
        st.markdown(plain(f"{headline(predictions)}. {basis(predictions)}"))
    colours = family_colours(overview.rows["family"])
    held_out_figures(predictions)
    against_known(predictions, colours)
    nonstandard_ones(predictions, colours)
    checkpoints(predictions)
    bring_others(store, overview, list(predictions.model.measures), "bring_predicted")
    if predictions.compared is not None:
        st.header("Predictors compared within this reference")
        st.markdown(on_the_choice(predictions))
        with st.expander("Every predictor", icon=":material/table:"):
            predicted_tables.within(predictions.compared)
    elif score == COMPARED:
        predictors_compared()
        ranked_ones()
    limitations(store)


def held_out_figures(predictions: Predictions) -> None:
    """The figures that say how good the predictor is on what it was not fitted to."""
    errors = predictions.model.errors
    if errors is None:
        return
    figures = st.container(horizontal=True, gap="small")
    less = 1 - errors.rmse / errors.mean_rmse
    mean = predictions.predictor == "mean"
    entries = (
        (
            f"{way(predictions.model)} RMSE",
            f"{errors.rmse:.3f}",
            None if mean else f"{-100 * less:+.0f} % against the mean baseline",
            "RMSE on groups that the predictor was not fitted to; groups count the same.",
        ),
        (
            f"{percent(predictions.model.level)} interval: coverage",
            percent(predictions.coverage),
            None,
            "Share of known scores within their interval, each from the other groups alone.",
        ),
        (
            "Half an interval",
            f"± {errors.quantile:.2f}",
            None,
            "For a checkpoint of a base that the reference does not hold, before it is cut to what a score "
            "can be.",
        ),
        (
            "Checkpoints fitted to",
            predictions.model.n,
            None,
            capital(predictions.model.reference.title),
        ),
    )
    for label, value, delta, about in entries:
        figures.metric(
            label,
            value,
            delta,
            delta_color="inverse",
            delta_arrow="off",
            help=about,
            border=True,
            height="stretch",
        )


def against_known(predictions: Predictions, colours: dict[str, str]) -> None:
    """Predictions against known scores."""
    known = predictions.rows.dropna(subset=["predicted", "actual"])
    if known.empty:
        return
    chart_with_downloads(
        charts_predicted.against(
            drawable(known),
            predictions.model.score,
            scale=predictions.model.reference.scale,
            colours=colours,
            title=within_groups(predictions),
            subtitle="Each checkpoint that the predictor was fitted to is predicted from the other "
            "groups only. Upright lines: the interval. Dashed: a perfect prediction. Faint points: "
            "outside the reference.",
        ),
        headline(predictions),
        f"Predicted and known {title_of(predictions.model.score)}",
    )


def nonstandard_ones(predictions: Predictions, colours: dict[str, str]) -> None:
    """The non-standard published checkpoints, where the published ones are the reference."""
    rows = predictions.rows
    thirteen = nonstandard(rows).dropna(subset=["predicted", "actual"])
    if thirteen.empty or predictions.model.reference.name != "perturbed":
        return
    fitted = rows[rows["held_out"]].dropna(subset=["predicted", "actual"])
    claim, text = on_the_nonstandard(predictions)
    st.header(claim or "The non-standard checkpoints")
    st.markdown(
        f"{text} They were altered otherwise than by noise (embeddings of another language or shuffled, "
        "other objectives, other word order, nothing learnt), and no predictor was fitted to them or "
        "chosen by them."
    )
    chart_with_downloads(
        charts_predicted.ranges(
            drawable(thirteen),
            predictions.model.score,
            scale=predictions.model.reference.scale,
            colours=colours,
            mean=float(fitted["actual"].mean()),
            title="Predicted and known score of each",
            subtitle="Dot and bar: prediction and interval. Upright mark: the known score. Dashed: the "
            "mean baseline. Faint: outside the reference.",
        ),
        claim or "The non-standard checkpoints",
        f"{title_of(predictions.model.score)} of the non-standard checkpoints",
    )


def checkpoints(predictions: Predictions) -> None:
    """The user's checkpoints, and those that lie outside the reference, folded away."""
    rows = predictions.rows
    own = rows[(rows["origin"] != "published") & rows["in_range"]]
    if len(own):
        with st.expander(f"Your checkpoints that the reference covers ({len(own)})", icon=":material/table:"):
            predicted_tables.checkpoints(own, "Predictions of your checkpoints", why=False)
    outside = rows[~rows["in_range"]]
    if predictions.model.reference.name != "perturbed":  # published ones were not meant to be covered by it
        outside = outside[outside["origin"] != "published"]
    if len(outside):
        with st.expander(f"Outside what the reference covers ({len(outside)})", icon=":material/table:"):
            st.caption("Predictions for these extrapolate beyond the reference. Each row gives the reasons.")
            predicted_tables.checkpoints(outside, "Predictions outside the reference", why=True)


def predictors_compared() -> None:
    """Predictors of the published GLUE average by their held-out error."""
    everyone = titled(held_out())
    st.header("Predictors compared")
    st.markdown(on_the_compared(everyone))
    st.markdown(f"Targets set in advance. {on_the_targets(everyone)}")
    chosen = everyone["role"].fillna("") != ""
    lowest = everyone[~everyone["predictor"].isin([BEST, ANEW])].nsmallest(6, "family_mse")["predictor"]
    featured = everyone[everyone["predictor"].isin([*FEATURED, *lowest, BEST, ANEW]) | chosen]
    chart_with_downloads(
        charts_predicted.compared(
            featured.assign(
                family_rmse=np.sqrt(featured["family_mse"]), test_rmse=np.sqrt(featured["test_mse"])
            ),
            title="Predictors of the GLUE average by RMSE on checkpoints that they were not fitted to",
            subtitle="Dashed: the mean baseline on families left out. Shown: the paper's, those with the "
            "lowest error, those chosen; all are in the table below.",
        ),
        "Predictors compared by held-out error",
        "Predictors compared by held-out error",
    )
    with st.expander(f"All {len(everyone)} predictors, every figure", icon=":material/table:"):
        predicted_tables.predictors(everyone)
        st.caption(
            "Chosen by error on families left out (for a new base checkpoint) and in 10-fold "
            "cross-validation (for one near others of a base that the reference holds), never by the 13. The "
            "reference holds one base checkpoint a family, so leaving out a base is leaving out a family. "
            "GLUE averages are the authors': over 9 tasks for BERT-base, 8 for the others."
        )


def ranked_ones() -> None:
    """How the published predictor ranks encoders of the own study."""
    if ranked := ranked_by_published():
        st.markdown("**Tried on encoders of our own**")
        st.markdown("\n".join(f"- {sentence}" for sentence in ranked))
        st.caption("How they were made and scored: [Papers](/papers#own-study).")


def limitations(store: Store) -> None:
    """What another study found of geometry in general, folded away: it is about no score chosen here."""
    claims = takeaways(whole(store, "findings"))
    if not claims:
        return
    with st.expander("Limitations of predictions from geometry, by another study", icon=":material/warning:"):
        for column, (claim, text) in zip(st.columns(len(claims)), claims, strict=True):
            with column.container(border=True, height="stretch", gap="xsmall"):
                st.markdown(f"**{claim}**")
                st.markdown(text)
        st.caption(
            f"From {SOURCE}: 108 decoders and their losses, not encoders and GLUE. It warns against choosing "
            "a model by geometry alone."
        )
