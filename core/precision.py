"""Whether float32 holds a table of vectors well enough to measure it."""

import numpy as np

DIRECTION = 1e-6  # of a vector's length that rounding to float32 may move it; 6e-8 is usual
SPREAD = 1e-4  # of the standard deviation that it may move vectors; its square is what values feel
_BLOCK = 1 << 22  # values looked at in one go
_SAMPLE = 1 << 16  # values


def single(table: np.ndarray) -> np.ndarray | None:
    """The vectors, (n, d) in float64, as float32; None where float32 loses what measures need.

    That is where a vector moves by more than DIRECTION of its length (too large or too small for float32), or
    where the mean square rounding exceeds SPREAD² of the variance about the mean: far from the origin.
    Numbers that are float32 in decimal, as text gives them (0.1 for 0.10000000149), lose nothing.
    """
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


def _is_of_single(table: np.ndarray) -> bool:
    """Whether values, by a sample of their rows, are float32 in decimal."""
    rows = np.linspace(0, len(table) - 1, min(len(table), max(1, _SAMPLE // table.shape[1]))).astype(int)
    with np.errstate(over="ignore", under="ignore"):
        narrow = table[rows].astype(np.float32)
    return bool((narrow.astype(str).astype(np.float64) == table[rows]).all())
