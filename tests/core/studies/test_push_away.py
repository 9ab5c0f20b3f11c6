"""The study of the push-away loss: the same seeds with it and without, λ chosen on validation text."""

import numpy as np
import pytest
from scipy import stats

from core.studies import push_away, training_tables
from core.studies.push_away import Mark, Preset, Run, best, compare, runs
from core.training.decoders import Shape
from core.training.texts import Blocks

PRESET = Preset(Shape(16, 1, 2, 50, 16, "gpt2"), 12, 8, 16, (8, 16), (5e-3,), (0.5, 2.0), seeds=2)


def blocks_of(name: str, seed: int) -> Blocks:
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, 25, size=(60, 12)) + 25 * (seed % 2)
    return Blocks(name, rows[:40], rows[40:50], rows[50:])


def test_the_public_place_of_the_loss() -> None:
    assert push_away.push_away_loss.__module__ == "core.training.push_away"


@pytest.mark.parametrize("domains", [1, 2])
def test_the_loss_raises_what_it_is_to_raise_in_every_run(domains: int) -> None:
    each = list(runs([blocks_of(f"text {n}", n) for n in range(domains)], PRESET))
    assert [(run.push > 0, run.seed) for run in each] == [
        (False, 0), (True, 0), (True, 0), (False, 1), (True, 1)
    ]  # fmt: skip
    assert [mark.step for mark in each[0].marks] == [8, 16]
    plain = {run.seed: run.marks[-1] for run in each if not run.push}
    for run in each:
        if run.push:
            before, after = plain[run.seed], run.marks[-1]
            pair = (before.across, after.across) if domains == 2 else (before.dispersion, after.dispersion)
            assert pair[1] > pair[0]
    assert each[4].push == best(each[1:3]).push


def test_without_lambda_twice_is_the_same_and_kept_runs_are_not_trained_again() -> None:
    kept: dict = {}
    options = {"found": kept.get, "keep": lambda recipe, run: kept.setdefault(recipe, run)}
    first = list(runs([blocks_of("text", 0)], PRESET))
    second = list(runs([blocks_of("text", 0)], PRESET, **options))
    assert first == second and len(kept) == 5
    steps: list[int] = []
    third = list(
        runs([blocks_of("text", 0)], PRESET, **options, progress=lambda *told: steps.append(told[1]))
    )
    assert third == second and steps == []


def made_up(push: float, seed: int, test: float, valid: float = 10.0) -> Run:
    return Run(1e-3, push, seed, [Mark(5, {"text": valid}, {"text": test}, 0.1 + push, None)])


def test_differences_are_paired_by_seed_with_students_interval() -> None:
    plain, pushed = [20.0, 24.0, 22.0], [19.0, 22.5, 21.5]
    each = [made_up(0.0, seed, value) for seed, value in enumerate(plain)]
    each += [made_up(0.1, seed, value, 9.0) for seed, value in enumerate(pushed)]
    each += [made_up(0.5, 0, 1.0, 11.0)]  # better on test text, worse on validation text
    (row,) = compare(each)
    expected = stats.ttest_rel(pushed, plain).confidence_interval(0.95)
    assert (row.push, row.seeds, row.difference) == (0.1, 3, pytest.approx(-1.0))
    assert (row.low, row.high) == (pytest.approx(expected.low), pytest.approx(expected.high))
    (alone,) = compare([each[0], each[3]])
    assert alone.low is None and alone.seeds == 1


def test_tables_hold_all_that_comparisons_need() -> None:
    each = list(runs([blocks_of("text 0", 0), blocks_of("text 1", 1)], PRESET))
    frame = training_tables.table("push_away", training_tables.push_away_rows("cross", each))
    assert training_tables.push_away_runs(frame) == each
    assert training_tables.push_away_comparisons(frame) == compare(each)
