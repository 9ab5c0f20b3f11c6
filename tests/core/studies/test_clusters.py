"""Frequent n-grams, their contexts, and distances within and between clusters, against brute force."""

from collections import defaultdict
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InputError
from core.studies.clusters import clusters, contexts, distances, frequent


@settings(deadline=None, max_examples=150)
@given(
    st.lists(st.integers(0, 2), min_size=1, max_size=80),
    st.integers(1, 4),
    st.integers(1, 4),
    st.integers(0, 5),
)
def test_frequent_n_grams_are_those_that_counting_finds(ids, n: int, least: int, context: int) -> None:
    places: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for start in range(context, len(ids) - n + 1):
        gram = tuple(ids[start : start + n])
        if not places[gram] or start >= places[gram][-1] + n:
            places[gram].append(start)
    expected = sorted((p for p in places.values() if len(p) >= least), key=lambda p: (-len(p), p[0]))
    found = frequent(np.array(ids), n, least, context)
    if len(ids) - n + 1 - context >= 2:
        assert [one.tolist() for one in found] == expected


def test_distances_are_those_of_all_pairs() -> None:
    draw = np.random.default_rng(0)
    sizes = [5, 3, 8]
    vectors = draw.normal(0.5, 1, (16, 6)).astype(np.float32)

    def apart(a: np.ndarray, b: np.ndarray) -> float:
        return 1 - float(a @ b) / float(np.linalg.norm(a) * np.linalg.norm(b))

    parts = np.split(vectors.astype(float), [5, 8])
    middles = [part.mean(0) for part in parts]
    within = np.mean(
        [np.mean([apart(row, to) for row in part]) for part, to in zip(parts, middles, strict=True)]
    )
    between = np.mean([apart(a, b) for a, b in combinations(middles, 2)])
    assert distances(vectors, sizes) == pytest.approx((within, between), abs=1e-12)
    vectors[3] = 0
    with pytest.raises(InputError, match="is zero and has no direction"):
        distances(vectors, sizes)


def text_of(grams: dict[int, int], n: int = 4) -> np.ndarray:
    """n-grams that begin with a token of their own, each so often, between tokens that never repeat."""
    ids, fresh = [], iter(range(100, 100_000))
    for gram, times in grams.items():
        for _ in range(times):
            ids += [next(fresh) for _ in range(6)] + [gram * 10 + k for k in range(n)]
    return np.array(ids)


def test_the_threshold_adapts_and_is_reported() -> None:
    ids = text_of({1: 9, 2: 7, 3: 5, 4: 2})
    made = clusters(ids, n=4, occurrences=6, context=5, count=2)
    assert made.occurrences == 6 and [len(one) for one in made.ends] == [6, 6]
    made = clusters(ids, n=4, occurrences=6, context=5, count=3)
    assert made.occurrences == 5 and [len(one) for one in made.ends] == [5, 5, 5]
    made = clusters(ids, n=4, occurrences=6, context=5, count=50)  # the fourth occurs too seldom
    assert made.occurrences == 5 and len(made.ends) == 3
    assert [set(ids[one].tolist()) for one in made.ends] == [{10}, {20}, {30}]
    rows = contexts(ids, made.ends[1], 5, np.array([7]))
    assert rows.shape == (5, 6) and set(rows[:, 0]) == {7}
    for row, end in zip(rows, made.ends[1], strict=True):
        assert row[1:].tolist() == ids[end - 5 : end].tolist()
    drawn = [clusters(ids, n=4, occurrences=5, context=5, count=2, seed=s).ends[0] for s in (0, 0, 1)]
    assert (drawn[0] == drawn[1]).all() and (drawn[0] != drawn[2]).any()


def test_n_grams_of_one_repeated_passage_are_one_cluster() -> None:
    ids = text_of({1: 6, 5: 4}, n=9)  # each passage of 9 tokens holds six 4-grams
    made = clusters(ids, n=4, occurrences=4, context=3, count=10)
    starts = [sorted(set(ids[one].tolist())) for one in made.ends]
    assert starts == [[10], [14], [50], [54]]  # those that do not overlap one another


def test_what_makes_no_clusters_is_refused() -> None:
    with pytest.raises(InputError) as refused:
        clusters(text_of({1: 9}), n=4, context=5)
    assert str(refused.value) == (
        "The text has 1 sequences of 4 tokens that stand 3 times or more behind 5 others: give more text, or "
        "ask for shorter ones."
    )
    with pytest.raises(InputError, match=r"^Clusters need n-grams of one token"):
        clusters(np.arange(50), occurrences=2)
