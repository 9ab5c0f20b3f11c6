"""Iterated conditional modes for an additive quantizer, compiled: the inner loop of local search.

A vector x is quantized as the sum of one centroid of each of M codebooks. With tables of products, the
squared error of codes (c_1 … c_M) is ‖x‖² + Σ_m unary[m, c_m] + Σ_{m<m'} pairs[m, c_m, m', c_m'], where
unary = ‖centroid‖² − 2⟨x, centroid⟩ and pairs = 2⟨centroid, centroid'⟩. A step chooses the best c_m with the
others held fixed; it needs M rows of k numbers, and all of the time goes there. So that row sum and search
are written as explicit vector code of 16 lanes (any k is padded to a multiple of it), and steps whose
other codes have not changed since the last time are skipped, which changes no result.

Why not plain numba: in the fastest plain version that was found, the search took 2.8 times the processor
time and a whole pass of training, matrix products included, 1.6 times (100,000 × 512 vectors, M = 4, k = 256,
medians of 3 interleaved runs). LLVM vectorises the sum but not the search for the first lowest of floats.
`python -m tests.benchmarks icm` prints the ratios anew; `tests/core/quantizers/plain_icm.py` is the plain
version, and a test holds the codes of both equal.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

LANES = 16

_I32, _I64, _F32 = ir.IntType(32), ir.IntType(64), ir.FloatType()


@intrinsic
def _lowest(
    typing: Any, unary: Any, pairs: Any, rows: Any, start: Any, width: Any, others: Any
) -> tuple[Any, Any]:
    """Place t < width of the first lowest unary[start + t] + Σ_j pairs[rows[j] + start + t].

    Arguments: flat float32 tables; rows: int64, as many as the tuple `others` is long (its type fixes the
    length, so the sum is unrolled); width: a multiple of LANES.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        unary, pairs, rows = (
            context.make_array(kind)(context, builder, value).data
            for kind, value in zip(signature.args[:3], arguments[:3], strict=True)
        )
        start, width = arguments[3:5]
        floats, ints = ir.VectorType(_F32, LANES), ir.VectorType(_I32, LANES)

        def vector_at(pointer: Any, offset: Any) -> Any:
            address = builder.bitcast(builder.gep(pointer, [offset]), floats.as_pointer())
            return builder.load(address, align=4)

        def everywhere(value: Any) -> Any:
            one = builder.insert_element(ir.Constant(ints, ir.Undefined), value, _I32(0))
            return builder.shuffle_vector(one, one, ir.Constant(ints, [_I32(0)] * LANES))

        offsets = [builder.add(builder.load(builder.gep(rows, [_I64(j)])), start) for j in range(len(others))]
        lowest = cgutils.alloca_once_value(builder, ir.Constant(floats, [_F32(np.inf)] * LANES))
        where = cgutils.alloca_once_value(builder, ir.Constant(ints, [_I32(0)] * LANES))
        with cgutils.for_range_slice(builder, _I64(0), width, _I64(LANES), _I64) as (t, _):
            total = vector_at(unary, builder.add(start, t))
            for offset in offsets:
                total = builder.fadd(total, vector_at(pairs, builder.add(offset, t)))
            before = builder.load(lowest)
            lower = builder.fcmp_ordered("<", total, before)
            builder.store(builder.select(lower, total, before), lowest)
            block = everywhere(builder.trunc(t, _I32))
            builder.store(builder.select(lower, block, builder.load(where)), where)

        value = builder.load(lowest)
        place = builder.add(builder.load(where), ir.Constant(ints, [_I32(lane) for lane in range(LANES)]))
        size = LANES
        while size > 1:  # fold the lanes by halves; of equals the first place wins, as in a plain loop
            size //= 2

            def half(vector: Any, first: int, size: int = size) -> Any:
                lanes = ir.Constant(ir.VectorType(_I32, size), [_I32(first + lane) for lane in range(size)])
                return builder.shuffle_vector(vector, vector, lanes)

            a, b, at_a, at_b = half(value, 0), half(value, size), half(place, 0), half(place, size)
            tie = builder.and_(builder.fcmp_ordered("==", b, a), builder.icmp_signed("<", at_b, at_a))
            take_b = builder.or_(builder.fcmp_ordered("<", b, a), tie)
            value, place = builder.select(take_b, b, a), builder.select(take_b, at_b, at_a)
        return builder.extract_element(place, _I32(0))

    return types.int32(unary, pairs, rows, types.int64, types.int64, others), generate


