"""Product quantizer (Jégou et al. 2011): k-means on each part of the dimensions, on the schedule of FAISS.

Each part: at most 256 vectors a centroid, drawn without replacement, are trained on; k of them are the first
centroids, the same vectors in every part (so that some are restored exactly, which shows in the skew of the
errors); 25 rounds of assignment and means; an empty cell takes half of another, drawn in proportion to its
size. Then all vectors are assigned. M parts that do not divide d evenly are those of `numpy.array_split`:
the first d mod M are one dimension wider.
"""

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from core.blocks import in_order
from core.quantizers import icm

ROUNDS = 25
SAMPLE = 256  # vectors a centroid
SPLIT = 1 / 1024  # the halves of a cell are moved apart by this share

_BLOCK = 2048


def parts(d: int, M: int) -> list[slice]:
    """The dimensions of each of M codebooks."""
    edges = np.cumsum([0, *(len(part) for part in np.array_split(np.arange(d), M))])
    return [slice(int(left), int(right)) for left, right in pairwise(edges)]


def train_and_encode(
    vectors: np.ndarray, M: int, k: int, seed: int, step: Callable[[int, int], None] | None = None
) -> tuple[list[np.ndarray], np.ndarray]:
    """Codebooks, M arrays (k, width of the part) float32, and codes (n, M) int32 of `vectors` (n, d) float32.

    step(done, total) is called after each part; what it raises ends the work. Needs n ≥ k and d ≥ M.
    """
    n, d = vectors.shape
    rng = np.random.default_rng([seed, 3])
    sample = np.sort(rng.permutation(n)[: SAMPLE * k]) if n > SAMPLE * k else slice(None)
    codes = np.empty((n, M), np.int32)

    def train(m: int) -> np.ndarray:
        part = parts(d, M)[m]
        centroids = _k_means(np.ascontiguousarray(vectors[sample, part]), k, np.random.default_rng([seed, 4]))
        codes[:, m] = _assign(vectors[:, part], centroids)
        return centroids

    codebooks = []
    for codebook in in_order(train, range(M)):
        codebooks.append(codebook)
        if step:
            step(len(codebooks), M)
    return codebooks, codes


def _k_means(vectors: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
    """Centroids (k, d) float32 of contiguous `vectors` (n, d)."""
    n, d = vectors.shape
    centroids = vectors[rng.permutation(n)[:k]]
    for _ in range(ROUNDS):
        codes = _assign(vectors, centroids)
        sums = np.zeros((k, d))
        icm.add_up(vectors, codes[:, None], k, sums, 0, d)
        counts = np.bincount(codes, minlength=k)
        centroids = (sums / np.maximum(counts, 1)[:, None]).astype(np.float32)
        _split(centroids, counts, n, rng)
    return centroids


def _split(centroids: np.ndarray, counts: np.ndarray, n: int, rng: np.random.Generator) -> None:
    """Give each empty cell half of another: both centroids stand a little to either side of the old one."""
    apart = np.where(np.arange(centroids.shape[1]) % 2, -SPLIT, SPLIT).astype(np.float32)
    for empty in np.flatnonzero(counts == 0):
        weights = np.maximum(counts - 1, 0)
        donor = rng.choice(len(counts), p=weights / weights.sum())
        centroids[empty] = centroids[donor] * (1 + apart)
        centroids[donor] *= 1 - apart
        counts[empty] = counts[donor] // 2
        counts[donor] -= counts[empty]


def _assign(vectors: np.ndarray, centroids: np.ndarray) -> np.ndarray:
    """The nearest centroid of each vector, (n,) int32; of equals the first."""
    (k, d), n = centroids.shape, len(vectors)
    width = -(-k // icm.LANES) * icm.LANES
    minus_twice = np.zeros((width, d), np.float32)
    minus_twice[:k] = -2 * centroids
    norms = np.full(width, np.inf, np.float32)
    norms[:k] = np.einsum("kd,kd->k", centroids, centroids, dtype=np.float64)
    codes = np.empty(n, np.int32)
    for start in range(0, n, _BLOCK):
        block = slice(start, start + _BLOCK)
        icm.nearest(vectors[block] @ minus_twice.T, norms, codes[block])
    return codes
