"""`core.quantizers.icm.search` in plain numba: the same steps, for tests and for a comparison of speed.

`by_loop` finds the best code as one would write it. `by_keys` is the fastest of seven ways tried without
vector code of one's own: LLVM vectorises no minimum of floats here, so each sum becomes an integer that sorts
as it does, with its place in the lower half, and the minimum of those is a plain reduction.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit

from core.quantizers.icm import _error

LARGEST = np.int64(2**63 - 1)


@njit(nogil=True)
def lowest_by_loop(
    unary: np.ndarray, pairs: np.ndarray, rows: np.ndarray, start: int, sums: np.ndarray
) -> int:
    """Place t of the first lowest unary[start + t] + Σ_j pairs[rows[j] + start + t]."""
    best, place = np.float32(np.inf), 0
    for t in range(sums.size):
        total = unary[start + t]
        for row in rows:
            total += pairs[row + start + t]
        if total < best:
            best, place = total, t
    return place


@njit(nogil=True)
def _four(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray, sums: np.ndarray) -> None:
    for t in range(sums.size):
        sums[t] = a[t] + b[t] + c[t] + d[t] + np.float32(0)  # −0 becomes 0, as the two are equal


@njit(nogil=True)
def lowest_by_keys(
    unary: np.ndarray, pairs: np.ndarray, rows: np.ndarray, start: int, sums: np.ndarray
) -> int:
    """As `lowest_by_loop`, in loops that LLVM vectorises."""
    end = start + sums.size
    if rows.size == 3:
        first, second, third = rows
        _four(
            unary[start:end],
            pairs[first + start : first + end],
            pairs[second + start : second + end],
            pairs[third + start : third + end],
            sums,
        )
    else:
        sums[:] = unary[start:end]
        for row in rows:
            sums += pairs[row + start : row + end]
        sums += np.float32(0)
    bits, lowest = sums.view(np.int32), LARGEST
    for t in range(bits.size):
        word = bits[t]
        key = np.int64(word ^ ((word >> 31) & np.int32(0x7FFFFFFF)))
        lowest = min(lowest, (key << 32) | t)
    return lowest & np.int64(0xFFFFFFFF)


def _search(lowest: Any) -> Callable[..., None]:
    @njit(nogil=True)
    def search(
        unary: np.ndarray,
        norms: np.ndarray,
        pairs: np.ndarray,
        codes: np.ndarray,
        draws: np.ndarray,
        k: int,
        sweeps: int,
        others: tuple[int, ...],
    ) -> None:
        count, M = codes.shape
        w = norms.shape[0] // M
        best, now = np.empty(M, np.int64), np.empty(M, np.int64)
        rows, sums = np.empty(M - 1, np.int64), np.empty(w, np.float32)
        stale = np.empty(M, np.bool_)
        for i in range(count):
            u = unary[i]
            u += norms
            best[:] = codes[i]
            error = _error(u, pairs, best, M, w)
            for r in range(draws.shape[1]):
                now[:] = best
                for draw in draws[i, r]:
                    now[draw // k] = draw % k
                stale[:] = True
                for _ in range(sweeps):
                    moved = False
                    for m in range(M):
                        if not stale[m]:
                            continue
                        for j in range(M - 1):
                            other = j + (j >= m)
                            rows[j] = (other * w + now[other]) * M * w
                        code = lowest(u, pairs, rows, m * w, sums)
                        if code != now[m]:
                            now[m] = code
                            stale[:] = True
                            moved = True
                        stale[m] = False
                    if not moved:
                        break
                tried = _error(u, pairs, now, M, w)
                if tried < error:
                    error = tried
                    best[:] = now
            codes[i] = best

    return search


by_loop, by_keys = _search(lowest_by_loop), _search(lowest_by_keys)
