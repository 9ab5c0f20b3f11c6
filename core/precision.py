"""Whether float32 holds a table of vectors well enough to measure it."""

from collections.abc import Sequence

import numpy as np

DIRECTION = 1e-6  # of a vector's length that rounding to float32 may move it; 6e-8 is usual
SPREAD = 1e-4  # of the standard deviation that it may move vectors; its square is what values feel
_BLOCK = 1 << 22  # values looked at in one go
_NEAR_BLOCK = 1 << 17  # as fit the processor's cache
_FEW = 256  # rows of a sample
_LARGE = 1e30  # of what float32 holds, and one over it of what it holds to all its digits
_SAMPLE = 1 << 16  # values


def single(table: np.ndarray) -> np.ndarray | None:
    """The vectors, (n, d) in float64, as float32; None where float32 loses what measures need.

    That is where a vector moves by more than DIRECTION of its length (too large or too small for float32), or
    where the mean square rounding exceeds SPREAD² of the variance about the mean: far from the origin.
    Numbers that are float32 in decimal, as text gives them (0.1 for 0.10000000149), lose nothing.
    """
    if _is_near(table):
        return table.astype(np.float32)
    narrow = np.empty(table.shape, np.float32)
    rows = max(1, _BLOCK // table.shape[1])
    lost, moved = 0.0, False
    total, squares, first = (np.zeros(table.shape[1]) for _ in range(3))
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        for start in range(0, len(table), rows):
            block = table[start : start + rows]
            narrow[start : start + rows] = block
            error = block - narrow[start : start + rows]
            moved = moved or bool((np.abs(error).max(axis=1) > DIRECTION * np.abs(block).max(axis=1)).any())
            first = error[0].copy() if start == 0 else first
            error -= first  # what moves all vectors alike moves none against another
            away = block - table[0]
            total += away.sum(axis=0)
            squares += np.square(away).sum(axis=0)
            lost += float(np.vdot(error, error))
        spread = float(np.sum(squares - total * total / len(table)))
    if not moved and np.isfinite(lost) and lost <= SPREAD**2 * max(spread, 0.0):
        return narrow
    return narrow if _is_of_single(table) else None


def _is_near(table: np.ndarray) -> bool:
    """As `are_near` of the columns of a table."""
    step = max(1, len(table) // _FEW)
    with np.errstate(over="ignore", invalid="ignore"):
        most = min(2.0**24 * SPREAD / 4 * table[::step].var(axis=0).mean() ** 0.5, _LARGE)
        rows = max(1, _NEAR_BLOCK // table.shape[1])
        for start in range(0, len(table), rows):
            sizes = np.abs(table[start : start + rows])
            if not sizes.max() <= most:
                return False
            if sizes.min() < 1 / _LARGE and ((sizes > 0) & (sizes < 1 / _LARGE)).any():
                return False
    return True


def are_near(columns: Sequence[np.ndarray]) -> bool:
    """Whether float32 holds columns of numbers for sure: as `single`, without looking at each rounding.

    Rounding moves a number by at most 6e-8 of the largest, which is small beside the spread of a sample.
    False where that is not known, as for numbers that are not finite.
    """
    step = max(1, len(columns[0]) // _FEW)
    with np.errstate(over="ignore", invalid="ignore"):
        spread = np.mean([column[::step].var() for column in columns]) ** 0.5
        most = min(2.0**24 * SPREAD / 4 * spread, _LARGE)
        for column in columns:
            sizes = np.abs(column)
            if not sizes.max() <= most:
                return False
            if sizes.min() < 1 / _LARGE and ((sizes > 0) & (sizes < 1 / _LARGE)).any():
                return False
    return True


def _is_of_single(table: np.ndarray) -> bool:
    """Whether values, by a sample of their rows, are float32 in decimal."""
    rows = np.linspace(0, len(table) - 1, min(len(table), max(1, _SAMPLE // table.shape[1]))).astype(int)
    with np.errstate(over="ignore", under="ignore"):
        narrow = table[rows].astype(np.float32)
    return bool((narrow.astype(str).astype(np.float64) == table[rows]).all())
