"""The dispersion gap: theorems, closed forms, a brute-force twin, and its sampling error."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jaxtyping import TypeCheckError
from scipy.spatial.distance import cdist, pdist
from scipy.stats import ortho_group

from core.errors import InputError
from core.measures.families.gap import Gap, difference, gap, tied


def cloud(n: int, d: int, seed: int, shift: float = 0.3) -> np.ndarray:
    return np.random.default_rng(seed).normal(shift, 1, (n, d))


def parts(result: Gap) -> list[float]:
    return [result.within_domain, result.within_reference, result.between, result.gap]


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 12), st.integers(2, 20), st.integers(2, 9), st.integers(0, 99))
def test_brute_force_over_all_pairs(t: int, r: int, d: int, seed: int) -> None:
    T, R = cloud(t, d, seed), cloud(r, d, seed + 1)
    result = gap(T, R, resamples=2)
    for name in ("cosine", "euclidean"):
        expected = [pdist(T, name).mean(), pdist(R, name).mean(), cdist(T, R, name).mean()]
        np.testing.assert_allclose(parts(result[name])[:3], expected, atol=1e-12)
        assert result[name].gap == result[name].within_domain + result[name].between


def test_orthogonal_axes_and_one_point() -> None:
    axes = gap(np.eye(8)[:3], np.eye(8)[3:], resamples=2)
    np.testing.assert_allclose(parts(axes["cosine"]), [1, 1, 1, 2])
    np.testing.assert_allclose(parts(axes["euclidean"]), [2**0.5] * 3 + [2 * 2**0.5])
    opposite = gap(np.ones((4, 2)), -np.ones((3, 2)), resamples=9)["cosine"]
    np.testing.assert_allclose([*parts(opposite), opposite.se], [0, 0, 2, 2, 0], atol=1e-12)


def test_what_it_does_not_depend_on_and_what_it_does() -> None:
    T, R = cloud(9, 6, 0), cloud(30, 6, 1)
    turn = ortho_group.rvs(6, random_state=0)
    before, turned = gap(T, R), gap(T @ turn, R @ turn)
    scaled, shifted = gap(3 * T, 3 * R), gap(T + 2, R + 2)
    shuffled = gap(T[::-1], R[np.random.default_rng(0).permutation(30)])
    for name in ("cosine", "euclidean"):
        np.testing.assert_allclose(parts(turned[name]), parts(before[name]))
        np.testing.assert_allclose(turned[name].resamples, before[name].resamples)
        np.testing.assert_allclose(parts(shuffled[name]), parts(before[name]))
    np.testing.assert_allclose(parts(scaled["cosine"]), parts(before["cosine"]))
    np.testing.assert_allclose(parts(scaled["euclidean"]), 3 * np.array(parts(before["euclidean"])))
    np.testing.assert_allclose(parts(shifted["euclidean"]), parts(before["euclidean"]))
    assert shifted["cosine"].gap < before["cosine"].gap / 2  # a common shift narrows the cone of directions


def test_blocks_do_not_change_the_reference_mean() -> None:
    T, R = cloud(3, 4, 0), cloud(2100, 4, 1)
    assert gap(T, R, resamples=2)["euclidean"].within_reference == pytest.approx(pdist(R).mean(), rel=1e-12)


def test_precision_of_the_rows_matters_only_as_their_rounding() -> None:
    T, R = cloud(10, 64, 0), cloud(50, 64, 1)
    half = gap(T.astype(np.float16), R.astype(np.float16))
    assert half["cosine"].gap == pytest.approx(gap(T, R)["cosine"].gap, abs=1e-4)


def jackknife(T: np.ndarray, R: np.ndarray, name: str) -> float:
    """Delete-one standard error of within + between, an independent estimate of the same thing."""

    def total_gap(a: np.ndarray, b: np.ndarray) -> float:
        return float(pdist(a, name).mean() + cdist(a, b, name).mean())

    total = 0.0
    for left_out in (
        [total_gap(np.delete(T, i, 0), R) for i in range(len(T))],
        [total_gap(T, np.delete(R, i, 0)) for i in range(len(R))],
    ):
        n = len(left_out)
        total += (n - 1) / n * float(np.square(np.array(left_out) - np.mean(left_out)).sum())
    return math.sqrt(total)


@pytest.mark.parametrize("name", ["cosine", "euclidean"])
def test_the_bootstrap_agrees_with_the_jackknife_and_with_new_words(name: str) -> None:
    T, R = cloud(40, 8, 0), cloud(80, 8, 1)
    result = gap(T, R, resamples=4000)[name]
    assert result.se == pytest.approx(jackknife(T, R, name), rel=0.15)
    fresh = [
        gap(cloud(40, 8, 2 * s + 10), cloud(80, 8, 2 * s + 11), resamples=2)[name].gap for s in range(300)
    ]
    errors = [
        gap(cloud(40, 8, 2 * s + 10), cloud(80, 8, 2 * s + 11), resamples=300)[name].se for s in range(20)
    ]
    assert np.mean(errors) == pytest.approx(np.std(fresh), rel=0.2)
    assert result.resamples.mean() == pytest.approx(
        result.gap, abs=result.se / 4
    )  # copies are not counted as pairs


def test_the_seed_fixes_the_resamples_and_nothing_else() -> None:
    T, R = cloud(9, 6, 0), cloud(30, 6, 1)
    first, again, other = gap(T, R, seed=1), gap(T, R, seed=1), gap(T, R, seed=2)
    assert (first["cosine"].resamples == again["cosine"].resamples).all()
    assert first["cosine"].se != other["cosine"].se
    assert parts(first["cosine"]) == parts(other["cosine"])


def test_two_tokens_are_enough_for_a_finite_error() -> None:
    result = gap(cloud(2, 3, 0), cloud(2, 3, 1))
    assert all(np.isfinite(result[name].resamples).all() and result[name].se > 0 for name in result)


def test_pairing_sees_a_difference_that_the_single_errors_hide() -> None:
    T, R = cloud(10, 16, 0), cloud(60, 16, 1)
    a, b = gap(T, R)["cosine"], gap(T * 1.0, R + 0.03)["cosine"]
    assert a.se > abs(a.gap - b.gap)
    assert tied(a.gap, b.gap, a.resamples, b.resamples, paired=False)
    assert not tied(a.gap, b.gap, a.resamples, b.resamples, paired=True)
    apart, error = difference(a.gap, b.gap, a.resamples, b.resamples, paired=False)
    assert apart == a.gap - b.gap
    assert error == pytest.approx(math.hypot(a.se, b.se))
    assert tied(a.gap, a.gap, a.resamples, a.resamples, paired=True)


@pytest.mark.parametrize(
    ("domain", "reference", "sentence"),
    [
        (
            np.ones((1, 3)),
            np.ones((4, 3)),
            "The gap needs two domain tokens at least, and 1 can be used: choose another token set.",
        ),
        (
            np.ones((3, 3)),
            np.ones((4, 2)),
            "Domain rows of width 3 and reference rows of width 2 are not of one matrix: read both from the "
            "same output embedding.",
        ),
        (
            np.ones((3, 3)),
            np.zeros((4, 3)),
            "Some reference rows are zero and have no direction: leave those tokens out.",
        ),
        (
            np.full((3, 3), np.nan),
            np.ones((4, 3)),
            "Some domain rows hold values that are not finite: the weights are damaged.",
        ),
    ],
)
def test_rows_that_cannot_be_measured(domain: np.ndarray, reference: np.ndarray, sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        gap(domain, reference)
    assert str(caught.value) == sentence


def test_shapes_are_checked_in_tests() -> None:
    with pytest.raises(TypeCheckError, match=r"domain"):
        gap(np.ones(4), cloud(3, 4, 0))
