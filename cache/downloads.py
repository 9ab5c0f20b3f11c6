"""Weights that a job downloads, measures and deletes: a folder each, and one disk budget for all of them.

A download belongs to whoever holds its lock, which the kernel releases when the process dies. What a killed
process has left is gone on with by the next that asks for the same checkpoint, and deleted by any other that
needs room. Nothing outside the store's folder is ever deleted.
"""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from cache import locks
from cache.files import read_json, writable, write_json
from cache.requests import Progress
from cache.store import Store
from core.errors import InputError
from core.formatting import short_bytes

POLL = 0.5  # seconds between two looks at what others occupy
RESERVED, KEPT = "reserved.json", "kept.json"


@contextmanager
def alone(store: Store, name: str, progress: Progress) -> Iterator[Path]:
    """The folder of the checkpoint `name`, for this process alone; gone at the end, whatever happened.

    Waits while another process has it. progress: may raise to stop waiting.
    """
    folder = _top(store) / name.replace("/", "--")
    with writable(store.folder):
        while (lock := locks.take(_lock(folder))) is None:
            progress("waiting for another job that measures it", 0, 0, "")
            time.sleep(POLL)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        lock.release()


def reserve(store: Store, folder: Path, name: str, needed: int, budget: int, progress: Progress) -> None:
    """Set `needed` bytes aside for the folder of `alone`; waits until others have deleted theirs.

    Errors: InputError where the budget, what is kept within it, or the disk does not leave so much.
    """
    if needed > budget:
        raise InputError(
            f"{name} was left out, since it needs {short_bytes(needed)} and the disk budget is "
            f"{short_bytes(budget)}: give a larger --disk-budget."
        )
    while not _reserved(store, folder, name, needed, budget):
        progress("waiting for room within the disk budget", 0, 0, "")
        time.sleep(POLL)


def note_kept(store: Store, name: str, place: Path, size: int) -> None:
    """Count weights moved to `place`, outside the store, against the budget as long as they are there."""
    with FileLock(_top(store) / ".lock"):
        kept = read_json(_top(store) / KEPT) or {}
        write_json(_top(store) / KEPT, kept | {name: [str(place), size]})


def _reserved(store: Store, folder: Path, name: str, needed: int, budget: int) -> bool:
    top = _top(store)
    with writable(store.folder), FileLock(top / ".lock"):
        occupied = 0
        for other in (path for path in top.iterdir() if path.is_dir() and path != folder):
            if locks.held(_lock(other)):
                occupied += read_json(other / RESERVED) or 0
            else:  # its process was killed
                shutil.rmtree(other, ignore_errors=True)
        kept = sum(size for place, size in (read_json(top / KEPT) or {}).values() if Path(place).exists())
        if needed + kept > budget:
            raise InputError(
                f"{name} was left out, since it needs {short_bytes(needed)} and kept weights take "
                f"{short_bytes(kept)} of the disk budget of {short_bytes(budget)}: give a larger "
                "--disk-budget, or delete some."
            )
        if needed + kept + occupied > budget:
            return False
        if needed - _size(folder) > shutil.disk_usage(top).free:
            raise InputError(
                f"{name} was left out, since it needs {short_bytes(needed)} and the disk of {store.folder} "
                f"has {short_bytes(shutil.disk_usage(top).free)} left: free some, and resume the job."
            )
        for partial in folder.rglob("*.incomplete"):
            partial.unlink()
        folder.mkdir(exist_ok=True)
        write_json(folder / RESERVED, needed)
        return True


def _size(folder: Path) -> int:
    return sum(file.lstat().st_size for file in folder.rglob("*") if file.is_file() and not file.is_symlink())


def _top(store: Store) -> Path:
    return store.folder / "downloads"


def _lock(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.lock")
