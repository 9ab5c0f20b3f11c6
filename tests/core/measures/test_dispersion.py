"""Dispersion: against brute force over all pairs, closed forms, and what changes it and what does not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import pdist

from core import blocks as rows
from core.errors import InputError
from core.measures import measure, measure_detailed
from core.measures.families import dispersion

ANGLES = ["dispersion", "mean_cosine_similarity"]
ALL = [*ANGLES, "dispersion_euclidean"]


def cloud(seed: int, n: int = 300, d: int = 7) -> np.ndarray:
    """Correlated vectors of unequal length, away from the origin: (n, d) float64."""
    random = np.random.default_rng(seed)
    return random.standard_normal((n, d)) @ random.standard_normal((d, d)) + 3 * random.standard_normal(d)


def rotation(d: int) -> np.ndarray:
    return np.linalg.qr(np.random.default_rng(99).standard_normal((d, d)))[0]


@given(seed=st.integers(0, 2**32), n=st.integers(2, 90), d=st.integers(1, 9), kind=st.sampled_from("efd"))
@settings(max_examples=40, deadline=None)
def test_brute_force_over_all_pairs_agrees(seed, n, d, kind):
    vectors = (cloud(seed, n, d) + 0.01).astype(kind)
    values, exact = measure(vectors, ALL), vectors.astype(np.float64)
    assert values["dispersion"] == pytest.approx(pdist(exact, "cosine").mean(), abs=1e-10)
    assert values["mean_cosine_similarity"] == pytest.approx(1 - pdist(exact, "cosine").mean(), abs=1e-10)
    assert values["dispersion_euclidean"] == pytest.approx(pdist(exact).mean(), rel=1e-10)


def test_brute_force_agrees_over_several_blocks_of_pairs(monkeypatch):
    monkeypatch.setattr(dispersion, "BLOCK", 64)
    vectors = cloud(1, n=333)
    assert measure(vectors, ALL)["dispersion_euclidean"] == pytest.approx(pdist(vectors).mean(), rel=1e-10)


def test_close_pairs_keep_their_digits():
    """Two tight, far-apart clumps: half of all squared distances vanish against the squared norms."""
    random = np.random.default_rng(2)
    vectors = np.concatenate(
        [1e-9 * random.standard_normal((40, 5)), 1 + 1e-9 * random.standard_normal((40, 5))]
    )
    vectors[3] = vectors[4]
    tight = measure(vectors[:40], ALL)["dispersion_euclidean"]
    assert tight == pytest.approx(pdist(vectors[:40]).mean(), rel=1e-10)
    assert measure(vectors, ALL)["dispersion_euclidean"] == pytest.approx(pdist(vectors).mean(), rel=1e-10)


@pytest.mark.parametrize("corners", [2, 3, 10])
def test_a_simplex_has_the_widest_directions(corners):
    """k unit vectors in the directions of a regular simplex: each cosine is −1/(k − 1)."""
    simplex = np.eye(corners) - 1 / corners
    values = measure(simplex / np.linalg.norm(simplex, axis=1, keepdims=True), ALL)
    assert values["dispersion"] == pytest.approx(1 + 1 / (corners - 1), abs=1e-12)
    assert values["dispersion_euclidean"] == pytest.approx(np.sqrt(2 * corners / (corners - 1)), abs=1e-12)


def test_orthogonal_directions_have_dispersion_1():
    assert measure(np.diag([1.0, 2.0, 3.0]), ALL)["dispersion"] == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("kind", ["e", "f", "d"])
def test_a_constant_cloud_has_no_dispersion(kind):
    values = measure(np.full((700, 3), 0.1, kind), ALL)
    assert values["dispersion"] == pytest.approx(0, abs=1e-12)
    assert values["dispersion_euclidean"] == 0


def test_two_vectors_are_one_pair():
    values = measure(np.array([[3.0, 4.0], [0.0, 5.0]]), ALL)
    assert values["dispersion"] == pytest.approx(1 - 20 / 25, abs=1e-12)
    assert values["dispersion_euclidean"] == pytest.approx(np.sqrt(10), abs=1e-12)


def test_what_leaves_dispersion_alone_and_what_does_not():
    vectors = cloud(3)
    before = measure(vectors, ALL)
    for name, changed in {
        "rotation": vectors @ rotation(7),
        "permutation": np.random.default_rng(0).permutation(vectors),
    }.items():
        assert measure(changed, ALL) == pytest.approx(before, rel=1e-10), name
    lengths = np.random.default_rng(1).uniform(0.1, 10, (len(vectors), 1))
    rescaled, shifted = measure(vectors * lengths, ALL), measure(vectors + 10, ALL)
    assert rescaled["dispersion"] == pytest.approx(before["dispersion"], rel=1e-10)
    assert abs(rescaled["dispersion_euclidean"] / before["dispersion_euclidean"] - 1) > 0.1
    assert shifted["dispersion_euclidean"] == pytest.approx(before["dispersion_euclidean"], rel=1e-10)
    assert abs(shifted["dispersion"] - before["dispersion"]) > 0.01
    scaled = measure(7 * vectors, ALL)
    assert scaled["dispersion"] == pytest.approx(before["dispersion"], rel=1e-10)
    assert scaled["dispersion_euclidean"] == pytest.approx(7 * before["dispersion_euclidean"], rel=1e-10)


def test_zero_vectors_are_counted_and_left_out():
    vectors = cloud(4)
    with_zeros = np.insert(vectors, [5, 50], 0, axis=0)
    measured = measure_detailed(with_zeros, ALL)
    assert measured["dispersion"].value == pytest.approx(measure(vectors, ALL)["dispersion"], abs=1e-12)
    note = "2 of 302 vectors are zero, have no direction and are left out"
    assert [measured[name].note for name in ALL] == [note, note, None]
    assert measured["dispersion_euclidean"].value == pytest.approx(pdist(with_zeros).mean(), rel=1e-10)


@pytest.mark.parametrize("scale", [1e-25, 1.0, 1e25])
def test_float32_directions_move_dispersion_by_less_than_1e_8(monkeypatch, scale):
    """In a narrow cone, where it would matter most, and where the squares of lengths do not fit float32."""
    vectors = (cloud(8, n=5000, d=32) * scale).astype(np.float32)
    vectors += np.float32(20 * scale)
    vectors[17] = 0
    exact = measure_detailed(vectors, ["dispersion"])["dispersion"]
    monkeypatch.setattr(rows, "DOUBLE_ELEMENTS", 0)
    rounded = measure_detailed(vectors, ["dispersion"])["dispersion"]
    assert rounded.value == pytest.approx(exact.value, abs=1e-8)
    assert rounded.note == exact.note == "1 of 5,000 vectors are zero, have no direction and are left out"


def test_alike_vectors_do_not_leave_the_range(monkeypatch):
    monkeypatch.setattr(rows, "DOUBLE_ELEMENTS", 0)
    vectors = np.tile(cloud(9, n=1, d=50).astype(np.float32), (3000, 1))
    assert 0 <= measure(vectors, ["dispersion"])["dispersion"] < 1e-6


def test_too_few_directions_are_refused():
    vectors = np.zeros((5, 3))
    vectors[2, 1] = 1
    with pytest.raises(InputError) as refusal:
        measure(vectors, ["dispersion"])
    assert (
        str(refusal.value)
        == "A cosine needs two vectors that are not zero, but 4 of 5 are zero; add vectors."
    )


@pytest.fixture
def sampled(monkeypatch):
    """Pairs are sampled from more than 200 vectors, 4,096 of them."""
    monkeypatch.setattr(dispersion, "EXACT_VECTORS", 200)
    monkeypatch.setattr(dispersion, "SAMPLED_PAIRS", 4096)


def euclidean(vectors: np.ndarray, seed: int = 0):
    return measure_detailed(vectors, ["dispersion_euclidean"], seed=seed)["dispersion_euclidean"]


def test_the_same_seed_draws_the_same_pairs_and_another_draws_others(sampled):
    vectors = cloud(5)
    assert euclidean(vectors, 1) == euclidean(vectors, 1)
    assert euclidean(vectors, 1).value != euclidean(vectors, 2).value
    assert euclidean(vectors, 7).note == "mean over 4,096 random pairs, seed 7"
    assert euclidean(vectors[:200], 1) == euclidean(vectors[:200], 2)
    assert euclidean(vectors[:200]).standard_error is None


def test_sampled_pairs_are_unbiased_and_their_standard_error_is_right(sampled):
    vectors = cloud(6)
    exact = pdist(vectors)
    samples = [euclidean(vectors, seed) for seed in range(100)]
    expected_error = exact.std() / 4096**0.5
    errors = (np.array([sample.value for sample in samples]) - exact.mean()) / expected_error
    assert abs(errors.mean()) < 4 / 100**0.5  # four standard errors of the mean of 100
    assert 0.72 < errors.std() < 1.28  # four of their spread: 1 ± 0.07
    assert samples[0].standard_error == pytest.approx(expected_error, rel=0.1)
