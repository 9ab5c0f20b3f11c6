"""Predictions of a whole overview and their ranking: who is ranked, in which place, and with which chance."""

import numpy as np
import pandas as pd
import pytest

from core import reference
from core.overview import Overview, overview
from core.prediction import Predictions, chances, perturbed_reference, predict, rank
from core.prediction.ranking import places, probability_among_best, widest

SPREAD = ["eee", "vrm", "isoscore"]
TWIN = "published:arxiv-2406.12159/bert-base-uncased_1_1"


def with_own(**values: object) -> Overview:
    """The published checkpoints and one of our own, a BERT-base measured on their text."""
    known = overview(
        reference.checkpoints(),
        pd.DataFrame(columns=["cloud", "subject"]),
        reference.measurements(),
        reference.scores(),
    )
    own = known.rows.loc[[TWIN]].assign(name="ours", origin="measured", glue_average=np.nan, **values)
    return Overview(
        pd.concat([known.rows, own.set_axis(["ours"])]), known.errors, known.measures, known.scores
    )


def predictions_of(held: Overview, predictor: str, measures: list[str] | None = None) -> Predictions:
    return predict(held, perturbed_reference(held, "glue_average"), predictor, measures)


@pytest.fixture(scope="module")
def linear() -> Predictions:
    return predictions_of(with_own(), "linear", SPREAD)


@pytest.fixture(scope="module")
def best() -> Predictions:
    return predictions_of(with_own(family="ELECTRA", base=None, layers=12, width=768), "best")


def test_every_checkpoint_with_the_measures_is_ranked_best_first(linear: Predictions) -> None:
    assert len(linear.rows) == 182 and linear.ranked["predicted"].is_monotonic_decreasing
    inside = linear.ranked[linear.ranked["in_range"]]
    assert list(inside["rank"]) == list(range(1, len(inside) + 1))
    assert linear.rows.loc[~linear.rows["in_range"], "rank"].isna().all()
    ours = linear.rows.loc["ours"]
    assert np.isnan(ours["actual"]) and ours["low"] < ours["predicted"] < ours["high"]


@pytest.mark.parametrize("predictor", ["linear", "best"])
def test_no_predictor_is_fitted_to_the_non_standard_checkpoints(
    predictor: str, linear: Predictions, best: Predictions
) -> None:
    predictions = {"linear": linear, "best": best}[predictor]
    thirteen = predictions.rows[predictions.rows["variant"] == "non-standard"]
    fitted_to = predictions.model.reference.rows
    assert len(thirteen) == 13 and not thirteen["held_out"].any()
    assert len(fitted_to) == predictions.model.n == 168
    assert not set(thirteen.index) & set(fitted_to.index)


def test_ours_is_predicted_from_all_and_its_published_twin_from_the_other_families(
    linear: Predictions,
) -> None:
    twin, ours = linear.rows.loc[TWIN], linear.rows.loc["ours"]
    assert list(ours[SPREAD]) == list(twin[SPREAD])
    assert (twin["held_out"], ours["held_out"]) == (True, False)
    assert ours["predicted"] == pytest.approx(linear.model.raw(linear.rows.loc[["ours"]])[0])
    assert ours["predicted"] != twin["predicted"]


def test_a_checkpoint_out_of_range_is_predicted_but_has_no_rank() -> None:
    row = predictions_of(with_own(eee=0.99), "linear", SPREAD).rows.loc["ours"]
    assert not row["in_range"] and np.isfinite(row["predicted"]) and row["trust"] == "outside"
    assert np.isnan(row["rank"])


def test_a_correlation_may_be_predicted_below_zero() -> None:
    held = with_own()
    assert perturbed_reference(held, "STS-B").limits == (-1.0, 1.0)
    assert perturbed_reference(held, "SST-2").limits == (0.0, 1.0)


def test_a_checkpoint_without_the_predictors_measures_is_said_to_lack_them() -> None:
    held = with_own(lsq_patchiness_published=np.nan)
    assert "ours" not in predictions_of(held, "linear").rows.index  # none of the measures
    row = predictions_of(held, "linear", [*SPREAD, "lsq_patchiness_published"]).rows.loc["ours"]
    assert [reason.code for reason in row["reasons"]] == ["not_measured"] and np.isnan(row["predicted"])
    assert row["reasons"][0]["measures"] == ("lsq_patchiness_published",)


