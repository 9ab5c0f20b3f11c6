"""The interval of a mean is that of a paired t-test."""

import numpy as np
import pytest
from scipy import stats

from core.statistics.means import mean_interval


def test_it_is_the_interval_of_scipys_paired_t_test() -> None:
    rng = np.random.default_rng(0)
    before, after = rng.normal(size=9), rng.normal(1, 2, size=9)
    expected = stats.ttest_rel(after, before).confidence_interval(0.95)
    mean, low, high = mean_interval(after - before)
    assert mean == pytest.approx((after - before).mean())
    assert (low, high) == (pytest.approx(expected.low), pytest.approx(expected.high))


def test_one_difference_has_no_interval() -> None:
    assert mean_interval(np.array([2.0])) == (2.0, None, None)
