"""The course of dispersion over perplexity: points against all pairs, and how they correlate."""

import numpy as np
import pytest

from core.studies.perplexity import association, curve


def test_a_point_is_a_bin_with_the_mean_distance_of_all_its_pairs() -> None:
    draw = np.random.default_rng(0)
    perplexity, vectors = draw.uniform(2, 90, 57), draw.normal(1, 1, (57, 5)).astype(np.float32)
    made = curve(perplexity, vectors, tokens=9, layer=2, last_token=False, size=10, count=3)
    order = np.argsort(perplexity)
    cuts = [order[10 * k : 10 * k + 10] for k in range(4)] + [order[40:]]
    assert [point.segments for point in made.points] == [10, 10, 10, 10, 17]
    for point, rows in zip(made.points, cuts, strict=True):
        unit = vectors[rows].astype(float) / np.linalg.norm(vectors[rows], axis=1, keepdims=True)
        pairs = 1 - (unit @ unit.T)[np.triu_indices(len(rows), 1)]
        assert point.dispersion == pytest.approx(pairs.mean(), abs=1e-7)
        assert point.perplexity == pytest.approx(perplexity[rows].mean())
    picked = [point for point in made.points if point.picked]
    assert len(picked) == 3 and made.picked.n == 3 and made.every.n == 5
    x, y = ([getattr(point, side) for point in made.points] for side in ("perplexity", "dispersion"))
    assert made.every.pearson == pytest.approx(np.corrcoef(x, y)[0, 1])


def test_what_is_undefined_is_none_and_no_point() -> None:
    vectors = np.ones((40, 3), np.float32)
    vectors[:10] = 0  # a bin without directions
    made = curve(np.arange(40.0), vectors, tokens=9, layer=2, last_token=True, size=10, count=9)
    assert len(made.points) == 3 and made.every.n == 3
    assert made.every.pearson is None and made.every.spearman_low is None
    assert association(np.array([1.0, 2, 3]), np.array([1.0, 3, 2])).pearson_low is None