def test_the_best_predictor_covers_an_unknown_architecture(best: Predictions) -> None:
    ours = best.rows.loc["ours"]
    assert ours["in_range"] and ours["trust"] == "weak" and ours["low"] < ours["predicted"] < ours["high"]
    unseen = best.trusts["ours"].reasons[1]
    assert (unseen.code, unseen["family"], unseen["layers"], unseen["width"]) == (
        *("unseen_group", "ELECTRA", 12, 768),
    )
    assert (round(unseen["rmse"], 3), round(unseen["baseline"], 3)) == (0.094, 0.142)
    assert 0.85 <= best.coverage <= 0.95
    assert chances(best.model, best.rows[best.rows["in_range"]]).sum() == pytest.approx(3)


def test_a_row_near_others_of_its_base_is_interpolated_and_trusted_by_cross_validation() -> None:
    predictions = predictions_of(with_own(), "best")
    ours = predictions.rows.loc["ours"]  # the measures and the base of a checkpoint of the reference
    assert ours["interpolated"] and not ours["held_out"] and ours["trust"] == "fair"
    near = predictions.trusts["ours"].reasons[-1]
    assert (near.code, near["rmse"]) == ("near_known_base", ours["sd"])


def test_the_rank_is_that_of_the_values_and_chances_sum_to_k(linear: Predictions) -> None:
    covered = linear.rows[linear.rows["in_range"]]
    assert chances(linear.model, covered).sum() == pytest.approx(3)
    ordered = rank(linear.model, linear.rows, k=2)
    assert ordered["rank"].iloc[0] == 1 and ordered["rank"].iloc[-1:].isna().all()
    assert ordered["chance"].sum() == pytest.approx(2) and ordered["chance"].isna().sum() == 182 - len(
        covered
    )


def test_equal_values_keep_their_order_and_values_beyond_the_limits_are_told_apart() -> None:
    frame = pd.DataFrame(
        {"predicted": [0.5, 1.0, 0.5, np.nan, 1.0], "raw": [0.5, 1.1, 0.5, np.nan, 1.2], "in_range": True}
    )
    assert places(frame).iloc[[0, 1, 2, 4]].tolist() == [3, 2, 4, 1] and np.isnan(places(frame).iloc[3])


def test_the_measure_that_sets_checkpoints_apart_is_that_of_the_widest_percentiles(
    linear: Predictions,
) -> None:
    chosen = linear.rows.loc[["ours", "published:arxiv-2406.12159/bert-small_100_1"]]
    name = widest(linear.model, chosen, SPREAD)
    rows = linear.model.reference.rows
    apart = {
        measure: np.ptp([(rows[measure] < value).mean() for value in chosen[measure]]) for measure in SPREAD
    }
    assert name == max(apart, key=apart.__getitem__)
    assert widest(linear.model, chosen, []) is None


def test_ties_look_like_ties_and_chances_sum_to_k() -> None:
    tied = probability_among_best(np.full(10, 0.5), 0.1, 3)
    assert tied == pytest.approx(np.full(10, 0.3), abs=0.03)
    assert tied.sum() == pytest.approx(3)
    clear = probability_among_best(np.array([0.9, 0.8, 0.7, 0.2, 0.1]), 0.01, 3)
    assert clear == pytest.approx([1, 1, 1, 0, 0])
    assert list(probability_among_best(np.array([0.1, 0.2]), 0.1, 3)) == [1, 1]


def test_the_chance_of_two_is_the_normal_one_and_a_shared_error_sharpens_it() -> None:
    predicted = np.array([0.6, 0.5])
    apart = probability_among_best(predicted, 0.1, 1, draws=40_000)[0]
    assert apart == pytest.approx(0.7602, abs=0.01)  # Φ(0.1 / (0.1 · √2))
    same = {"groups": np.array(["a", "a"]), "shared_sd": 0.09, "draws": 40_000}
    assert probability_among_best(predicted, 0.1, 1, **same)[0] == pytest.approx(0.9475, abs=0.01)
    first = probability_among_best(predicted, 0.1, 1, draws=500, seed=1)
    assert (first == probability_among_best(predicted, 0.1, 1, draws=500, seed=1)).all()
    assert (first != probability_among_best(predicted, 0.1, 1, draws=500, seed=2)).any()
