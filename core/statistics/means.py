"""The mean of paired differences and its interval."""

import numpy as np

LEVEL = 0.95


def mean_interval(differences: np.ndarray) -> tuple[float, float | None, float | None]:
    """(mean, low, high) of (n,) independent differences: Student's t at LEVEL; no ends for one difference."""
    from scipy.stats import t  # here, since it takes long to import

    n, mean = len(differences), float(np.mean(differences))
    if n < 2:
        return mean, None, None
    half = float(t.ppf((1 + LEVEL) / 2, n - 1) * np.std(differences, ddof=1) / n**0.5)
    return mean, mean - half, mean + half
