"""The queue: what to compute, how far it is, cancel, resume.

A job is a folder of small JSON files under the store, each written whole by a rename: `job.json` says what
was asked for, `0000.json` … how far each piece (one subject) is. Only the holder of `0000.lock` writes
`0000.json`. What state a piece is in follows from its file and from whether its lock is held, so a killed
worker leaves no lie behind.
"""

import shutil
import uuid
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cache import locks, samples
from cache.files import read_json, writable, write_json
from cache.requests import Settings, Subject
from cache.store import Store
from core.errors import InputError
from core.formatting import first_few

ENDED = ("done", "failed")
OPEN = ("queued", "running", "interrupted")


@dataclass(frozen=True)
class Piece:
    """One subject of a job. state: queued, running, done, failed, cancelled or interrupted.

    stage, done, total, unit: what runs now, and how far; rate in units a second; times in seconds since 1970.
    """

    index: int
    subject: Subject
    state: str
    stage: str = ""
    done: int = 0
    total: int = 0
    unit: str = ""
    rate: float | None = None
    seconds_left: float | None = None
    error: str | None = None
    started_at: float | None = None
    finished_at: float | None = None


@dataclass(frozen=True)
class Job:
    """A job: `failed` means that all pieces have ended and some failed. submitted_at: UTC, ISO 8601.

    roots: folders that its local checkpoints must lie under; None: anywhere.
    """

    id: str
    title: str
    submitted_at: str
    state: str
    pieces: list[Piece]
    settings: Settings
    roots: list[str] | None = None


def submit(
    store: Store,
    subjects: list[Subject],
    settings: Settings,
    title: str | None = None,
    *,
    roots: Iterable[Path] | None = None,
) -> str:
    """Queue the subjects as one job and return its id; `cache.worker.ensure_workers` gets it going.

    Where text is read, a last piece of kind "corpus" tells how representative it is, unless that is known.
    roots: where local checkpoints must lie, for requests that do not come from the owner of this machine.
    Errors: InputError for no subject, and for a corpus that is not there.
    """
    if not subjects:
        raise InputError("There is nothing to measure: choose a checkpoint or a file of vectors.")
    name = first_few(Path(subject.name).name for subject in subjects)
    if any(subject.kind == "checkpoint" for subject in subjects) and not samples.compared(
        store, settings.corpus, settings.sequences, settings.seed, settings.column
    ):
        subjects = [*subjects, Subject("corpus", samples.label(settings.corpus))]
    now = datetime.now(UTC)
    job = f"{now:%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:6]}"
    content = {
        "title": title or name,
        "submitted_at": now.isoformat(timespec="microseconds"),
        "settings": asdict(settings) | {"corpus": _absolute(settings.corpus)},
        "subjects": [asdict(_anchored(subject)) for subject in subjects],
        "roots": None if roots is None else [str(root) for root in roots],
    }
    with writable(store.folder):
        made = folder(store, f".{job}")
        made.mkdir(parents=True)
        write_json(made / "job.json", content)
        made.rename(folder(store, job))
    return job


def _absolute(name: str) -> str:
    """A file or folder by its full path, since a worker runs in another folder; other names as they are.

    Of a variant, which is written behind a plus sign, that of the folder it is made from.
    """
    for cut in (len(name), name.find("+")):
        path = Path(name[: max(cut, 0)]).expanduser()
        if name[: max(cut, 0)] and path.exists():
            return f"{path.resolve()}{name[cut:]}"
    return name


def _anchored(subject: Subject) -> Subject:
    place = _absolute(subject.path or subject.name)
    return replace(subject, path=place) if Path(place).is_absolute() else subject


def list_jobs(store: Store) -> list[Job]:
    """All jobs, newest first."""
    found = [_read(path) for path in (store.folder / "jobs").glob("[!.]*")]
    return sorted((job for job in found if job), key=lambda job: job.submitted_at, reverse=True)


def get(store: Store, job: str) -> Job:
    """The job of that id; InputError if there is none."""
    found = _read(folder(store, job)) if job and job == Path(job).name else None
    if found is None:
        raise InputError(f"There is no job {job}: `cli.py jobs list` names those that there are.")
    return found


def cancel(store: Store, job: str) -> None:
    """Stop a job: pieces not begun stay so, a running one stops at its next sign of progress."""
    get(store, job)
    with writable(store.folder):
        (folder(store, job) / "cancelled").touch()


def resume(store: Store, job: str) -> None:
    """Queue again what was cancelled, interrupted or failed; finished pieces are not done again."""
    found = get(store, job)
    with writable(store.folder):
        (folder(store, job) / "cancelled").unlink(missing_ok=True)
        for piece in found.pieces:
            if piece.state in ("cancelled", "interrupted", "failed"):
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


def _read(path: Path) -> Job | None:
    asked = read_json(path / "job.json")
    if asked is None:
        return None
    cancelled = (path / "cancelled").exists()
    pieces = [_piece(path, index, Subject(**s), cancelled) for index, s in enumerate(asked["subjects"])]
    settings = Settings(**asked["settings"])
    state = _state([piece.state for piece in pieces])
    return Job(path.name, asked["title"], asked["submitted_at"], state, pieces, settings, asked["roots"])


def _piece(path: Path, index: int, subject: Subject, cancelled: bool) -> Piece:
    record: dict[str, Any] = read_json(record_path(path, index)) or {"state": "queued"}
    record.pop("attempts", None)
    if record["state"] == "running" and not locks.held(lock_path(path, index)):
        again = read_json(record_path(path, index))  # it may have ended between the two looks
        if again and again["state"] == "running":
            record["state"] = "queued" if locks.workers_alive(path.parents[1]) else "interrupted"
        else:
            record = again or {"state": "queued"}
            record.pop("attempts", None)
    if cancelled and record["state"] in ("queued", "interrupted"):
        record["state"] = "cancelled"
    if not cancelled and record["state"] == "cancelled":
        record = {"state": "queued"}
    return Piece(index, subject, **record)


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
