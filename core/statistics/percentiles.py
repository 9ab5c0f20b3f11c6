"""Where a value stands among others."""

import numpy as np
import pandas as pd


def percentile(reference: pd.Series, value: float) -> float:
    """The share of the reference's values that lie below `value`, ties counted half; NaN if unknown."""
    return float(percentiles(reference, np.array([value]))[0])


def percentiles(reference: pd.Series, values: np.ndarray) -> np.ndarray:
    """`percentile` of each of `values` (n,). Returned: (n,)."""
    held = np.sort(reference.dropna().to_numpy(np.float64))
    values = np.asarray(values, dtype=np.float64)
    if not len(held):
        return np.full(len(values), np.nan)
    below, not_above = (np.searchsorted(held, values, side) for side in ("left", "right"))
    return np.where(np.isfinite(values), (below + not_above) / 2 / len(held), np.nan)
