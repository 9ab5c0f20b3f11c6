"""Local-search additive quantizer (LSQ++; Martinez et al. 2016 and 2018), on the schedule of FAISS 1.15.

Trained and applied on all vectors, in the order FAISS does it: random codes; 25 times: codebooks by least
squares with a ridge, codebooks perturbed with falling temperature (SR-D), 8 rounds of perturbed local search;
at last the codes are searched anew in 16 rounds, from the random ones that training began with. FAISS begins
there too, as it sets its generator back to the seed; with few vectors a centroid other random codes would end
a percent worse, because the first codebooks are fitted to these. What differs is speed. Random numbers are
drawn by block of vectors, so that the same seed gives the same result on any number of threads.
"""

import threading
from collections.abc import Callable

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from core.blocks import in_order
from core.quantizers import icm

TRAIN_ROUNDS, SEARCH_ROUNDS, ENCODE_ROUNDS = 25, 8, 16
SWEEPS = 4
PERTURBATIONS = 4  # codes redrawn a round, with replacement (at most M)
RIDGE = 1e-2

_BLOCK = 512  # vectors; their products with 1,024 centroids are 2 MB
_COLUMNS = 256


def train_and_encode(
    vectors: np.ndarray, M: int, k: int, seed: int, step: Callable[[int, int], None] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Codebooks (M, k, d) float32 and codes (n, M) int32 of `vectors` (n, d) float32, C-contiguous.

    step(done, total) is called after each of the 26 passes over the vectors; what it raises ends the work.
    """
    n, passes = len(vectors), TRAIN_ROUNDS + 1
    rng = np.random.default_rng([seed, 0])
    codes = _first_codes(rng, n, M, k)
    deviation = _deviation(vectors)
    for done in range(TRAIN_ROUNDS):
        codebooks = _least_squares(vectors, codes, k)
        temperature = (1 - (done + 1) / TRAIN_ROUNDS) ** 0.5
        codebooks += temperature / M * deviation * rng.standard_normal(codebooks.shape)
        _refine(vectors, codebooks, codes, SEARCH_ROUNDS, [seed, 1, done])
        if step:
            step(done + 1, passes)
    codes = _first_codes(np.random.default_rng([seed, 0]), n, M, k)
    _refine(vectors, codebooks, codes, ENCODE_ROUNDS, [seed, 2, 0])
    if step:
        step(passes, passes)
    return codebooks.astype(np.float32), codes


def _first_codes(rng: np.random.Generator, n: int, M: int, k: int) -> np.ndarray:
    """Random codes (n, M) int32: the first numbers that a seed's generator gives."""
    return rng.integers(0, k, (n, M), dtype=np.int32)


def _deviation(vectors: np.ndarray) -> np.ndarray:
    """Standard deviation of each dimension (d,), in float64, without a copy of the vectors."""
    starts = range(0, len(vectors), _BLOCK)
    mean = sum(in_order(lambda i: vectors[i : i + _BLOCK].sum(0, dtype=np.float64), starts)) / len(vectors)
    squares = in_order(lambda i: ((vectors[i : i + _BLOCK] - mean) ** 2).sum(0), starts)
    return np.sqrt(sum(squares) / len(vectors))


def _least_squares(vectors: np.ndarray, codes: np.ndarray, k: int) -> np.ndarray:
    """Codebooks C (M, k, d) float64 that minimise ‖X − BC‖² + RIDGE·‖C‖², B the one-hot codes (n, M·k)."""
    d, M = vectors.shape[1], codes.shape[1]
    sums = np.zeros((M * k, d))

    def add(left: int) -> None:
        icm.add_up(vectors, codes, k, sums, left, left + _COLUMNS)

    list(in_order(add, range(0, d, _COLUMNS)))
    together = icm.count_pairs(codes, k)
    together.flat[:: M * k + 1] += RIDGE
    factor = cho_factor(together, overwrite_a=True, check_finite=False)
    return cho_solve(factor, sums, overwrite_b=True, check_finite=False).reshape(M, k, d)


def _refine(
    vectors: np.ndarray,
    codebooks: np.ndarray,
    codes: np.ndarray,
    rounds: int,
    seed: list[int],
) -> None:
    """Replace `codes` by better ones, found by `rounds` rounds of local search."""
    n, M = codes.shape
    k, d = codebooks.shape[1:]
    width = -(-k // icm.LANES) * icm.LANES
    padded = np.zeros((M, width, d), np.float32)
    padded[:, :k] = codebooks
    norms = np.full((M, width), np.inf, np.float32)
    norms[:, :k] = np.einsum("mkd,mkd->mk", codebooks, codebooks)
    centroids = padded.reshape(M * width, d)
    pairs = (2 * centroids @ centroids.T).ravel()
    minus_twice = -2 * centroids
    scratch = threading.local()  # one table of products a thread: memory taken anew costs a tenth of the pass

    def search(start: int) -> None:
        block = slice(start, min(start + _BLOCK, n))
        draws = np.random.default_rng([*seed, start]).integers(
            0, M * k, (block.stop - start, rounds, min(PERTURBATIONS, M)), dtype=np.int32
        )
        if not hasattr(scratch, "products"):
            scratch.products = np.empty((_BLOCK, M * width), np.float32)
        unary = np.dot(vectors[block], minus_twice.T, out=scratch.products[: block.stop - start])
        icm.search(unary, norms.ravel(), pairs, codes[block], draws, k, SWEEPS, (0,) * (M - 1))

    list(in_order(search, range(0, n, _BLOCK)))
