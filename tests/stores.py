"""Stores for tests: opened once, then copied, since the published figures take most of a quick test."""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from cache.store import Store


@cache
def _opened() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="latent-shortlist-test-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    Store.open(folder / "store")
    return folder / "store"


def new(folder: Path) -> Store:
    """A store in `folder` with nothing but the published figures in it."""
    shutil.copytree(_opened(), folder)
    return Store(folder.resolve())
