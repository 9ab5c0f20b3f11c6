"""Forward passes whose states, at every layer, and losses are looked at batch by batch and not kept.

One pass serves everything that is asked of a text: memory is bounded by a batch. Losses come from the model
with its own head, so that whatever the class does to its logits (scaling, caps, biases) is done here.
"""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from core.blocks import Progress
from core.checkpoints.language_models import load_language_model
from core.checkpoints.loading import left_aside, load_model, text_part
from core.checkpoints.quiet import quiet
from core.checkpoints.resolve import Checkpoint
from core.errors import InputError
from core.hidden_states.batches import BUDGETS, Budget, batches, each, pad, threads_for
from core.hidden_states.devices import resolve_device, resolve_precision
from core.hidden_states.extraction import running
from core.hidden_states.sharing import tried

if TYPE_CHECKING:
    import torch

    from core.hidden_states.sublayers import SubLayers

_MOST_VALUES = 64_000_000  # in the states and logits of a batch: 256 MB


@dataclass(frozen=True)
class Batch:
    """What a pass gives of b sequences padded on the right to t tokens.

    sequences: (b,), which they are. lengths: (b,), their tokens.
    states: at each layer 0 to L, (b, t, d); those beyond a sequence's length mean nothing.
    losses: (b, t − 1), nats of each token but the first given those before it; None unless asked for.
    blocks: number of a block → the vectors of its sub-layers; of those asked for.
    """

    sequences: np.ndarray
    lengths: np.ndarray
    states: "tuple[torch.Tensor, ...]"
    losses: "torch.Tensor | None"
    blocks: "dict[int, SubLayers]" = field(default_factory=dict)


Take = Callable[[Batch], None]


@dataclass(frozen=True)
class Passed:
    """How the passes were made: layers 0 to `last` of width d. note: what a reader should know, or None."""

    last: int
    d: int
    precision: str
    device: str
    seconds: float
    note: str | None


def run(
    checkpoint: Checkpoint,
    ids: np.ndarray,
    starts: np.ndarray,
    begin: Callable[[int, int], Take],
    *,
    predicting: bool,
    blocks: Callable[[int], Sequence[int]] | None = None,
    device: str = "auto",
    precision: str = "auto",
    progress: Progress | None = None,
) -> Passed:
    """Run a checkpoint on every sequence and hand over what each batch gives.

    ids, starts: (T,) and (n + 1,), as `core.hidden_states.tokens.Tokens`; no sequence is empty.
    begin: called once as begin(last, d) with the number of the last layer and the width; what it returns
        takes the batches, several at a time from different threads.
    predicting: losses too, from the model with its head. blocks: blocks(last) gives the numbers, 1 to `last`,
        of those whose sub-layers are wanted. device, precision: see `core.hidden_states.devices`.
    progress: called with stage, done, total, unit; whatever it raises stops the work.
    Errors: InputError for an unknown device, a model without the head, layers that differ in shape, and for
    sub-layers of a model whose blocks have none that are known.
    """
    import torch

    from core.hidden_states.sublayers import blocks_of, recording

    started = time.perf_counter()
    where, kind = resolve_device(device), resolve_precision(precision)
    lengths = np.diff(starts)
    with quiet(), threads_for(where) as workers, ExitStack() as hooks:
        load = load_language_model if predicting else load_model
        loaded: Any = load(checkpoint, where, getattr(torch, kind))
        model, base = (loaded, loaded.base_model) if predicting else (text_part(loaded),) * 2
        extra = {"use_cache": False} if hasattr(model.config, "use_cache") else {}
        seen = threading.local()
        if predicting and base is not model:
            base.register_forward_hook(lambda module, args, output: setattr(seen, "output", output))

        def forward(padded: np.ndarray, mask: np.ndarray | None) -> tuple[tuple[Any, ...], Any, Any, dict]:
            """States at every layer, logits (None without head), the ids as a tensor, and sub-layers."""
            tokens = torch.from_numpy(padded).to(where)
            attended = None if mask is None else torch.from_numpy(mask).to(where)
            with running(checkpoint.name), torch.inference_mode():
                output = model(input_ids=tokens, attention_mask=attended, output_hidden_states=True, **extra)
            inner = getattr(seen, "output", output)
            top = getattr(inner, "last_hidden_state", None)
            states = output.hidden_states if top is None else (*output.hidden_states[:-1], top)
            shapes = {tuple(one.shape[1:]) for one in states}
            if len(shapes) > 1 or shapes.pop()[0] != padded.shape[1]:
                raise InputError(
                    f"The layers of {checkpoint.name} differ in the number or the width of their vectors, so "
                    "they cannot be compared: measure one layer at a time."
                )
            vectors = getattr(seen, "blocks", {})
            seen.__dict__.clear()
            return states, getattr(output, "logits", None) if predicting else None, tokens, vectors

        longest = int(np.argmax(lengths))
        example = ids[starts[longest] : starts[longest + 1]]
        states, logits, *_ = forward(example[None, :8], None)
        last, d = len(states) - 1, int(states[0].shape[-1])
        chosen = [] if blocks is None else blocks(last)
        if chosen:

            def receive(block: int, vectors: "SubLayers") -> None:
                seen.__dict__.setdefault("blocks", {})[block] = vectors

            hooks.enter_context(recording(blocks_of(model, last, checkpoint.name), chosen, receive))
        shares = tried(
            model,
            lambda padded, mask: torch.stack(forward(padded, mask)[0]).float().cpu().numpy(),
            example,
            workers=workers,
            precision=kind,
            name=checkpoint.name,
        )
        take = begin(last, d)

        def work(batch: np.ndarray) -> int:
            padded, mask = pad(ids, starts, batch)
            with torch.inference_mode():
                states, logits, tokens, vectors = forward(padded, mask)
                losses = None if logits is None else _losses(logits, tokens)
                take(Batch(batch, lengths[batch], states, losses, vectors))
            return int(lengths[batch].sum())

        values = (last + 1 + 6 * len(chosen)) * d + (0 if logits is None else 2 * logits.shape[-1])
        budget = BUDGETS[where]
        most = max(1, min(budget.most, _MOST_VALUES // values))
        cut = batches(lengths, shares.budget(Budget(most, min(budget.enough, most))))
        done = 0
        with closing(each(work, cut, shares.threads, workers // shares.threads)) as finished:
            for tokens in finished:
                done += tokens
                if progress is not None:
                    progress("forward passes", done, len(ids), "tokens")
    note = "; ".join(filter(None, [shares.note, left_aside(checkpoint)])) or None
    return Passed(last, d, kind, where, time.perf_counter() - started, note)


def _losses(logits: "torch.Tensor", tokens: "torch.Tensor") -> "torch.Tensor":
    """(b, t − 1): nats of each token but the first. logits: (b, t, V); tokens: (b, t)."""
    from torch.nn.functional import cross_entropy

    b, t, vocabulary = logits.shape
    of = logits[:, :-1].reshape(-1, vocabulary).float()
    return cross_entropy(of, tokens[:, 1:].reshape(-1).long(), reduction="none").reshape(b, t - 1)
