"""Forward passes: sequences → one cloud of hidden states on disk.

The vectors are those of arXiv 2406.12159: a chosen layer (by default the last), every token with the special
ones the tokenizer adds, documents cut at the maximum position minus 3; or one vector a sequence. What departs
from "one sequence at a time" is only how the work is cut: sequences share batches, and threads the model, as
far as that is seen to change nothing (core.hidden_states.sharing).
"""

import os
import time
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.blocks import Progress
from core.checkpoints.loading import left_aside, load_model, text_part
from core.checkpoints.quiet import one_sentence, quiet
from core.checkpoints.resolve import Checkpoint
from core.errors import InputError
from core.hidden_states.batches import BUDGETS, Budget, batches, each, pad, threads_for
from core.hidden_states.devices import resolve_device, resolve_precision
from core.hidden_states.sharing import repeatable, tried
from core.hidden_states.tokens import tokenize

EXTRACTOR_VERSION = 1
POSITIONS = ("all", "last", "mean")


@dataclass(frozen=True)
class Extraction:
    """What was written: `n` vectors of `d` values, from `tokens` tokens, at `layer` of 0 to L.

    `note`: what a reader of a measure of them should know, or None.
    """

    n: int
    d: int
    layer: int
    tokens: int
    precision: str
    device: str
    seconds: float
    note: str | None = None


def extract(
    checkpoint: Checkpoint,
    sequences: list[str],
    out: Path,
    *,
    layer: int | None = None,
    position: str = "all",
    max_length: int | None = None,
    device: str = "auto",
    precision: str = "auto",
    progress: Progress | None = None,
    batch_tokens: int | None = None,
) -> Extraction:
    """Write the hidden states of `sequences` to `out`: a float32 .npy (n, d), rows in sequence order.

    layer: 0 (embeddings) … L (last, the default), as transformers numbers `hidden_states`.
    position: "all" tokens (special ones included), the "last" one, or the "mean" over those of a sequence.
    max_length: tokens a sequence is cut to; by default the model's maximum position minus 3.
    device, precision: see core.hidden_states.devices; the file is float32 whatever the precision of the
    forward pass. progress: called with stage, done, total, unit; whatever it raises stops the work.
    batch_tokens: tokens in a batch, 1 for one sequence at a time; it changes the result by rounding only.
    Encoder-decoder models give the states of their encoder. Nothing is left at `out` when this raises.
    Text that a tokenizer cannot encode at all (a closed vocabulary) is left out, and the note says how much.
    Errors: InputError for an unknown position or device, a layer the model lacks, a sequence without tokens.
    """
    import torch

    from core.hidden_states.layers import states_of

    started = time.perf_counter()
    if position not in POSITIONS:
        raise InputError(f"The position {position} is unknown: give one of {', '.join(POSITIONS)}.")
    if not sequences:
        raise InputError(f"There is no sequence to run {checkpoint.name} on: give a corpus with text in it.")
    where = resolve_device(device)
    kind = resolve_precision(precision)
    made = tokenize(checkpoint, sequences, max_length, progress)
    ids, starts = made.ids, made.starts
    lengths = np.diff(starts)
    if position != "all" and not lengths.all():
        first = int(np.argmin(lengths))
        raise InputError(
            f"Sequence {first + 1} of {len(sequences)} has no token for {checkpoint.name}, so no "
            f"{position} one: "
            "leave it out."
        )
    with quiet(), threads_for(where) as workers:
        model: Any = text_part(load_model(checkpoint, where, getattr(torch, kind)))
        longest = int(np.argmax(lengths))
        example = torch.from_numpy(ids[starts[longest] : starts[longest + 1]][None, :8]).to(where)
        with running(checkpoint.name):
            states_at, layer, of_layer = states_of(model, layer, example, checkpoint.name)
            d = states_at(example, None).shape[-1]
        n = len(ids) if position == "all" else len(sequences)

        def run(padded: np.ndarray, mask: np.ndarray | None) -> np.ndarray:
            with running(checkpoint.name), torch.inference_mode():
                attended = None if mask is None else torch.from_numpy(mask).to(where)
                return states_at(torch.from_numpy(padded).to(where), attended).float().cpu().numpy()

        def work(batch: np.ndarray) -> int:
            states = run(*pad(ids, starts, batch))
            for row, sequence in zip(states, batch, strict=True):
                length = lengths[sequence]
                if position == "all":
                    rows[starts[sequence] : starts[sequence + 1]] = row[:length]
                else:
                    rows[sequence] = row[length - 1] if position == "last" else row[:length].mean(axis=0)
            return int(lengths[batch].sum())

        shares = tried(
            model,
            run,
            ids[starts[longest] : starts[longest + 1]],
            workers=workers,
            precision=kind,
            name=checkpoint.name,
        )
        budget = shares.budget(BUDGETS[where] if batch_tokens is None else Budget(batch_tokens, 0))
        try:
            rows = np.lib.format.open_memmap(out, mode="w+", dtype=np.float32, shape=(n, d))
            claim_space(out)
            done = 0
            with (
                repeatable(run, ids[starts[longest] : starts[longest + 1]], checkpoint.name),
                closing(
                    each(work, batches(lengths, budget), shares.threads, workers // shares.threads)
                ) as finished,
            ):
                for tokens in finished:
                    done += tokens
                    if progress is not None:
                        progress("hidden states", done, len(ids), "tokens")
            rows.flush()
        except BaseException:
            out.unlink(missing_ok=True)
            raise
    note = "; ".join(filter(None, [made.note, of_layer, shares.note, left_aside(checkpoint)])) or None
    return Extraction(n, d, layer, len(ids), kind, where, time.perf_counter() - started, note)


def running(name: str) -> AbstractContextManager[None]:
    """What a model raises in a forward pass becomes one sentence; name: what it calls the checkpoint."""
    return one_sentence(
        f"The model of {name} cannot be run on its tokens",
        "its config.json, weights and tokenizer do not fit each other, or the installed transformers; save "
        "it again with that, or measure vectors that you extracted yourself",
    )


def claim_space(file: Path) -> None:
    """Have the disk set aside a file's whole length: a full disk is an error now, not a crash later."""
    if hasattr(os, "posix_fallocate"):
        with file.open("r+b") as opened:
            os.posix_fallocate(opened.fileno(), 0, file.stat().st_size)
