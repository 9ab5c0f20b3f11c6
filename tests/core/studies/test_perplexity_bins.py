"""Bins by perplexity, and Algorithm 1 against a direct reading of its pseudocode."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InputError
from core.studies.perplexity_bins import bins, evenly


def algorithm_1(means: list[float], K: int) -> list[int]:
    """Line by line, bins numbered from 0."""
    m_min, m_max = means[0], means[-1]
    targets = [m_min + (k - 1) / (K - 1) * (m_max - m_min) for k in range(1, K + 1)]
    selected: set[int] = set()
    for target in targets:
        closest = 0
        for j in range(len(means)):
            if abs(means[j] - target) < abs(means[closest] - target):
                closest = j
        selected = selected | {closest}
    for j in range(len(means)):
        if len(selected) < K and j not in selected:
            selected = selected | {j}
    return sorted(selected)


@settings(deadline=None, max_examples=300)
@given(st.lists(st.floats(1, 1e4), min_size=2, max_size=60).map(sorted), st.integers(2, 70))
def test_the_bins_are_those_of_the_pseudocode(means: list[float], K: int) -> None:
    assert evenly(np.array(means), K) == algorithm_1(means, K)


def test_a_tail_is_covered_and_gaps_are_filled_from_the_beginning() -> None:
    means = np.array([1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 50.0, 100.0])
    assert evenly(means, 3) == [0, 6, 7]
    # Targets 1, 25.75 (as far from 1.5 as from 50: the first), 50.5, 75.25 and 100 make four bins.
    assert evenly(means, 5) == [0, 1, 5, 6, 7]


@given(st.lists(st.floats(1, 1e3), min_size=4, max_size=80), st.integers(2, 20))
def test_bins_hold_every_segment_once_in_order(perplexity: list[float], size: int) -> None:
    values = np.array(perplexity)
    if len(values) < 2 * size:
        with pytest.raises(InputError, match="do not make two bins"):
            bins(values, size)
        return
    made = bins(values, size)
    assert sorted(np.concatenate(made)) == list(range(len(values)))
    assert {len(one) for one in made[:-1]} == {size} and size <= len(made[-1]) < 2 * size
    assert (np.diff(values[np.concatenate(made)]) >= 0).all()


def test_what_shows_no_course_is_refused() -> None:
    with pytest.raises(InputError) as refused:
        bins(np.ones(150), 100)
    assert str(refused.value) == (
        "150 segments do not make two bins of 100: ask for more segments, or for bins of fewer, at least 2."
    )
    with pytest.raises(InputError) as refused:
        evenly(np.array([1.0, 2.0]), 1)
    assert str(refused.value) == "1 bins show no course over perplexity: ask for at least two."
