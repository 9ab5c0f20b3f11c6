"""Intervals from errors on groups left out: against a loop, and their coverage where it is known."""

import numpy as np
import pandas as pd
import pytest

from core.prediction.intervals import (
    coverage,
    coverage_by_group,
    errors_on_others,
    group_shares,
    left_out,
    nested,
    weighted_quantile,
)


def mean_of(rest: pd.DataFrame, held: pd.DataFrame) -> np.ndarray:
    return np.full(len(held), rest["y"].mean())


@pytest.fixture
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    family = np.repeat(["a", "b", "c", "d"], [30, 3, 12, 5])
    level = pd.Series(family).map({"a": 0.4, "b": 0.5, "c": 0.6, "d": 0.45}).to_numpy()
    return pd.DataFrame({"family": family, "y": level + rng.normal(0, 0.03, 50)}, index=range(100, 150))


def test_each_group_is_predicted_from_the_others_alone(frame: pd.DataFrame) -> None:
    told = left_out(frame, "family", mean_of)
    for name in "abcd":
        own = frame["family"] == name
        assert told[own].to_numpy() == pytest.approx(frame.loc[~own, "y"].mean(), abs=1e-15)
    assert left_out(frame[frame["family"] == "a"], "family", mean_of).isna().all()


def test_errors_are_those_of_a_loop_over_groups(frame: pd.DataFrame) -> None:
    errors = errors_on_others(frame, "y", "family", mean_of, 0.9)
    assert errors is not None
    by_hand = {
        name: np.sqrt(((frame.loc[frame["family"] != name, "y"].mean() - part["y"]) ** 2).mean())
        for name, part in frame.groupby("family")
    }
    assert dict(zip(errors.by_group["family"], errors.by_group["rmse"], strict=True)) == pytest.approx(
        by_hand
    )
    assert errors.rmse == pytest.approx(np.sqrt(np.mean(np.square(list(by_hand.values())))))
    assert errors.rmse == errors.mean_rmse  # the predictor is the mean
    assert 0 < errors.shared_sd <= errors.sd
    assert errors_on_others(frame[frame["family"] == "a"], "y", "family", mean_of, 0.9) is None


def test_the_weighted_quantile_holds_at_least_the_level_and_no_smaller_value_does() -> None:
    rng = np.random.default_rng(1)
    for level in (0.1, 0.5, 0.9, 1.0):
        values, weights = rng.normal(size=40), rng.uniform(0.1, 2, 40)
        found = weighted_quantile(values, weights, level)
        total = weights.sum()
        assert weights[values <= found].sum() / total >= level - 1e-9
        assert weights[values < found].sum() / total < level
    assert weighted_quantile(np.arange(10.0), np.ones(10), 0.9) == 8.0  # equal weights: the plain quantile


def test_groups_weigh_the_same(frame: pd.DataFrame) -> None:
    shares = pd.Series(group_shares(frame["family"]), index=frame.index)
    assert shares.groupby(frame["family"]).sum().to_numpy() == pytest.approx(np.ones(4))


def test_a_nested_interval_does_not_see_the_group_it_is_for(frame: pd.DataFrame) -> None:
    before = nested(frame, "y", "family", mean_of, 0.9, (0.0, 1.0))
    own = frame["family"] == "b"
    after = nested(frame.assign(y=frame["y"].mask(own, 0.9)), "y", "family", mean_of, 0.9, (0.0, 1.0))
    assert after[own].equals(before[own])
    assert not after[~own].equals(before[~own])
    assert ((before["low"] <= before["predicted"]) & (before["predicted"] <= before["high"])).all()


def test_intervals_are_cut_to_what_a_score_can_be(frame: pd.DataFrame) -> None:
    high = frame.assign(y=frame["y"] + 0.45)
    told = nested(high, "y", "family", mean_of, 0.9, (0.0, 1.0))
    assert told["high"].max() == 1.0 and told["low"].min() >= 0.0
    alone = nested(frame[frame["family"].isin(["a", "b"])], "y", "family", mean_of, 0.9, (0.0, 1.0))
    assert alone["predicted"].notna().all() and alone["low"].isna().all()


def test_coverage_reaches_the_level_where_groups_are_exchangeable() -> None:
    rng = np.random.default_rng(0)
    held = []
    for _ in range(12):
        level = rng.normal(0.5, 0.1, 20)
        family = np.repeat(np.arange(20), 4)
        frame = pd.DataFrame({"family": family, "y": level[family] + rng.normal(0, 0.02, 80)})
        told = nested(frame, "y", "family", mean_of, 0.9, (-9.0, 9.0))
        held.append(coverage(told, frame["y"]))
    assert np.mean(held) == pytest.approx(0.9, abs=0.02)


def test_coverage_counts_checkpoints_or_families() -> None:
    told = pd.DataFrame({"low": 0.0, "high": 1.0}, index=range(4))
    actual = pd.Series([0.5, 0.5, 0.5, 2.0])
    groups = pd.Series(["a", "a", "a", "b"])
    assert coverage(told, actual) == 0.75 and coverage_by_group(told, actual, groups) == 0.5
    assert np.isnan(coverage(told.assign(low=np.nan), actual))
