"""Tables as JSON objects or Parquet columns."""

import io
import json
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from core.errors import InputError
from core.tables.checks import MOST_CELLS, columns_of, decoded

if TYPE_CHECKING:
    import pandas as pd


def read_lines(data: bytes, name: str, is_text: Callable[[str], bool]) -> tuple["pd.DataFrame", list[str]]:
    """One JSON object a line."""
    content, notes = decoded(data, name)
    rows = []
    for number, line in enumerate(content.split("\n"), start=1):
        if line.strip():
            try:
                rows.append(json.loads(line, object_pairs_hook=lambda pairs: _object(pairs, name)))
            except (ValueError, RecursionError) as error:
                if isinstance(error, InputError):
                    raise
                raise InputError(
                    f"{name} holds no JSON in line {number}: give one object a line, or save it again."
                ) from error
    return _of_objects(rows, name, is_text), notes


def read_json(data: bytes, name: str, is_text: Callable[[str], bool]) -> tuple["pd.DataFrame", list[str]]:
    """A list of JSON objects, or one object a line."""
    content, notes = decoded(data, name)
    try:
        rows = json.loads(content, object_pairs_hook=lambda pairs: _object(pairs, name))
    except InputError:
        raise
    except (ValueError, RecursionError):
        return read_lines(data, name, is_text)
    return _of_objects(rows if isinstance(rows, list) else [rows], name, is_text), notes


def _object(pairs: list[tuple[str, Any]], name: str) -> dict[str, Any]:
    columns_of((key for key, _ in pairs), name)
    return dict(pairs)


def _of_objects(rows: list[Any], name: str, is_text: Callable[[str], bool]) -> "pd.DataFrame":
    """A frame of JSON objects, whose values are numbers, text, true, false or null."""
    import pandas as pd

    for number, row in enumerate(rows, start=1):
        if not isinstance(row, dict):
            raise InputError(f"{name} holds no object in row {number}: give one object for each row.")
    columns = columns_of(dict.fromkeys(key for row in rows for key in row), name)
    if not columns:
        raise InputError(f"{name} holds no named values: give one object for each row.")
    series = {}
    for column, key in zip(columns, dict.fromkeys(key for row in rows for key in row), strict=True):
        values = [row.get(key) for row in rows]
        for number, value in enumerate(values, start=1):
            if isinstance(value, dict | list):
                raise InputError(f"{name} holds no plain value of {column} in row {number}: give one there.")
        numeric = all(isinstance(v, int | float | None) and not isinstance(v, bool) for v in values)
        if is_text(column) or not numeric:
            series[column] = pd.Series([_text(v) if is_text(column) else v for v in values], dtype=object)
        else:
            series[column] = pd.Series([math.nan if v is None else v for v in values])
    return pd.DataFrame(series)


def read_parquet(data: bytes, name: str, is_text: Callable[[str], bool]) -> tuple["pd.DataFrame", list[str]]:
    """(frame, notes) of a Parquet file."""
    import pandas as pd
    import pyarrow.parquet as pq

    file = pq.ParquetFile(io.BytesIO(data))
    columns_of(file.schema_arrow.names, name)
    groups = [file.metadata.row_group(i) for i in range(file.metadata.num_row_groups)]
    cells = sum(group.column(j).num_values for group in groups for j in range(group.num_columns))
    if cells > MOST_CELLS:
        raise InputError(f"{name} has {cells:,} cells: give at most {MOST_CELLS:,}.")
    frame = pd.read_parquet(io.BytesIO(data))
    if any(frame.index.names) or not pd.api.types.is_integer_dtype(frame.index):
        frame = frame.reset_index(names=None if any(frame.index.names) else ["Unnamed: 0"])
    frame = frame.reset_index(drop=True).set_axis(columns_of(frame.columns, name), axis=1)
    for column in frame.columns:
        if is_text(column):
            frame[column] = pd.Series(map(_text, frame[column]), dtype=object, index=frame.index)
        elif not pd.api.types.is_numeric_dtype(frame[column]):
            plain = frame[column].astype(object)
            frame[column] = plain.where(plain.notna(), None)
    return frame, []


def _text(value: Any) -> str | None:
    """A value as it is written; a whole number without a point, since a missing cell makes columns float."""
    if value is None or value != value:
        return None
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
