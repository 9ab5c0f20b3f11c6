"""kNN-LM's arithmetic against a computation by hand, and the search against a plain one."""

import math

import numpy as np
import pytest

from core.studies.nearest_tokens import FLAT_UP_TO, Datastore, interpolated, neighbour_probability, tuned


def test_a_tiny_case_is_that_computed_by_hand() -> None:
    keys = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 2.0], [9.0, 9.0]], np.float32)
    store = Datastore(keys, np.array([7, 8, 7, 5]))
    distances, tokens = store.neighbours(np.array([[0.0, 0.0]], np.float32), 3)
    assert distances.tolist() == [[0, 1, 4]] and tokens.tolist() == [[7, 8, 7]]
    # T = 2: weights 1, e^−0.5, e^−2, of which the first and the last are of token 7.
    near = (1 + math.exp(-2)) / (1 + math.exp(-0.5) + math.exp(-2))
    probability = neighbour_probability(distances, tokens == 7, 2.0)
    assert probability == pytest.approx([near])
    mixed = interpolated(np.array([-math.log(0.2)]), probability, 0.25)
    assert mixed == pytest.approx([-math.log(0.25 * near + 0.75 * 0.2)])
    none = neighbour_probability(distances, tokens == 5, 2.0)
    assert interpolated(np.array([1.5]), none, 0.25) == pytest.approx([1.5 - math.log(0.75)])
    assert store.recall(keys, 3) is None


def test_without_weight_the_losses_are_the_models() -> None:
    losses = np.random.default_rng(0).exponential(2, 50)
    assert np.array_equal(interpolated(losses, np.zeros(50), 0), losses)


def test_weight_and_temperature_are_the_best_of_the_grids() -> None:
    draw = np.random.default_rng(1)
    losses, distances = draw.exponential(2, 300), np.sort(draw.exponential(4, (300, 8)), axis=1)
    same = draw.random((300, 8)) < np.exp(-distances / 4)
    best = tuned(losses, distances, same)
    assert 0 < best.weight < 1
    probability = neighbour_probability(distances, same, best.temperature)
    assert best.loss == pytest.approx(interpolated(losses, probability, best.weight).mean())
    for weight in (best.weight - 0.01, best.weight + 0.01):
        assert interpolated(losses, probability, weight).mean() >= best.loss
    nothing = tuned(losses, distances, np.zeros_like(same))
    assert nothing.weight == 0 and nothing.loss == pytest.approx(losses.mean())


def test_distances_too_large_for_their_exponentials_leave_a_probability() -> None:
    distances = np.array([[4e6, 5e6], [0.0, np.inf]])
    assert neighbour_probability(distances, np.array([[True, False], [True, True]]), 1.0).tolist() == [1, 1]


def test_above_the_limit_the_search_is_inexact_and_says_how_much() -> None:
    draw = np.random.default_rng(2)
    keys, tokens = draw.normal(size=(3000, 8)).astype(np.float32), draw.integers(0, 9, 3000)
    queries = draw.normal(size=(400, 8)).astype(np.float32)
    exact, fast = Datastore(keys, tokens, flat_up_to=3000), Datastore(keys, tokens, flat_up_to=2999)
    assert exact.exact and exact.recall(queries, 5) is None and FLAT_UP_TO == 200_000
    squared = ((queries[:, None] - keys[None]) ** 2).sum(-1)
    distances, found = exact.neighbours(queries, 5)
    order = np.argsort(squared, axis=1)[:, :5]
    assert np.array_equal(found, tokens[order])
    np.testing.assert_allclose(distances, np.take_along_axis(squared, order, 1), rtol=1e-4, atol=1e-5)
    recall = fast.recall(queries, 5)
    assert not fast.exact and recall is not None and 0.5 < recall < 1
    _, roughly = fast.neighbours(queries, 5)
    assert np.mean(roughly == found) == pytest.approx(recall, abs=0.15)
    again = Datastore(keys, tokens, flat_up_to=2999).neighbours(queries, 5)
    assert np.array_equal(again[1], roughly)


def test_fewer_keys_than_neighbours_are_all_taken_and_a_search_can_be_stopped() -> None:
    store = Datastore(np.eye(3, dtype=np.float32), np.arange(3))
    far: list[tuple[int, int]] = []
    distances, _ = store.neighbours(np.zeros((1500, 3), np.float32), 64, lambda *one: far.append(one))
    assert distances.shape == (1500, 3) and far == [(1024, 1500), (1500, 1500)]
