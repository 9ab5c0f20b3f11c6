"""Training of a causal language model, in steps that can be stopped and gone on with.

AdamW with the betas, warm-up and cosine of "Disentangling geometry, performance, and training in language
models", Table 1. What a step reads depends on the seed and the step alone, so a run that goes on after a kill
ends with the same weights, bit for bit on a CPU with the same number of threads.
"""

import json
import math
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import InputError
from core.training.push_away import push_away_loss
from core.training.texts import batch

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

Progress = Callable[[str, int, int, str], None]

KEPT = 10  # how often a run's state is kept on its way
_BATCH = 64  # rows that are evaluated at once


@dataclass(frozen=True)
class Recipe:
    """How a model is trained.

    steps: of `batch` rows each. annealing: the last learning rate as a share of the highest. warmup: share of
    the steps. push: λ of the push-away loss. across: of pairs of different domains alone.
    precision: "float32", or "bfloat16" for autocast.
    """

    steps: int
    batch: int
    learning_rate: float
    weight_decay: float = 0.1
    annealing: float = 0.1
    warmup: float = 0.1
    push: float = 0.0
    across: bool = False
    clip: float = 1.0
    seed: int = 0
    precision: str = "float32"

    def rate(self, step: int) -> float:
        """The learning rate of a step (from 0): a linear rise, then half a cosine down to the last rate."""
        warm = max(int(self.warmup * self.steps), 1)
        if step < warm:
            return self.learning_rate * (step + 1) / warm
        share = (step - warm) / max(self.steps - warm, 1)
        low = self.annealing * self.learning_rate
        return low + (self.learning_rate - low) * (1 + math.cos(math.pi * share)) / 2


