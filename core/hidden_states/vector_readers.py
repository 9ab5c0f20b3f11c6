"""Readers of vectors, one a format: the array as it stands in the file, for `vector_files` to check.

Nothing in a file is ever run (no pickle), and sizes are checked before anything is unpacked.
"""

import csv
import math
import zipfile
from collections.abc import Callable
from typing import IO, TYPE_CHECKING, BinaryIO

import numpy as np

from core.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa


def within(size: int, limit: int | None, what: str) -> None:
    """Raise InputError where `what` (is or unpacks to) `size` bytes and the limit is lower."""
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
        within(chosen.file_size, limit, f"{name} unpacks to")  # zipfile never unpacks more than is declared
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
    within(4 * values, limit, f"{name} unpacks to")
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


READERS: dict[str, Callable[[BinaryIO, str, int | None], np.ndarray]] = {
    ".npy": _read_npy,
    ".npz": _read_npz,
    ".parquet": _read_parquet,
    ".csv": _read_csv,
    ".safetensors": _read_safetensors,
}
