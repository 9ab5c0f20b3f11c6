"""Prompt entropy and curvature of one sequence's states: closed cases, a plain twin, what padding changes."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch

from core.hidden_states.token_paths import curvature, prompt_entropy


def one(measure, states: np.ndarray) -> float:
    return float(measure(torch.from_numpy(states)[None], torch.tensor([len(states)]))[0])


def test_orthogonal_states_have_the_entropy_log_t_and_states_on_a_line_none() -> None:
    assert one(prompt_entropy, 3 * np.eye(7, 20)) * math.log(7) == pytest.approx(math.log(7), abs=1e-12)
    assert one(prompt_entropy, np.outer(np.arange(1, 6), np.ones(9))) == pytest.approx(0, abs=1e-12)


def test_a_straight_path_is_not_curved_and_a_right_angled_one_is_by_half_pi() -> None:
    straight = np.outer(np.arange(6.0) ** 2, [1.0, 2.0, -1.0])
    corners = np.cumsum(np.eye(5), axis=0)
    assert one(curvature, straight) == pytest.approx(0, abs=1e-12)
    assert one(curvature, corners) == pytest.approx(math.pi / 2, abs=1e-12)
    assert one(curvature, np.array([[0.0], [1.0], [0.0], [1.0]])) == pytest.approx(math.pi, abs=1e-12)


def test_both_equal_a_plain_computation_whatever_stands_beside_them() -> None:
    draw = np.random.default_rng(0)
    lengths = [9, 5, 3]
    padded = draw.normal(size=(3, 9, 4)).astype(np.float32)  # beyond the lengths there is no zero
    entropies = prompt_entropy(torch.from_numpy(padded), torch.tensor(lengths)).numpy()
    bends = curvature(torch.from_numpy(padded), torch.tensor(lengths)).numpy()
    for row, T in enumerate(lengths):
        z = padded[row, :T].astype(float)
        share = np.linalg.eigvalsh(z @ z.T)
        share = share[share > 1e-12] / np.trace(z @ z.T)
        assert entropies[row] == pytest.approx(-(share * np.log(share)).sum() / math.log(T), rel=1e-6)
        v = np.diff(z, axis=0)
        cosines = [a @ b / np.linalg.norm(a) / np.linalg.norm(b) for a, b in pairwise(v)]
        assert bends[row] == pytest.approx(np.mean(np.arccos(cosines)), rel=1e-6)


def test_what_has_no_direction_is_left_out() -> None:
    stays = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 0.0], [1.0, 1.0], [2.0, 1.0]])
    assert one(curvature, stays) == pytest.approx(math.pi / 2)  # the one angle between steps that move
    assert math.isnan(one(curvature, np.ones((4, 3)))) and math.isnan(one(curvature, np.eye(2)))
    assert math.isnan(one(prompt_entropy, np.zeros((4, 3)))) and math.isnan(one(prompt_entropy, np.eye(1, 3)))
