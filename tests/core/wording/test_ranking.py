"""Sentences about a ranking: each once, with its numbers."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core import reference
from core.overview import Overview, overview
from core.prediction import Predictions, chances, perturbed_reference, predict
from core.prediction.shortlist import PREDICTED, Shortlist
from core.wording.ranking import (
    agreement,
    caveat,
    confidence,
    difference,
    headline,
    measured_alike,
    ordinal,
    rank_range,
    readings_of_others,
    tied_rank,
    ties,
)

SPREAD = ["eee", "vrm", "isoscore"]
FIRST = "published:arxiv-2406.12159/bert-base-uncased_1_1"
LAST = "published:arxiv-2406.12159/bert-small_100_1"
FOUR = pd.DataFrame(
    {
        "name": list("abcd"),
        "predicted": [0.9, 0.8, 0.7, 0.1],
        "high": [0.91, 0.81, 0.71, 0.11],
        "actual": np.nan,
    }
)


@pytest.fixture(scope="module")
def published() -> Overview:
    nothing = pd.DataFrame(columns=["cloud", "subject"])
    return overview(reference.checkpoints(), nothing, reference.measurements(), reference.scores())


@pytest.fixture(scope="module")
def predictions(published: Overview) -> Predictions:
    return predict(published, perturbed_reference(published, "glue_average"), "linear", SPREAD)


def listing(rows: pd.DataFrame, chance: list[float], by: str = PREDICTED, **columns: object) -> Shortlist:
    shown = rows.assign(chance=chance, tie=np.arange(1.0, len(rows) + 1)).assign(**columns)
    nothing = rows.iloc[:0]
    return Shortlist(by, shown, nothing, nothing, nothing, own=True, tau=np.nan)


def test_a_clear_lead_has_high_confidence_and_one_candidate_is_no_ranking() -> None:
    assert headline(listing(FOUR, [1, 1, 1, 0]), "s") == (
        "Fine-tune first: a · b · c",
        "High confidence: 3.0 of these 3 are expected among the true best 3, 2.2 by guessing. a is told from "
        "every other in at least 90 % of the draws.",
    )
    assert headline(listing(FOUR.iloc[:1], [1]), "s") == (
        "a: predicted s 0.90",
        "It is the only candidate here, so there is nothing to rank.",
    )


def test_ties_and_known_scores_are_named() -> None:
    close = FOUR.assign(actual=[np.nan, 0.6, np.nan, 0.75])
    assert headline(listing(close, [0.6, 0.5, 0.4, 0.2], tie=[1.0, 1, 3, 4]), "s")[1] == (
        "Low confidence: 1.5 of these 3 are expected among the true best 3, 2.2 by guessing. Not separable "
        "from a: b. Known s: 0.60; the best here is 0.75 (d)."
    )
    assert ties(FOUR.assign(tie=1.0)) == (
        "None of them can be told from the first: the differences lie within the error."
    )
    assert ties(FOUR.assign(tie=np.nan)) == ""


def test_of_few_candidates_the_title_names_those_tied_with_the_first() -> None:
    three = FOUR.iloc[:3]
    tied = replace(listing(three, [0.5, 0.4, 0.1], tie=[1.0, 1, 3]), best=1)
    assert headline(tied, "s") == (
        "Fine-tune first: a · b",
        "Low confidence: the first is the best of them with a chance of 50 %, by guessing 33 %. Not "
        "separable from a: b.",
    )
    unknown = replace(listing(three, [0.9, 0.1, 0.0], tie=np.nan), best=1)
    assert headline(unknown, "s")[0] == "Fine-tune first: a"


def test_scores_of_other_protocols_are_counted(predictions: Predictions) -> None:
    assert readings_of_others(predictions) == ""
    rows = predictions.model.reference.rows
    sources = ["encoders: rte"] * 5 + ["encoders: glue_average"] * (len(rows) - 5)
    model = predictions.model
    mixed = replace(model, reference=replace(model.reference, rows=rows.assign(score_source=sources)))
    assert readings_of_others(replace(predictions, model=mixed)) == (
        " 5 of the known scores are of another protocol, with a level of its own."
    )


def test_where_every_score_is_known_the_headline_is_a_test_and_not_advice() -> None:
    scored = FOUR.assign(actual=[0.9, 0.3, 0.8, 0.5])
    assert headline(listing(scored, [1, 1, 0.5, 0.5]), "s") == (
        "Held-out top 3: a · b · c",
        "All 4 here have a known score, so this tests the ranking; those of the reference were predicted "
        "from the other groups. Of these 3, 2.5 were expected among the true best 3; 2 are. Known s: 0.90, "
        "0.30 and 0.80; the best here is 0.90 (a).",
    )


def test_a_ranking_by_a_measure_names_its_values_and_direction() -> None:
    rows = FOUR.assign(by=[0.1, 0.2, 0.3, 0.4])
    assert headline(listing(rows, [1, 1, 1, 0], "mean_cosine_similarity"), "s") == (
        "By mean cosine similarity, first: a · b · c",
        "The lowest mean cosine similarity of 4: a (0.1), b (0.2), c (0.3). a is told from every other in at "
        "least 90 % of the draws.",
    )


def test_ranks_show_ties_and_their_interval() -> None:
    assert [tied_rank(2, 1.0, 2), tied_rank(2, 2.0, 1), tied_rank(2, np.nan, 0)] == ["1=", "2", "2"]
    assert [rank_range(1, 4), rank_range(2, 2), rank_range(np.nan, np.nan)] == ["1 to 4", "2", ""]
    assert agreement(0.5, 12) == "Kendall's τ of the ranking with the 12 known scores: +0.50."
    assert agreement(np.nan, 2) == ""


def test_what_was_measured_otherwise_is_counted() -> None:
    apart = pd.DataFrame({"subject": ["a", "a", "b"], "what": ["text", "sequences", "text"]})
    assert measured_alike(apart, 1) == (
        "2 candidates measured otherwise than the others: text (2) and sequences (1); 1 candidate without "
        "the measures to rank by"
    )


def test_confidence_in_words() -> None:
    assert [confidence(share, 0.0) for share in (0.8, 0.79, 0.4, 0.39)] == [
        *("High confidence", "Moderate confidence", "Moderate confidence", "Low confidence")
    ]
    assert [confidence(share, 0.5) for share in (0.95, 0.75, 0.5)] == [
        *("High confidence", "Moderate confidence", "Low confidence")
    ]
    assert confidence(1.0, 1.0) == "High confidence"


def test_the_caveat_states_predictor_reference_and_held_out_figures(predictions: Predictions) -> None:
    errors = predictions.model.errors
    assert errors is not None
    assert caveat(predictions) == (
        "Linear regression on Eigenvalue early enrichment, Vasicek ratio MSE and IsoScore, fitted to 168 "
        "perturbed checkpoints of 3 families (BERT-base, BERT-small, RoBERTa-base). Leave-one-family-out "
        f"RMSE {errors.rmse:.3f}, mean baseline {errors.mean_rmse:.3f}; coverage of the 90 % interval: "
        f"{100 * predictions.coverage:.0f} %."
    )


def test_what_sets_two_checkpoints_apart_is_said_with_their_values(predictions: Predictions) -> None:
    model = predictions.model
    chosen = predictions.rows.loc[[FIRST, LAST]]
    text = difference(model, chosen, SPREAD)
    chance = chances(model, chosen, k=1)
    assert text.startswith("They differ most in ") and " percentile of the reference), " in text
    assert text.endswith(
        f"The chance to have the highest GLUE average is {100 * chance[0]:.0f} % for BERT-base, 1 % noise, "
        f"run 1 and {100 * chance[1]:.0f} % for BERT-small, 100 % noise, run 1."
    )
    same = predictions.rows.loc[[FIRST, FIRST]]
    assert difference(model, same, SPREAD).startswith("They are alike in every measure: even ")
    assert difference(model, chosen, []) == "They share no measure, so nothing can be compared."


def test_percentiles_in_words() -> None:
    assert [ordinal(share) for share in (0.0, 0.02, 0.03, 0.11, 0.21, 0.5, 1.0)] == [
        *("1st", "2nd", "3rd", "11th", "21st", "50th", "99th")
    ]