@njit(nogil=True, cache=True)
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
    """Local search for the codes of a block of vectors: perturb, descend, keep what is better.

    Arguments:
        unary: (b, M·w) float32, −2⟨x, centroid⟩, w = k rounded up to a multiple of LANES; overwritten.
        norms: (M·w,) float32, ‖centroid‖², +inf in the padding, which is therefore never chosen.
        pairs: (M·w · M·w,) float32, 2⟨centroid, centroid'⟩.
        codes: (b, M) integers below k: where the search starts; overwritten with the best found.
        draws: (b, rounds, perturbations) integers below M·k: each sets code draw // k to draw % k.
        sweeps: most sweeps over the codebooks in a round.
        others: a tuple of M − 1 numbers; only its length counts.
    """
    count, M = codes.shape
    w = norms.shape[0] // M
    best, now = np.empty(M, np.int64), np.empty(M, np.int64)
    rows = np.empty(M, np.int64)
    stale = np.empty(M, np.bool_)
    for i in range(count):
        u = unary[i]
        for t in range(M * w):
            u[t] += norms[t]
        for m in range(M):
            best[m] = codes[i, m]
        lowest = _error(u, pairs, best, M, w)
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
                    j = 0
                    for other in range(M):
                        if other != m:
                            rows[j] = (other * w + now[other]) * M * w
                            j += 1
                    code: int = _lowest(u, pairs, rows, m * w, w, others)  # type: ignore[call-arg]
                    if code != now[m]:
                        now[m] = code
                        stale[:] = True
                        moved = True
                    stale[m] = False
                if not moved:
                    break
            error = _error(u, pairs, now, M, w)
            if error < lowest:
                lowest = error
                best[:] = now
        for m in range(M):
            codes[i, m] = best[m]


@njit(nogil=True, cache=True)
def _error(unary: np.ndarray, pairs: np.ndarray, codes: np.ndarray, M: int, w: int) -> Any:
    """Squared error of one vector's codes, less ‖x‖²."""
    error = np.float32(0)
    for m in range(M):
        row = m * w + codes[m]
        error += unary[row]
        for other in range(m):
            error += pairs[row * M * w + other * w + codes[other]]
    return error


@njit(nogil=True, cache=True)
def nearest(products: np.ndarray, norms: np.ndarray, codes: np.ndarray) -> None:
    """Write to codes (b,) where products[i] + norms is lowest; (b, w) and (w,), w of whole LANES."""
    rows = np.empty(0, np.int64)
    for i in range(len(products)):
        row = products[i]
        for t in range(norms.size):
            row[t] += norms[t]
        codes[i] = _lowest(row, row, rows, 0, norms.size, ())  # type: ignore[call-arg]


@njit(nogil=True, cache=True)
def count_pairs(codes: np.ndarray, k: int) -> np.ndarray:
    """How often two centroids are used by the same vector: BᵀB of the one-hot codes B, (M·k, M·k) float64."""
    count, M = codes.shape
    together = np.zeros((M * k, M * k))
    for i in range(count):
        for m in range(M):
            for other in range(M):
                together[m * k + codes[i, m], other * k + codes[i, other]] += 1
    return together


@njit(nogil=True, cache=True)
def add_up(vectors: np.ndarray, codes: np.ndarray, k: int, sums: np.ndarray, left: int, right: int) -> None:
    """Columns left:right of BᵀX: sums[m·k + c] += x for each code c of x, in the order of the vectors."""
    count, M = codes.shape
    for i in range(count):
        vector = vectors[i, left:right]
        for m in range(M):
            total = sums[m * k + codes[i, m], left:right]
            for t in range(total.size):
                total[t] += vector[t]
