"""Training goes on where it stopped, repeats bit for bit, and stops at numbers that are not finite."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from core.errors import InputError
from core.training.decoders import Shape, made
from core.training.loop import Recipe, read, train
from core.training.texts import batch

ROWS = np.random.default_rng(0).integers(0, 40, size=(24, 12))
SHAPE = Shape(16, 1, 2, 40, 16)
RECIPE = Recipe(steps=20, batch=8, learning_rate=5e-3, seed=3)


class StoppedError(Exception):
    """What a killed process looks like from inside."""


def weights(model) -> dict[str, torch.Tensor]:
    return {name: one.detach().clone() for name, one in model.state_dict().items()}


def trained(recipe: Recipe, **options):
    model = made(SHAPE, recipe.seed)
    marks = train(model, [ROWS], recipe, **options)
    return weights(model), marks


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(one[name], other[name]) for name in one)


def test_a_seed_repeats_bit_for_bit_and_learns() -> None:
    first, _ = trained(RECIPE)
    again, _ = trained(RECIPE)
    assert same(first, again) and not same(first, trained(replace(RECIPE, seed=4))[0])
    model = made(SHAPE, 3)
    before = read(model, ROWS).loss
    train(model, [ROWS], replace(RECIPE, steps=200))
    assert read(model, ROWS).loss < before - 0.5


def test_a_stopped_run_ends_with_the_same_weights_and_marks(tmp_path: Path) -> None:
    state = tmp_path / "state.safetensors"

    def measuring(step: int) -> dict[str, object]:
        return {"twice": 2 * step}

    whole, marks = trained(RECIPE, marks=(5, 20), measure=measuring)

    def stop(stage: str, done: int, total: int, unit: str) -> None:
        if done == 13:
            raise StoppedError

    with pytest.raises(StoppedError):
        trained(RECIPE, marks=(5, 20), measure=measuring, state=state, progress=stop)
    assert state.exists()
    seen: list[int] = []

    def note(stage: str, done: int, total: int, unit: str) -> None:
        seen.append(done)

    resumed, other = trained(RECIPE, marks=(5, 20), measure=measuring, state=state, progress=note)
    assert (
        seen[0] == 13
        and same(whole, resumed)
        and marks
        == other
        == [
            {"step": 5, "twice": 10},
            {"step": 20, "twice": 40},
        ]
    )
    assert not state.exists()


def test_a_state_of_another_recipe_is_not_gone_on_with(tmp_path: Path) -> None:
    state = tmp_path / "state.safetensors"

    def stop(stage: str, done: int, total: int, unit: str) -> None:
        if done == 13:
            raise StoppedError

    with pytest.raises(StoppedError):
        trained(RECIPE, state=state, progress=stop)
    other = replace(RECIPE, learning_rate=1e-3)
    assert same(trained(other)[0], trained(other, state=state)[0])


def test_a_loss_that_is_not_finite_stops_with_the_last_good_state(tmp_path: Path) -> None:
    from safetensors.torch import load_file

    state = tmp_path / "state.safetensors"
    model = made(SHAPE, 0)
    recipe = replace(RECIPE, steps=50)

    def spoil(stage: str, done: int, total: int, unit: str) -> None:
        if done == 30:
            with torch.no_grad():
                model.get_output_embeddings().weight[0, 0] = float("inf")

    with pytest.raises(InputError) as caught:
        train(model, [ROWS], recipe, state=state, progress=spoil)
    assert str(caught.value) == (
        "The loss is not finite at step 31 of 50, with learning rate 0.005 and λ 0: give a lower learning "
        f"rate; the state before is kept in {state}."
    )
    kept = load_file(state)
    assert all(bool(torch.isfinite(one).all()) for one in kept.values())


def test_the_loss_read_is_that_of_the_model_class() -> None:
    model = made(SHAPE, 0)
    ids = torch.from_numpy(ROWS)
    expected = model(input_ids=ids, labels=ids).loss.item()
    made_of = read(model, ROWS, states=40)
    assert made_of.loss == pytest.approx(expected, rel=1e-6)
    hidden = model.model(input_ids=ids).last_hidden_state.detach()
    np.testing.assert_allclose(made_of.last, hidden[:, -1].numpy(), atol=1e-6)
    step = ROWS.size // 40
    np.testing.assert_allclose(made_of.every, hidden.flatten(0, 1)[::step].numpy(), atol=1e-6)


def test_the_rate_rises_and_falls_to_its_share() -> None:
    recipe = Recipe(steps=100, batch=1, learning_rate=1.0, annealing=0.25)
    rates = [recipe.rate(step) for step in range(100)]
    assert rates[9] == 1.0 == max(rates) and rates[0] == 0.1
    assert rates[-1] == pytest.approx(0.25, abs=1e-3) and rates[10:] == sorted(rates[10:], reverse=True)


def test_batches_share_domains_and_read_every_row_once_a_round() -> None:
    parts = [np.arange(10)[:, None], 100 + np.arange(4)[:, None]]
    seen = [batch(parts, 4, seed=1, step=step) for step in range(5)]
    assert all(list(domain) == [0, 0, 1, 1] for _, domain in seen)
    first = np.concatenate([rows[:2, 0] for rows, _ in seen])
    assert sorted(first) == list(range(10))
    second = np.concatenate([rows[2:, 0] for rows, _ in seen[:4]])
    assert sorted(second[:4]) == sorted(second[4:]) == [100, 101, 102, 103]
