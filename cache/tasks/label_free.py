"""Accuracy of a checkpoint without labels, from questions whose answers are known to be right or wrong."""

import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cache import text_studies
from cache.requests import Progress, Request, Subject, a_file
from cache.results import Result
from cache.store import Store
from cache.tasks import Page, Task, called
from core.errors import InputError
from core.formatting import first_few
from core.studies.label_free import QUERIES, SEEDS, VERSION, Calibration, Estimate

if TYPE_CHECKING:
    import numpy as np

    from core.checkpoints.resolve import Checkpoint
    from core.corpora.questions import Questions


@dataclass(frozen=True)
class LabelFree(Request):
    """Estimate the accuracy on unlabelled questions from that on questions for calibration.

    calibration, unlabelled: files, see `core.corpora.questions`; without the latter the curve alone. text,
    correct, confidence: columns of both. layer: of the vectors; None: the last. queries, seeds: of a mixture.
    """

    calibration: str = a_file("")
    unlabelled: str = a_file("")
    text: str | None = None
    correct: str | None = None
    confidence: str | None = None
    layer: int | None = None
    queries: int = QUERIES
    seeds: int = SEEDS
    max_length: int | None = None
    seed: int = 0
    device: str = "auto"
    precision: str = "auto"


@dataclass(frozen=True)
class Query:
    """A query: its mean cosine distance to the others of its set, what it adds to their dispersion; the
    confidence of the model's answer and whether that is correct, None where not known; its row in the file,
    from 1."""

    text: str
    distance: float
    change: float
    confidence: float | None
    correct: bool | None
    row: int | None = None  # not in results of earlier versions


@dataclass(frozen=True)
class StudiedLabelFree(Result):
    """Accuracy without labels.

    subject, name, fingerprint: the checkpoint as asked for, as people call it, and its key.
    calibration, unlabelled: names of files. layer, d: of the vectors. curve, accuracy, confidence: of
    calibration: its share of right answers and mean confidence. estimate, mean_confidence, truth: of the
    unlabelled set: its mean confidence, and its share of right answers where labels say. queries: of the
    unlabelled set, else of calibration, the least spread first. None: not known.
    """

    subject: str
    name: str
    fingerprint: str
    calibration: str
    unlabelled: str | None
    layer: int
    d: int
    curve: Calibration
    accuracy: float
    confidence: float | None
    estimate: Estimate | None
    mean_confidence: float | None
    truth: float | None
    queries: list[Query]
    notes: list[str]
    seconds: float
    cached: bool


def check(request: LabelFree) -> None:
    """InputError for files that cannot be used, and numbers that cannot be."""
    if not request.calibration:
        raise InputError("Give a file of questions for calibration: with --calibration.")
    if request.queries < 2 or request.seeds < 2:
        raise InputError("A mixture needs two queries and two seeds at least: give larger numbers for both.")
    known = _read(request, request.calibration)
    if known.correct is None and (known.keys is None or (known.keys < 0).any()):
        raise InputError(
            f"{known.name} does not say which answers are correct: calibration needs a column correct, or an "
            "answerKey for every question."
        )
    if request.unlabelled:
        _read(request, request.unlabelled, correct=False)


def study(
    store: Store,
    subject: Subject,
    request: LabelFree,
    progress: Progress | None = None,
    *,
    roots: Iterable[Path] | None = None,
) -> StudiedLabelFree:
    """Study one checkpoint; what was kept is not computed again.

    Errors: InputError for a checkpoint, files or sizes that cannot be used.
    """
    from core.hidden_states.devices import resolve_precision
    from core.studies import label_free

    started = time.perf_counter()
    check(request)
    tell = progress or (lambda stage, done, total, unit: None)
    known = _read(request, request.calibration)
    new = _read(request, request.unlabelled, correct=False) if request.unlabelled else None
    checkpoint = text_studies.checkpoint_of(store, subject, roots, tell)
    digests = [known.digest, new.digest if new else None]
    sizes = [request.layer, request.queries, request.seeds, request.max_length, request.seed]
    parts = (VERSION, checkpoint.fingerprint, digests, sizes, resolve_precision(request.precision))
    key = text_studies.key_of("label free", *parts)
    if found := text_studies.again(store, StudiedLabelFree, key, subject, started):
        return found
    calibration = _answered(store, checkpoint, known, request, tell)
    correct = calibration.questions.correct
    assert correct is not None
    tell("comparing mixtures", 0, 0, "")
    curve = label_free.calibrate(
        calibration.vectors, correct, queries=request.queries, seeds=request.seeds, seed=request.seed
    )
    unlabelled = _answered(store, checkpoint, new, request, tell) if new else None
    estimate = None
    if unlabelled is not None:
        estimate = label_free.estimate(calibration.vectors, correct, unlabelled.vectors, seed=request.seed)
    sure = unlabelled.questions if unlabelled else None
    result = StudiedLabelFree(
        subject=subject.name,
        name=called(subject),
        fingerprint=checkpoint.fingerprint,
        calibration=known.name,
        unlabelled=new.name if new else None,
        layer=calibration.layer,
        d=calibration.vectors.shape[1],
        curve=curve,
        accuracy=float(correct.mean()),
        confidence=_mean(calibration.questions.confidence),
        estimate=estimate,
        mean_confidence=_mean(sure.confidence) if sure else None,
        truth=_mean(sure.correct) if sure else None,
        queries=_queries(unlabelled or calibration),
        notes=list(dict.fromkeys([*calibration.notes, *(unlabelled.notes if unlabelled else [])])),
        seconds=time.perf_counter() - started,
        cached=False,
    )
    text_studies.keep(store, key, result)
    return result


