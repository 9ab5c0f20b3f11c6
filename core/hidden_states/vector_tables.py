"""Vectors out of tables: separated text, JSON; a column a dimension, or one column of lists."""

import io
import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from core.errors import InputError, OpenChoiceError
from core.formatting import first_few
from core.hidden_states.table_columns import Column, numbers_of, repaired
from core.hidden_states.vector_columns import chosen, dimensions
from core.hidden_states.vector_readers import Choice, Reading, refuse_array
from core.precision import are_near
from core.tables.bulk import read_bulk
from core.tables.checks import SKIP_ROWS, number_of

if TYPE_CHECKING:
    import pyarrow as pa

_BLOCK = 1 << 18  # numbers filled in at a time, as fit the processor's cache
_ELLIPSIS = re.compile(r"\.\.\.|…")


def read_separated(stream: BinaryIO, name: str, limit: int | None, choice: Choice) -> Reading:
    """Text with a separator: CSV and its kin, numpy.savetxt, GloVe, word2vec."""
    refuse_array(choice, name)
    data = stream.read()
    if data.lstrip()[:1] == b"[":
        return read_json(io.BytesIO(data), name, limit, choice)
    cells = read_bulk(data, name, skip_bad_rows=choice.skip_bad_rows)
    table = cells.table
    columns = [
        Column(f"'{label}'" if cells.named else str(place), label if cells.named else None, values)
        for place, (label, values) in enumerate(zip(table.column_names, table.columns, strict=True))
    ]
    reading = _reading([_of_lists_in_text(one, name) for one in columns], name, choice, cells.decimal)
    return Reading(reading.array, cells.notes + reading.notes)


def read_json(stream: BinaryIO, name: str, limit: int | None, choice: Choice) -> Reading:
    """JSON: lists of numbers or objects, one a line or in one list, which may stand under a key."""
    import pyarrow as pa

    refuse_array(choice, name)
    text = stream.read().decode("utf-8-sig")
    try:
        rows = [json.loads(line) for line in text.split("\n") if line.strip()]
        if len(rows) == 1:
            rows = _inside(rows[0], name)
    except ValueError:
        rows = _inside(json.loads(text), name)
    if rows and all(isinstance(row, list) for row in rows):
        rows = [{"vector": row} for row in rows]
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise InputError(f"{name} holds no list of vectors: give one list of numbers, or one object, a line.")
    return of_table(pa.Table.from_pylist(rows, _schema(rows)), name, choice)


def _schema(rows: list[dict[str, Any]]) -> "pa.Schema":
    """Columns of all rows, those with numbers as floating-point where any of them is."""
    import pyarrow as pa

    fields = []
    for key in dict.fromkeys(key for row in rows for key in row):
        values = [row.get(key) for row in rows]
        flat = [one for value in values for one in (value if isinstance(value, list) else [value])]
        if any(isinstance(one, float) for one in flat):
            nested = any(isinstance(value, list) for value in values)
            fields.append(pa.field(key, pa.list_(pa.float64()) if nested else pa.float64()))
        else:
            fields.append(pa.field(key, pa.array(values).type))
    return pa.schema(fields)


def _inside(document: Any, name: str) -> list[Any]:
    """The rows of a document: itself, or the one list of lists or objects that it holds under a key."""
    if isinstance(document, list):
        return document
    if isinstance(document, dict):
        lists = [
            key
            for key, value in document.items()
            if isinstance(value, list) and value and all(isinstance(one, list | dict) for one in value)
        ]
        if len(lists) == 1:
            inside: list[Any] = document[lists[0]]
            return inside
        if document and all(isinstance(value, list) and not lists for value in document.values()):
            return list(document.values())
        if len(lists) > 1:
            raise InputError(f"{name} holds several lists ({first_few(lists, 3)}): keep the vectors alone.")
        return [document]
    raise InputError(f"{name} holds no list of vectors: give one list of numbers, or one object, a line.")


def of_table(table: "pa.Table", name: str, choice: Choice) -> Reading:
    """Vectors of an Arrow table, whose metadata may say what pandas' index is."""
    import pyarrow as pa

    table = pa.table(
        [values.combine_chunks() if values.num_chunks == 0 else values for values in table.columns],
        schema=table.schema,
    )
    columns = [
        Column(f"'{label}'", label, _plain(values))
        for label, values in zip(table.column_names, table.columns, strict=True)
    ]
    stated = (table.schema.pandas_metadata or {}).get("index_columns", [])
    index = {one for one in stated if isinstance(one, str)}
    return _reading([_of_lists_in_text(one, name) for one in columns], name, choice, ".", index)


def _plain(values: "pa.ChunkedArray") -> "pa.ChunkedArray":
    """Values without what Arrow wraps around them: extension types and dictionaries."""
    import pyarrow as pa

    of = values.type
    if isinstance(of, pa.BaseExtensionType):
        return values.cast(of.storage_type)
    return values.cast(of.value_type) if pa.types.is_dictionary(of) else values


