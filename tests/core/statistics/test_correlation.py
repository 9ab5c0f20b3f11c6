"""Pearson's and Spearman's correlation and their intervals against SciPy; the exact test of a few rows."""

import math
from itertools import combinations, permutations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from core.statistics.correlation import agreement, correlation, pearson, ranks, spearman


@pytest.mark.parametrize("ties", [False, True])
def test_ranks_and_coefficients_are_scipys(ties: bool) -> None:
    x, y = np.random.default_rng(3).normal(size=(2, 25))
    if ties:
        x, y = np.round(x), np.round(2 * y)
    assert ranks(x).tolist() == stats.rankdata(x).tolist()
    assert pearson(x, y) == pytest.approx(stats.pearsonr(x, y).statistic, abs=1e-12)
    assert spearman(x, y) == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-12)


def test_pairs_with_a_missing_side_are_left_out() -> None:
    x, y = pd.Series([1.0, 2, np.nan, 4, 9]), pd.Series([1.0, 3, 9, np.inf, 2])
    assert pearson(x, y) == pytest.approx(stats.pearsonr([1, 2, 9], [1, 3, 2]).statistic)
    assert spearman(x, y) == pytest.approx(0.5)


@pytest.mark.parametrize("flat", [np.zeros(4), np.full(4, 0.3), 0.3 + np.array([0, 1, 2, 3]) * 1e-17])
def test_a_constant_side_has_no_correlation(flat: np.ndarray) -> None:
    for function in (pearson, spearman):
        assert math.isnan(function(flat, np.arange(4.0))) and math.isnan(function(np.arange(4.0), flat))
        assert math.isnan(function(np.ones(1), np.ones(1)))
    assert pearson(np.arange(4.0) * 1e-30, np.arange(4.0)) == pytest.approx(1)  # small is not constant


@pytest.mark.parametrize("ties", [False, True])
def test_correlations_agree_with_scipy(ties: bool) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 40))
    if ties:
        x, y = np.round(x), np.round(y + x)
    known = correlation(x, y)
    assert known.pearson == pytest.approx(stats.pearsonr(x, y).statistic, abs=1e-9)
    assert known.spearman == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-9)


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    present = 0
    for seed in range(100):
        x = rng.normal(size=60)
        y = 0.6 * x + 0.8 * rng.normal(size=60)  # r = 0.6
        known = correlation(x, y, seed=seed, draws=400)
        present += known.pearson_low <= 0.6 <= known.pearson_high
    assert 88 <= present <= 99


def test_the_seed_decides_the_interval_and_nothing_else() -> None:
    x, y = np.random.default_rng(2).normal(size=(2, 30))
    assert correlation(x, y, seed=5) == correlation(x, y, seed=5)
    other = correlation(x, y, seed=6)
    assert other.pearson == correlation(x, y, seed=5).pearson
    assert other.pearson_low != correlation(x, y, seed=5).pearson_low


def test_too_little_gives_nan_not_a_number() -> None:
    assert np.isnan(correlation(np.array([1.0, 2.0]), np.array([1.0, 2.0])).pearson)
    assert np.isnan(correlation(np.ones(9), np.arange(9.0)).pearson)
    three = correlation(np.array([1.0, 2.0, 3.0]), np.array([1.0, 3.0, 2.0]))
    assert three.pearson == pytest.approx(0.5) and np.isnan(three.pearson_low)
    assert correlation(np.array([1.0, np.nan, 3.0, 4.0]), np.arange(4.0)).n == 3


def test_rank_agreement_against_scipy_and_all_orders() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=7), rng.integers(0, 4, 7).astype(float)
    result = agreement(x, y)
    assert result.rho == pytest.approx(stats.spearmanr(x, y).statistic)
    reached = [
        abs(stats.spearmanr(x, order).statistic) >= abs(result.rho) - 1e-12 for order in set(permutations(y))
    ]
    assert result.p == pytest.approx(np.mean(reached))
    assert result.exact
    assert result.low < result.rho < result.high
    wrong = sum((x[i] - x[j]) * (y[i] - y[j]) < 0 for i, j in combinations(range(7), 2))
    assert result.swapped == wrong
    assert result.pairs == sum(y[i] != y[j] for i, j in combinations(range(7), 2))


def test_rank_agreement_above_the_exact_size_and_below_what_can_be_known() -> None:
    x = np.arange(12.0)
    many = agreement(x, x)
    assert (many.rho, many.exact, many.swapped) == (pytest.approx(1), False, 0)
    assert 0 < many.p < 0.001
    assert math.isnan(agreement([1, 2], [1, 2]).rho)
    assert math.isnan(agreement([1, 1, 1], [1, 2, 3]).rho)
    assert agreement([1, 2, math.nan, 3], [1, 2, 9, 3]).n == 3
    four = agreement([1, 2, 3, 4], [1, 2, 3, 4])
    assert four.p == pytest.approx(2 / 24)  # no four rows can show less
    assert math.isnan(four.low)


def test_equal_sums_of_printed_decimals_are_ties() -> None:
    assert 0.1 + 0.7 != 0.2 + 0.6
    assert agreement([0.1 + 0.7, 0.2 + 0.6, 1], [1, 2, 3]).rho == pytest.approx(3**0.5 / 2)


@pytest.mark.parametrize(
    ("benchmark", "distance", "n", "rho", "p"),
    [
        ("MATH", "gap_cosine", 8, 0.114, 0.786),
        ("MATH", "gap_euclidean", 8, 0.431, 0.286),
        ("HumanEval", "gap_cosine", 4, -0.316, 1.0),
        ("HumanEval", "gap_euclidean", 4, 1.0, 0.083),
    ],
)
def test_the_published_tables_do_not_rank_as_the_text_says(
    benchmark: str, distance: str, n: int, rho: float, p: float
) -> None:
    # Worked out from Tables 3 and 4 of arXiv 2506.24106, whose text says "exceed 0.95" and "perfectly ranks
    # all nine checkpoints"; MATH has eight rows there.
    from core.reference import gap as published

    rows = published()
    rows = rows[rows["benchmark"] == benchmark]
    result = agreement(rows[distance], rows["score"])
    assert result.n == n
    assert result.rho == pytest.approx(rho, abs=5e-4)
    assert result.p == pytest.approx(p, abs=5e-4)
    assert result.rho == pytest.approx(stats.spearmanr(rows[distance].round(2), rows["score"]).statistic)