def train(
    model: "PreTrainedModel",
    parts: list[np.ndarray],
    recipe: Recipe,
    *,
    marks: Iterable[int] = (),
    measure: Callable[[int], dict[str, Any]] | None = None,
    state: Path | None = None,
    progress: Progress | None = None,
) -> list[dict[str, Any]]:
    """Train `model` in place, on its device; returns what `measure(step)` gave at each of `marks`.

    parts: blocks (n, length) of each domain, read in equal shares. marks: numbers of steps done.
    state: a file that keeps the run on its way; a run that finds one of the same recipe there goes on from
    it, and takes it away at its end.
    Errors: InputError once the loss is not finite; the last state with finite numbers stays in `state`.
    """
    import torch

    device = next(model.parameters()).device
    weights = dict(model.named_parameters())
    groups = [
        {"params": [p for p in weights.values() if p.ndim > 1], "weight_decay": recipe.weight_decay},
        {"params": [p for p in weights.values() if p.ndim < 2], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=recipe.learning_rate, betas=(0.9, 0.95), fused=True)
    wanted = sorted({one for one in marks if one <= recipe.steps})
    done, made = _restore(state, recipe, weights, optimizer)
    model.train()
    for step in range(done, recipe.steps + 1):
        if step in wanted and measure is not None and step not in {one["step"] for one in made}:
            made.append({"step": step} | measure(step))
            model.train()
        if state is not None and step > done and step % max(1, recipe.steps // KEPT) == 0:
            _keep(state, recipe, step, made, weights, optimizer)
        if step == recipe.steps:
            break
        for group in optimizer.param_groups:
            group["lr"] = recipe.rate(step)
        rows, domain = batch(parts, recipe.batch, recipe.seed, step)
        loss = _loss(model, torch.from_numpy(rows).to(device), torch.from_numpy(domain).to(device), recipe)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(weights.values(), recipe.clip)
        if not math.isfinite(float(loss.detach())) or not math.isfinite(float(norm)):
            kept = f"; the state before is kept in {state}" if state is not None and state.exists() else ""
            raise InputError(
                f"The loss is not finite at step {step + 1:,} of {recipe.steps:,}, with learning rate "
                f"{recipe.learning_rate:g} and λ {recipe.push:g}: give a lower learning rate{kept}."
            )
        optimizer.step()
        optimizer.zero_grad()
        if progress is not None:
            progress("training", step + 1, recipe.steps, "steps")
    model.eval()
    if state is not None:
        state.unlink(missing_ok=True)
    return made


def _loss(
    model: "PreTrainedModel", ids: "torch.Tensor", domain: "torch.Tensor", recipe: Recipe
) -> "torch.Tensor":
    import torch

    with torch.autocast(ids.device.type, torch.bfloat16, enabled=recipe.precision == "bfloat16"):
        hidden, each = _read(model, ids)
        loss = each.mean()
        if recipe.push:
            loss = loss + recipe.push * push_away_loss(hidden, domain if recipe.across else None)
    return loss


def _read(model: "PreTrainedModel", ids: "torch.Tensor") -> "tuple[torch.Tensor, torch.Tensor]":
    """The last hidden states (b, t, d), and the loss of each predicted token in nats (b, t − 1)."""
    import torch

    run: Any = model
    made = run(input_ids=ids, use_cache=False, output_hidden_states=True)
    logits = made.logits[:, :-1].float()
    flat = torch.nn.functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten(), reduction="none")
    return made.hidden_states[-1], flat.view(len(ids), -1)


@dataclass(frozen=True)
class Reading:
    """Of rows that a model read: the mean loss in nats a predicted token, and states (k, d), float32.

    each: the mean loss of each row, (n,).
    """

    loss: float
    each: np.ndarray
    last: np.ndarray  # of the last token of each row
    every: np.ndarray  # of every token, thinned to `states` of them


def read(model: "PreTrainedModel", rows: np.ndarray, states: int = 5000) -> Reading:
    """What a model makes of blocks (n, length) that it did not train on."""
    import torch

    device = next(model.parameters()).device
    model.eval()
    losses, last, every = [], [], []
    step = max(1, rows.size // states)
    with torch.no_grad():
        for start in range(0, len(rows), _BATCH):
            ids = torch.from_numpy(rows[start : start + _BATCH]).to(device)
            hidden, each = _read(model, ids)
            losses.append(each.double().mean(1).cpu().numpy())
            last.append(hidden[:, -1].float().cpu().numpy())
            flat = hidden.flatten(0, 1)
            first = -(start * rows.shape[1]) % step
            every.append(flat[first::step].float().cpu().numpy())
    each_row = np.concatenate(losses)
    return Reading(float(each_row.mean()), each_row, np.concatenate(last), np.concatenate(every))


def _keep(
    state: Path,
    recipe: Recipe,
    step: int,
    made: list[dict[str, Any]],
    weights: "dict[str, torch.nn.Parameter]",
    optimizer: "torch.optim.Optimizer",
) -> None:
    """Write weights, moments and results to `state`, whole or not at all; not what is not finite."""
    import torch
    from safetensors.torch import save_file

    if not all(bool(torch.isfinite(p).all()) for p in weights.values()):
        return
    tensors = {f"model.{name}": p.detach().cpu().contiguous() for name, p in weights.items()}
    for name, p in weights.items():
        kept = optimizer.state.get(p, {})
        tensors |= {f"{key}.{name}": kept[key].cpu() for key in ("exp_avg", "exp_avg_sq") if key in kept}
    told = {"step": step, "recipe": asdict(recipe), "made": made}
    state.parent.mkdir(parents=True, exist_ok=True)
    beside = state.with_name(f".tmp-{state.name}")
    save_file(tensors, beside, metadata={"run": json.dumps(told)})
    beside.replace(state)


def _restore(
    state: Path | None,
    recipe: Recipe,
    weights: "dict[str, torch.nn.Parameter]",
    optimizer: "torch.optim.Optimizer",
) -> tuple[int, list[dict[str, Any]]]:
    """How many steps a kept run has done, and its results so far; (0, []) without one of this recipe."""
    import torch
    from safetensors import safe_open

    if state is None or not state.exists():
        return 0, []
    with safe_open(state, "pt") as file:
        told = json.loads((file.metadata() or {}).get("run", "{}"))
        names = set(file.keys())
        if told.get("recipe") != asdict(recipe) or {f"model.{name}" for name in weights} - names:
            return 0, []
        step = int(told["step"])
        with torch.no_grad():
            for name, p in weights.items():
                p.copy_(file.get_tensor(f"model.{name}"))
                optimizer.state[p] = {
                    "step": torch.tensor(float(step)),
                    "exp_avg": file.get_tensor(f"exp_avg.{name}").to(p.device),
                    "exp_avg_sq": file.get_tensor(f"exp_avg_sq.{name}").to(p.device),
                }
    return step, told["made"]
