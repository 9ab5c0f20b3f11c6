"""Locks that the kernel releases when their holder is killed: who works on what, and how many work at all."""

import os
from pathlib import Path

from filelock import FileLock, Timeout

WORKERS = "LATENT_SHORTLIST_WORKERS"


def take(path: Path, patience: float = 0.05) -> FileLock | None:
    """The lock, or None if somebody holds it for longer than `patience` seconds.

    Patience outlasts `held`, which looks by taking the lock for a moment.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path, timeout=patience, poll_interval=0.01)
    try:
        lock.acquire()
    except Timeout:
        return None
    return lock


def held(path: Path) -> bool:
    """Whether some process holds the lock now."""
    if not path.exists():
        return False
    lock = take(path, patience=0)
    if lock:
        lock.release()
    return lock is None


def worker_limit() -> int:
    """How many workers may run at a time on one store: $LATENT_SHORTLIST_WORKERS, else 2."""
    text = os.environ.get(WORKERS, "")
    return max(1, int(text)) if text.isdecimal() else 2


def slots(folder: Path, limit: int) -> list[Path]:
    """The locks of a store's workers, one each: a worker runs while it holds one of them."""
    return [folder / "workers" / f"{number}.lock" for number in range(limit)]


def workers_alive(folder: Path) -> int:
    """How many workers hold a slot of the store in `folder`, whatever limit they were started under."""
    return sum(held(path) for path in (folder / "workers").glob("*.lock"))
