"""The queue: what to compute, how far it is, cancel, resume.

A job is a folder of small JSON files under the store, each written whole by a rename: `job.json` says what
was asked for, `0000.json` … how far each piece (one request on one subject) is, `0000.result.json` … what
came of it. Only the holder of `0000.lock` writes those of its piece. What state a piece is in follows from
its file and from whether its lock is held, so a killed worker leaves no lie behind.

A job file that cannot be read (damage, another version) is a failed job with an error and without pieces.
"""

import shutil
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cache import job_files, locks, tasks
from cache.documents import from_json
from cache.files import read_json, writable, write_json
from cache.job_files import JobFile
from cache.requests import Request, Subject, anchored, full_path
from cache.store import Store
from core.errors import InputError
from core.wording.jobs import not_kept, unfinished, unreadable

ENDED = ("done", "failed")
OPEN = ("queued", "running", "interrupted")
STATES = (*ENDED, *OPEN, "cancelled")


@dataclass(frozen=True)
class Record:
    """How far a piece is. state: queued, running, done, failed, cancelled or interrupted.

    stage, done, total, unit: what runs now, and how far; rate in units a second; times in seconds since 1970.
    """

    state: str = "queued"
    stage: str = ""
    done: int = 0
    total: int = 0
    unit: str = ""
    rate: float | None = None
    seconds_left: float | None = None
    error: str | None = None
    started_at: float | None = None
    finished_at: float | None = None
    attempts: int = 0


@dataclass(frozen=True, kw_only=True)
class Piece(Record):
    """One request on one subject, and how far it is."""

    index: int
    request: Request
    subject: Subject


@dataclass(frozen=True)
class Job:
    """A job: `failed` means that all pieces have ended and some failed. submitted_at: UTC, ISO 8601.

    roots: folders that its local checkpoints must lie under; None: anywhere. error: why the job's file cannot
    be read; it has no pieces then.
    """

    id: str
    title: str
    submitted_at: str
    state: str
    pieces: list[Piece]
    roots: list[str] | None = None
    error: str | None = None

    @property
    def main(self) -> list[Piece]:
        """The pieces that were asked for, without those that come along (`Task.also`)."""
        return [piece for piece in self.pieces if type(piece.request) is type(self.pieces[0].request)]

    @property
    def page(self) -> tasks.Page | None:
        """The page that shows what comes of it, if there is one."""
        request = self.pieces[0].request if self.pieces else None
        return None if request is None else tasks.task_of(request).page(request)


def submit(
    store: Store,
    request: Request,
    subjects: Sequence[Subject],
    title: str | None = None,
    *,
    roots: Iterable[Path] | None = None,
) -> str:
    """Queue the request on each subject as one job; return its id; `cache.worker.ensure_workers` starts it.

    What the kind of job does along with it (`Task.also`) makes the last pieces. title: None is the kind's.
    roots: where local checkpoints must lie, for requests that do not come from the owner of this machine.
    Errors: InputError for no subject, and for a request that cannot be carried out.
    """
    if not subjects:
        raise InputError("There is nothing to measure: choose a checkpoint or a file of vectors.")
    task = tasks.task_of(request)
    task.check(request)
    asked = [(request, subject) for subject in subjects] + task.also(store, request, subjects)
    now = datetime.now(UTC)
    job = f"{now:%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:6]}"
    content = JobFile(
        title or task.title(request, subjects),
        now.isoformat(timespec="microseconds"),
        None if roots is None else [str(root) for root in roots],
        [(anchored(one), _anchored(subject)) for one, subject in asked],
    )
    with writable(store.folder):
        made = folder(store, f".{job}")
        made.mkdir(parents=True)
        write_json(made / "job.json", job_files.content_of(content))
        made.rename(folder(store, job))
    return job


def _anchored(subject: Subject) -> Subject:
    place = full_path(subject.path or subject.name)
    return replace(subject, path=place) if Path(place).is_absolute() else subject


def list_jobs(store: Store) -> list[Job]:
    """All jobs, newest first."""
    listed = [_read(path) for path in (store.folder / "jobs").glob("[!.]*")]
    return sorted((job for job in listed if job), key=lambda job: job.submitted_at, reverse=True)


def open_job(store: Store, request: Request) -> str | None:
    """The newest job that asks for the same and has not ended, or None."""
    wanted = anchored(request)
    return next(
        (job.id for job in list_jobs(store) if job.state in OPEN and job.main[0].request == wanted), None
    )


def get(store: Store, job: str) -> Job:
    """The job of that id; InputError if there is none."""
    entry = _read(folder(store, job)) if job and job == Path(job).name else None
    if entry is None:
        raise InputError(f"There is no job {job}: `cli.py jobs list` names those that there are.")
    return entry


def cancel(store: Store, job: str) -> None:
    """Stop a job: pieces not begun stay so, a running one stops at its next sign of progress."""
    get(store, job)
    with writable(store.folder):
        (folder(store, job) / "cancelled").touch()


