"""Readers of files of arrays: the array as it stands in the file, for `vector_files` to check.

Nothing in a file is ever run (no pickle), and sizes are checked before anything is unpacked.
"""

import math
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO, BinaryIO

import numpy as np

from core.errors import InputError, OpenChoiceError

READER_VERSION = 2  # raised where a file may be read otherwise than before


@dataclass(frozen=True)
class Choice:
    """What to take of a file where that is open.

    columns: of a table, see `core.hidden_states.vector_columns.chosen`. array: of several. skip_bad_rows:
    leave out rows with values that are NaN, infinite or no numbers, and rows of another length.
    """

    columns: str | None = None
    array: str | None = None
    skip_bad_rows: bool = False


@dataclass(frozen=True)
class Reading:
    """The array of a file, with notes on what was left out."""

    array: np.ndarray
    notes: list[str] = field(default_factory=list)


def refuse_array(choice: Choice, name: str) -> None:
    """Raise InputError where an array is chosen of a file that is a table."""
    if choice.array is not None:
        raise InputError(f"{name} is a table and holds no named arrays: leave --array out.")


def _refuse_columns(choice: Choice, name: str) -> None:
    if choice.columns is not None:
        raise InputError(f"{name} holds arrays and no columns: leave --vector-columns out.")


def within(size: int, limit: int | None, what: str) -> None:
    """Raise InputError where `what` (is or unpacks to) `size` bytes and the limit is lower."""
    if limit is not None and size > limit:
        raise InputError(
            f"{what} {size:,} bytes, over the limit of {limit:,}: keep fewer rows, or measure it from the "
            "command line."
        )


def _one_of(arrays: Mapping[str, bool], name: str, choice: Choice) -> tuple[str, list[str]]:
    """(the array to read, notes). arrays: name → whether it is a table of floating-point numbers."""
    if not arrays:
        raise InputError(f"{name} holds no array: save the vectors in it.")
    names = ", ".join(sorted(arrays))
    if choice.array is not None:
        if choice.array not in arrays:
            raise InputError(f"{name} has no array {choice.array!r}: choose one of {names} with --array.")
        return choice.array, []
    tables = [one for one, is_table in arrays.items() if is_table]
    if len(arrays) == 1:
        return next(iter(arrays)), []
    if "vectors" in arrays or len(tables) == 1:
        picked = "vectors" if "vectors" in arrays else tables[0]
        others = [one for one in arrays if one != picked]
        note = f"{name}: of its arrays {picked} is measured, not {', '.join(sorted(others))}."
        return picked, [note]
    raise OpenChoiceError(
        f"{name} holds {len(arrays)} arrays ({names})",
        "choose one with --array NAME, or call the one to measure 'vectors'",
        "array",
        {f"Measure {one}": one for one in sorted(arrays)},
    )


def read_npy(stream: BinaryIO, name: str, limit: int | None, choice: Choice) -> Reading:
    """NumPy's format."""
    _refuse_columns(choice, name)
    refuse_array(choice, name)
    size = stream.seek(0, 2)
    stream.seek(0)
    return Reading(_array(stream, name, size))


def read_npz(stream: BinaryIO, name: str, limit: int | None, choice: Choice) -> Reading:
    """An archive of arrays in NumPy's format."""
    _refuse_columns(choice, name)
    with zipfile.ZipFile(stream) as archive:
        members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}

        def is_table(member: zipfile.ZipInfo) -> bool:
            with archive.open(member) as opened:
                shape, dtype = _header(opened)
            return len(shape) == 2 and dtype.kind == "f"

        several = len(members) > 1 and choice.array is None and "vectors" not in members
        tables = {one: not several or is_table(member) for one, member in members.items()}
        picked, notes = _one_of(tables, name, choice)
        chosen = members[picked]
        within(chosen.file_size, limit, f"{name} unpacks to")  # zipfile never unpacks more than is declared
        with archive.open(chosen) as member:
            return Reading(_array(member, name, chosen.file_size), notes)


def _header(stream: IO[bytes]) -> tuple[tuple[int, ...], np.dtype]:
    version = np.lib.format.read_magic(stream)
    header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = header(stream)
    return shape, dtype


def _array(stream: IO[bytes], name: str, size: int) -> np.ndarray:
    """The array of a stream of `size` bytes in NumPy's format."""
    pickled = InputError(
        f"{name} holds pickled Python objects, which could run code and are never loaded: "
        "save the vectors as a plain array, numpy.save(file, vectors.astype('float32'))."
    )
    if stream.read(1) == b"\x80":  # a bare pickle; NumPy's own format starts with \x93NUMPY
        raise pickled
    stream.seek(0)
    shape, dtype = _header(stream)
    if dtype.hasobject:
        raise pickled
    if dtype.itemsize * math.prod(shape) > size - stream.tell():
        raise ValueError("shorter than its header says")
    stream.seek(0)
    return np.lib.format.read_array(stream, allow_pickle=False)


def read_safetensors(stream: BinaryIO, name: str, limit: int | None, choice: Choice) -> Reading:
    """A file of tensors."""
    from safetensors import deserialize

    _refuse_columns(choice, name)
    tensors = dict(deserialize(stream.read()))
    tables = {one: len(of["shape"]) == 2 and of["dtype"][0] in "FB" for one, of in tensors.items()}
    picked, notes = _one_of(tables, name, choice)
    tensor = tensors[picked]
    kind, data = tensor["dtype"], tensor["data"]
    if kind == "BF16":  # the upper half of a float32
        values = (np.frombuffer(data, "<u2").astype("<u4") << 16).view("<f4")
    else:
        letter = {"F": "f", "I": "i", "U": "u"}.get(kind[0])
        if letter is None or not kind[1:].isdigit():
            raise InputError(f"{name} holds {kind} values: save the vectors as float32.")
        values = np.frombuffer(data, f"<{letter}{int(kind[1:]) // 8}")
    return Reading(values.reshape(tensor["shape"]), notes)
