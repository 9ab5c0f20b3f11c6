"""Vectors from a file, checked, and what identifies them.

Files come from anywhere, so nothing in them is ever run (no pickle), sizes are checked against the limit
before anything is unpacked, and whatever cannot be used is refused with one sentence. The same vectors give
the same array, bit for bit, and one fingerprint, whatever the format: float32, or float64 where float32 would
lose digits that measures need.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import BinaryIO

import numpy as np

from core.errors import InputError, OpenChoiceError
from core.formatting import first_line
from core.hidden_states import vector_parquet as parquet
from core.hidden_states import vector_readers as arrays
from core.hidden_states import vector_tables as tables
from core.hidden_states.vector_readers import Choice, Reading, within
from core.precision import single
from core.tables.checks import SKIP_ROWS

READERS: dict[str, Callable[[BinaryIO, str, int | None, Choice], Reading]] = {
    ".npy": arrays.read_npy,
    ".npz": arrays.read_npz,
    ".parquet": parquet.read_parquet,
    ".csv": tables.read_separated,
    ".safetensors": arrays.read_safetensors,
    ".tsv": tables.read_separated,
    ".txt": tables.read_separated,
    ".vec": tables.read_separated,
    ".jsonl": tables.read_json,
    ".json": tables.read_json,
}

_POINTER = b"version https://git-lfs"
_BLOCK = 1 << 22  # values looked at in one go: 16 MB of float32
_ALL = Choice()
LARGEST = 1e140  # of what is squared and summed


def read(
    source: Path | BinaryIO, name: str, *, limit_bytes: int | None = None, choice: Choice = _ALL
) -> tuple[np.ndarray, list[str]]:
    """(vectors, notes): the vectors of a file, checked, of shape (n, d), one row a vector; what was left out.

    source: a path, a folder of Parquet files, or an open binary stream that can seek.
    name: what messages call it; its ending says the format.
    limit_bytes: the largest file, and the largest array inside it, that is accepted; None: any.
    choice: what to take where that is open. Else of several arrays in an .npz or .safetensors file, the one
    called `vectors` or the one table of floating-point numbers is read; of a table its one list column, or
    the columns that are dimensions (`core.hidden_states.vector_columns`).
    Errors: InputError for whatever cannot be used, `check` included.
    """
    if isinstance(source, Path) and source.is_dir():  # as Spark and Dask write Parquet
        try:
            reading = parquet.read_parquet_parts(source, name, choice)
        except InputError:
            raise
        except Exception as error:
            raise InputError(
                f"A part of {name} cannot be read ({first_line(error)}): save it again."
            ) from error
    else:
        reading = _of_file(source, name, limit_bytes, choice)
    table, notes = reading.array, list(reading.notes)
    _check_form(table, name)
    if choice.skip_bad_rows:
        kept = np.concatenate([np.isfinite(block).all(axis=1) for _, block in _blocks(table)])
        if out := int(np.count_nonzero(~kept)):
            table = table[kept]
            notes.append(
                f"{name}: {out:,} of {len(kept):,} rows hold NaN or infinite values and were left out."
            )
    check(table, name)
    vectors = narrowed(table, name)
    if vectors.dtype == np.float64:
        notes.append(f"{name}: measured in float64, since float32 would lose digits of its values.")
    return vectors, notes


def _of_file(source: Path | BinaryIO, name: str, limit: int | None, choice: Choice) -> Reading:
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
        if stream.read(len(_POINTER)) == _POINTER:
            raise InputError(f"{name} is a pointer of git-lfs, not the file: fetch it with git lfs pull.")
        stream.seek(0)
        within(size, limit, f"{name} is")
        try:
            return READERS[suffix](stream, name, limit, choice)
        except (InputError, MemoryError):
            raise
        except Exception as error:  # parsers meet arbitrary bytes: what they raise is open
            raise InputError(
                f"{name} is cut off, damaged or no {suffix} file: save or download it again."
            ) from error


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
        raise OpenChoiceError(
            f"{name} holds {values} NaN or infinite, {where} (counted from 0)",
            "leave such rows out, with --skip-bad-rows",
            "skip_bad_rows",
            SKIP_ROWS,
        )


def narrowed(table: np.ndarray, name: str) -> np.ndarray:
    """The vectors as float32, or as float64 where float32 loses what measures need (`core.precision.single`).

    Raises InputError for numbers whose squares float64 cannot hold.
    """
    if table.dtype.itemsize <= 4:
        return np.ascontiguousarray(table, dtype=np.float32)
    double = np.ascontiguousarray(table, np.float64)
    vectors = single(double)
    if vectors is None:
        _check_range(double, name)
    return double if vectors is None else vectors


def _check_range(vectors: np.ndarray, name: str) -> None:
    for start, block in _blocks(vectors):
        largest = np.abs(block).max(axis=1)
        wrong = (largest > LARGEST) | ((largest > 0) & (largest < 1 / LARGEST))
        if wrong.any():
            row = int(np.argmax(wrong))
            size, way = largest[row], "down" if largest[row] > 1 else "up"
            raise InputError(
                f"{name} holds numbers as {'large' if way == 'down' else 'small'} as {size:.1e} in row "
                f"{start + row:,} (counted from 0), whose squares no float64 holds: scale the vectors {way}."
            )


def fingerprint(vectors: np.ndarray) -> str:
    """32 hex digits over type, shape and bytes: the same vectors in any format have one fingerprint."""
    double = vectors.dtype == np.float64
    digest = hashlib.blake2b(digest_size=16)
    for part in ("float64" if double else "float32", *vectors.shape):
        digest.update(f"{part};".encode())
    for _, block in _blocks(vectors):
        digest.update(np.ascontiguousarray(block, dtype="<f8" if double else "<f4").data)
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
