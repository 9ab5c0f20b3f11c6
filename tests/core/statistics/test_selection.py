"""Weighted Kendall's τ against SciPy's, and regret of what is picked, by hand and by its bounds."""

import numpy as np
import pytest
from scipy.stats import weightedtau

from core.statistics.bootstrap import counts
from core.statistics.selection import regret, weighted_kendall


@pytest.mark.parametrize("ties", [False, True])
def test_weighted_tau_is_that_of_scipy_in_every_resample(ties: bool) -> None:
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=14), rng.normal(size=14)
    if ties:
        x, y = np.round(x), np.round(2 * y) / 2
    counted = np.vstack([np.ones((1, 14)), counts(14, 20)])
    for row, value in zip(counted.astype(int), weighted_kendall(x, y, counted), strict=True):
        assert value == pytest.approx(weightedtau(np.repeat(x, row), np.repeat(y, row)).statistic)


def test_weighted_tau_counts_an_error_among_the_best_for_more() -> None:
    y = np.arange(10.0)
    best, worst = y.copy(), y.copy()
    best[[8, 9]], worst[[0, 1]] = y[[9, 8]], y[[1, 0]]
    one = np.ones((1, 10))
    assert weighted_kendall(y, y, one)[0] == pytest.approx(1)
    assert weighted_kendall(best, y, one)[0] < weighted_kendall(worst, y, one)[0] < 1
    assert np.isnan(weighted_kendall(np.zeros(10), y, one)[0])


def test_regret_is_what_the_picks_fall_short_of_the_best() -> None:
    values, scores = np.array([4.0, 3.0, 2.0, 1.0]), np.array([0.5, 0.8, 0.6, 0.9])
    one = np.ones((1, 4))
    assert regret(values, scores, one)[0] == pytest.approx(0.4)
    assert regret(values, scores, one, k=3)[0] == pytest.approx(0.1)
    assert regret(scores, scores, one)[0] == 0
    drawn = np.array([[2, 0, 2, 0]])  # only the first and third are there: three picks are all there is
    assert regret(values, scores, drawn)[0] == pytest.approx(0.1)
    assert regret(values, scores, drawn, k=3)[0] == 0


def test_equal_values_are_picked_in_a_seeded_order() -> None:
    scores = np.arange(4.0)
    many = np.ones((4000, 4))
    drawn = regret(np.zeros(4), scores, many)
    assert drawn.mean() == pytest.approx(1.5, abs=0.08) and set(drawn) == {0, 1, 2, 3}
    assert regret(np.zeros(4), scores, many, k=3).mean() == pytest.approx(0.25, abs=0.04)
    assert (drawn == regret(np.zeros(4), scores, many)).all()
    assert (drawn != regret(np.zeros(4), scores, many, seed=1)).any()
