"""Segments of text sorted into bins by perplexity, and bins picked evenly over it.

Source: "On the predictive power of representation dispersion in language models", A.1.2: steps 3 to 5 and
Algorithm 1. Where the paper is silent: segments left over, fewer than a bin takes, join the last bin.
"""

import numpy as np

from core.errors import InputError


def bins(perplexity: np.ndarray, size: int = 100) -> list[np.ndarray]:
    """Indices of the segments of each bin, the lowest perplexity first.

    perplexity: (n,). size: segments a bin; the last bin takes those left over too.
    Errors: InputError for fewer than two segments a bin, and where there are not two bins.
    """
    order = np.argsort(perplexity, kind="stable")
    whole = len(order) // max(size, 1)
    if size < 2 or whole < 2:
        raise InputError(
            f"{len(order):,} segments do not make two bins of {size}: ask for more segments, or for bins "
            "of fewer, at least 2."
        )
    return np.split(order, [size * k for k in range(1, whole)])


def evenly(means: np.ndarray, count: int) -> list[int]:
    """Which bins Algorithm 1 picks, ascending: for each of `count` targets evenly over perplexity the bin
    whose mean is closest, then further bins from the beginning of the list until there are `count`.

    means: (G,), of the bins' perplexities, ascending. All bins, where there are no more than `count`.
    Errors: InputError for fewer than two bins asked for.
    """
    if count < 2:
        raise InputError(f"{count} bins show no course over perplexity: ask for at least two.")
    low, high = float(means[0]), float(means[-1])
    targets = [low + k / (count - 1) * (high - low) for k in range(count)]
    picked = {int(np.argmin(np.abs(means - target))) for target in targets}
    rest = (j for j in range(len(means)) if j not in picked)
    return sorted(picked.union(j for j, _ in zip(rest, range(count - len(picked)), strict=False)))