@dataclass(frozen=True)
class _Answered:
    """n questions with what a checkpoint makes of them; rows: of the file, from 0. vectors: (n, d)."""

    questions: "Questions"
    rows: "np.ndarray"
    vectors: "np.ndarray"
    layer: int
    notes: list[str]


def _read(request: LabelFree, file: str, *, correct: bool = True) -> "Questions":
    """The questions of a file; correct False: a column of that name may be missing."""
    from core.corpora.questions import read_questions

    columns = {"text": request.text, "confidence": request.confidence, "correct": request.correct}
    return read_questions(Path(file).expanduser(), needed=correct, **columns)


def _answered(
    store: Store, checkpoint: "Checkpoint", questions: "Questions", request: LabelFree, tell: Progress
) -> _Answered:
    """Questions answered by the checkpoint where they have choices, and their vectors."""
    import numpy as np

    from core.checkpoints.language_models import predicts
    from core.hidden_states.extraction import extract
    from core.studies.multiple_choice import answer

    run: dict[str, Any] = {"device": request.device, "precision": request.precision, "progress": tell}
    notes: list[str | None] = list(questions.notes)
    rows = np.arange(len(questions.texts))
    if questions.choices is not None:
        answers = answer(checkpoint, questions, **run)
        assert questions.keys is not None
        rows = answers.rows
        keys = questions.keys[rows]
        questions = replace(
            questions,
            texts=[questions.texts[row] for row in rows],
            choices=[questions.choices[row] for row in rows],
            keys=keys,
            correct=answers.chosen == keys if (keys >= 0).all() else None,
            confidence=answers.confidence,
        )
        notes.append(answers.note)
    position = "last" if predicts(checkpoint) else "mean"
    with tempfile.TemporaryDirectory(prefix=".tmp-label-free-", dir=store.folder) as folder:
        out = Path(folder) / "vectors.npy"
        made = extract(
            checkpoint,
            questions.texts,
            out,
            layer=request.layer,
            position=position,
            max_length=request.max_length,
            **run,
        )
        vectors = np.load(out)
    return _Answered(questions, rows, vectors, made.layer, [*filter(None, [*notes, made.note])])


def _mean(values: "np.ndarray | None") -> float | None:
    return None if values is None else float(values.mean())


def _queries(answered: _Answered) -> list[Query]:
    """The queries of a set, the one with the least mean distance to the others first."""
    import numpy as np

    from core.studies.label_free import change, directions, distances_to_others

    far = distances_to_others(directions(answered.vectors))
    adds, questions = change(far), answered.questions
    return [
        Query(
            questions.texts[row],
            float(far[row]),
            float(adds[row]),
            None if questions.confidence is None else float(questions.confidence[row]),
            None if questions.correct is None else bool(questions.correct[row]),
            int(answered.rows[row]) + 1,
        )
        for row in np.argsort(far, kind="stable")
    ]


def run(
    store: Store, subject: Subject, request: LabelFree, progress: Progress, roots: Iterable[Path] | None
) -> StudiedLabelFree:
    """`study` for a piece of a job."""
    return study(store, subject, request, progress, roots=roots)


def title(request: LabelFree, subjects: Sequence[Subject]) -> str:
    """Of a job that was given none: the questions, and the checkpoints."""
    name = Path(request.unlabelled or request.calibration).name
    return f"Accuracy without labels on {name}: {first_few(map(called, subjects))}"


TASK = Task(
    name="label_free",
    request=LabelFree,
    run=run,
    verb="Estimating the accuracy of",
    title=title,
    page=lambda request: Page("explore", "Explore", "difficulty", "label_free"),
    remedy="free some, or give fewer questions",
    check=check,
)
