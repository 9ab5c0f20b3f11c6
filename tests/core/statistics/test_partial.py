"""Residual and partial correlation, added R² and q-values against SciPy, pingouin, statsmodels, sklearn."""

import warnings

import numpy as np
import pandas as pd
import pingouin
import pytest
from scipy import stats
from sklearn.linear_model import LinearRegression
from sklearn.metrics import r2_score
from sklearn.model_selection import KFold, cross_val_predict
from statsmodels.stats.multitest import multipletests

from core.reasons import Reason
from core.statistics.partial import (
    added_r2,
    partial_spearman,
    q_values,
    two_sided_p,
)


def drawn(n: int = 60, k: int = 3, *, ties: bool = False, seed: int = 0) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    Z = rng.normal(size=(n, k))
    x, y = Z.sum(1) + rng.normal(size=n), Z[:, 0] + rng.normal(size=n)
    return tuple(np.round(part * 2) for part in (x, y, Z)) if ties else (x, y, Z)


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("ties", [False, True])
def test_partial_spearman_agrees_with_pingouin(k: int, ties: bool) -> None:
    x, y, Z = drawn(k=k, ties=ties)
    names = [f"z{i}" for i in range(k)]
    frame = pd.DataFrame(Z, columns=names).assign(x=x, y=y)
    theirs = pingouin.partial_corr(frame, "x", "y", names, method="spearman").iloc[0]
    ours = partial_spearman(x, y, Z)
    assert ours.value == pytest.approx(theirs["r"], abs=1e-9)
    assert ours.p == pytest.approx(theirs["p_val"], abs=1e-9)
    assert ours.low < ours.value < ours.high and ours.n == 60


@pytest.mark.parametrize("ties", [False, True])
def test_without_covariates_it_is_scipys_spearman(ties: bool) -> None:
    x, y, Z = drawn(ties=ties)
    theirs = stats.spearmanr(x, y)
    ours = partial_spearman(x, y, Z[:, :0])
    assert ours.value == pytest.approx(theirs.statistic, abs=1e-9)
    assert ours.p == pytest.approx(theirs.pvalue, abs=1e-9)


def test_a_covariate_given_twice_changes_nothing() -> None:
    x, y, Z = drawn()
    once, twice = partial_spearman(x, y, Z), partial_spearman(x, y, np.column_stack([Z, Z[:, 0]]))
    assert twice.value == pytest.approx(once.value, abs=1e-9)
    assert twice.p == pytest.approx(once.p, abs=1e-9)


def test_partial_spearman_sees_ranks_alone() -> None:
    x, y, Z = drawn()
    assert partial_spearman(np.exp(x), y, Z**3).value == pytest.approx(
        partial_spearman(x, y, Z).value, abs=1e-12
    )
    assert partial_spearman(-x, y, Z).value == pytest.approx(-partial_spearman(x, y, Z).value, abs=1e-12)


@pytest.mark.parametrize(
    ("x", "y", "Z", "reason"),
    [
        ([1, 2], [1, 2], [[1], [2]], Reason("too_few", n=2)),
        ([1, 1, 1, 1], [1, 2, 3, 4], [[1], [3], [2], [4]], Reason("constant")),
        ([1, 2, 3], [1, 3, 2], [[3], [1], [2]], Reason("too_few_for_covariates", n=3)),
        (
            [1, 2, 3, 4, 5],
            [1, 3, 2, 5, 4],
            [[1], [2], [3], [4], [5]],
            Reason("explained", which="measure"),
        ),
        (
            [1, 3, 2, 5, 4],
            [1, 2, 3, 4, 5],
            [[1], [2], [3], [4], [5]],
            Reason("explained", which="score"),
        ),
    ],
)
def test_what_has_no_value_has_a_reason(x: list, y: list, Z: list, reason: Reason) -> None:
    found = partial_spearman(*(np.array(part, dtype=float) for part in (x, y, Z)))
    assert np.isnan([found.value, found.low, found.high, found.p]).all()
    assert found.reason == reason


def test_p_of_a_perfect_correlation_and_without_freedom() -> None:
    assert two_sided_p(1.0, 5) == 0.0
    assert np.isnan(two_sided_p(0.5, 0))


def test_added_r2_agrees_with_scikit_learn() -> None:
    x, y, Z = drawn()

    def theirs(X: np.ndarray) -> float:
        split = KFold(5, shuffle=True, random_state=0)
        return r2_score(y, cross_val_predict(LinearRegression(), X, y, cv=split))

    found = added_r2(x, y, Z)
    assert found.base == pytest.approx(theirs(Z), abs=1e-9)
    assert found.value == pytest.approx(theirs(np.column_stack([Z, x])) - theirs(Z), abs=1e-9)
    assert found.full == pytest.approx(found.base + found.value, abs=1e-12)
    assert added_r2(x, y, Z, seed=1).value != found.value


def test_added_r2_of_what_the_baseline_holds_already_is_nothing() -> None:
    _, y, Z = drawn()
    assert added_r2(Z[:, 0], y, Z).value == pytest.approx(0, abs=1e-9)


def test_added_r2_needs_enough_checkpoints_and_a_score_that_varies() -> None:
    x, y, Z = drawn(n=9)
    assert added_r2(x, y, Z).reason == Reason("too_few_for_folds", n=9, folds=5, needed=10)
    x, y, Z = drawn(n=20)
    assert added_r2(x, np.ones(20), Z).reason == Reason("constant_score")


def test_q_values_agree_with_statsmodels_and_scipy() -> None:
    p = np.random.default_rng(0).uniform(size=40) ** 3
    assert q_values(p) == pytest.approx(multipletests(p, method="fdr_bh")[1], abs=1e-12)
    assert q_values(p) == pytest.approx(stats.false_discovery_control(p), abs=1e-12)


def test_q_values_leave_unknown_p_out() -> None:
    p = np.array([0.01, np.nan, 0.04, 0.03])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        q = q_values(p)
    assert np.isnan(q).tolist() == [False, True, False, False]
    assert q[[0, 2, 3]] == pytest.approx(stats.false_discovery_control(p[[0, 2, 3]]), abs=1e-12)
