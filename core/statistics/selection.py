"""How well values order checkpoints by their score, with most weight on the best: weighted τ, and regret.

Weighted Kendall's τ is that of Vigna, A weighted correlation index for rankings with ties (WWW 2015), as
`scipy.stats.weightedtau` has it: pairs weigh 1/rank + 1/rank, and τ is the mean of that with ranks by one
side and with ranks by the other. Each function takes resamples as counts (`core.statistics.bootstrap.counts`)
and works on all of them at once; one row of ones gives the statistic itself.
"""

import numpy as np

from core.statistics.correlation import ranks

_CELLS = 4_000_000  # floats held at once in a table of pairs


def weighted_kendall(x: np.ndarray, y: np.ndarray, counted: np.ndarray) -> np.ndarray:
    """Weighted Kendall's τ of x and y, (n,), in each resample; NaN where one is constant.

    counted: (draws, n) whole numbers. Returned: (draws,).
    """
    n = len(x)
    step = max(_CELLS // (n * n), 1)
    return np.concatenate(
        [_weighted_kendall(x, y, counted[start : start + step]) for start in range(0, len(counted), step)]
    )


def _weighted_kendall(x: np.ndarray, y: np.ndarray, counted: np.ndarray) -> np.ndarray:
    n = len(x)
    drawn = np.stack([np.repeat(np.arange(n), row.astype(int)) for row in counted])  # (draws, n)
    signs = [np.sign(side[:, None] - side[None, :]) for side in (x, y)]
    a, b = (one[drawn[:, :, None], drawn[:, None, :]] for one in signs)  # (draws, n, n)
    total = np.zeros(len(counted))
    for first, second in ((x, y), (y, x)):
        order = np.lexsort((second[drawn], first[drawn]), axis=1)[:, ::-1]
        place = np.empty_like(order)
        np.put_along_axis(place, order, np.arange(n)[None, :], axis=1)
        weight = 1 / (place + 1.0)
        # Pairs weigh the sum of both weights: over a symmetric table that is twice the one-sided sum.
        both, left, right = (
            np.einsum("dij,di->d", product, weight) for product in (a * b, np.abs(a), np.abs(b))
        )
        with np.errstate(invalid="ignore", divide="ignore"):
            total += both / np.sqrt(left * right)
    return total / 2


def regret(
    values: np.ndarray, scores: np.ndarray, counted: np.ndarray, k: int = 1, seed: int = 0
) -> np.ndarray:
    """What the best of the k rows with the highest values falls short of the best score, in each resample.

    Arguments:
        values, scores: (n,), higher is better. counted: (draws, n); a row drawn twice is one row.
        seed: of the order that rows with equal values are taken in, another in each resample.

    Returns: (draws,), in the unit of the scores, 0 where the best row is among the k.
    """
    present = counted > 0
    level = ranks(values)
    broken = level + np.random.default_rng(seed).uniform(0, 0.5, counted.shape)  # ranks differ by 0.5 or more
    order = np.argsort(np.where(present, -broken, np.inf), axis=1)[:, :k]
    usable = np.take_along_axis(present, order, axis=1)
    picked = np.where(usable, scores[order], -np.inf).max(axis=1)
    return np.where(present, scores, -np.inf).max(axis=1) - picked
