"""Vectors from a file (.npy, .npz, .parquet, .csv, .safetensors), checked, and what identifies them.

Files come from anywhere, so nothing in them is ever run (no pickle), sizes are checked against the limit
before anything is unpacked, and whatever cannot be used is refused with one sentence. The same vectors give
the same float32 array, bit for bit, and one fingerprint, whatever the format.
"""

import csv
import hashlib
import math
import zipfile
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO

import numpy as np

from core.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa

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
    if suffix not in _READERS:
        raise InputError(f"{name} is of no known format: give {', '.join(_READERS)}.")
    try:
        opened = source.open("rb") if isinstance(source, Path) else nullcontext(source)
    except OSError as error:
        raise InputError(f"{name} cannot be opened ({error.strerror}): give a file of vectors.") from None
    with opened as stream:
        size = stream.seek(0, 2)
        stream.seek(0)
        if size == 0:
            raise InputError(f"{name} is empty: give a file of vectors.")
        _within(size, limit_bytes, f"{name} is")
        try:
            found = _READERS[suffix](stream, name, limit_bytes)
        except InputError:
            raise
        except Exception as error:  # five parsers meet arbitrary bytes: what they raise is open
            raise InputError(
                f"{name} is cut off, damaged or no {suffix} file: save or download it again."
            ) from error
    _check_form(found, name)
    with np.errstate(over="ignore"):  # a float64 beyond float32 becomes infinite, and is reported as such
        vectors = np.ascontiguousarray(found, dtype=np.float32)
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


def _within(size: int, limit: int | None, what: str) -> None:
    if limit is not None and size > limit:
        raise InputError(
            f"{what} {size:,} bytes, over the limit of {limit:,}: keep fewer rows, or measure it from the "
            "command line."
        )


def _one_of(names: list[str], name: str) -> str:
    if not names:
        raise InputError(f"{name} holds no array: save the vectors in it.")
    if len(names) == 1:
        return names[0]
    if "vectors" in names:
        return "vectors"
    raise InputError(
        f"{name} holds {len(names)} arrays ({', '.join(sorted(names))}): keep one, or call the one to "
        "measure 'vectors'."
    )


def _read_npy(stream: BinaryIO, name: str, limit: int | None) -> np.ndarray:
    size = stream.seek(0, 2)
    stream.seek(0)
    return _array(stream, name, size)


def _read_npz(stream: BinaryIO, name: str, limit: int | None) -> np.ndarray:
    with zipfile.ZipFile(stream) as archive:
        members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
        chosen = members[_one_of(list(members), name)]
        _within(chosen.file_size, limit, f"{name} unpacks to")  # zipfile never unpacks more than is declared
        with archive.open(chosen) as member:
            return _array(member, name, chosen.file_size)


def _array(stream: IO[bytes], name: str, size: int) -> np.ndarray:
    """The array of a stream of `size` bytes in NumPy's format."""
    pickled = InputError(
        f"{name} holds pickled Python objects, which could run code and are never loaded: "
        "save the vectors as a plain array, numpy.save(file, vectors.astype('float32'))."
    )
    if stream.read(1) == b"\x80":  # a bare pickle; NumPy's own format starts with \x93NUMPY
        raise pickled
    stream.seek(0)
    version = np.lib.format.read_magic(stream)
    header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = header(stream)
    if dtype.hasobject:
        raise pickled
    if dtype.itemsize * math.prod(shape) > size - stream.tell():
        raise ValueError("shorter than its header says")
    stream.seek(0)
    return np.lib.format.read_array(stream, allow_pickle=False)


def _read_safetensors(stream: BinaryIO, name: str, limit: int | None) -> np.ndarray:
    from safetensors import deserialize

    tensors = dict(deserialize(stream.read()))
    tensor = tensors[_one_of(list(tensors), name)]
    kind, data = tensor["dtype"], tensor["data"]
    if kind == "BF16":  # the upper half of a float32
        values = (np.frombuffer(data, "<u2").astype("<u4") << 16).view("<f4")
    else:
        letter = {"F": "f", "I": "i", "U": "u"}.get(kind[0])
        if letter is None or not kind[1:].isdigit():
            raise InputError(f"{name} holds {kind} values: save the vectors as float32.")
        values = np.frombuffer(data, f"<{letter}{int(kind[1:]) // 8}")
    return values.reshape(tensor["shape"])


