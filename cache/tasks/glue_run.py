"""GLUE scores of a checkpoint, task by task: what the store holds is not trained again.

Each task's run is a row of `fine_tunings` with all that is needed to repeat it, and one of `scores`.
Averages are written once all their tasks are there under one protocol. A run under another protocol than the
script's, or on a part of the examples, is kept apart by its split, so it is never averaged or compared with
whole ones.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from cache import checkpoints
from cache.documents import from_json
from cache.files import Remembered, now
from cache.requests import GLUE, GlueRun, Progress, Subject
from cache.results import GlueScores
from cache.store import Store
from cache.tasks import Page, Task, called
from core.errors import InputError
from core.formatting import first_few

if TYPE_CHECKING:
    from core.fine_tuning.glue import TaskData
    from core.fine_tuning.training import Protocol

AVERAGES = {
    "glue_average": GLUE,
    "glue_average_4_tasks": ("CoLA", "MRPC", "RTE", "STS-B"),
}
METRICS = {"accuracy": "accuracy", "matthews": "matthews"}


def request_of(
    protocol: dict[str, Any], data: Path | None, tasks: tuple[str, ...], device: str = "auto"
) -> GlueRun:
    """A request from what a command or a form was given; options that are None are left to defaults.

    Errors: InputError for a task or a protocol that cannot be used.
    """
    from core.fine_tuning.training import Protocol

    given = asdict(Protocol()) | {key: value for key, value in protocol.items() if value is not None}
    folder = None if data is None else str(data.expanduser().resolve())
    request = GlueRun(tasks, folder, given, device)
    check(request)
    return request


def check(request: GlueRun) -> "Protocol":
    """The protocol that a request asks for; InputError for a task or a protocol that cannot be used."""
    from core.fine_tuning.glue import task_named
    from core.fine_tuning.training import Protocol

    for task in request.tasks:
        task_named(task)
    try:
        protocol = from_json(Protocol, request.protocol)
    except ValueError as error:
        raise InputError(f"Fine-tuning cannot follow this protocol ({error}): change it.") from error
    few = protocol.train_examples is not None and protocol.train_examples < protocol.batch
    if not request.tasks or protocol.epochs <= 0 or protocol.learning_rate <= 0 or protocol.batch < 1 or few:
        raise InputError(
            "Fine-tuning needs a task, epochs and a learning rate above 0, and at least one batch of "
            "examples: change them."
        )
    return protocol


def fine_tune_subject(
    store: Store,
    subject: Subject,
    request: GlueRun,
    progress: Progress | None = None,
    *,
    roots: Iterable[Path] | None = None,
) -> GlueScores:
    """Fine-tune one checkpoint on every task of the request that the store has no score of.

    Errors: InputError for a checkpoint or data that cannot be used.
    """
    import time

    from core.checkpoints.resolve import resolve
    from core.fine_tuning import glue
    from core.fine_tuning.training import VERSION, fine_tune

    started = time.perf_counter()
    protocol = check(request)
    store.ingest()
    digests = Remembered(store.folder / "digests")
    checkpoint = resolve(
        subject.path or subject.name, roots=roots, revision=subject.revision, digests=digests
    )
    listed = checkpoints.row_of(checkpoint, subject.path or subject.name)
    canonical = json.dumps(asdict(protocol), sort_keys=True)
    scores: dict[str, float] = {}
    data: dict[str, TaskData] = {}
    cached = True
    for name in request.tasks:
        data[name] = glue.load(name, Path(request.data) if request.data else None)
        key = [checkpoint.fingerprint, name, canonical, data[name].fingerprint, VERSION]
        kept = store.query(
            "SELECT score FROM fine_tunings WHERE subject = ? AND task = ? AND protocol = ? AND data = ? "
            "AND version = ?",
            key,
        )
        if len(kept):
            scores[name] = float(kept["score"][0])
            continue
        if cached:
            checkpoints.keep(store, listed)
        cached = False
        tuned = fine_tune(checkpoint, data[name], protocol, device=request.device, progress=progress)
        scores[name] = tuned.score
        row = dict(zip(("subject", "task", "protocol", "data", "version"), key, strict=True))
        row |= {"score": tuned.score, "metrics": json.dumps(tuned.metrics), "seconds": tuned.seconds}
        details = tuned.details | {"steps": tuned.steps, "device": tuned.device}
        store.add("fine_tunings", [row | {"details": json.dumps(details), "created_at": now()}])
        metric = METRICS.get(data[name].task.metrics[0], data[name].task.formed)
        metric = metric if len(data[name].task.metrics) == 1 else data[name].task.formed
        formed = f"{data[name].task.formed}; {data[name].used(protocol.train_examples)}"
        split = _split(protocol, [data[name]])
        store.add("scores", [_score(checkpoint, name, metric, tuned.score, split, formed, protocol)])
        store.ingest()
    averages = {
        name: fmean(scores[task] for task in tasks)
        for name, tasks in AVERAGES.items()
        if set(tasks) <= scores.keys()
    }
    for name, value in averages.items() if not cached else ():
        tasks = AVERAGES[name]
        formed = f"mean of {len(tasks)} tasks ({', '.join(tasks)})"
        split = _split(protocol, [data[task] for task in tasks])
        row = _score(checkpoint, name, "mean over tasks", value, split, formed, protocol)
        store.add("scores", [row])
    checkpoints.remember_aliases(store, checkpoint, digests)
    checkpoints.keep_name(store, listed)
    store.ingest()
    examples = {name: one.used(protocol.train_examples) for name, one in data.items()}
    seconds = time.perf_counter() - started
    return GlueScores(subject.name, checkpoint.fingerprint, scores, averages, examples, seconds, cached)


def _split(protocol: "Protocol", data: "list[TaskData]") -> str:
    """ "dev" for the script's protocol on all examples; else what is different follows."""
    from core.fine_tuning.training import Protocol

    usual = asdict(Protocol())
    words = {
        "epochs": "{:g} epochs",
        "learning_rate": "learning rate {:g}",
        "batch": "batches of {}",
        "length": "{} tokens",
        "train_examples": "first {:,} training examples",
    }
    differences = [
        words[key].format(value)
        for key, value in asdict(protocol).items()
        if value != usual[key] and key in words
    ]
    parts = [one.task.name for one in data if (len(one.train), len(one.dev)) != one.task.rows]
    # Stored, and part of what tells scores apart: other words would make the same run another score.
    differences += [f"part of the examples of {' and '.join(parts)}"] if parts else []
    return ", ".join(["dev", *differences])


def _score(
    checkpoint: Any, task: str, metric: str, value: float, split: str, formed: str, protocol: "Protocol"
) -> dict[str, Any]:
    return {
        "subject": checkpoint.fingerprint,
        "name": checkpoint.name,
        "benchmark": "GLUE",
        "task": task,
        "metric": metric,
        "value": value,
        "split": split,
        "formed": formed,
        "source": f"fine-tuned here, seed {protocol.seed}",
        "origin": "measured",
    }


def run(
    store: Store, subject: Subject, request: GlueRun, progress: Progress, roots: Iterable[Path] | None
) -> GlueScores:
    """`fine_tune_subject` for a piece of a job."""
    return fine_tune_subject(store, subject, request, progress, roots=roots)


def title(request: GlueRun, subjects: Sequence[Subject]) -> str:
    """Of a job that was given none."""
    return f"GLUE: {first_few(map(called, subjects))}"


TASK = Task(
    name="glue_run",
    request=GlueRun,
    run=run,
    verb="Fine-tuning",
    title=title,
    page=lambda request: Page("explore", "Explore"),  # where any score is an axis, and a card lists them
    remedy="free some, or fine-tune a smaller checkpoint",
    check=check,
)
