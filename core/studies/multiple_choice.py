"""A decoder's own answers to multiple-choice questions, and how sure it is of them.

The answer is the choice to whose tokens, after the question, the model gives the largest probability;
confidence is that probability as a share of those of all choices (`acc` of EleutherAI's
lm-evaluation-harness, without a correction for length).
"""

from dataclasses import dataclass

import numpy as np

from core.blocks import Progress
from core.checkpoints.loading import complete
from core.checkpoints.resolve import Checkpoint
from core.corpora.questions import Questions
from core.errors import InputError
from core.hidden_states import passes
from core.hidden_states.tokens import tokenize


@dataclass(frozen=True)
class Answers:
    """Of the questions that fit, `rows` (m,): the choice answered and its confidence, both (m,).

    note: how many do not fit, or None.
    """

    rows: np.ndarray
    chosen: np.ndarray
    confidence: np.ndarray
    note: str | None


def answer(
    checkpoint: Checkpoint,
    questions: Questions,
    *,
    device: str = "auto",
    precision: str = "auto",
    progress: Progress | None = None,
) -> Answers:
    """Answer questions that have choices; those longer than the checkpoint reads are left out.

    device, precision, progress: as in `core.hidden_states.passes.run`.
    Errors: InputError for questions without choices, and where none fits.
    """
    if questions.choices is None:
        raise InputError(
            f"{questions.name} has no choices to answer: give a column that says what is correct."
        )
    pairs = [(row, choice) for row, choices in enumerate(questions.choices) for choice in choices]
    prompts = tokenize(checkpoint, questions.texts, None, progress)
    made = tokenize(checkpoint, [f"{questions.texts[row]} {choice}" for row, choice in pairs], None, progress)
    lengths = np.diff(made.starts)
    positions = complete(checkpoint).max_positions
    most = np.inf if positions is None else positions - 3  # a sequence of so many was cut
    first = np.empty(len(pairs), np.int64)
    for place, (row, _) in enumerate(pairs):
        whole = made.ids[made.starts[place] : made.starts[place + 1]]
        prompt = prompts.ids[prompts.starts[row] : prompts.starts[row + 1]]
        shared = min(len(whole), len(prompt))
        apart = np.flatnonzero(whole[:shared] != prompt[:shared])
        first[place] = max(1, apart[0] if len(apart) else shared)
    rows = np.array([row for row, _ in pairs])
    unfit = np.unique(rows[(lengths >= most) | (first >= lengths)])
    fits = np.setdiff1d(np.arange(len(questions.texts)), unfit)
    if not len(fits):
        raise InputError(
            f"None of the {len(questions.texts):,} questions of {questions.name} fits what {checkpoint.name} "
            f"reads at once, {positions} tokens: give shorter ones."
        )
    kept = np.flatnonzero(np.isin(rows, fits))
    scores = np.empty(len(kept))
    ids = np.concatenate([made.ids[made.starts[place] : made.starts[place + 1]] for place in kept])

    def begin(last: int, d: int) -> passes.Take:
        def take(batch: passes.Batch) -> None:
            assert batch.losses is not None
            losses = batch.losses.double().cpu().numpy()
            for of, place, length in zip(losses, batch.sequences, batch.lengths, strict=True):
                scores[place] = -of[first[kept[place]] - 1 : length - 1].sum()

        return take

    passes.run(
        checkpoint,
        ids,
        np.concatenate([[0], np.cumsum(lengths[kept])]),
        begin,
        predicting=True,
        device=device,
        precision=precision,
        progress=progress,
    )
    chosen, confidence = np.empty(len(fits), np.int64), np.empty(len(fits))
    for place, row in enumerate(fits):
        of = scores[rows[kept] == row]
        chosen[place] = of.argmax()
        confidence[place] = 1 / np.exp(of - of.max()).sum()
    left = len(questions.texts) - len(fits)
    note = (
        f"{left:,} of {len(questions.texts):,} questions of {questions.name} are longer than "
        f"{checkpoint.name} reads and are left out"
    )
    return Answers(fits, chosen, confidence, note if left else None)
