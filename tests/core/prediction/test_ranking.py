"""The shortlist: who is ranked, who is ranked apart, and the sentences about it."""

import numpy as np
import pandas as pd
import pytest

from core import reference
from core.overview import Overview, overview
from core.prediction.ranking import (
    Ranking,
    caveat,
    chances,
    difference,
    headline,
    ordinal,
    rank,
    standing,
    widest,
)

SPREAD = ["eee", "vrm", "isoscore"]


def with_own(**values: object) -> Overview:
    """The published checkpoints and one of our own, a BERT-base measured on their text."""
    known = overview(
        reference.checkpoints(),
        pd.DataFrame(columns=["cloud", "subject"]),
        reference.measurements(),
        reference.scores(),
    )
    own = known.rows.loc[["published:arxiv-2406.12159/bert-base-uncased_1_1"]].assign(
        name="ours", origin="measured", glue_average=np.nan, **values
    )
    return Overview(
        pd.concat([known.rows, own.set_axis(["ours"])]), known.errors, known.measures, known.scores
    )


@pytest.fixture(scope="module")
def ranking() -> Ranking:
    return rank(with_own(), "glue_average")


def test_every_checkpoint_with_the_measures_is_ranked_best_first(ranking: Ranking) -> None:
    assert len(ranking.rows) == 182 and ranking.rows["in_range"].all()
    assert ranking.rows["predicted"].is_monotonic_decreasing
    ours = ranking.rows.loc["ours"]
    assert (
        np.isnan(ours["actual"])
        and ours["trust"] == "fair"
        and ours["low"] < ours["predicted"] < ours["high"]
    )


def test_ours_is_predicted_from_all_and_its_published_twin_from_the_other_families(ranking: Ranking) -> None:
    twin = ranking.rows.loc["published:arxiv-2406.12159/bert-base-uncased_1_1"]
    assert list(ranking.rows.loc["ours", SPREAD]) == list(twin[SPREAD])
    assert ranking.rows.loc["ours", "predicted"] == pytest.approx(
        ranking.model.raw(ranking.rows.loc[["ours"]])[0]
    )
    assert ranking.rows.loc["ours", "predicted"] != twin["predicted"]


def test_a_checkpoint_out_of_range_is_predicted_but_apart() -> None:
    row = rank(with_own(eee=0.99), "glue_average").rows.loc["ours"]
    assert not row["in_range"] and np.isfinite(row["predicted"]) and row["trust"] == "outside"


def test_chances_sum_to_three_and_the_headline_counts_them(ranking: Ranking) -> None:
    chance = chances(ranking, ranking.rows)
    assert chance.sum() == pytest.approx(3)
    title, text = headline(ranking.rows, chance, "glue_average")
    names = list(ranking.rows["name"].iloc[:3])
    assert title == "Fine-tune first: " + " · ".join(names)
    assert f"on average {chance[:3].sum():.1f} of these 3 would turn out among the true best 3" in text
    assert "the best known here is 0.84 (Standard (RoBERTa))." in text


def test_a_clear_lead_is_called_sure_and_one_candidate_is_no_ranking() -> None:
    clear = pd.DataFrame(
        {
            "name": list("abcd"),
            "predicted": [0.9, 0.8, 0.7, 0.1],
            "high": [0.91, 0.81, 0.71, 0.11],
            "actual": np.nan,
        }
    )
    assert headline(clear, np.array([1, 1, 1, 0]), "s")[1] == (
        "That is fairly sure: on average 3.0 of these 3 would turn out among the true best 3."
    )
    assert headline(clear.iloc[:1], np.ones(1), "s")[0] == "a: predicted s 0.90"


def test_where_every_score_is_known_the_headline_is_a_test_and_not_advice() -> None:
    known = pd.DataFrame(
        {
            "name": list("abcd"),
            "predicted": [0.9, 0.8, 0.7, 0.1],
            "high": [0.91, 0.81, 0.71, 0.11],
            "actual": [0.9, 0.3, 0.8, 0.5],
        }
    )
    assert headline(known, np.array([1, 1, 0.5, 0.5]), "s") == (
        "A blind ranking puts first: a · b · c",
        "All 4 here have a known score, so this tests the ranking: each was predicted without its own "
        "family. It expected 2.5 of these 3 among the true best 3; 2 are. Their known s is 0.90, 0.30 and "
        "0.80; the best known here is 0.90 (a).",
    )


