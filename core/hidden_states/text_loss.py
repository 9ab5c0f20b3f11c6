"""How well a checkpoint predicts sequences of text: sums of losses, from forward passes with its head."""

from dataclasses import dataclass

import numpy as np

from core.blocks import Progress
from core.checkpoints.language_models import refuse_others
from core.checkpoints.resolve import Checkpoint
from core.errors import InputError
from core.hidden_states import passes
from core.hidden_states.tokens import Tokens, tokenize
from core.measures.families.decoder import TextLoss


@dataclass(frozen=True)
class Predicted:
    """The loss of a text, of which so many tokens were read by a model of layers 0 to `last` of width d.

    note: what a reader of the loss should know, or None.
    """

    text: TextLoss
    tokens: int
    last: int
    d: int
    precision: str
    note: str | None


def text_loss(
    checkpoint: Checkpoint,
    sequences: list[str],
    *,
    max_length: int | None = None,
    device: str = "auto",
    precision: str = "auto",
    progress: Progress | None = None,
) -> Predicted:
    """The losses of the tokens of `sequences` that have one before them, summed in float64.

    The tokens and the options are those of `core.hidden_states.extraction.extract`; what a tokenizer puts
    around a sequence is read, and not predicted.
    Errors: InputError for a checkpoint without a causal head in its class or its files, for an unknown device
    and for sequences without a token.
    """
    refuse_others(checkpoint)
    if not sequences:
        raise InputError(f"There is no sequence to run {checkpoint.name} on: give a corpus with text in it.")
    made = tokenize(checkpoint, sequences, max_length, progress, placed=True)
    assert made.special is not None
    predicted = ~made.special
    predicted[made.starts[:-1][np.diff(made.starts) > 0]] = False
    sums = np.zeros(len(sequences))

    def begin(last: int, d: int) -> passes.Take:
        def take(batch: passes.Batch) -> None:
            assert batch.losses is not None
            losses = batch.losses.double().cpu().numpy()
            for row, sequence, length in zip(losses, batch.sequences, batch.lengths, strict=True):
                start = made.starts[sequence]
                sums[sequence] = row[: length - 1][predicted[start + 1 : start + length]].sum()

        return take

    ran = passes.run(
        checkpoint,
        made.ids,
        made.starts,
        begin,
        predicting=True,
        device=device,
        precision=precision,
        progress=progress,
    )
    note = "; ".join(filter(None, [made.note, ran.note])) or None
    text = TextLoss(float(sums.sum()), int(predicted.sum()), _bytes(made, predicted))
    return Predicted(text, len(made.ids), ran.last, ran.d, ran.precision, note)


def _bytes(made: Tokens, predicted: np.ndarray) -> int | None:
    """Bytes of each sequence from its first to its last predicted token; predicted: (T,), bool."""
    if made.spans is None or made.special is None:
        return None
    total = 0
    for start, end in zip(made.starts[:-1], made.starts[1:], strict=True):
        places = start + np.flatnonzero(predicted[start:end])
        if len(places):
            first, last = places[0], places[-1]
            text_before = first > start and not made.special[first - 1]
            begins = made.spans[first - 1, 1] if text_before else made.spans[first, 0]
            total += max(int(made.spans[last, 1] - begins), 0)
    return total
