"""The published figures of core.reference, loaded into the store once for each release of those figures."""

import hashlib
from functools import cache
from pathlib import Path

import duckdb

SHARED = ("checkpoints", "measurements", "scores", "covariates")  # tables that hold other rows as well
WHOLE = ("gap", "findings")  # tables that hold nothing else: their columns are those of the reference


@cache
def digest() -> str:
    """Hex digest over the reference tables and the code that shapes them: a new one means loading anew."""
    import core

    summed = hashlib.blake2b(digest_size=16)
    for path in sorted((Path(core.__file__).parent / "reference").glob("*.*")):
        content = path.read_bytes()
        summed.update(f"{path.name}:{len(content)}:".encode() + content)
    return summed.hexdigest()


def loaded(connection: duckdb.DuckDBPyConnection) -> str | None:
    """The digest of the figures that this store holds, or None."""
    rows = connection.execute("SELECT digest FROM published").fetchall()
    return rows[0][0] if rows else None


def preload(connection: duckdb.DuckDBPyConnection) -> None:
    """Replace every published row by those of this release; rows measured or imported here stay untouched."""
    import pandas as pd

    from core import reference
    from core.reference import real_checkpoints

    connection.begin()
    for table in SHARED:
        connection.execute(f"DELETE FROM {table} WHERE origin = 'published'")
        frame = getattr(reference, table)()
        if table == "scores":
            frame = pd.concat([frame, real_checkpoints.scores()], ignore_index=True)
        connection.register("frame", frame)
        columns = ", ".join(f'"{column}"' for column in frame.columns)
        connection.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM frame")
    for table in WHOLE:
        connection.register("frame", getattr(reference, table)())
        connection.execute(f"CREATE OR REPLACE TABLE {table} AS SELECT * FROM frame")
    connection.unregister("frame")
    connection.execute("DELETE FROM published")
    connection.execute("INSERT INTO published VALUES (?)", [digest()])
    connection.commit()
