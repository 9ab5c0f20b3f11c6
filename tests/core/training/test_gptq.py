"""GPTQ keeps ‖WX − QX‖² small: never worse than the nearest, the optimum where that is known."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InputError
from core.training.decoders import Shape, made
from core.training.gptq import DAMPING, gptq, grid, nearest, quantize
from core.training.loop import Recipe, read, train


def cost(weight: torch.Tensor, rounded: torch.Tensor, gram: torch.Tensor) -> float:
    """‖WX − QX‖² with the damping that GPTQ adds to XXᵀ."""
    lost = (weight - rounded).double()
    damped = gram.double() + DAMPING * gram.diagonal().double().mean() * torch.eye(len(gram))
    return float(((lost @ damped) * lost).sum())


@given(seed=st.integers(0, 10**6), bits=st.integers(2, 8))
@settings(max_examples=30, deadline=None)
def test_inputs_without_correlation_have_the_nearest_as_their_optimum(seed: int, bits: int) -> None:
    torch.manual_seed(seed)
    weight = torch.randn(5, 7, dtype=torch.float64)
    gram = torch.diag(torch.rand(7, dtype=torch.float64) + 0.1)
    torch.testing.assert_close(gptq(weight, gram, bits), nearest(weight, *grid(weight, bits), bits))


def test_two_correlated_inputs_reach_the_optimum_of_all_choices_mostly() -> None:
    """One row, two columns, every pair of grid values tried: GPTQ, which is greedy, mostly finds the best."""
    torch.manual_seed(0)
    best, ours, plain = [], [], []
    for _ in range(60):
        weight, x = torch.randn(1, 2, dtype=torch.float64), torch.randn(2, 40, dtype=torch.float64)
        x[1] = 0.9 * x[0] + 0.3 * x[1]
        gram = x @ x.T
        step, zero = grid(weight, 3)
        values = [float(step * (q - zero)) for q in range(8)]
        tried = [torch.tensor([pair], dtype=torch.float64) for pair in itertools.product(values, repeat=2)]
        best.append(min(cost(weight, one, gram) for one in tried))
        ours.append(cost(weight, gptq(weight, gram, 3), gram))
        plain.append(cost(weight, nearest(weight, step, zero, 3), gram))
    assert all(own >= least - 1e-9 for own, least in zip(ours, best, strict=True))
    assert np.mean(np.isclose(ours, best)) > 0.7 and sum(ours) < 0.8 * sum(plain)


@pytest.mark.parametrize("bits", [2, 3, 4])
def test_it_beats_the_nearest_on_the_calibration_objective(bits: int) -> None:
    torch.manual_seed(1)
    weight = torch.randn(24, 48)
    x = torch.randn(48, 12) @ torch.randn(12, 300) + 0.3 * torch.randn(48, 300)  # correlated, as states are
    gram = x @ x.T
    ours, plain = gptq(weight, gram, bits), nearest(weight, *grid(weight, bits), bits)
    assert cost(weight, ours, gram) < 0.4 * cost(weight, plain, gram)


def test_values_stand_on_the_grid_of_their_row_and_dead_inputs_are_zero() -> None:
    torch.manual_seed(2)
    weight, x = torch.randn(6, 10), torch.randn(10, 50)
    x[3] = 0
    rounded = gptq(weight, x @ x.T, 3)
    assert torch.equal(rounded[:, 3], torch.zeros(6))
    weight[:, 3] = 0
    step, zero = grid(weight, 3)
    whole = rounded / step + zero
    torch.testing.assert_close(whole, whole.round(), atol=1e-4, rtol=0)
    assert whole.min() > -0.01 and whole.max() < 7.01


@pytest.fixture(scope="module")
def learnt() -> tuple[dict, np.ndarray, Shape]:
    """A small decoder that has learnt a text with few patterns."""
    shape = Shape(32, 2, 2, 40, 16)
    rng = np.random.default_rng(0)
    rows = (rng.integers(0, 5, size=(120, 1)) * 7 + 3 * np.arange(16)) % 40
    model = made(shape, 0)
    train(model, [rows[:80]], Recipe(steps=150, batch=16, learning_rate=1e-2))
    return model.state_dict(), rows[80:], shape


def rounded_loss(learnt, bits: int, method: str) -> float:
    weights, rows, shape = learnt
    model = made(shape, 0)
    model.load_state_dict(weights)
    assert quantize(model, rows[:20], bits, method) > 0.95
    return read(model, rows[20:]).loss


def test_a_rounded_decoder_loses_little_at_8_bits_and_less_by_gptq_at_3(learnt) -> None:
    weights, rows, shape = learnt
    plain = made(shape, 0)
    plain.load_state_dict(weights)
    loss = read(plain, rows[20:]).loss
    assert rounded_loss(learnt, 8, "gptq") == pytest.approx(loss, abs=0.01)
    assert rounded_loss(learnt, 3, "gptq") < rounded_loss(learnt, 3, "nearest")


def test_gpt2s_transposed_matrices_are_rounded_in_place() -> None:
    model = made(Shape(16, 2, 2, 40, 16, "gpt2"), 0)
    before = model.transformer.h[0].attn.c_attn.weight.clone()
    quantize(model, np.arange(32).reshape(2, 16), 2, "nearest")
    after = model.transformer.h[0].attn.c_attn.weight
    torch.testing.assert_close(after.T, nearest(before.T, *grid(before.T, 2), 2))
    assert not torch.equal(before, after)


def test_a_model_without_one_list_of_blocks_is_refused() -> None:
    model = made(Shape(16, 2, 2, 40, 16), 0)
    model.config.num_hidden_layers = 5
    with pytest.raises(InputError, match="The blocks of a LlamaForCausalLM are not one list of modules"):
        quantize(model, np.zeros((1, 4), np.int64))