def cancel_piece(store: Store, job: str, index: int) -> None:
    """Stop one piece of a job; the others go on."""
    get(store, job)
    with writable(store.folder):
        stop_path(folder(store, job), index).touch()


def resume(store: Store, job: str) -> None:
    """Queue again what was cancelled, interrupted or failed; finished pieces are not done again."""
    present = get(store, job)
    if present.error:
        raise InputError(present.error)
    with writable(store.folder):
        (folder(store, job) / "cancelled").unlink(missing_ok=True)
        for piece in present.pieces:
            if piece.state in ("cancelled", "interrupted", "failed"):
                stop_path(folder(store, job), piece.index).unlink(missing_ok=True)
                record_path(folder(store, job), piece.index).unlink(missing_ok=True)


def forget(store: Store, job: str) -> None:
    """Take a job off the list; a running piece stops, what was measured stays in the store."""
    get(store, job)
    with writable(store.folder):
        hidden = folder(store, job).rename(folder(store, f".{job}"))
        shutil.rmtree(hidden, ignore_errors=True)


def folder(store: Store, job: str) -> Path:
    """Where the files of a job are."""
    return store.folder / "jobs" / job


def record_path(job_folder: Path, index: int) -> Path:
    """The file that says how far a piece is."""
    return job_folder / f"{index:04d}.json"


def lock_path(job_folder: Path, index: int) -> Path:
    """The lock that the process working on a piece holds."""
    return job_folder / f"{index:04d}.lock"


def stop_path(job_folder: Path, index: int) -> Path:
    """The file whose presence says that this piece alone was cancelled."""
    return job_folder / f"{index:04d}.cancelled"


def stopped(job_folder: Path, index: int) -> bool:
    """Whether nobody is to work on a piece any more: it or its job was cancelled, or the job forgotten."""
    signs = (job_folder / "cancelled", stop_path(job_folder, index))
    return any(sign.exists() for sign in signs) or not (job_folder / "job.json").exists()


def result_path(job_folder: Path, index: int) -> Path:
    """The file that holds what came of a piece that is done, as its command prints it."""
    return job_folder / f"{index:04d}.result.json"


def result(store: Store, job: str, index: int) -> Any:
    """What came of a piece that is done, as JSON values; None where it gives nothing."""
    return read_json(result_path(folder(store, job), index))


def outcome(store: Store, job: Job) -> tuple[list[Any], list[dict[str, str]]]:
    """What came of a job that nobody works on any more: (results, failures), as its command prints them.

    Results are those of the pieces that were asked for. Failures, {"subject", "error"}, are those of all
    pieces, and of pieces that were not finished.
    """
    results, failures = [], []
    for piece in job.pieces:
        name, error = piece.subject.name, None
        if piece.state != "done":
            error = piece.error or unfinished(name, piece.state, job.id)
        elif not result_path(folder(store, job.id), piece.index).exists():
            error = not_kept(name)
        elif piece in job.main:
            results.append(result(store, job.id, piece.index))
        failures += [{"subject": name, "error": error}] if error else []
    return results, failures


def record(job_folder: Path, index: int) -> Record:
    """How far a piece is, by its file; one that is absent or cannot be read is a piece not begun."""
    try:
        entry = from_json(Record, read_json(record_path(job_folder, index)))
    except ValueError:
        return Record()
    return entry if entry.state in STATES else Record()


def _read(path: Path) -> Job | None:
    try:
        content = job_files.read(path / "job.json")
    except job_files.Unreadable as error:
        when = job_files.submitted_at(path)
        return Job(path.name, path.name, when, "failed", [], error=unreadable(str(error)))
    if content is None:
        return None
    cancelled = (path / "cancelled").exists()
    pieces = [_piece(path, index, *asked, cancelled) for index, asked in enumerate(content.asked)]
    state = _state([piece.state for piece in pieces])
    return Job(path.name, content.title or path.name, content.submitted_at, state, pieces, content.roots)


def _piece(path: Path, index: int, request: Request, subject: Subject, cancelled: bool) -> Piece:
    entry = record(path, index)
    if entry.state == "running" and not locks.held(lock_path(path, index)):
        entry = record(path, index)  # it may have ended between the two looks
        if entry.state == "running":
            alive = locks.workers_alive(path.parents[1])
            entry = replace(entry, state="queued" if alive else "interrupted")
    cancelled = cancelled or stop_path(path, index).exists()
    if cancelled and entry.state in ("queued", "interrupted"):
        entry = replace(entry, state="cancelled")
    if not cancelled and entry.state == "cancelled":
        entry = Record()
    return Piece(index=index, request=request, subject=subject, **asdict(entry))


def _state(pieces: list[str]) -> str:
    for state in ("running", "interrupted"):
        if state in pieces:
            return state
    if "queued" in pieces:  # between two pieces the job runs all the same
        return "running" if any(state in ENDED for state in pieces) else "queued"
    for state in ("cancelled", "failed"):
        if state in pieces:
            return state
    return "done"