def _read_parquet(stream: BinaryIO, name: str, limit: int | None) -> np.ndarray:
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = pq.ParquetFile(stream)
    lists = [
        field.name
        for field in file.schema_arrow
        if pa.types.is_list(field.type)
        or pa.types.is_large_list(field.type)
        or pa.types.is_fixed_size_list(field.type)
    ]
    if len(lists) > 1:
        raise InputError(
            f"{name} has {len(lists)} list columns ({', '.join(lists)}): keep the one to measure."
        )
    values = 0
    for group in (file.metadata.row_group(i) for i in range(file.metadata.num_row_groups)):
        columns = (group.column(j) for j in range(group.num_columns))
        values += sum(
            c.num_values for c in columns if not lists or c.path_in_schema.split(".")[0] == lists[0]
        )
    _within(4 * values, limit, f"{name} unpacks to")
    if lists:
        return _list_column(file.read(columns=lists).column(0).combine_chunks(), lists[0], name)
    table = file.read()
    return _matrix(table, [f"'{column}'" for column in table.column_names], name)


def _list_column(column: "pa.Array", label: str, name: str) -> np.ndarray:
    import pyarrow as pa
    import pyarrow.compute as pc

    lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False)
    if len(lengths) and (odd := np.flatnonzero(lengths != lengths[0])).size:
        raise InputError(
            f"The vectors in column '{label}' of {name} differ in length: row 0 has {lengths[0]} numbers, "
            f"row {odd[0]} has {lengths[odd[0]]}; keep vectors of one length."
        )
    values = column.flatten()
    if not pa.types.is_floating(values.type):
        _refuse_column(values.type, f"'{label}'", name)
    return values.to_numpy(zero_copy_only=False).reshape(len(column), -1 if len(column) else 0)


def _read_csv(stream: BinaryIO, name: str, limit: int | None) -> np.ndarray:
    import pyarrow as pa
    import pyarrow.csv as pcsv

    first = stream.readline().decode("utf-8-sig", errors="replace")
    delimiter = max(",;\t", key=first.count)
    cells = next(csv.reader([first], delimiter=delimiter), [])
    named = _is_header(cells)
    size = stream.seek(0, 2)
    stream.seek(0)
    table = pcsv.read_csv(
        stream,
        # One block, so that a column's type is decided by all its values, not by those of the first megabyte.
        read_options=pcsv.ReadOptions(
            autogenerate_column_names=not named, block_size=min(size + 1, 2**31 - 1)
        ),
        parse_options=pcsv.ParseOptions(delimiter=delimiter),
    )
    for index, column in enumerate(table.columns):
        if pa.types.is_null(column.type) or (
            pa.types.is_integer(column.type) and not np.any(column.to_numpy())
        ):
            # A column without values, or of zeros alone, which some programs write without a decimal point.
            table = table.set_column(index, table.column_names[index], column.cast(pa.float32()))
    labels = (
        [f"'{cell}'" for cell in table.column_names] if named else [str(i) for i in range(len(table.columns))]
    )
    return _matrix(table, labels, name)


def _is_header(cells: list[str]) -> bool:
    """Whether a first line names columns: it holds no number, or numbers that just count from 0 or 1."""
    numbers = [cell.strip() for cell in cells if _is_number(cell)]
    counted = any(numbers == [str(i + start) for i in range(len(numbers))] for start in (0, 1))
    return not numbers or (counted and len(numbers) > 1)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _matrix(table: "pa.Table", labels: list[str], name: str) -> np.ndarray:
    import pyarrow as pa

    vectors = np.empty((table.num_rows, table.num_columns), np.float32)
    for index, (column, label) in enumerate(zip(table.columns, labels, strict=True)):
        if not pa.types.is_floating(column.type):
            _refuse_column(column.type, label, name)
        with np.errstate(over="ignore"):
            vectors[:, index] = column.to_numpy()  # missing values become NaN
    return vectors


def _refuse_column(kind: "pa.DataType", label: str, name: str) -> None:
    import pyarrow as pa

    if pa.types.is_integer(kind):
        raise InputError(
            f"Column {label} of {name} holds whole numbers ({kind}): leave it out if it is an index or a "
            "label, or save it as floating-point."
        )
    text = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_binary(kind)
    raise InputError(f"Column {label} of {name} holds {'text' if text else kind}, not numbers: leave it out.")


_READERS: dict[str, Callable[[BinaryIO, str, int | None], np.ndarray]] = {
    ".npy": _read_npy,
    ".npz": _read_npz,
    ".parquet": _read_parquet,
    ".csv": _read_csv,
    ".safetensors": _read_safetensors,
}