def test_the_caveat_compares_with_always_saying_the_mean(ranking: Ranking) -> None:
    errors = ranking.model.errors
    assert errors is not None
    told = caveat(ranking)
    assert "by a straight line through 181 published checkpoints of 3 families" in told
    assert f"missed by {errors.rmse:.3f} (root mean square), less than always saying the mean" in told


def test_what_sets_two_checkpoints_apart_is_said_with_their_values(ranking: Ranking) -> None:
    chosen = ranking.rows.loc[["ours", "published:arxiv-2406.12159/bert-small_100_1"]]
    name = widest(ranking, chosen, SPREAD)
    assert name is not None
    told = difference(ranking, chosen, SPREAD, "glue_average")
    assert told.startswith("They differ most in ") and f"{chosen[name].max():.3g}" in told
    assert told.endswith("for BERT-small, 100 % noise, run 1.")
    same = ranking.rows.loc[["ours", "published:arxiv-2406.12159/bert-base-uncased_1_1"]]
    assert difference(ranking, same, SPREAD, "glue_average").startswith("They are alike in every measure: ")
    assert (
        difference(ranking, chosen, [], "glue_average")
        == "They share no measure, so nothing can be compared."
    )


def test_the_few_without_a_score_are_placed(ranking: Ranking) -> None:
    place = list(ranking.rows.index).index("ours") + 1
    assert standing(ranking.rows) == f"Without a known score, ours stands {place}th of 182."
    assert standing(ranking.rows.assign(actual=0.5)) == standing(ranking.rows.assign(actual=np.nan)) == ""


def test_percentiles_in_words() -> None:
    assert [ordinal(s) for s in (0.0, 0.02, 0.03, 0.11, 0.21, 0.5, 1.0)] == [
        *("1st", "2nd", "3rd", "11th", "21st", "50th", "99th")
    ]


def test_a_correlation_may_be_predicted_below_zero() -> None:
    assert rank(with_own(), "STS-B").model.limits == (-1.0, 1.0)
    assert rank(with_own(), "SST-2").model.limits == (0.0, 1.0)


@pytest.mark.parametrize("predictor", ["patchiness", "both"])
def test_a_checkpoint_without_the_predictors_measures_is_said_to_lack_them(predictor: str) -> None:
    row = rank(with_own(lsq_patchiness_published=np.nan), "glue_average", predictor).rows
    if predictor == "patchiness":  # none of its measures: nothing to say about it
        assert "ours" not in row.index
    else:
        assert row.loc["ours", "apart"] == ["not measured"] and np.isnan(row.loc["ours", "predicted"])


@pytest.fixture(scope="module")
def by_best() -> Ranking:
    held = with_own(family="ELECTRA", base=None, layers=12, width=768)
    return rank(held, "glue_average", "best")


def test_the_best_predictor_ranks_and_covers_an_unknown_architecture(by_best: Ranking) -> None:
    ours = by_best.rows.loc["ours"]
    assert ours["in_range"] and ours["trust"] == "weak" and ours["low"] < ours["predicted"] < ours["high"]
    assert by_best.trusts["ours"].reasons[1] == (
        "The reference holds no ELECTRA with 12 layers and width 768; other families that were left out were "
        "missed by 0.094 (root mean square), less than by always saying the mean (0.142)."
    )
    assert by_best.rows["predicted"].is_monotonic_decreasing and by_best.model.n == 168
    assert 0.85 <= by_best.covered <= 0.95
    assert caveat(by_best).startswith("Predicted by ridge regression on ranks of EEE, VRM and IsoScore, and ")
    assert chances(by_best, by_best.rows[by_best.rows["in_range"]]).sum() == pytest.approx(3)


def test_the_best_predictor_is_not_fitted_to_the_non_standard_checkpoints(by_best: Ranking) -> None:
    rows = by_best.rows[by_best.rows["variant"] == "non-standard"]
    assert len(rows) == 13 and not rows["fitted"].any()
    near = by_best.rows.loc["published:arxiv-2406.12159/bert-small"]
    assert near["trust"] in ("fair", "missed")
    assert any("in 10-fold cross-validation" in said for said in by_best.trusts[str(near.name)].reasons) == (
        bool(near["known"])
    )
