"""Does a loss that moves hidden states apart lower perplexity? A decoder is trained with it and without.

Source: "On the predictive power of representation dispersion in language models", §3.4, B.4 and Table 2:
L = cross-entropy + λ·(−d̄), d̄ the mean cosine distance of a batch's last hidden states over all pairs, or
of two domains over the pairs across them. λ is chosen on validation text for each learning rate. Departures:
several seeds, of which the first chooses λ, and the optimizer's schedule, which the paper does not give
(`core.training.loop`).

`push_away_loss` is for training loops of one's own as well.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import InputError
from core.measures.cloud import Cloud
from core.measures.families.dispersion import dispersion
from core.statistics.means import mean_interval
from core.training.decoders import Shape, made
from core.training.loop import Progress, Recipe, read, train
from core.training.push_away import push_away_loss
from core.training.texts import Blocks

if TYPE_CHECKING:
    import numpy as np

__all__ = ["PRESETS", "Comparison", "Preset", "Run", "compare", "push_away_loss", "runs"]

SINGLE, CROSS = "single", "cross"
_TESTED = 512  # blocks of each domain that a model is tested on


@dataclass(frozen=True)
class Preset:
    """Sizes of the study. characters: of each domain that are read at most, from its beginning; None: all."""

    shape: Shape
    length: int
    batch: int
    steps: int
    marks: tuple[int, ...]
    rates: tuple[float, ...]
    pushes: tuple[float, ...]
    seeds: int = 3
    characters: int | None = None
    precision: str = "float32"


_PAPER = (0.5, 0.2, 0.1, 0.07, 0.05, 0.02, 0.01, 0.007, 0.005, 0.002, 0.001)
PRESETS = {  # name → (of one domain, of two)
    "minutes": (
        Preset(
            Shape(64, 2, 4, 1024, 64, "gpt2"),
            *(64, 32, 240, (60, 120, 180, 240), (3e-3,), (0.02, 0.1, 0.5)),
            characters=3_000_000,
        ),
    )
    * 2,
    "hours": (
        Preset(
            Shape(256, 6, 8, 8192, 128, "gpt2"),
            *(128, 32, 1000, (250, 500, 750, 1000), (1e-3, 5e-4), (0.02, 0.1, 0.5)),
            characters=30_000_000,
        ),
    )
    * 2,
    "paper": (
        Preset(
            Shape(768, 12, 12, 50257, 1024, "gpt2"),
            *(512, 64, 1000, (500, 1000), (1e-3, 7e-4, 5e-4), _PAPER),
            precision="bfloat16",
        ),
        Preset(
            Shape(768, 12, 12, 50257, 1024, "gpt2"),
            *(256, 128, 1000, (500, 1000), (1e-3, 7e-4, 5e-4), _PAPER),
            precision="bfloat16",
        ),
    ),
}


@dataclass(frozen=True)
class Mark:
    """A model after `step` steps: perplexity on validation and test text by domain, and dispersion.

    dispersion: of the states of test tokens of all domains together, which is what the loss raises on one
    domain. across: the mean distance of test states of different domains; None where there is one.
    """

    step: int
    valid: dict[str, float]
    test: dict[str, float]
    dispersion: float
    across: float | None


@dataclass(frozen=True)
class Run:
    """One training. push: λ, 0 for the plain one."""

    rate: float
    push: float
    seed: int
    marks: list[Mark]


@dataclass(frozen=True)
class Comparison:
    """Perplexity on test text with the loss and without, over seeds.

    low, high: the 95 % interval of the mean difference (paired, Student's t); None for one seed.
    """

    rate: float
    push: float
    step: int
    domain: str
    plain: float
    pushed: float
    difference: float
    low: float | None
    high: float | None
    seeds: int


def runs(
    domains: list[Blocks],
    preset: Preset,
    *,
    device: str = "cpu",
    found: Callable[[Recipe], Run | None] = lambda recipe: None,
    keep: Callable[[Recipe, Run], object] = lambda recipe, run: None,
    state: Path | None = None,
    progress: Progress | None = None,
) -> Iterator[Run]:
    """Every run of the study, in the order in which λ can be chosen.

    domains: one, or two of which pairs are pushed apart. found, keep: of runs that were made before.
    state: a file that keeps the run in hand, for the next start.
    Errors: InputError where a loss is not finite.
    """
    total = len(preset.rates) * (2 * preset.seeds - 1 + len(preset.pushes))
    count = 0

    def one(rate: float, push: float, seed: int) -> Run:
        nonlocal count
        recipe = Recipe(
            preset.steps,
            preset.batch,
            rate,
            push=push,
            across=len(domains) > 1,
            seed=seed,
            precision=preset.precision,
        )
        count += 1
        if (before := found(recipe)) is not None:
            return before
        place = count

        def tell(stage: str, done: int, of: int, unit: str) -> None:
            if progress is not None:
                progress(f"run {place} of {total}: λ {push:g}, seed {seed}", done, of, unit)

        result = Run(rate, push, seed, _trained(domains, preset, recipe, device, state, tell))
        keep(recipe, result)
        return result

    for rate in preset.rates:
        yield one(rate, 0.0, 0)
        tried = [one(rate, push, 0) for push in preset.pushes]
        yield from tried
        chosen = best(tried).push
        for seed in range(1, preset.seeds):
            yield one(rate, 0.0, seed)
            yield one(rate, chosen, seed)


def best(tried: Sequence[Run]) -> Run:
    """The run with the lowest perplexity on validation text, the geometric mean of its domains."""

    def missed(run: Run) -> float:
        values = run.marks[-1].valid.values()
        return sum(map(math.log, values)) / len(values)

    return min(tried, key=missed)


def compare(made: Sequence[Run]) -> list[Comparison]:
    """With the chosen λ of each learning rate against without, at each mark and on each domain."""
    import numpy as np

    rows = []
    for rate in dict.fromkeys(run.rate for run in made):
        own = [run for run in made if run.rate == rate]
        chosen = best([run for run in own if run.push]).push  # later seeds are of the chosen λ alone
        plain = {run.seed: run for run in own if not run.push}
        pushed = {run.seed: run for run in own if run.push == chosen}
        seeds = sorted(set(plain) & set(pushed))
        for place, mark in enumerate(plain[seeds[0]].marks):
            for domain in mark.test:
                a = np.array([plain[seed].marks[place].test[domain] for seed in seeds])
                b = np.array([pushed[seed].marks[place].test[domain] for seed in seeds])
                mean, low, high = mean_interval(b - a)
                rows.append(
                    Comparison(
                        *(rate, chosen, mark.step, domain, float(a.mean()), float(b.mean())),
                        *(mean, low, high, len(seeds)),
                    )
                )
    return rows


def _trained(
    domains: list[Blocks],
    preset: Preset,
    recipe: Recipe,
    device: str,
    state: Path | None,
    progress: Progress,
) -> list[Mark]:
    import numpy as np

    shape = replace(preset.shape, positions=max(preset.shape.positions, preset.length))
    model: Any = made(shape, recipe.seed)
    model.to(device)

    def measure(step: int) -> dict[str, object]:
        valid = {one.name: math.exp(read(model, one.valid[:_TESTED]).loss) for one in domains}
        tested = {one.name: read(model, one.test[:_TESTED]) for one in domains}
        states = np.concatenate([one.every for one in tested.values()])
        return {
            "valid": valid,
            "test": {name: math.exp(one.loss) for name, one in tested.items()},
            "dispersion": dispersion(Cloud(states, spectra=False)).value,
            "across": _across([one.every for one in tested.values()]),
        }

    parts = [one.train for one in domains]
    if recipe.batch % len(parts):
        raise InputError(f"A batch of {recipe.batch} cannot be shared by {len(parts)} domains.")
    rows = train(model, parts, recipe, marks=preset.marks, measure=measure, state=state, progress=progress)
    return [Mark(**row) for row in rows]


def _across(states: "list[np.ndarray]") -> float | None:
    """The mean cosine distance of states of different domains."""
    import torch

    if len(states) < 2:
        return None
    kind = torch.cat([torch.full((len(one),), place) for place, one in enumerate(states)])
    return -float(push_away_loss(torch.cat([torch.from_numpy(one) for one in states]), kind))
