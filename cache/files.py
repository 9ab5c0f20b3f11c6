"""Files that are whole or absent: written under a temporary name, flushed to the disk, then renamed."""

import hashlib
import json
import os
import uuid
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.errors import InputError


def now() -> datetime:
    """The time in UTC, without a zone, as the store's columns hold it."""
    return datetime.now(UTC).replace(tzinfo=None)


def key(*parts: object) -> str:
    """32 hex over typed parts: what differs in any part, or in how the parts are cut, has another key."""
    return hashlib.blake2b(json.dumps(parts).encode(), digest_size=16).hexdigest()


def reason(error: OSError) -> str:
    """What went wrong, in the system's words where it has some."""
    return os.strerror(error.errno) if error.errno else error.strerror or str(error)


@contextmanager
def writable(folder: Path) -> Iterator[None]:
    """Say in one sentence that `folder` cannot be written, whatever the reason (full, read-only)."""
    try:
        yield
    except TimeoutError:  # a lock that another process holds
        raise
    except OSError as error:
        raise InputError(
            f"The store {folder} cannot be written ({reason(error)}): free space there or choose another "
            "folder with --store DIR or LATENT_SHORTLIST_STORE."
        ) from error


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path to write to; renamed to `path` when the block ends well, removed when it does not."""
    temporary = path.with_name(f".tmp-{uuid.uuid4().hex[:12]}-{path.name}")
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, content: object) -> None:
    """Write `content` as JSON under its final name at once."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(content))


def read_json(path: Path) -> Any:
    """The content of a JSON file, or None where it is absent or unreadable."""
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return None


class Remembered(MutableMapping[str, str]):
    """Strings remembered in a folder, one small file a key: safe for any number of processes at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _path(self, name: str) -> Path:
        return self.folder / f"{key(name)}.json"

    def __getitem__(self, name: str) -> str:
        content = read_json(self._path(name))
        if not content or content[0] != name:
            raise KeyError(name)
        return content[1]

    def __setitem__(self, name: str, value: str) -> None:
        with writable(self.folder.parent):
            self.folder.mkdir(parents=True, exist_ok=True)
            write_json(self._path(name), [name, value])

    def __delitem__(self, name: str) -> None:
        self._path(name).unlink()

    def __iter__(self) -> Iterator[str]:
        contents = (read_json(path) for path in self.folder.glob("*.json"))
        return iter([content[0] for content in contents if content])

    def __len__(self) -> int:
        return len(list(iter(self)))
