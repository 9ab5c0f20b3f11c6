"""A piece of a job in the hands of the one process that works on it."""

import json
import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from filelock import FileLock

from cache import jobs, locks, tasks
from cache.files import now, read_json, write_json
from cache.jobs import Job, Piece
from cache.store import Store
from core.wording.jobs import killed

ATTEMPTS = 3  # a piece whose worker died this often is not tried again by itself
INTERVAL = 0.5  # seconds between two notes of progress


class Cancelled(Exception):  # noqa: N818 (asked for, not an error)
    """Raised out of a progress call when the job was cancelled or forgotten."""


@dataclass
class Claim:
    """The right to work on one piece; `progress` notes how far it is, `finish` how it ended."""

    store: Store
    job: Job
    piece: Piece
    lock: FileLock
    record: dict[str, Any]
    heard: float = field(default_factory=time.monotonic)  # when progress was noted last
    _stage: tuple[str, float, int] = ("", 0.0, 0)  # its name, when it began, how much was done then
    _noted: float = field(default=0.0)

    @property
    def folder(self) -> Path:
        """Where the job's files are."""
        return jobs.folder(self.store, self.job.id)

    def progress(self, stage: str, done: int = 0, total: int = 0, unit: str = "") -> None:
        """Note what is being done; raises Cancelled when it should stop."""
        if jobs.stopped(self.folder, self.piece.index):
            raise Cancelled
        self.heard = clock = time.monotonic()
        if stage != self._stage[0]:
            self._stage, self._noted = (stage, clock, done), 0.0
        if clock - self._noted < INTERVAL and not 0 < done == total:
            return
        self._noted = clock
        elapsed, gained = clock - self._stage[1], done - self._stage[2]
        rate = gained / elapsed if gained > 0 and elapsed > 0 else None
        left = (total - done) / rate if rate and total >= done else None
        self._write(stage=stage, done=int(done), total=int(total), unit=unit, rate=rate, seconds_left=left)

    def finish(self, state: str, error: str | None = None, result: Any = None) -> None:
        """Note how the piece ended (done, failed or cancelled), let go of it, and record a job that ended.

        result: what came of it, JSON values, or None.
        """
        try:
            if state == "done" and self.folder.exists():
                write_json(jobs.result_path(self.folder, self.piece.index), result)
            self._write(state=state, error=error, finished_at=time.time(), rate=None, seconds_left=None)
        finally:
            self.lock.release()
        if self.folder.exists():
            _record_end(self.store, self.job.id)

    def _write(self, **news: Any) -> None:
        self.record |= news
        if self.folder.exists():  # else the job was forgotten meanwhile
            write_json(jobs.record_path(self.folder, self.piece.index), self.record)


def claim(store: Store, job: str | None = None, index: int | None = None) -> Claim | None:
    """The oldest piece that nobody works on (of one job, or just one piece), or None."""
    candidates = [jobs.get(store, job)] if job else reversed(jobs.list_jobs(store))
    for candidate in candidates:
        for piece in candidate.pieces:
            if index in (None, piece.index) and piece.state in ("queued", "interrupted"):
                claimed = _claim(store, candidate, piece)
                if claimed:
                    return claimed
    return None


def _claim(store: Store, job: Job, piece: Piece) -> Claim | None:
    folder = jobs.folder(store, job.id)
    lock = locks.take(jobs.lock_path(folder, piece.index))
    if lock is None:
        return None
    before = jobs.record(folder, piece.index)
    if jobs.stopped(folder, piece.index) or before.state in jobs.ENDED:  # somebody was faster
        lock.release()
        return None
    attempts = before.attempts + 1
    record = {"state": "running", "attempts": attempts, "started_at": time.time()}
    claimed = Claim(store, job, piece, lock, record)
    if attempts > ATTEMPTS:
        task = tasks.task_of(piece.request)
        claimed.finish("failed", killed(task.verb, piece.subject.name, ATTEMPTS, task.remedy))
        return None
    try:
        claimed.progress("starting")
    except Cancelled:  # a moment ago
        claimed.finish("cancelled")
        return None
    return claimed


def _record_end(store: Store, job: str) -> None:
    """Add the row of a job whose pieces have all ended."""
    ended = jobs.get(store, job)
    if ended.state in jobs.OPEN:
        return
    states = [piece.state for piece in ended.pieces]
    asked = read_json(jobs.folder(store, job) / "job.json")
    row = {
        "job": job,
        "title": ended.title,
        "request": json.dumps(asked),
        "submitted_at": datetime.fromisoformat(ended.submitted_at).replace(tzinfo=None),
        "finished_at": now(),
        "state": ended.state,
        "done": states.count("done"),
        "failed": states.count("failed"),
        "total": len(states),
    }
    store.add("jobs", [row])
    store.ingest(wait=False)
