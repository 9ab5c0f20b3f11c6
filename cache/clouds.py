"""Hidden states on disk: .npy files by key, the least recently used given up beyond a limit.

A cloud can always be made again, so an unreadable one is a miss and is logged. Measurements never go with it.
"""

import errno
import logging
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
from filelock import FileLock

from cache import locks
from cache.files import writable

LIMIT = "LATENT_SHORTLIST_CLOUDS_GB"
DEFAULT_GB = 20.0
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)

log = logging.getLogger(__name__)


class Clouds:
    """The clouds in a folder; `limit` in bytes, by default $LATENT_SHORTLIST_CLOUDS_GB or 20 GB."""

    def __init__(self, folder: Path, limit: int | None = None) -> None:
        self.folder = folder
        self.limit = int(float(os.environ.get(LIMIT) or DEFAULT_GB) * 1e9) if limit is None else limit

    def path_for(self, key: str) -> Path:
        """Where the cloud of that key is, if it is there."""
        return self.folder / f"{key}.npy"

    def get(self, key: str) -> np.ndarray | None:
        """The vectors, (n, d) and memory-mapped, or None where they are absent or unreadable."""
        path = self.path_for(key)
        try:
            vectors = np.load(path, mmap_mode="r", allow_pickle=False)
            os.utime(path)  # used now
            return vectors
        except FileNotFoundError:
            return None
        except (OSError, ValueError, EOFError) as error:
            log.warning("Given up as unreadable: %s (%s)", path, error)
            path.unlink(missing_ok=True)
            return None

    def obtain(self, key: str, make: Callable[[Path], None]) -> np.ndarray:
        """The vectors of that key, made by `make(path)` where they are absent.

        They get their name only when whole; two processes that need the same cloud make it once.
        """
        vectors = self.get(key)
        if vectors is not None:
            return vectors
        with writable(self.folder.parent):
            self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self.folder / f"{key}.lock"):
            vectors = self.get(key)
            if vectors is None:
                self._put(key, make)
                vectors = np.load(self.path_for(key), mmap_mode="r", allow_pickle=False)
        self.evict(keep=key)
        return vectors

    def evict(self, keep: str | None = None) -> None:
        """Delete what was used longest ago until the rest fits the limit, and what killed processes left."""
        for left in self.folder.glob(".tmp-*.npy"):
            lock = locks.take(self.folder / f"{left.stem.removeprefix('.tmp-')}.lock", patience=0)
            if lock:  # nobody is writing it
                left.unlink(missing_ok=True)
                lock.release()
        clouds = [(path.stat(), path) for path in self.folder.glob("[!.]*.npy")]
        total = sum(status.st_size for status, _ in clouds)
        for status, path in sorted(clouds, key=lambda cloud: cloud[0].st_mtime_ns):
            if total <= self.limit:
                return
            if path.stem != keep:
                path.unlink(missing_ok=True)
                total -= status.st_size

    def _put(self, key: str, make: Callable[[Path], None]) -> None:
        temporary = self.folder / f".tmp-{key}.npy"
        try:
            make(temporary)
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
            temporary.replace(self.path_for(key))
        except OSError as error:
            if error.errno not in FULL:
                raise
            with writable(self.folder.parent):
                raise
        finally:
            temporary.unlink(missing_ok=True)
