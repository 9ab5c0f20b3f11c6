"""Quantizers of a cloud, trained and applied on all of it: "lsq" (additive, local search) and "pq" (product).

Both exist twice: engine "own" is several times faster, engine "faiss" is the reference. The own ones follow
the schedule and the defaults of FAISS, and land within the spread that FAISS itself has over its seeds. They
part from it on a cloud so far from the origin that float32 cannot tell which centroid is nearer: that is
quantized about its mean, where FAISS puts vectors into cells by rounding.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.errors import InputError

QUANTIZERS = ("lsq", "pq")
ENGINES = ("own", "faiss")
SCHEDULE = "faiss-1.15"
_BLOCK = 1024  # vectors
NEAR = 1e-3  # variance over squared length of the mean; at a tenth of it rounding shows in the measures


@dataclass(frozen=True)
class Quantization:
    """What a quantizer made of n vectors.

    codes: (n, M) int32, the centroid of each codebook that a vector uses.
    codebooks: M arrays (k, width) float32, the centroids (float64 of a cloud far from the origin).
    parts: the M slices of the dimensions that a codebook stands for: all of them for an additive quantizer.
    """

    codes: np.ndarray
    codebooks: list[np.ndarray]
    parts: list[slice]

    def reconstruct(self, block: slice) -> np.ndarray:
        """The quantized versions (b, d) float64 of a block of the vectors: what its centroids add up to."""
        codes = self.codes[block]
        restored = np.zeros((len(codes), max(part.stop for part in self.parts)))
        for m, (part, codebook) in enumerate(zip(self.parts, self.codebooks, strict=True)):
            restored[:, part] += codebook[codes[:, m]]
        return restored


def quantize(
    quantizer: str,
    vectors: np.ndarray,
    *,
    M: int = 4,
    k: int = 256,
    seed: int = 0,
    engine: str = "own",
    step: Callable[[int, int], None] | None = None,
) -> Quantization:
    """Train a quantizer on all vectors, and encode them.

    Arguments:
        quantizer: one of QUANTIZERS.
        vectors: (n, d) float32, C-contiguous, finite.
        M, k: codebooks, and centroids in each.
        seed: the same seed gives the same result, on any number of threads (engine "own").
        engine: one of ENGINES.
        step: called as step(done, total) in the course of the work; what it raises ends it.

    Raises InputError for a quantizer, an engine or sizes that cannot be.
    """
    from threadpoolctl import threadpool_limits

    n, d = vectors.shape
    _check(quantizer, engine, n, d, M, k)
    parts = [slice(0, d)] * M
    if quantizer == "pq":
        from core.quantizers import pq

        parts = pq.parts(d, M)
    if engine == "faiss":
        from core.quantizers import faiss_engine

        codebooks, codes = faiss_engine.train_and_encode(quantizer, vectors, M, k, seed, step)
        return Quantization(codes, codebooks, parts)
    mean = _far_mean(vectors)
    if mean is not None:
        vectors = _moved(vectors, -mean)
    with threadpool_limits(1, user_api="blas"):  # blocks of vectors run in parallel instead
        if quantizer == "lsq":
            from core.quantizers import lsq

            books, codes = lsq.train_and_encode(vectors, M, k, seed, step)
            codebooks = list(books)
        else:
            codebooks, codes = pq.train_and_encode(vectors, M, k, seed, step)
    if mean is not None:
        share = M if quantizer == "lsq" else 1  # additive centroids add up to a vector
        codebooks = [book + mean[part] / share for part, book in zip(parts, codebooks, strict=True)]
    return Quantization(codes, codebooks, parts)


def _far_mean(vectors: np.ndarray) -> np.ndarray | None:
    """The mean (d,) float64 of vectors that lie close together and far from the origin; None for others."""
    first = vectors[0].astype(np.float64)
    total, squares = np.zeros(vectors.shape[1]), 0.0
    for start in range(0, len(vectors), _BLOCK):
        apart = vectors[start : start + _BLOCK] - first
        total += apart.sum(0)
        squares += float(np.vdot(apart, apart))
    shift = total / len(vectors)
    mean, variance = first + shift, squares / len(vectors) - float(shift @ shift)
    return mean if variance < NEAR * float(mean @ mean) else None


def _moved(vectors: np.ndarray, by: np.ndarray) -> np.ndarray:
    """A float32 copy of the vectors, each moved by the same (d,)."""
    moved = np.empty_like(vectors)
    for start in range(0, len(vectors), _BLOCK):
        moved[start : start + _BLOCK] = vectors[start : start + _BLOCK] + by
    return moved


def _check(quantizer: str, engine: str, n: int, d: int, M: int, k: int) -> None:
    if quantizer not in QUANTIZERS:
        raise InputError(f"There is no quantizer {quantizer!r}; choose one of {', '.join(QUANTIZERS)}.")
    if engine not in ENGINES:
        raise InputError(f"There is no quantizer engine {engine!r}; choose one of {', '.join(ENGINES)}.")
    if M < 1 or k < 2:
        raise InputError(
            f"A quantizer needs at least one codebook of two centroids, not M = {M} of k = {k}; raise them."
        )
    if n < k:
        raise InputError(
            f"A quantizer of k = {k:,} centroids needs as many vectors, but there are {n:,}; "
            "add vectors or lower k."
        )
    if quantizer == "pq" and d < M:
        raise InputError(
            f"A product quantizer of M = {M} codebooks needs as many dimensions, but there are {d}; lower M."
        )
    if engine == "faiss":
        bits = k.bit_length() - 1
        if k != 1 << bits or (quantizer == "lsq" and M * bits % 8):
            raise InputError(
                f"FAISS takes k a power of two and M·log2(k) a multiple of 8, not M = {M} and k = {k:,}; "
                "take such sizes or the engine 'own'."
            )
        if quantizer == "pq" and d % M:
            raise InputError(
                f"FAISS takes only M that divide the dimensions, but M = {M} does not divide {d}; "
                "take another M or the engine 'own'."
            )
