"""Taking parts into the database: all at once where they fit, else one by one, those that fail set aside."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from cache import parts
from core.formatting import first_line

if TYPE_CHECKING:
    import pyarrow as pa

log = logging.getLogger(__name__)

FIRST_WINS = {"clouds", "measurements", "fine_tunings"}
DOES_NOT_FIT = (
    duckdb.DataError,
    duckdb.IntegrityError,
)  # what rows of other types, or without a value, raise

Tables = dict[str, tuple["pa.Schema", list[str]]]  # name → (columns, names of those of its key)
Taken = tuple[int, list[Path]]
Content = tuple[Path, str, "pa.Table"]  # a part, its table, its rows


def take_in(connection: duckdb.DuckDBPyConnection, pending: Sequence[Path], tables: Tables) -> Taken:
    """Take in the parts of `pending` that were not before: (how many, all parts that may be deleted now)."""
    before = {name for (name,) in connection.execute("SELECT name FROM parts").fetchall()}
    done = [part for part in pending if part.name in before]
    fresh = [part for part in pending if part.name not in before]
    contents = [content for part in fresh if (content := _read(part, tables))]
    present = [part.name for part in pending]
    try:
        _insert_all(connection, contents, tables, present)
    except DOES_NOT_FIT:
        connection.rollback()
        for one in tuple(contents):
            try:
                _insert_all(connection, [one], tables, present)
            except DOES_NOT_FIT as error:
                connection.rollback()
                contents.remove(one)
                _set_aside(one[0], first_line(error))
    return len(contents), done + [part for part, *_ in contents]


def _read(part: Path, tables: Tables) -> Content | None:
    try:
        return part, *parts.read(part, tables)
    except ValueError as error:
        _set_aside(part, str(error))
    except (OSError, MemoryError) as error:
        log.warning("%s is left for later: %s", part.name, first_line(error))
    return None


def _set_aside(part: Path, why: str) -> None:
    """Rename a part that is no part of this store, so that it stands in nobody's way."""
    log.warning("Set aside as %s.bad: %s", part.name, why)
    part.rename(part.with_name(f"{part.name}.bad"))


def _insert_all(
    connection: duckdb.DuckDBPyConnection, contents: Sequence[Content], tables: Tables, present: list[str]
) -> None:
    """One transaction: the rows of parts, and the names of those parts; forget names not in `present`."""
    import pyarrow as pa

    connection.begin()
    for table in dict.fromkeys(table for _, table, _ in contents):
        rows = pa.concat_tables(rows for _, name, rows in contents if name == table)
        _insert(connection, table, rows, tables[table][1])
    connection.execute("DELETE FROM parts WHERE name NOT IN (SELECT unnest(?))", [present])
    if contents:
        connection.executemany("INSERT INTO parts VALUES (?)", [[part.name] for part, *_ in contents])
    connection.commit()


def _insert(connection: duckdb.DuckDBPyConnection, table: str, rows: "pa.Table", key: list[str]) -> None:
    """Insert rows given in the order of their parts; of equal keys the first or the last wins."""
    import pyarrow as pa

    first = table in FIRST_WINS
    connection.register("incoming", rows.append_column("_order", pa.array(range(len(rows)))))
    connection.execute(
        f"INSERT OR {'IGNORE' if first else 'REPLACE'} INTO {table} BY NAME "
        f"SELECT * EXCLUDE (_order) FROM incoming QUALIFY row_number() OVER "
        f"(PARTITION BY {', '.join(key)} ORDER BY _order {'ASC' if first else 'DESC'}) = 1"
    )
    connection.unregister("incoming")
