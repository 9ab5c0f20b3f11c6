"""The choices about predictions: what to predict, from what, by what to rank, and which checkpoints."""

import math
from dataclasses import dataclass

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cache.predictions import references
from cache.store import Store
from core.charts.palette import ORIGINS
from core.formatting import capital
from core.measures import MEASURES
from core.measures.titles import title_of
from core.overview import Overview
from core.prediction import DEFAULT, LINEAR, PREDICTORS, Predictions
from core.prediction.by_measure import rankable
from core.prediction.candidates import PATCHINESS, SPREAD
from core.prediction.references import FEWEST, TITLES
from core.prediction.shortlist import PREDICTED
from pages.parts.controls import control, from_address

SIZES = {
    "any": ("Any size", 0.0, math.inf),
    "small": ("Below 30M", 0.0, 30e6),
    "middle": ("30M to 300M", 30e6, 300e6),
    "large": ("Above 300M", 300e6, math.inf),
}
# What the parameter `predictor` of an older link asks for: linear regressions by their measures.
OLDER = {"spread": SPREAD, "patchiness": PATCHINESS, "both": (*SPREAD, *PATCHINESS)}
AUTO = "auto"


@dataclass(frozen=True)
class Asked:
    """What to predict and from what."""

    score: str
    predictor: str
    measures: tuple[str, ...]  # of a linear regression
    reference: str | None  # None: the one that covers most candidates


def prediction(row: DeltaGenerator, store: Store, overview: Overview, scores: list[str]) -> Asked:
    """What to predict and what to learn it from."""
    older = OLDER.get(from_address("predictor", DEFAULT, [*PREDICTORS, *OLDER]))
    if older:
        from_address("predict_from", [], overview.measures)
        st.session_state["predictor"], st.session_state["predict_from"] = "linear", list(older)
    score = control(
        row.selectbox, "Score to predict", "score", scores[0], scores, format_func=title_of, width=165
    )
    reference = learnt_from(row, "learnt_from", references(store, score))
    predictor = choose_predictor(row, "predictor")
    measures = choose_measures(row, "predict_from", overview) if predictor in LINEAR else ()
    return Asked(score, predictor, measures, reference)


def choose_predictor(row: DeltaGenerator, key: str) -> str:
    """A key of PREDICTORS."""
    return control(
        row.selectbox,
        "Predictor",
        key,
        DEFAULT,
        list(PREDICTORS),
        format_func=PREDICTORS.__getitem__,
        width=235,
        help="Best: lowest error on checkpoints that it was not fitted to; see *Trust*.",
    )


def choose_measures(row: DeltaGenerator, key: str, overview: Overview) -> tuple[str, ...]:
    """The measures that a linear regression reads."""
    return tuple(
        control(
            row.multiselect,
            "Predict it from",
            key,
            list(PATCHINESS),
            overview.measures,
            format_func=title_of,
            placeholder=title_of(PATCHINESS[0]),
            width=300,
            help="\n\n".join(
                f"**{MEASURES[name].title}**: {MEASURES[name].meaning}" for name in (*SPREAD, *PATCHINESS)
            ),
        )
    )


def learnt_from(row: DeltaGenerator, key: str, counts: dict[str, int]) -> str | None:
    """The reference to learn from; None: the one that covers most candidates.

    counts: how many checkpoints each reference holds.
    """
    single = max(n for name, n in counts.items() if name != "all")
    offered = [name for name, n in counts.items() if n >= FEWEST and (name != "all" or n > single)]
    chosen = control(
        row.selectbox,
        "Learnt from",
        key,
        AUTO,
        [AUTO, *offered],
        format_func=lambda name: (
            "What covers most" if name == AUTO else f"{capital(TITLES[name])} ({counts[name]})"
        ),
        width=215,
        help="The checkpoints with a known score that the predictor is fitted to. *What covers most*: the "
        "ones that cover most of your candidates.",
    )
    return None if chosen == AUTO else chosen


def largest(counts: dict[str, int]) -> str:
    """The reference that holds most checkpoints, of equals the nearest to the user's own."""
    return max(counts, key=counts.__getitem__)


def rank_by(row: DeltaGenerator, overview: Overview, predictions: Predictions | None) -> str:
    """What to rank by: the predicted score, or a measure of which it is stated what is better.

    The default is the predicted score, unless it covers none of the user's own checkpoints. Nothing is drawn
    where none of these has a measure.
    """
    rows = overview.rows
    own = rows[rows["origin"] != "published"]
    offered = [name for name in rankable(overview.measures) if own[name].notna().any()]
    covered = predictions is not None and predictions.rows["in_range"].reindex(own.index).eq(True).any()
    if not offered:
        return PREDICTED
    default = PREDICTED if covered else offered[0]
    return control(
        row.selectbox,
        "Rank by",
        "rank_by",
        default,
        [PREDICTED, *offered],
        format_func=lambda name: "Predicted score" if name == PREDICTED else title_of(name),
        width=190,
        help="By a measure, every checkpoint that has it is ranked in the direction that the literature "
        "expects, whether a reference covers it or not.",
    )


def filtered(row: DeltaGenerator, rows: pd.DataFrame) -> pd.Index:
    """The filters, and the subjects that pass them."""
    families = control(
        row.multiselect,
        "Family",
        "family",
        [],
        sorted(rows["family"].unique()),
        placeholder="All families",
        width=190,
    )
    origins = control(
        row.multiselect,
        "Origin",
        "origin",
        [],
        [origin for origin in ORIGINS if origin in set(rows["origin"])],
        format_func=ORIGINS.__getitem__,
        placeholder="Any origin",
        width=190,
    )
    size = control(
        row.selectbox,
        "Parameters",
        "size",
        "any",
        list(SIZES),
        format_func=lambda name: SIZES[name][0],
        width=140,
    )
    find = control(
        row.text_input, "Find", "find", "", placeholder="Part of a name", icon=":material/search:", width=150
    )
    kept = rows["name"].str.contains(find, case=False, regex=False)
    if families:
        kept &= rows["family"].isin(families)
    if origins:
        kept &= rows["origin"].isin(origins)
    if size != "any":
        kept &= rows["parameters"].astype(float).between(*SIZES[size][1:], inclusive="left")
    return rows.index[kept]
