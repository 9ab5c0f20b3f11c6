"""Parts: immutable Parquet files of rows for one table of the store, left by writers for whoever ingests.

A part's name is a number, its table and a random number. The number is the time in nanoseconds, or one more
than that of a part that waits already: parts are taken in in the order of writing, whatever the clock does.
"""

import re
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cache.files import replacing
from core.formatting import typed_line

if TYPE_CHECKING:
    import pyarrow as pa

NAME = re.compile(r"(\d+)-(\w+)-(\w+)\.parquet", re.ASCII)


def waiting(folder: Path) -> list[Path]:
    """The parts in a folder, in their order; what is called like none is refused by `read`."""
    return sorted(folder.glob("[!.]*.parquet"))


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
    named = (NAME.fullmatch(part.name) for part in waiting(folder))
    last = max((int(name[1]) for name in named if name and len(name[1]) == 20), default=0)
    name = f"{max(time.time_ns(), last + 1):020d}-{table}-{uuid.uuid4().hex[:12]}.parquet"
    with replacing(folder / name) as temporary:
        pq.write_table(pa.Table.from_pylist(rows, schema), temporary)


def read(part: Path, tables: dict[str, tuple["pa.Schema", list[str]]]) -> tuple[str, "pa.Table"]:
    """(table, rows) of a part in its table's columns.

    tables: (schema, key) of every table by its name. A part of an older schema lacks columns: they are NULL.
    Errors: ValueError when it is no part of this store; OSError and MemoryError, which another time may not
    have.
    """
    name = NAME.fullmatch(part.name)
    if name is None or part.is_symlink() or not part.is_file():
        raise ValueError("it is no file with the name of a part")
    table = name[2]
    if table not in tables:
        raise ValueError(f"there is no table {table}")
    try:
        return table, _rows(part, table, *tables[table])
    except (ValueError, MemoryError):
        raise
    except OSError as error:
        if error.errno:  # the disk's trouble, not the part's
            raise
        raise ValueError(str(error)) from error
    except Exception as error:  # what pyarrow raises of any bytes is open
        raise ValueError(typed_line(error)) from error


def _rows(part: Path, table: str, schema: "pa.Schema", key: list[str]) -> "pa.Table":
    """The rows of a part in its table's columns."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    content = pq.ParquetFile(part).read(use_threads=False)
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
    return whole
