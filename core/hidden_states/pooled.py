"""Forward passes: texts, or pairs of them, → their vectors at every layer, averaged over tokens.

One pass gives all layers. The vectors of a text are those of `core.hidden_states.extraction.extract` at
position "mean"; a pair is one sequence, as the tokenizer joins it.
"""

import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.blocks import Progress
from core.checkpoints.loading import left_aside, load_model, text_part
from core.checkpoints.quiet import quiet
from core.checkpoints.resolve import Checkpoint
from core.errors import InputError
from core.hidden_states.batches import BUDGETS, Budget, batches, each, pad, threads_for
from core.hidden_states.devices import resolve_device, resolve_precision
from core.hidden_states.extraction import claim_space, running
from core.hidden_states.sharing import repeatable, tried
from core.hidden_states.tokens import tokenize

_MOST_VALUES = 64_000_000  # in the states of a batch at all layers: 256 MB


@dataclass(frozen=True)
class Pooled:
    """What was written: `n` vectors of `d` values at each of the layers 0 to `last`, from `tokens` tokens."""

    n: int
    d: int
    last: int
    tokens: int
    precision: str
    device: str
    seconds: float
    note: str | None = None


def extract_layers(
    checkpoint: Checkpoint,
    texts: list[str],
    out: Path,
    *,
    pairs: list[str] | None = None,
    max_length: int | None = None,
    device: str = "auto",
    precision: str = "auto",
    progress: Progress | None = None,
) -> Pooled:
    """Write the mean hidden states of `texts` to `out`: a float32 .npy (L + 1, n, d), rows in their order.

    pairs: the second text of each. The other options are those of `core.hidden_states.extraction.extract`.
    Nothing is left at `out` when this raises.
    Errors: InputError for an unknown device, for a text without tokens, for layers that differ in shape.
    """
    import torch

    started = time.perf_counter()
    where, kind = resolve_device(device), resolve_precision(precision)
    made = tokenize(checkpoint, texts, max_length, progress, pairs)
    lengths = np.diff(made.starts)
    if not lengths.all():
        row = int(np.argmin(lengths)) + 1
        raise InputError(f"Row {row} of {len(texts):,} has no token for {checkpoint.name}: leave it out.")
    with quiet(), threads_for(where) as workers:
        model: Any = text_part(load_model(checkpoint, where, getattr(torch, kind)))
        extra = {"use_cache": False} if hasattr(model.config, "use_cache") else {}
        segments = made.types if _tells_texts_apart(model, made.types) else None

        def run(padded: np.ndarray, mask: np.ndarray | None, types: np.ndarray | None = None) -> Any:
            """The states at every layer, L + 1 of (b, t, d)."""
            given = {"input_ids": padded, "attention_mask": mask, "token_type_ids": types}
            tensors = {
                name: torch.from_numpy(array).to(where) for name, array in given.items() if array is not None
            }
            with running(checkpoint.name), torch.inference_mode():
                output = model(**tensors, output_hidden_states=True, **extra)
            states = (*output.hidden_states[:-1], output.last_hidden_state)
            shapes = {tuple(one.shape[1:]) for one in states}
            if len(shapes) > 1 or shapes.pop()[0] != padded.shape[1]:
                raise InputError(
                    f"The layers of {checkpoint.name} differ in the number or the width of their vectors, so "
                    "they cannot be compared: measure one layer at a time."
                )
            return states

        def pooled(batch: np.ndarray) -> np.ndarray:
            """The vectors of a batch, (L + 1, b, d)."""
            padded, mask = pad(made.ids, made.starts, batch)
            types = None if segments is None else pad(segments, made.starts, batch)[0]
            with torch.inference_mode():
                states = run(padded, mask, types)
                real = torch.ones(padded.shape) if mask is None else torch.from_numpy(mask)
                kept = real.to(where)[:, :, None].bool()
                sizes = torch.from_numpy(lengths[batch][:, None]).to(where)
                means = [torch.where(kept, one, 0).float().sum(1) / sizes for one in states]
                return torch.stack(means).cpu().numpy()

        shortest, longest = np.argsort(lengths, kind="stable")[[0, -1]]
        last, _, d = np.add(pooled(np.array([shortest])).shape, (-1, 0, 0))

        def every_layer(padded: np.ndarray, mask: np.ndarray | None) -> np.ndarray:
            return torch.stack(run(padded, mask)).float().cpu().numpy()

        sequence = made.ids[made.starts[longest] : made.starts[longest + 1]]
        shares = tried(
            model,
            every_layer,
            sequence,
            workers=workers,
            precision=kind,
            name=checkpoint.name,
        )
        budget = BUDGETS[where]
        most = max(1, min(budget.most, _MOST_VALUES // int((last + 1) * d)))
        try:
            rows = np.lib.format.open_memmap(
                out, mode="w+", dtype=np.float32, shape=(int(last) + 1, len(texts), int(d))
            )
            claim_space(out)

            def work(batch: np.ndarray) -> int:
                rows[:, batch] = pooled(batch)
                return int(lengths[batch].sum())

            done = 0
            cut = batches(lengths, shares.budget(Budget(most, min(budget.enough, most))))
            with (
                repeatable(every_layer, sequence, checkpoint.name),
                closing(each(work, cut, shares.threads, workers // shares.threads)) as finished,
            ):
                for tokens in finished:
                    done += tokens
                    if progress is not None:
                        progress("hidden states", done, len(made.ids), "tokens")
            rows.flush()
        except BaseException:
            out.unlink(missing_ok=True)
            raise
    note = "; ".join(filter(None, [made.note, shares.note, left_aside(checkpoint)])) or None
    seconds = time.perf_counter() - started
    return Pooled(len(texts), int(d), int(last), len(made.ids), kind, where, seconds, note)


def _tells_texts_apart(model: Any, types: np.ndarray | None) -> bool:
    """Whether a model has embeddings for which text of a pair a token is of (GPT-2: words)."""
    return types is not None and getattr(model.config, "type_vocab_size", 0) > types.max()
