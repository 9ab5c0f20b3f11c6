"""Uploaded vectors, kept by what they say: the same vectors in any file format are one file here.

A browser's upload lives only as long as its session, and the job that measures it may run tomorrow. So the
vectors are read and checked once, when they arrive, and kept as `uploads/FINGERPRINT.npy` beside the store.
"""

import shutil
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np

from cache import limited
from cache.files import replacing, writable
from core.hidden_states import vector_files as vectors
from core.hidden_states.vector_files import READERS
from core.hidden_states.vector_readers import Choice

FORMATS = tuple(suffix.removeprefix(".") for suffix in READERS)
_ALL = Choice()
LONGEST_NAME = 200  # letters


@dataclass(frozen=True)
class Upload:
    """Checked vectors: n rows of d numbers, as float32 or float64 in `path`. notes: on the reading."""

    name: str
    path: Path
    fingerprint: str
    n: int
    d: int
    notes: list[str] = field(default_factory=list)


def keep(
    store_folder: Path,
    source: BinaryIO | Path,
    name: str,
    *,
    limit_bytes: int | None = None,
    choice: Choice = _ALL,
) -> Upload:
    """Read, check and keep one file.

    Arguments:
        store_folder: the folder of the store; the vectors go to its `uploads`.
        source: the file, opened for reading, or, without limits, a path or a folder of Parquet files.
        name: its name, whose ending says the format.
        limit_bytes: the largest array to accept, unpacked; the file, which may come from anywhere, is then
            read in a process of its own, see `cache.limited`.
        choice: what to take of the file where that is open.

    Raises InputError, in one sentence, for a file that cannot be used.
    """
    if limit_bytes is None or isinstance(source, Path):
        return keep_here(store_folder, source, name, limit_bytes=limit_bytes, choice=choice)
    name = name if len(name) <= LONGEST_NAME else f"…{name[-LONGEST_NAME:]}"
    size = source.seek(0, 2)
    source.seek(0)
    if size <= limited.SMALL and Path(name).suffix.lower() not in limited.PACKED:
        return keep_here(store_folder, source, name, limit_bytes=limit_bytes, choice=choice)
    vectors.within(size, limit_bytes, f"{name} is")
    with tempfile.TemporaryFile() as file:
        shutil.copyfileobj(source, file, 1 << 20)
        file.seek(0)
        asked = {"folder": str(store_folder), "called": name, "limit": limit_bytes, "choice": asdict(choice)}
        kept = limited.read("vectors", name, size, file, **asked)
    return Upload(**kept | {"path": Path(kept["path"])})


def keep_here(
    store_folder: Path,
    source: BinaryIO | Path,
    name: str,
    *,
    limit_bytes: int | None = None,
    choice: Choice = _ALL,
) -> Upload:
    """As `keep`, in this process."""
    array, notes = vectors.read(source, name, limit_bytes=limit_bytes, choice=choice)
    fingerprint = vectors.fingerprint(array)
    path = store_folder / "uploads" / f"{fingerprint}.npy"
    if path.exists():
        with suppress(OSError):
            path.touch()  # else it may be swept away as unused, see `cache.sweeping`
    else:
        with writable(store_folder):
            path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(path) as temporary, temporary.open("wb") as file:
                np.save(file, array, allow_pickle=False)
    return Upload(name, path, fingerprint, array.shape[0], array.shape[1], notes)
