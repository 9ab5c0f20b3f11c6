"""The calibration of synthetic vectors of known geometry is recovered, and pairs are those of brute force."""

import numpy as np
import pytest

from core.errors import InputError
from core.statistics.correlation import spearman
from core.studies.label_free import (
    SHARES,
    calibrate,
    change,
    directions,
    dispersion,
    distances_to_others,
    estimate,
)

D = 64


def queries(correct: np.ndarray, seed: int, narrow: float = 0.6) -> np.ndarray:
    """Right ones point anywhere; two wrong ones have the mean cosine `narrow`, a right and a wrong one 0."""
    draw = np.random.default_rng(seed)
    noise = draw.normal(size=(len(correct), D)) / D**0.5
    axis = np.zeros(D)
    axis[0] = 1
    wrong = narrow**0.5 * axis + (1 - narrow) ** 0.5 * noise
    lengths = np.exp(draw.normal(size=(len(correct), 1)))  # which dispersion does not see
    return np.where(correct[:, None], noise, wrong) * lengths


def truth(right: int, wrong: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).permutation(np.arange(right + wrong) < right)


def test_the_curve_is_that_of_the_known_geometry() -> None:
    correct = truth(600, 500)
    found = calibrate(queries(correct, 1), correct)
    assert [point.share for point in found.points] == list(SHARES)
    assert (found.queries, found.right, found.wrong) == (100, 600, 500)
    for point in found.points:
        wrong = 100 * (1 - point.share)
        expected = 1 - 0.6 * wrong * (wrong - 1) / (100 * 99)
        assert point.dispersion == pytest.approx(expected, abs=0.03)
        assert point.expected == pytest.approx(expected, abs=0.02)
        assert abs(point.dispersion - point.expected) < 6 * point.standard_error
    assert found.spearman is not None and found.spearman > 0.95 and found.auc > 0.95
    assert (found.within_right, found.within_wrong) == pytest.approx((1, 0.4), abs=0.02)


@pytest.mark.parametrize("share", [0.1, 0.37, 0.8])
def test_an_unlabelled_sets_accuracy_is_recovered_within_its_interval(share: float) -> None:
    correct = truth(400, 400)
    known = queries(correct, 2)
    inside = []
    for seed in range(20):
        hidden = truth(round(share * 300), 300 - round(share * 300), seed)
        found = estimate(known, correct, queries(hidden, 100 + seed))
        assert found.low is not None and found.high is not None
        assert found.accuracy == pytest.approx(share, abs=0.2)
        inside.append(found.low <= share <= found.high)
    assert sum(inside) >= 17  # of 20; a 95 % interval misses three or more in 8 % of such runs


def test_where_right_and_wrong_spread_alike_the_interval_says_that_nothing_is_known() -> None:
    correct = truth(200, 200)
    known = queries(correct, 3, narrow=1e-9)
    found = estimate(known, correct, queries(truth(50, 50), 4, narrow=1e-9))
    assert found.low is not None and found.high is not None and found.high - found.low > 0.8
    assert abs(calibrate(known, correct).auc - 0.5) < 0.1


def test_a_set_that_spreads_as_no_mixture_does_has_no_interval() -> None:
    correct = truth(200, 200)
    alike = np.ones((100, D)) + 0.01 * np.random.default_rng(0).normal(size=(100, D))
    found = estimate(queries(correct, 3), correct, alike)
    assert (found.low, found.high) == (None, None) and found.accuracy == 0


def test_mixtures_are_smaller_where_there_are_few_and_refused_where_there_are_too_few() -> None:
    correct = truth(30, 80)
    found = calibrate(queries(correct, 5), correct)
    assert found.queries == 30 and [round(30 * p.share) for p in found.points][:3] == [0, 3, 6]
    with pytest.raises(InputError) as refused:
        calibrate(queries(truth(9, 80), 5), truth(9, 80))
    assert str(refused.value) == (
        "Of 89 questions for calibration 9 are answered rightly and 80 wrongly: give at least 10 of each."
    )
    with pytest.raises(InputError, match=r"^1 unlabelled query has no dispersion"):
        estimate(queries(correct, 5), correct, np.ones((1, D)))
    with pytest.raises(InputError, match=r"^The vector of query 2 is zero or not finite"):
        directions(np.array([[1.0, 0.0], [0.0, 0.0]]))


def test_what_a_query_adds_is_the_difference_without_it() -> None:
    unit = directions(np.random.default_rng(6).normal(0.5, 1, size=(12, 5)))
    far = distances_to_others(unit)
    cosine = unit @ unit.T
    for row in range(12):
        others = [one for one in range(12) if one != row]
        assert far[row] == pytest.approx(np.mean(1 - cosine[row, others]))
        assert change(far)[row] == pytest.approx(dispersion(unit) - dispersion(unit[others]))
    assert dispersion(unit) == pytest.approx(np.mean(1 - cosine[np.triu_indices(12, 1)]))
    assert spearman(far, change(far)) == pytest.approx(1)


def test_the_same_seed_gives_the_same_and_another_another() -> None:
    correct = truth(60, 60)
    known = queries(correct, 7)
    assert calibrate(known, correct) == calibrate(known, correct)
    assert calibrate(known, correct, queries=40) != calibrate(known, correct, queries=40, seed=50)
