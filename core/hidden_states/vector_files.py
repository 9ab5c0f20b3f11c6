"""Vectors from a file (.npy, .npz, .parquet, .csv, .safetensors), checked, and what identifies them.

Files come from anywhere, so nothing in them is ever run (no pickle), sizes are checked against the limit
before anything is unpacked, and whatever cannot be used is refused with one sentence. The same vectors give
the same float32 array, bit for bit, and one fingerprint, whatever the format.
"""

import hashlib
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import BinaryIO

import numpy as np

from core.errors import InputError
from core.hidden_states.vector_readers import READERS, within

_BLOCK = 1 << 22  # values looked at in one go: 16 MB of float32


def read(source: Path | BinaryIO, name: str, *, limit_bytes: int | None = None) -> np.ndarray:
    """The vectors of a file, checked, as float32 of shape (n, d), one row a vector.

    source: a path, or an open binary stream that can seek.
    name: what messages call it; its ending says the format.
    limit_bytes: the largest file, and the largest array inside it, that is accepted; None: any.
    Of several arrays in an .npz or .safetensors file, the one called `vectors` is read. Of a Parquet file,
    its one list column (others are left aside), or all its columns, which must be floating-point. A CSV file
    may have a header or not, and be separated by comma, semicolon or tab.
    Errors: InputError for whatever cannot be used, `check` included.
    """
    suffix = Path(name).suffix.lower()
    if suffix not in READERS:
        raise InputError(f"{name} is of no known format: give {', '.join(READERS)}.")
    try:
        opened = source.open("rb") if isinstance(source, Path) else nullcontext(source)
    except OSError as error:
        raise InputError(f"{name} cannot be opened ({error.strerror}): give a file of vectors.") from None
    with opened as stream:
        size = stream.seek(0, 2)
        stream.seek(0)
        if size == 0:
            raise InputError(f"{name} is empty: give a file of vectors.")
        within(size, limit_bytes, f"{name} is")
        try:
            table = READERS[suffix](stream, name, limit_bytes)
        except InputError:
            raise
        except Exception as error:  # five parsers meet arbitrary bytes: what they raise is open
            raise InputError(
                f"{name} is cut off, damaged or no {suffix} file: save or download it again."
            ) from error
    _check_form(table, name)
    with np.errstate(over="ignore"):  # a float64 beyond float32 becomes infinite, and is reported as such
        vectors = np.ascontiguousarray(table, dtype=np.float32)
    check(vectors, name)
    return vectors


def check(vectors: np.ndarray, name: str) -> None:
    """Raise InputError unless `vectors` is floating-point, of shape (n ≥ 2, d ≥ 1), and finite."""
    _check_form(vectors, name)
    count, first = 0, None
    for start, block in _blocks(vectors):
        wrong = ~np.isfinite(block)
        if wrong.any():
            count += int(wrong.sum())
            row, column = np.argwhere(wrong)[0]
            first = first or (start + int(row), int(column))
    if first is not None:
        values = f"{count:,} values that are" if count > 1 else "a value that is"
        where = ("the first at " if count > 1 else "at ") + f"row {first[0]:,}, column {first[1]:,}"
        raise InputError(
            f"{name} holds {values} NaN or infinite, {where} (counted from 0): leave such rows out."
        )


def fingerprint(vectors: np.ndarray) -> str:
    """32 hex digits over shape and float32 bytes: the same vectors in any format have one fingerprint."""
    digest = hashlib.blake2b(digest_size=16)
    for part in ("float32", *vectors.shape):
        digest.update(f"{part};".encode())
    for _, block in _blocks(vectors):
        digest.update(np.ascontiguousarray(block, dtype="<f4").data)
    return digest.hexdigest()


def _blocks(vectors: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Row ranges small enough that nothing of the size of the whole is ever allocated."""
    rows = max(1, _BLOCK // max(1, vectors.shape[1]))
    for start in range(0, len(vectors), rows):
        yield start, vectors[start : start + rows]


def _check_form(vectors: np.ndarray, name: str) -> None:
    if vectors.ndim != 2:
        raise InputError(f"{name} has shape {vectors.shape}: give a table of shape (n, d), one row a vector.")
    if not np.issubdtype(vectors.dtype, np.floating):
        raise InputError(
            f"{name} holds {vectors.dtype} values where floating-point numbers are expected: "
            "save the vectors as float32."
        )
    if vectors.shape[0] < 2 or vectors.shape[1] < 1:
        raise InputError(f"{name} has shape {vectors.shape}: at least two vectors are needed, one a row.")