def _reading(
    columns: Sequence[Column], name: str, choice: Choice, decimal: str, index: set[str] | None = None
) -> Reading:
    """The vectors of columns: those asked for, else the one of lists, else those that are dimensions."""
    notes: list[str] = []
    if not any(len(column.values) or column.kind == "list" for column in columns):
        return Reading(np.empty((0, len(columns)), np.float32))
    if choice.columns is not None:
        kept = chosen(columns, choice.columns, name)
    else:
        lists = [column for column in columns if column.kind == "list"]
        of_floats = [column for column in lists if holds_floats(column.values.type)]
        if len(of_floats) > 1:
            labels = [column.label.strip("'") for column in of_floats]
            raise OpenChoiceError(
                f"{name} has {len(of_floats)} list columns ({first_few(labels, 3)})",
                "choose the one to measure with --vector-columns NAME",
                "columns",
                {f"Measure {label}": label for label in labels},
            )
        if lists:
            kept = of_floats or lists
            others = [column.label for column in columns if column is not kept[0]]
            if others:
                named = first_few(others, 3)
                notes = [f"{name}: column {named} left out, since {kept[0].label} holds the vectors."]
        else:
            kept, notes = dimensions(columns, name, index or ())
    if any(column.kind == "list" for column in kept):
        if len(kept) > 1:
            raise InputError(
                f"{name}: one column of lists holds the vectors: choose one with --vector-columns NAME."
            )
        vectors, bad = list_column(kept[0].values, kept[0].label.strip("'"), name, choice)
        return Reading(vectors, notes + bad)
    kept = [repaired(column, name, decimal, choice.skip_bad_rows) for column in kept]
    return Reading(_matrix(kept), notes)


def holds_floats(of: "pa.DataType") -> bool:
    import pyarrow as pa

    of = of.storage_type if isinstance(of, pa.BaseExtensionType) else of
    is_list = pa.types.is_list(of) or pa.types.is_large_list(of) or pa.types.is_fixed_size_list(of)
    return is_list and pa.types.is_floating(of.value_type)


def list_column(
    values: "pa.ChunkedArray", label: str, name: str, choice: Choice
) -> tuple[np.ndarray, list[str]]:
    """(vectors, notes) of a column of lists; of another length than most are bad rows."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column = _plain(values).combine_chunks()
    lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False)
    notes: list[str] = []
    if choice.skip_bad_rows and len(lengths):
        usual = np.bincount(lengths[lengths > 0] if lengths.any() else lengths).argmax()
        if out := int(np.count_nonzero(lengths != usual)):
            column = column.filter(pa.array(lengths == usual))
            notes = [
                f"{name}: {out:,} of {len(lengths):,} rows hold a list of another length and were left out."
            ]
            lengths = lengths[lengths == usual]
    if len(lengths) and (odd := np.flatnonzero(lengths != lengths[0])).size:
        raise OpenChoiceError(
            f"The vectors in column '{label}' of {name} differ in length, row 0 has {lengths[0]} numbers and "
            f"row {odd[0]} has {lengths[odd[0]]}",
            "keep vectors of one length, with --skip-bad-rows",
            "skip_bad_rows",
            SKIP_ROWS,
        )
    flat = column.flatten()
    if not pa.types.is_floating(flat.type):
        whole = pa.types.is_integer(flat.type)
        remedy = "save the vectors as floating-point" if whole else "give lists of numbers"
        kind = f"whole numbers ({flat.type})" if whole else f"lists of {flat.type}, not of numbers"
        raise InputError(f"Column '{label}' of {name} holds {kind}: {remedy}.")
    return flat.to_numpy(zero_copy_only=False).reshape(len(column), -1 if len(column) else 0), notes


def _of_lists_in_text(column: Column, name: str) -> Column:
    """A column whose cells are lists as text, "[0.1, 0.2]" or "[0.1 0.2]", as lists; others as they are."""
    import pyarrow as pa

    if column.kind != "text":
        return column
    first = next((cell for cell in column.values.slice(0, 256).to_pylist() if cell and cell.strip()), "")
    if not (first.strip().startswith("[") and first.strip().endswith("]")):
        return column
    rows = []
    for row, cell in enumerate(column.values.to_pylist()):
        if cell and _ELLIPSIS.search(cell):
            raise InputError(
                f"The vectors in column {column.label} of {name} are cut short with '...' in row {row}: save "
                "them as Parquet, or as lists, vector.tolist()."
            )
        try:
            inside = (cell or "").strip()
            if inside and not (inside[0] == "[" and inside[-1] == "]"):
                raise ValueError("no list")
            words = inside[1:-1].replace(",", " ").split()
            rows.append([number_of(word) for word in words])
        except ValueError:
            if row == 0:
                return column  # lists of something else
            raise InputError(
                f"{name} holds no list of numbers in row {row:,} of column {column.label} (counted from 0): "
                "correct it."
            ) from None
    return Column(column.label, column.name, pa.chunked_array([pa.array(rows, pa.list_(pa.float64()))]))


def _matrix(columns: Sequence[Column]) -> np.ndarray:
    """Columns side by side, (n, d), missing values NaN; float32 where that holds them."""
    parts = [numbers_of(column.values) for column in columns]
    double = any(part.dtype.itemsize > 4 for part in parts) and not are_near(parts)
    vectors = np.empty((len(parts[0]), len(parts)), np.float64 if double else np.float32)
    rows = max(1, _BLOCK // len(parts))
    for start in range(0, len(vectors), rows):
        for place, part in enumerate(parts):
            vectors[start : start + rows, place] = part[start : start + rows]
    return vectors
