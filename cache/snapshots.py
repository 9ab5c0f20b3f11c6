"""Snapshots: numbered copies of the database that readers open; which are whole, and a new start from one."""

import re
from contextlib import suppress
from pathlib import Path

import duckdb

from cache.files import replacing
from core.errors import InputError
from core.formatting import first_line

NAME = re.compile(r"\d{12,18}\.duckdb")  # anything else in the folder is not the store's


class Damaged(Exception):  # noqa: N818 (a state of a file that is mended, not a defect)
    """A database that cannot be read whole."""


def connect(path: Path, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """DuckDB on a file so small that one thread is enough."""
    return quiet(duckdb.connect(str(path), read_only=read_only, config={"threads": "1"}))


def quiet(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Without the progress bar that DuckDB shows where no script is run, among what a command prints."""
    return connection.execute("SET enable_progress_bar = false")


def listed(folder: Path) -> list[Path]:
    """The snapshots in a folder, the newest last."""
    named = (path for path in folder.glob("*.duckdb") if NAME.fullmatch(path.name) and path.is_file())
    return sorted(named, key=lambda path: int(path.stem))


def next_one(folder: Path) -> Path:
    """The file of the next snapshot; never one that was set aside as damaged, which DuckDB may have open."""
    whole = listed(folder)
    aside = [path.stem for path in folder.glob("*.duckdb.damaged") if NAME.fullmatch(path.stem)]
    numbers = [int(path.stem) for path in whole] + [int(name.partition(".")[0]) for name in aside]
    return folder / f"{max(numbers, default=0) + 1:012d}.duckdb"


def fault(path: Path) -> str | None:
    """Why a database file cannot be read whole, or None: DuckDB compares every block with its checksum.

    Raises InputError for what is no damage: a newer DuckDB wrote the file, or another program has it open.
    """
    if not path.is_file() or not path.stat().st_size:
        return "the file is missing or empty"
    try:
        with connect(path, read_only=True) as connection:
            for schema, table in connection.execute(
                "SELECT schema_name, table_name FROM duckdb_tables() WHERE NOT internal"
            ).fetchall():
                connection.execute(f'SELECT bit_xor(hash(COLUMNS(*))) FROM "{schema}"."{table}"').fetchall()
    except duckdb.Error as error:
        if "version number" in str(error):
            raise InputError(
                f"{path} was written by a newer version of DuckDB: update the program or choose another "
                "folder with --store DIR."
            ) from error
        if "Could not set lock" in str(error):
            raise InputError(f"{path} is open in another program: close it there.") from error
        return first_line(error)
    return None


def is_damage(error: duckdb.Error) -> bool:
    """Whether an error says that a file is damaged; it may be so in an index, which `fault` does not read."""
    said = isinstance(error, (duckdb.InternalException, duckdb.SerializationException))
    return said or any(word in str(error) for word in ("checksum", "Corrupt"))


def check(path: Path) -> None:
    """Raise Damaged unless a database file can be read whole."""
    if why := fault(path):
        raise Damaged(why)


def start_again(database: Path, folder: Path) -> None:
    """Replace `database` by a copy of the newest whole snapshot in `folder`, or by an empty one.

    Indexes are made anew. Names of parts are left out: those that are still here are taken in again, which
    changes nothing twice. The damaged database is kept as *.damaged, the last one only.
    """
    with replacing(database) as temporary:
        with connect(temporary) as connection:
            for source in reversed(listed(folder)):
                if fault(source) is None:
                    quoted = str(source).replace("'", "''")
                    connection.execute(f"ATTACH '{quoted}' AS source (READ_ONLY)")
                    (name,) = connection.execute("SELECT current_database()").fetchone() or ("",)
                    connection.execute(f'COPY FROM DATABASE source TO "{name}"')
                    connection.execute("DETACH source")
                    connection.execute("DELETE FROM parts")
                    break
            connection.execute("CHECKPOINT")
        for path in (database, database.with_name(f"{database.name}.wal")):
            with suppress(FileNotFoundError):
                path.replace(path.with_name(f"{path.name}.damaged"))
