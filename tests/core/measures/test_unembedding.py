"""Measures of an output-embedding matrix: against the definitions written out, and theorems."""

import numpy as np
import pytest
from scipy.special import logsumexp

from core import blocks as rows
from core.measures import cloud as cloud_module
from core.measures import measure


@pytest.fixture(params=["direct", "gram"])
def route(request, monkeypatch):
    if request.param == "gram":
        monkeypatch.setattr(cloud_module, "DIRECT_ELEMENTS", 0)
        monkeypatch.setattr(rows, "BLOCK_ELEMENTS", 500)


def matrix(n: int = 300, d: int = 6) -> np.ndarray:
    random = np.random.default_rng(0)
    return random.standard_normal((n, d)) * np.linspace(0.2, 2, d) + 0.3 * random.standard_normal(d)


def written_out(W: np.ndarray) -> float:
    """min Z/max Z over both signs of all d eigenvectors of WᵀW."""
    _, axes = np.linalg.eigh(W.T @ W)
    logs = logsumexp(np.concatenate([W @ axes, -W @ axes], axis=1), axis=0)
    return float(np.exp(logs.min() - logs.max()))


@pytest.mark.parametrize("kind", ["f", "d"])
def test_isotropy_is_the_definition(route, kind):
    W = matrix().astype(kind)
    assert measure(W, ["unembedding_isotropy"])["unembedding_isotropy"] == pytest.approx(
        written_out(W.astype(float)), rel=1e-9
    )


def test_isotropy_counts_directions_that_no_row_has():
    """Fewer rows than columns: eigenvectors of eigenvalue 0 belong to WᵀW too."""
    W = matrix(4, 6)
    value = measure(W, ["unembedding_isotropy"])["unembedding_isotropy"]
    assert value == pytest.approx(written_out(W), rel=1e-9)


def test_isotropy_does_not_overflow(route):
    W = 1000 * matrix()
    assert measure(W, ["unembedding_isotropy"])["unembedding_isotropy"] == pytest.approx(
        written_out(W), abs=1e-12
    )


def test_the_corners_of_a_cross_are_isotropic(route):
    """Rows ±e_i: every eigenvector sees the same; Z = e + 1/e + 2(d − 1) for each."""
    cross = np.repeat(np.concatenate([np.eye(3), -np.eye(3)]), 50, axis=0) * [1, 1.000001, 1.000002]
    assert measure(cross, ["unembedding_isotropy"])["unembedding_isotropy"] == pytest.approx(1, abs=1e-5)


def test_isotropy_ignores_rotation_and_order_but_neither_scale_nor_shift(route):
    W, random = matrix(), np.random.default_rng(1)
    turn = np.linalg.qr(random.standard_normal((6, 6)))[0]
    value, turned, ordered, scaled, shifted = (
        measure(x, ["unembedding_isotropy"])["unembedding_isotropy"]
        for x in (W, W @ turn, random.permutation(W), 2 * W, W + 1)
    )
    assert turned == pytest.approx(value, rel=1e-9)
    assert ordered == pytest.approx(value, rel=1e-9)
    assert scaled < 0.9 * value
    assert shifted < 0.9 * value


def test_the_other_measures_are_those_of_a_cloud_of_rows():
    values = measure(
        matrix(), ["effective_rank", "effective_rank_ratio", "mean_cosine_similarity", "unembedding"]
    )
    assert values["unembedding_effective_rank"] == values["effective_rank"]
    assert values["unembedding_effective_rank_ratio"] == values["effective_rank_ratio"]
    assert values["unembedding_mean_cosine"] == values["mean_cosine_similarity"]
