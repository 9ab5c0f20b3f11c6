"""The predictions that Shortlist and Predicted scores show, computed once per state of the store."""

from collections.abc import Sequence

import streamlit as st

from cache.paths import store_folder
from cache.predictions import predictions_for
from cache.store import Store
from core.overview import Overview
from core.prediction import Predictions


@st.cache_data(max_entries=24, show_spinner="Predicting…")
def _predictions(
    _everything: Overview, folder: str, state: str, score: str, predictor: str, measures: tuple[str, ...]
) -> Predictions:
    return predictions_for(_everything, score, predictor, measures)


def predictions_of(
    store: Store, everything: Overview, score: str, predictor: str, measures: Sequence[str]
) -> Predictions:
    """Every checkpoint predicted; arguments as of `cache.predictions.predictions_for`.

    Raises InputError: too few checkpoints with all of the measures and the score.
    """
    return _predictions(everything, str(store_folder(None)), store.state(), score, predictor, tuple(measures))
