"""The dispersion gap of a checkpoint, remembered: some hundred rows are read once, and never again."""

import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cache import checkpoints, gap_rows
from cache.files import Remembered
from cache.requests import Gap, Progress, Subject
from cache.results import Distances, MeasuredGap, SkippedWord
from cache.store import Store
from cache.tasks import Page, Task
from core.errors import InputError
from core.token_sets.word_gap import PARTS, word_gap

if TYPE_CHECKING:
    from core.checkpoints.resolve import Checkpoint

SMALL = 2**28  # bytes of weights that are read through in a moment


def gap_for(
    store: Store,
    name: str,
    request: Gap,
    progress: Progress | None = None,
    *,
    revision: str | None = None,
    roots: Iterable[Path] | None = None,
) -> MeasuredGap:
    """The gap of one checkpoint (a folder, a hub id, or minilm), from the store where it is known.

    progress: called as progress(stage, done, total, unit); may raise to stop the work.
    roots: folders that a local checkpoint must lie under; None: anywhere.
    Errors: InputError, one sentence; nothing is stored then.
    """
    started = time.perf_counter()
    tell = progress or (lambda stage, done, total, unit: None)
    tell("reading the checkpoint", 0, 0, "")
    checkpoint = _resolved(store, name, revision, roots)
    store.ingest()
    subject = checkpoints.subject_of(store, checkpoint.fingerprint)
    row = checkpoints.row_of(checkpoint, name) | {"subject": subject}
    result = gap_rows.find(store, subject, request)
    cached = result is not None
    if result is None:
        result = word_gap(
            checkpoint,
            request.domain,
            request.reference,
            form=request.form,
            cases=request.cases,
            several=request.several,
            seed=request.seed,
            progress=tell,
        )
        checkpoints.keep(store, row)
        checkpoints.remember_aliases(store, checkpoint, Remembered(store.folder / "digests"))
        gap_rows.keep(store, subject, request, result, time.perf_counter() - started)
    checkpoints.keep_name(store, row)
    store.ingest()
    opened = checkpoint.opened
    distances = {
        key: Distances(**{part: getattr(one, part) for part in PARTS})
        for key, one in result.distances.items()
    }
    return MeasuredGap(
        subject=name,
        fingerprint=subject,
        domain=request.names[0],
        reference=request.names[1],
        **distances,
        domain_ids=result.ids("domain"),
        reference_ids=result.ids("reference"),
        skipped=[SkippedWord(one.word, which, one.reason) for which, one in result.skipped],
        bytes_read=opened.bytes_read + (0 if cached else result.bytes_read),
        requests=opened.requests + (0 if cached else result.requests),
        cached=cached,
        seconds=time.perf_counter() - started,
        note=result.note,
        parameters=request.parameters,
        seed=request.seed,
    )


def _resolved(store: Store, name: str, revision: str | None, roots: Iterable[Path] | None) -> "Checkpoint":
    """The checkpoint, its weights unread: a small one on this machine by content, so that it is one with
    what else was measured of it.
    """
    from core.checkpoints.resolve import resolve, resolve_unread
    from core.weights.tensor_files import weight_files

    digests = Remembered(store.folder / "digests")
    where: dict[str, Any] = {"roots": roots, "revision": revision, "digests": digests}
    checkpoint = resolve_unread(name, **where)
    if checkpoint.remote:
        return checkpoint
    small = sum(file.stat().st_size for file in weight_files(checkpoint.folder)) <= SMALL
    return resolve(name, **where) if small else checkpoint


def expand(names: Iterable[str]) -> list[str]:
    """Names of checkpoints, a folder of checkpoints standing for every one under it; each once, in order.

    Errors: InputError for a folder without any.
    """
    from core.checkpoints.resolve import find

    expanded: dict[str, None] = {}
    for name in names:
        folder = Path(name).expanduser()
        if folder.is_dir() and not (folder / "config.json").is_file():
            under = find([folder])
            if not under:
                raise InputError(
                    f"{name} holds no checkpoint, nor do the folders in it: give folders with config.json "
                    "and model.safetensors."
                )
            expanded.update(dict.fromkeys(map(str, under)))
        else:
            expanded[name] = None
    return list(expanded)


def run(
    store: Store, subject: Subject, request: Gap, progress: Progress, roots: Iterable[Path] | None
) -> MeasuredGap:
    """`gap_for` for a piece of a job."""
    name = subject.path or subject.name
    return gap_for(store, name, request, progress, revision=subject.revision, roots=roots)


def title(request: Gap, subjects: Sequence[Subject]) -> str:
    """Of a job that was given none: how many checkpoints, and the two sets."""
    many = f"{len(subjects)} checkpoints" if len(subjects) > 1 else Path(subjects[0].name).name
    return f"Token gap of {many}: {request.names[0]} against {request.names[1]}"


TASK = Task(
    name="gap",
    request=Gap,
    run=run,
    verb="Measuring the token gap of",
    title=title,
    page=lambda request: Page("explore", "Explore", "gap"),
)
