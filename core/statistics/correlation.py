"""Spearman's rank correlation for a handful of rows: exact test by permutation, honest interval.

For the published dispersion-gap tables: eight rows, and four.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np

_EXACT = 9  # 9! orders are gone through in a second; above, a seeded sample of orders
_SAMPLED = 100_000
_RESAMPLES = 2_000
_FEWEST_FOR_INTERVAL = 5
DECIMALS = 9  # sums of printed decimals that are equal on paper are equal here


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
    known = np.isfinite(x) & np.isfinite(y)
    x, y, nan = x[known], y[known], math.nan
    n = len(x)
    upper = np.triu_indices(n, 1)
    by_value, by_score = (np.sign(v[upper[0]] - v[upper[1]]) for v in (x, y))
    pairs = int((by_score != 0).sum())
    swapped = float((by_value * by_score < 0).sum() + ((by_value == 0) & (by_score != 0)).sum() / 2)
    if n < 3 or len(set(x)) < 2 or len(set(y)) < 2:
        return Agreement(n, nan, nan, True, nan, nan, swapped, pairs)
    rng = np.random.default_rng(seed)
    rank_x, rank_y = _centred_ranks(x), _centred_ranks(y)
    rho = float(rank_x @ rank_y / math.sqrt(float(rank_x @ rank_x) * float(rank_y @ rank_y)))
    exact = n <= _EXACT
    orders = (
        np.array(list(permutations(range(n))))
        if exact
        else rng.permuted(np.tile(np.arange(n), (_SAMPLED, 1)), axis=1)
    )
    sums = rank_y[orders] @ rank_x
    reached = float((np.abs(sums) >= abs(float(rank_x @ rank_y)) - 1e-9).sum())
    p = reached / len(orders) if exact else (reached + 1) / (len(orders) + 1)
    low = high = nan
    if n >= _FEWEST_FOR_INTERVAL:
        rows = rng.integers(0, n, size=(_RESAMPLES, n))
        a, b = _centred_ranks(x[rows]), _centred_ranks(y[rows])
        sizes = np.sqrt(np.square(a).sum(1) * np.square(b).sum(1))
        varied = sizes > 0
        again = (a * b).sum(1)[varied] / sizes[varied]
        low, high = (float(v) for v in np.quantile(again, [0.025, 0.975]))
    return Agreement(n, rho, p, exact, low, high, swapped, pairs)


def _centred_ranks(values: np.ndarray) -> np.ndarray:
    """Ranks along the last axis, ties at their mean, minus the mean rank."""
    from scipy.stats import rankdata

    return rankdata(values, axis=-1) - (values.shape[-1] + 1) / 2
