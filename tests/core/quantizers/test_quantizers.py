"""The quantizers: as good as FAISS, the same bits for the same seed, and each search step the best one."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from core import blocks as rows
from core import quantizers
from core.errors import InputError
from core.quantizers import icm, lsq, pq
from tests.core.quantizers import plain_icm


def mixture(n: int, d: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((6, d)) * 3
    return (centres[rng.integers(0, 6, n)] + rng.standard_normal((n, d))).astype(np.float32)


def error(vectors: np.ndarray, made: quantizers.Quantization) -> float:
    return float(((vectors - made.reconstruct(slice(None))) ** 2).sum() / (vectors**2).sum())


@pytest.fixture(autouse=True, scope="module")
def _one_thread_for_faiss() -> Iterator[None]:
    """Its threads wait busily for each other, which on a machine with other work takes most of the time."""
    import faiss

    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    yield
    faiss.omp_set_num_threads(before)


@pytest.mark.parametrize("quantizer", quantizers.QUANTIZERS)
def test_errors_lie_within_the_seeds_of_faiss(quantizer: str) -> None:
    """Mean over seeds no worse than that of FAISS by more than two of its own standard deviations."""
    vectors = mixture(400, 12)
    ours, theirs = (
        [error(vectors, quantizers.quantize(quantizer, vectors, k=16, seed=s, engine=e)) for s in range(5)]
        for e in quantizers.ENGINES
    )
    assert abs(np.mean(ours) - np.mean(theirs)) < 2 * np.std(theirs, ddof=1)


def test_with_few_vectors_a_centroid_codes_are_as_good_as_those_of_faiss() -> None:
    """Four vectors a centroid: the codebooks are fitted to the first codes, so the last search starts there.

    From other random codes the error was 0.24, where it is 0.04 for FAISS.
    """
    vectors = mixture(256, 24)
    ours, theirs = (
        [error(vectors, quantizers.quantize("lsq", vectors, k=64, seed=s, engine=e)) for s in range(6)]
        for e in quantizers.ENGINES
    )
    assert np.mean(ours) < np.mean(theirs) + 2 * np.std(theirs, ddof=1)


@pytest.mark.parametrize("quantizer", quantizers.QUANTIZERS)
def test_a_cloud_far_from_the_origin_is_quantized_about_its_mean(quantizer: str) -> None:
    """float32 products of vectors 3,000 long would not tell which of two centroids 1 apart is nearer."""
    far = (mixture(600, 10) / 3 + 1000).astype(np.float32)
    mean = far.astype(np.float64).mean(0)
    made = quantizers.quantize(quantizer, far, k=32, seed=1)
    about = quantizers.quantize(quantizer, (far - mean).astype(np.float32), k=32, seed=1)
    assert np.array_equal(made.codes, about.codes)
    everything = slice(None)
    np.testing.assert_allclose(made.reconstruct(everything), about.reconstruct(everything) + mean, rtol=1e-9)


@pytest.mark.parametrize("quantizer", quantizers.QUANTIZERS)
def test_same_seed_same_bits_on_any_number_of_threads(
    quantizer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors = mixture(1100, 10)
    first = quantizers.quantize(quantizer, vectors, M=3, k=20, seed=4)
    monkeypatch.setattr(rows, "THREADS", 1)
    again = quantizers.quantize(quantizer, vectors, M=3, k=20, seed=4)
    other = quantizers.quantize(quantizer, vectors, M=3, k=20, seed=5)
    assert np.array_equal(first.codes, again.codes)
    assert all(np.array_equal(a, b) for a, b in zip(first.codebooks, again.codebooks, strict=True))
    assert not np.array_equal(first.codes, other.codes)


@pytest.mark.parametrize("quantizer", quantizers.QUANTIZERS)
def test_the_faiss_engine_decodes_as_faiss_does(quantizer: str) -> None:
    """Codes and codebooks that we take out of FAISS restore the vectors that FAISS restores."""
    import faiss

    vectors = mixture(400, 8)
    made = quantizers.quantize(quantizer, vectors, M=2, k=16, seed=3, engine="faiss")
    if quantizer == "lsq":
        reference = faiss.LocalSearchQuantizer(8, 2, 4)
        reference.random_seed = 4
    else:
        reference = faiss.ProductQuantizer(8, 2, 4)
        reference.cp.seed = 4
    reference.train(vectors)
    restored = reference.decode(reference.compute_codes(vectors))
    np.testing.assert_allclose(made.reconstruct(slice(None)), restored, atol=1e-5)


@pytest.mark.parametrize("M", [1, 2, 4, 7])
@pytest.mark.parametrize("k", [5, 16, 40])
def test_search_takes_the_steps_of_a_plain_loop(M: int, k: int) -> None:
    """A brute-force twin in float64, sums of centroids instead of tables, no step skipped."""
    rng = np.random.default_rng(M * 100 + k)
    vectors = rng.standard_normal((25, 6)).astype(np.float32)
    codebooks = rng.standard_normal((M, k, 6))
    codes = rng.integers(0, k, (25, M), dtype=np.int32)
    expected = codes.copy()
    lsq._refine(vectors, codebooks, codes, 3, [1, 2, 3])
    draws = np.random.default_rng([1, 2, 3, 0]).integers(0, M * k, (25, 3, min(4, M)), dtype=np.int32)

    def squared(x: np.ndarray, code: np.ndarray) -> float:
        return float(((x - codebooks[np.arange(M), code].sum(0)) ** 2).sum())

    for x, best, rounds in zip(vectors, expected, draws, strict=True):
        for drawn in rounds:
            now = best.copy()
            for draw in drawn:
                now[draw // k] = draw % k
            for m in [*range(M)] * lsq.SWEEPS:
                choices = [np.where(np.arange(M) == m, c, now) for c in range(k)]
                now = choices[int(np.argmin([squared(x, choice) for choice in choices]))]
            if squared(x, now) < squared(x, best):
                best[:] = now
    assert np.array_equal(codes, expected)


@pytest.mark.parametrize("twin", [plain_icm.by_loop, plain_icm.by_keys])
@pytest.mark.parametrize(("M", "k"), [(1, 16), (2, 256), (4, 32), (4, 250)])
def test_the_vector_code_gives_the_codes_of_plain_numba(
    twin: Callable[..., None], M: int, k: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(1)
    vectors = np.round(mixture(700, 8))  # whole and half numbers, so that many sums are equal
    codebooks = rng.integers(-3, 4, (M, k, 8)) / 2
    start = rng.integers(0, k, (700, M), dtype=np.int32)
    codes, expected = start.copy(), start.copy()
    lsq._refine(vectors, codebooks, codes, 8, [0, 0, 0])
    monkeypatch.setattr(icm, "search", twin)
    lsq._refine(vectors, codebooks, expected, 8, [0, 0, 0])
    assert np.array_equal(codes, expected) and not np.array_equal(codes, start)


def test_nearest_is_the_nearest_and_of_equals_the_first() -> None:
    rng = np.random.default_rng(0)
    vectors, centroids = (rng.integers(-2, 3, (size, 3)).astype(np.float32) for size in (500, 37))
    distances = ((vectors[:, None] - centroids) ** 2).sum(2)  # small integers: exact, with many ties
    assert np.array_equal(pq._assign(vectors, centroids), distances.argmin(1))


def test_sums_and_counts_are_those_of_one_hot_codes() -> None:
    rng = np.random.default_rng(0)
    vectors, codes = mixture(200, 5), rng.integers(0, 7, (200, 3), dtype=np.int32)
    one_hot = np.eye(7)[codes].reshape(200, 21)
    sums = np.zeros((21, 5))
    icm.add_up(vectors, codes, 7, sums, 0, 5)
    np.testing.assert_allclose(sums, one_hot.T @ vectors.astype(np.float64), rtol=1e-12)
    assert np.array_equal(icm.count_pairs(codes, 7), one_hot.T @ one_hot)


def test_least_squares_is_the_ridge_solution() -> None:
    rng = np.random.default_rng(0)
    vectors, codes = mixture(300, 5), rng.integers(0, 9, (300, 2), dtype=np.int32)
    one_hot = np.eye(9)[codes].reshape(300, 18)
    with threadpool_limits(1, user_api="blas"):
        codebooks = lsq._least_squares(vectors, codes, 9)
    expected = np.linalg.solve(one_hot.T @ one_hot + lsq.RIDGE * np.eye(18), one_hot.T @ vectors)
    np.testing.assert_allclose(codebooks.reshape(18, 5), expected, rtol=1e-9)


def test_parts_that_do_not_divide_are_one_wider_first() -> None:
    assert pq.parts(10, 4) == [slice(0, 3), slice(3, 6), slice(6, 8), slice(8, 10)]
    vectors = mixture(300, 10)
    made = quantizers.quantize("pq", vectors, k=16)
    assert [book.shape for book in made.codebooks] == [(16, 3), (16, 3), (16, 2), (16, 2)]
    assert made.reconstruct(slice(None)).shape == vectors.shape
    assert error(vectors, made) < 0.3


@pytest.mark.parametrize("quantizer", quantizers.QUANTIZERS)
def test_few_distinct_vectors_are_restored(quantizer: str) -> None:
    """Duplicates and constant dimensions: with as many centroids as distinct vectors nothing is lost."""
    distinct = np.random.default_rng(1).standard_normal((4, 6)).astype(np.float32)
    distinct[:, 2] = 5
    vectors = np.repeat(distinct, 50, axis=0)
    assert error(vectors, quantizers.quantize(quantizer, vectors, M=2, k=8)) < 1e-4


@pytest.mark.parametrize("quantizer", quantizers.QUANTIZERS)
def test_as_many_vectors_as_centroids_will_do(quantizer: str) -> None:
    vectors = mixture(16, 8)
    assert error(vectors, quantizers.quantize(quantizer, vectors, M=2, k=16)) < 1e-4


def test_progress_is_told_and_can_end_the_work() -> None:
    sentence: list[tuple[int, int]] = []
    quantizers.quantize(
        "lsq", mixture(60, 4), M=2, k=4, step=lambda done, total: sentence.append((done, total))
    )
    assert sentence == [(done, 26) for done in range(1, 27)]

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        quantizers.quantize("pq", mixture(60, 4), M=2, k=4, step=stop)


@pytest.mark.parametrize(
    ("quantizer", "options", "message"),
    [
        ("opq", {}, "There is no quantizer 'opq'; choose one of lsq, pq."),
        ("pq", {"engine": "gpu"}, "There is no quantizer engine 'gpu'; choose one of own, faiss."),
        (
            "lsq",
            {"M": 0},
            "A quantizer needs at least one codebook of two centroids, not M = 0 of k = 8; raise them.",
        ),
        (
            "lsq",
            {"k": 1000},
            "A quantizer of k = 1,000 centroids needs as many vectors, but there are 60; "
            "add vectors or lower k.",
        ),
        (
            "pq",
            {"M": 5},
            "A product quantizer of M = 5 codebooks needs as many dimensions, but there are 4; lower M.",
        ),
        (
            "lsq",
            {"M": 3, "engine": "faiss"},
            "FAISS takes k a power of two and M·log2(k) a multiple of 8, not M = 3 and k = 8; "
            "take such sizes or the engine 'own'.",
        ),
        (
            "pq",
            {"M": 3, "engine": "faiss"},
            "FAISS takes only M that divide the dimensions, but M = 3 does not divide 4; "
            "take another M or the engine 'own'.",
        ),
    ],
)
def test_what_cannot_be_is_said(quantizer: str, options: dict, message: str) -> None:
    with pytest.raises(InputError) as caught:
        quantizers.quantize(quantizer, mixture(60, 4), **{"k": 8, **options})
    assert str(caught.value) == message
