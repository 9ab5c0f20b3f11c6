"""Forward passes: sequences → one cloud of hidden states on disk.

The vectors are those of arXiv 2406.12159: a chosen layer (by default the last), every token with the special
ones the tokenizer adds, documents cut at the maximum position minus 3; or one vector a sequence. What departs
from "one sequence at a time" is only how the work is cut: sequences of one length share a batch and need no
padding.
"""

import os
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.blocks import Progress
from core.checkpoints.loading import load_model
from core.checkpoints.resolve import Checkpoint
from core.errors import InputError
from core.hidden_states.devices import resolve_device, resolve_precision
from core.hidden_states.tokens import tokenize

EXTRACTOR_VERSION = 1
POSITIONS = ("all", "last", "mean")

_MOST_WORKERS = 8  # more would wait for one another between the matrix products


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


@dataclass(frozen=True)
class _Budget:
    """`most`: tokens in a batch. `enough`: tokens under which a batch takes in sequences a little shorter."""

    most: int
    enough: int


_BUDGETS = {"cpu": _Budget(2048, 512), "cuda": _Budget(16384, 8192)}


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
    ids, starts, note = tokenize(checkpoint, sequences, max_length, progress)
    lengths = np.diff(starts)
    if position != "all" and not lengths.all():
        first = int(np.argmin(lengths))
        raise InputError(
            f"Sequence {first + 1} of {len(sequences)} has no token for {checkpoint.name}, so no "
            f"{position} one: "
            "leave it out."
        )
    with _threads(where) as workers:
        model: Any = load_model(checkpoint, where, getattr(torch, kind))
        if checkpoint.facts.kind == "encoder-decoder":
            model = model.get_encoder()
        longest = int(np.argmax(lengths))
        example = torch.from_numpy(ids[starts[longest] : starts[longest + 1]][None, :8]).to(where)
        states_at, layer = states_of(model, layer, example, checkpoint.name)
        d = states_at(example, None).shape[-1]
        n = len(ids) if position == "all" else len(sequences)

        def work(batch: np.ndarray) -> int:
            padded, mask = _pad(ids, starts, batch)
            with torch.inference_mode():
                attended = None if mask is None else torch.from_numpy(mask).to(where)
                states = states_at(torch.from_numpy(padded).to(where), attended).float().cpu().numpy()
            for row, sequence in zip(states, batch, strict=True):
                length = lengths[sequence]
                if position == "all":
                    rows[starts[sequence] : starts[sequence + 1]] = row[:length]
                else:
                    rows[sequence] = row[length - 1] if position == "last" else row[:length].mean(axis=0)
            return int(lengths[batch].sum())

        budget = _BUDGETS[where] if batch_tokens is None else _Budget(batch_tokens, 0)
        try:
            rows = np.lib.format.open_memmap(out, mode="w+", dtype=np.float32, shape=(n, d))
            _claim_space(out)
            done = 0
            with closing(_each(work, _batches(lengths, budget), workers)) as finished:
                for tokens in finished:
                    done += tokens
                    if progress is not None:
                        progress("hidden states", done, len(ids), "tokens")
            rows.flush()
        except BaseException:
            out.unlink(missing_ok=True)
            raise
    return Extraction(n, d, layer, len(ids), kind, where, time.perf_counter() - started, note)


def _claim_space(file: Path) -> None:
    """Have the disk set aside a file's whole length: a full disk is an error now, not a crash later."""
    if hasattr(os, "posix_fallocate"):
        with file.open("r+b") as opened:
            os.posix_fallocate(opened.fileno(), 0, file.stat().st_size)


def _batches(lengths: np.ndarray, budget: _Budget) -> Iterator[np.ndarray]:
    """Indices of sequences, batch by batch, the longest first so that too little memory shows at once."""
    order = [int(i) for i in np.argsort(-lengths, kind="stable") if lengths[i]]
    batch: list[int] = []
    for index in order:
        if batch:
            width, length = int(lengths[batch[0]]), int(lengths[index])
            fits = (len(batch) + 1) * width <= budget.most
            small = len(batch) * width < budget.enough and length >= 0.9 * width
            if not (fits and (length == width or small)):
                yield np.array(batch)
                batch = []
        batch.append(index)
    yield np.array(batch)


def _pad(ids: np.ndarray, starts: np.ndarray, batch: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Ids (b, t) of a batch, padded on the right, and the mask (b, t) of the real ones (None: all are)."""
    lengths = starts[batch + 1] - starts[batch]
    kept = np.arange(lengths.max()) < lengths[:, None]  # (b, t)
    padded = np.zeros(kept.shape, dtype=np.int32)
    padded[kept] = np.concatenate([ids[starts[i] : starts[i + 1]] for i in batch])
    return padded, None if kept.all() else kept.astype(np.int64)


@contextmanager
def _threads(device: str) -> Iterator[int]:
    """How many threads to work in; meanwhile each of them, and this one, computes alone.

    On a CPU two threads with a batch each do more than two threads on one batch: none waits for the other at
    the end of every operator, which is what costs most where other processes run too.
    """
    import torch

    threads = torch.get_num_threads()
    workers = min(threads, _MOST_WORKERS) if device == "cpu" else 1
    torch.set_num_threads(threads // workers)
    try:
        yield workers
    finally:
        torch.set_num_threads(threads)


def _each(
    work: Callable[[np.ndarray], int], batches: Iterator[np.ndarray], workers: int
) -> Generator[int, None, None]:
    """Results of `work` as they are ready, from as many threads, with few batches waiting at any time."""
    import torch

    threads = (torch.get_num_threads(),)  # a new thread would start with all processors
    waiting: set[Future[int]] = set()
    with ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=threads) as pool:
        try:
            for batch in batches:
                waiting.add(pool.submit(work, batch))
                if len(waiting) >= 2 * workers:
                    done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                    yield from (future.result() for future in done)
            yield from (future.result() for future in waiting)
        finally:
            pool.shutdown(cancel_futures=True)
