"""Pearson's and Spearman's correlation, with bootstrap intervals, and an exact test for a handful of rows."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np
import pandas as pd

from core.statistics.bootstrap import (
    counts,
    interval_of,
    resampled_ranks,
    spearman_draws,
    weighted_pearson,
)

_CONSTANT = 1e-12  # of the largest value: a side that varies by less is rounding
_EXACT = 9  # 9! orders are gone through in a second; above, a seeded sample of orders
_SAMPLED = 100_000
_RESAMPLES = 2_000
_FEWEST_FOR_INTERVAL = 5
DECIMALS = 9  # sums of printed decimals that are equal on paper are equal here


def ranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 1, ties at their mean. values: (n,); returned: (n,)."""
    return resampled_ranks(values, np.ones((1, len(values))))[0]


def pearson(x: np.ndarray | pd.Series, y: np.ndarray | pd.Series) -> float:
    """Pearson's r of (n,) pairs; those with a missing side are left out; NaN where a side is constant."""
    a, b = _paired(x, y)
    if len(a) < 2 or _constant(a) or _constant(b):
        return float("nan")
    a, b = a - a.mean(), b - b.mean()
    return float(np.clip(a @ b / math.sqrt(float(a @ a) * float(b @ b)), -1, 1))


def spearman(x: np.ndarray | pd.Series, y: np.ndarray | pd.Series) -> float:
    """Spearman's ρ, which is `pearson` of the ranks."""
    a, b = _paired(x, y)
    if len(a) < 2 or _constant(a) or _constant(b):
        return float("nan")
    return pearson(ranks(a), ranks(b))


def kendall(x: np.ndarray | pd.Series, y: np.ndarray | pd.Series) -> float:
    """Kendall's τ-b of (n,) pairs, as `pearson`; NaN for fewer than 3 or a constant side."""
    a, b = _paired(x, y)
    if len(a) < 3 or _constant(a) or _constant(b):
        return float("nan")
    from scipy.stats import kendalltau  # here, since it takes long to import

    return float(kendalltau(a, b).statistic)


def _paired(x: np.ndarray | pd.Series, y: np.ndarray | pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Both sides without the pairs of which one is missing or infinite."""
    a, b = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    kept = np.isfinite(a) & np.isfinite(b)
    return a[kept], b[kept]


def _constant(values: np.ndarray) -> bool:
    return bool(np.ptp(values) <= _CONSTANT * np.abs(values).max())


@dataclass(frozen=True)
class Correlation:
    """Pearson and Spearman correlation of n pairs with bootstrap intervals (NaN where undefined)."""

    n: int
    pearson: float
    pearson_low: float
    pearson_high: float
    spearman: float
    spearman_low: float
    spearman_high: float

    @property
    def sure(self) -> bool:
        """Whether the interval of Pearson's r leaves out zero."""
        return self.pearson_low > 0 or self.pearson_high < 0


def correlation(
    x: np.ndarray | pd.Series,
    y: np.ndarray | pd.Series,
    *,
    level: float = 0.95,
    draws: int = 1000,
    seed: int = 0,
) -> Correlation:
    """Pearson and Spearman correlation of paired values, with intervals from resampling the pairs.

    Arguments:
        x, y: (n,) values; pairs with a missing or infinite side are left out.
        level: of the percentile-bootstrap interval; draws, seed: of the resampling.

    Returns: n and both coefficients; NaN for all with fewer than 3 pairs or a constant side, NaN intervals
    with fewer than 4 pairs.
    """
    a, b = _paired(x, y)
    n = len(a)
    if n < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return Correlation(n, *[float("nan")] * 6)
    r, rho = pearson(a, b), spearman(a, b)
    if n < 4:
        return Correlation(n, r, np.nan, np.nan, rho, np.nan, np.nan)
    r_interval = interval_of(weighted_pearson(a, b, counts(n, draws, seed)), level)
    return Correlation(n, r, *r_interval, rho, *interval_of(spearman_draws(a, b, draws, seed), level))


@dataclass(frozen=True)
class Agreement:
    """Spearman's rho of n rows; two-sided p (exact: over all orders); 95 % bootstrap interval or NaN.

    swapped, pairs: how many pairs of rows with different scores are in the wrong order (ties in the value
    count as half a pair), out of how many.
    """

    n: int
    rho: float
    p: float
    exact: bool
    low: float
    high: float
    swapped: float
    pairs: int


def agreement(values: Sequence[float], scores: Sequence[float], *, seed: int = 0) -> Agreement:
    """How well `values` rank rows as `scores` do; rows with a missing number are left out.

    Below 3 rows nothing is known (NaN). The interval resamples rows, which needs five of them at least;
    resamples in which one side is constant are left out.
    """
    x, y = np.round(np.asarray(values, float), DECIMALS), np.round(np.asarray(scores, float), DECIMALS)
    finite = np.isfinite(x) & np.isfinite(y)
    x, y, nan = x[finite], y[finite], math.nan
    n = len(x)
    upper = np.triu_indices(n, 1)
    by_value, by_score = (np.sign(v[upper[0]] - v[upper[1]]) for v in (x, y))
    pairs = int((by_score != 0).sum())
    swapped = float((by_value * by_score < 0).sum() + ((by_value == 0) & (by_score != 0)).sum() / 2)
    if n < 3 or len(set(x)) < 2 or len(set(y)) < 2:
        return Agreement(n, nan, nan, True, nan, nan, swapped, pairs)
    rank_x, rank_y = (ranks(side) - (n + 1) / 2 for side in (x, y))
    exact = n <= _EXACT
    orders = (
        np.array(list(permutations(range(n))))
        if exact
        else np.random.default_rng(seed).permuted(np.tile(np.arange(n), (_SAMPLED, 1)), axis=1)
    )
    sums = rank_y[orders] @ rank_x
    reached = float((np.abs(sums) >= abs(float(rank_x @ rank_y)) - 1e-9).sum())
    p = reached / len(orders) if exact else (reached + 1) / (len(orders) + 1)
    low = high = nan
    if n >= _FEWEST_FOR_INTERVAL:
        low, high = interval_of(spearman_draws(x, y, _RESAMPLES, seed))
    return Agreement(n, pearson(rank_x, rank_y), p, exact, low, high, swapped, pairs)
