"""Segments of a text of equal length, and what one forward pass gives of each: losses and vectors.

Source: "On the predictive power of representation dispersion in language models", §2.2 and A.1. A segment is
cut from the running text and stands by itself; what the tokenizer puts before a sequence is its first token.
Its perplexity is exp of the mean loss over all its tokens but the first, which nothing predicts.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.blocks import Progress
from core.checkpoints.language_models import predicts
from core.checkpoints.loading import complete
from core.checkpoints.resolve import Checkpoint
from core.errors import InputError
from core.hidden_states import passes
from core.hidden_states.extraction import claim_space
from core.hidden_states.token_paths import curvature, prompt_entropy
from core.hidden_states.tokens import running_text

SEGMENTS, LENGTH = 5000, 128
CONTEXTS = (16, 64, 128, 256)  # tokens, of Figure 4
VERSION = 1  # of what a pass gives of a segment
_LEAST = 3  # tokens, special ones included


@dataclass(frozen=True)
class Segments:
    """ids: (n, L), int32, of n segments. available: how many there were to draw from. note: or None."""

    ids: np.ndarray
    available: int
    note: str | None


@dataclass(frozen=True)
class Slot:
    """What a vector of a segment is of: a layer, 0 to L, and a number of tokens whose last it stands for.

    tokens None: the mean over all tokens, of a checkpoint that reads in both directions.
    """

    layer: int
    tokens: int | None


@dataclass(frozen=True)
class Read:
    """What one pass gives of n segments.

    slots: of the vectors that were written, (slots, n, d).
    loss: (n,), mean nats a predicted token. last_loss: tokens → (n,), nats of the last of the first so many.
    Both are empty for a checkpoint that predicts nothing.
    prompt_entropy, curvature: (L + 1, n); None unless asked for.
    note: what a reader should know, or None.
    """

    slots: list[Slot]
    loss: np.ndarray
    last_loss: dict[int, np.ndarray]
    prompt_entropy: np.ndarray | None
    curvature: np.ndarray | None
    note: str | None

    @property
    def perplexity(self) -> np.ndarray:
        """(n,), of each segment."""
        return np.exp(self.loss)


def cut(
    checkpoint: Checkpoint,
    texts: list[str],
    length: int = LENGTH,
    count: int = SEGMENTS,
    seed: int = 0,
    *,
    shorter: bool = False,
    progress: Progress | None = None,
) -> Segments:
    """Draw `count` segments of `length` tokens from passages joined by line breaks; all, if there are fewer.

    shorter: segments as long as the checkpoint takes, where that is less than `length`.
    With one seed, a smaller draw is the beginning of a larger one.
    Errors: InputError for a length that the checkpoint cannot take, and a text without two segments.
    """
    most = complete(checkpoint).max_positions
    notes = []
    if not shorter:
        check_length(checkpoint, length)
    elif most is not None and most < length:
        notes.append(f"segments of {most} tokens, the most that {checkpoint.name} reads")
        length = most
    text = running_text(checkpoint, texts, progress)
    around = (text.before, np.empty(0, np.int32) if predicts(checkpoint) else text.after)
    own = length - sum(map(len, around))
    if length < _LEAST or own < 1:
        raise InputError(f"Segments of {length} tokens are too short: ask for {_LEAST} or more.")
    available = len(text.ids) // own
    if available < 2:
        raise InputError(
            f"The text has {len(text.ids):,} tokens for {checkpoint.name}, which are no two segments of "
            f"{length}: give more text, or ask for shorter segments."
        )
    drawn = np.random.default_rng(seed).permutation(available)[:count]
    rows = text.ids[: available * own].reshape(available, own)[drawn]
    before, after = (np.tile(ids, (len(rows), 1)) for ids in around)
    if available < count:
        notes.append(f"the text has {available:,} such segments, {count:,} were asked for")
    if text.note:
        notes.append(text.note)
    return Segments(np.hstack([before, rows, after]).astype(np.int32), available, "; ".join(notes) or None)


def check_length(checkpoint: Checkpoint, length: int) -> None:
    """InputError where a checkpoint cannot read `length` tokens at once."""
    most = complete(checkpoint).max_positions
    if most is not None and most < length:
        raise InputError(
            f"{checkpoint.name} reads at most {most} tokens at once, and {length} were asked for: ask for "
            f"{most} or fewer, or, of segments, allow shorter ones where a checkpoint reads less."
        )


def layer_of(name: str, made: "Read", layer: int | None) -> int:
    """The layer asked for, None being the last; InputError where there is no such layer.

    name: what messages call the checkpoint.
    """
    last = max(slot.layer for slot in made.slots)
    if layer is not None and not 0 <= layer <= last:
        raise InputError(f"{name} has no layer {layer}: its layers are 0 (embeddings) to {last} (last).")
    return last if layer is None else layer


def read(
    checkpoint: Checkpoint,
    segments: Segments,
    out: Path,
    *,
    contexts: tuple[int, ...] = (),
    paths: bool = False,
    device: str = "auto",
    precision: str = "auto",
    progress: Progress | None = None,
) -> Read:
    """Run a checkpoint on segments; write their vectors to `out`, a float32 .npy (slots, n, d).

    Vectors: of the last token at every layer, and at the last layer of each shorter context, which is the
    beginning of the segment; of a checkpoint that reads in both directions the mean over the tokens.
    contexts: in tokens; those longer than the segments are left out, and those of one token.
    paths: whether to measure prompt entropy and curvature at every layer. The other options are those of
    `core.hidden_states.passes.run`. Nothing is left at `out` when this raises.
    """
    import torch

    n, length = segments.ids.shape
    predicting = predicts(checkpoint)
    kept = sorted({*(c for c in contexts if 1 < c < length), length}) if predicting else []
    loss = np.empty(n if predicting else 0)
    last_loss = {tokens: np.empty(n) for tokens in kept}
    slots: list[Slot] = []
    along: list[np.ndarray] = []

    def begin(last: int, d: int) -> passes.Take:
        slots.extend(Slot(layer, length if predicting else None) for layer in range(last + 1))
        slots.extend(Slot(last, tokens) for tokens in kept[:-1])
        rows = np.lib.format.open_memmap(out, mode="w+", dtype=np.float32, shape=(len(slots), n, d))
        claim_space(out)
        along.extend(np.empty((last + 1, n)) for _ in range(2 if paths else 0))

        def take(batch: passes.Batch) -> None:
            where = batch.sequences
            for row, slot in enumerate(slots):
                states = batch.states[slot.layer].float()
                rows[row, where] = (
                    states.mean(1) if slot.tokens is None else states[:, slot.tokens - 1]
                ).cpu()
            if batch.losses is not None:
                losses = batch.losses.double()
                loss[where] = losses.mean(1).cpu()
                for tokens, values in last_loss.items():
                    values[where] = losses[:, tokens - 2].cpu()
            lengths = torch.from_numpy(batch.lengths).to(batch.states[0].device)
            for measured, of_path in zip(along, (prompt_entropy, curvature), strict=False):
                for layer, states in enumerate(batch.states):
                    measured[layer, where] = of_path(states, lengths).cpu()

        return take

    try:
        made = passes.run(
            checkpoint,
            segments.ids.reshape(-1),
            np.arange(n + 1) * length,
            begin,
            predicting=predicting,
            device=device,
            precision=precision,
            progress=progress,
        )
    except BaseException:
        out.unlink(missing_ok=True)
        raise
    note = "; ".join(filter(None, [segments.note, made.note])) or None
    entropy, bend = along or (None, None)
    return Read(slots, loss, last_loss, entropy, bend, note)
