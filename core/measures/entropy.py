"""Differential entropy of a sorted sample from its spacings, as SciPy's `differential_entropy` estimates it.

By sample size, as its method "auto": van Es up to 10 values, Ebrahimi et al. up to 1000, Vasicek above.
"""

import math

import numpy as np
from jaxtyping import Float

SMALLEST = 5  # fewer values have no window of at least one value on both sides


def window(n: int) -> int:
    """The half-width m of the spacings of n values: ⌊√n + ½⌋."""
    return math.floor(math.sqrt(n) + 0.5)


def entropy(values: Float[np.ndarray, " n"], resolution: float = 0.0) -> float:
    """Differential entropy in nats of n ≥ 5 values in ascending order; -inf where a spacing is 0.

    Arguments:
        resolution: spacings up to this size count as 0, so that equal values which rounding has
            moved apart still count as equal.
    """
    n, m = len(values), window(len(values))
    if n <= 10:
        spacings = values[m:] - values[:-m]
        offset = math.log((n + 1) / m) + sum(1 / k for k in range(m, n + 1)) + math.log(m) - math.log(n + 1)
        return _mean_log(spacings, resolution) + offset
    spacings = np.empty_like(values)
    np.subtract(values[m : 2 * m], values[0], out=spacings[:m])
    np.subtract(values[2 * m :], values[: -2 * m], out=spacings[m : n - m])
    np.subtract(values[-1], values[n - 2 * m : n - m], out=spacings[n - m :])
    if n > 1000:
        return _mean_log(spacings, resolution) + math.log(n / (2 * m))
    ends = 2 * sum(
        math.log(1 + i / m) for i in range(m)
    )  # Ebrahimi: shorter spacings at both ends weigh less
    return _mean_log(spacings, resolution) + math.log(n / m) - (ends + (n - 2 * m) * math.log(2)) / n


def _mean_log(spacings: Float[np.ndarray, " k"], resolution: float) -> float:
    if spacings.min() <= resolution:
        return -math.inf
    return float(np.log(spacings, out=spacings).mean(dtype=np.float64))
