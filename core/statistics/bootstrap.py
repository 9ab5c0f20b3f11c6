"""Bootstrap of correlations: checkpoints are drawn with replacement, and each draw is a vector of counts.

A resample of n rows holds only values that were there before, so its ranks follow from how often each row was
drawn, without sorting: correlations of a thousand resamples are a few weighted sums. Percentile intervals as
in Efron and Tibshirani, An Introduction to the Bootstrap (1993), Chapter 13.

Not covered: dependence between rows. Checkpoints derived from the same weights are drawn as if they were
independent, which makes intervals narrower than they should be.
"""

from functools import lru_cache

import numpy as np

DRAWS = 1000
LEVEL = 0.95
_FLAT = 1e-12  # of the largest variance of a resample: below it one does not vary
_CELLS = 4_000_000  # floats held at once
_REMEMBERED = 500_000  # floats above which ranks are not kept


@lru_cache(maxsize=32)
def counts(n: int, draws: int = DRAWS, seed: int = 0) -> np.ndarray:
    """How often each of n rows was drawn, for each of `draws` resamples of n rows: (draws, n), read-only."""
    drawn = np.random.default_rng(seed).integers(0, n, size=(draws, n))
    offset = np.arange(draws)[:, None] * n
    counted = np.bincount((drawn + offset).ravel(), minlength=draws * n).reshape(draws, n).astype(np.float64)
    counted.flags.writeable = False
    return counted


def resampled_ranks(values: np.ndarray, counted: np.ndarray) -> np.ndarray:
    """The rank that each row's value has within each resample, ties at their mean.

    Arguments:
        values: (n,); counted: (draws, n), from `counts`.

    Returns: (draws, n). Where a row was not drawn its rank means nothing, and its count is 0.
    """
    order = np.argsort(values, kind="stable")
    first = np.flatnonzero(np.diff(values[order], prepend=np.nan) != 0)  # where a group of ties begins
    groups = np.add.reduceat(counted[:, order], first, axis=1)  # (draws, groups)
    middle = np.cumsum(groups, axis=1) - (groups - 1) / 2
    group = np.empty(len(values), dtype=np.intp)
    group[order] = np.repeat(np.arange(len(first)), np.diff(first, append=len(values)))
    return middle[:, group]


def drawn_ranks(values: np.ndarray, draws: int = DRAWS, seed: int = 0) -> np.ndarray:
    """`resampled_ranks` of (n,) values under `counts`: (draws, n), read-only.

    The last few are remembered, since many measures are set against one score and the same covariates.
    """
    values = np.ascontiguousarray(values, dtype=np.float64)
    if draws * len(values) > _REMEMBERED:
        return resampled_ranks(values, counts(len(values), draws, seed))
    return _drawn_ranks(values.tobytes(), draws, seed)


@lru_cache(maxsize=24)
def _drawn_ranks(content: bytes, draws: int, seed: int) -> np.ndarray:
    values = np.frombuffer(content)
    ranked = resampled_ranks(values, counts(len(values), draws, seed))
    ranked.flags.writeable = False
    return ranked


def spearman_draws(x: np.ndarray, y: np.ndarray, draws: int = DRAWS, seed: int = 0) -> np.ndarray:
    """Spearman correlation of x and y, both (n,), in each resample: (draws,); NaN where one is constant."""
    a, b = drawn_ranks(x, draws, seed), drawn_ranks(y, draws, seed)
    return weighted_pearson(a, b, counts(len(x), draws, seed))


def weighted_pearson(x: np.ndarray, y: np.ndarray, counted: np.ndarray) -> np.ndarray:
    """Pearson's r in each resample; NaN where a side does not vary. x, y: (n,) or (draws, n)."""
    total = counted.sum(1)
    x, y = x - x.mean(), y - y.mean()  # so that little is lost when squares are summed
    if x.ndim == y.ndim == 1:
        sums = counted @ np.stack([x, y, x * x, y * y, x * y], axis=1)
        x_sum, y_sum, xx, yy, xy = sums.T
    else:
        x, y = np.broadcast_to(x, counted.shape), np.broadcast_to(y, counted.shape)
        x_drawn, y_drawn = counted * x, counted * y
        x_sum, y_sum = x_drawn.sum(1), y_drawn.sum(1)
        xx, yy, xy = (np.einsum("dn,dn->d", *pair) for pair in ((x_drawn, x), (y_drawn, y), (x_drawn, y)))
    xx, yy, xy = xx - x_sum**2 / total, yy - y_sum**2 / total, xy - x_sum * y_sum / total
    varied = (xx > _FLAT * xx.max()) & (yy > _FLAT * yy.max())
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(varied, np.clip(xy / np.sqrt(xx * yy), -1, 1), np.nan)


def partial_spearman_draws(
    x: np.ndarray, y: np.ndarray, covariates: np.ndarray, draws: int = DRAWS, seed: int = 0
) -> np.ndarray:
    """Partial Spearman correlation of x and y controlling for covariates, in each resample.

    Arguments:
        x, y: (n,); covariates: (n, k).

    Returns: (draws,); NaN where a side does not vary beyond the covariates.
    """
    n, k = covariates.shape
    if not k:
        return spearman_draws(x, y, draws, seed)
    counted = counts(n, draws, seed)
    columns = [x, y, *covariates.T]
    step = max(_CELLS // (n * (k + 2)), 1)
    every = [drawn_ranks(column, draws, seed) for column in columns] if step >= draws else None
    parts = []
    for start in range(0, draws, step):
        some = counted[start : start + step]
        layers = every or [resampled_ranks(column, some) for column in columns]
        ranked = np.stack(layers, axis=1)  # (draws, k + 2, n)
        ranked -= np.matmul(ranked, some[:, :, None]) / n
        V = np.matmul(ranked * some[:, None, :], ranked.transpose(0, 2, 1))
        scale = np.sqrt(np.einsum("dpp->dp", V))
        scale[scale == 0] = 1
        V /= scale[:, :, None] * scale[:, None, :]
        both, cross = V[:, :2, :2], V[:, :2, 2:]
        left = both - cross @ np.linalg.pinv(V[:, 2:, 2:], rcond=1e-9, hermitian=True) @ cross.transpose(
            0, 2, 1
        )
        size = left[:, 0, 0] * left[:, 1, 1]
        with np.errstate(invalid="ignore", divide="ignore"):
            r = left[:, 0, 1] / np.sqrt(np.maximum(size, 0))
        parts.append(np.where(size > 1e-18, np.clip(r, -1, 1), np.nan))
    return np.concatenate(parts)


def interval_of(drawn: np.ndarray, level: float = LEVEL) -> tuple[float, float]:
    """The percentile interval of a statistic's resampled values (draws,), NaN left out; NaN if all are."""
    kept = drawn[np.isfinite(drawn)]
    if not len(kept):
        return float("nan"), float("nan")
    low, high = np.quantile(kept, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
