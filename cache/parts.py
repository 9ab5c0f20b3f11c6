"""Parts: immutable Parquet files of rows for one table of the store, left by writers for whoever ingests.

A part's name is its time, its table and a random number, so that parts are taken in in the order of writing.
"""

import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cache.files import replacing

if TYPE_CHECKING:
    import pyarrow as pa


def write(folder: Path, table: str, rows: list[dict[str, Any]], schema: "pa.Schema", key: list[str]) -> None:
    """Write rows for `table` as one part in `folder`.

    schema, key: the table's columns and the names of those of its key, which every row must give.
    Errors: ValueError for rows that do not fit the table.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    for row in rows:
        if unknown := row.keys() - set(schema.names):
            raise ValueError(f"{table} has no column {', '.join(sorted(unknown))}.")
        if missing := [column for column in key if row.get(column) is None]:
            raise ValueError(f"A row of {table} lacks its key: {', '.join(missing)}.")
        if row.get("origin") == "published":
            raise ValueError("Published rows come from core.reference only.")
    name = f"{time.time_ns():020d}-{table}-{uuid.uuid4().hex[:12]}.parquet"
    with replacing(folder / name) as temporary:
        pq.write_table(pa.Table.from_pylist(rows, schema), temporary)


def read(part: Path, tables: dict[str, tuple["pa.Schema", list[str]]]) -> tuple[str, "pa.Table"]:
    """(table, rows) of a part in its table's columns; ValueError when it is no part of this store.

    tables: (schema, key) of every table by its name. A part of an older schema lacks columns: they are NULL.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = part.name.split("-")[1]
    if table not in tables:
        raise ValueError(f"there is no table {table}")
    schema, key = tables[table]
    try:
        content = pq.ParquetFile(part).read(use_threads=False)
    except OSError as error:
        if error.errno:  # the disk's trouble, not the part's
            raise
        raise ValueError(str(error)) from error
    if unknown := set(content.column_names) - set(schema.names):
        raise ValueError(f"{table} has no column {', '.join(sorted(unknown))}")
    columns = [
        content[field.name].cast(field.type)
        if field.name in content.column_names
        else pa.nulls(len(content), field.type)
        for field in schema
    ]
    whole = pa.Table.from_arrays(columns, schema=schema)
    if any(whole[column].null_count for column in key):
        raise ValueError(f"a row of {table} lacks its key")
    return table, whole
