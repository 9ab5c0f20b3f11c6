"""The store: what was measured, scored and published, in one folder that many processes may use at once.

DuckDB lets one process write and locks out every other, readers too. So a writer leaves an immutable Parquet
part (temporary name, then rename); whoever ingests holds a file lock, takes all parts into `store.duckdb` in
one transaction and publishes a copy as a new snapshot; readers open the newest one, in nobody's way.

A part's name is recorded in the transaction that takes it in and the file is deleted only after the snapshot
stands: killed in between, the next ingester finds the name and deletes the file. Of rows with equal keys the
first wins in `measurements`, `clouds` and `fine_tunings` (what was measured is never changed), the last in
every other table. A part that cannot be read is renamed *.bad and logged.
"""

import logging
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
from filelock import FileLock

from cache import merged, migrations, parts, published
from cache.files import replacing, writable
from core.errors import InputError
from core.formatting import first_line

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

log = logging.getLogger(__name__)

FIRST_WINS = {"clouds", "measurements", "fine_tunings"}
ABANDONED = 3600.0  # seconds; writing a part takes milliseconds
KEPT_SNAPSHOTS = 2  # the newest, and the one a reader may have chosen a moment ago


def _connect(path: Path, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """DuckDB on a file so small that one thread is enough."""
    return _quiet(duckdb.connect(str(path), read_only=read_only, config={"threads": "1"}))


def _quiet(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Without the progress bar that DuckDB shows where no script is run, among what a command prints."""
    return connection.execute("SET enable_progress_bar = false")


class Store:
    """One store folder. Cheap to make; safe to use from several threads and processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.parts = folder / "parts"
        self.snapshots = folder / "snapshots"
        self.database = folder / "store.duckdb"
        self._opening = threading.Lock()
        self._opened: tuple[tuple[str, int, int], duckdb.DuckDBPyConnection] | None = None

    @classmethod
    def open(cls, folder: Path) -> "Store":
        """The store in `folder`: made, migrated, and filled with the published figures where it is not yet.

        Raises InputError: the folder cannot be written, or a newer version of the program wrote it.
        """
        store = cls(Path(folder).expanduser().resolve())
        with writable(store.folder):
            store.parts.mkdir(parents=True, exist_ok=True)
            store.snapshots.mkdir(exist_ok=True)
        current = (len(migrations.MIGRATIONS), published.digest())
        present = store._present()
        store._refuse_newer(present[0] if present else 0)
        if present != current:
            with store._locked():
                with store._writing() as connection:
                    store._refuse_newer(migrations.version(connection))
                    migrations.migrate(connection)
                    if published.loaded(connection) != current[1]:
                        published.preload(connection)
                store._publish()
        store.ingest(wait=False)
        return store

    def add(self, table: str, rows: list[dict[str, Any]]) -> None:
        """Leave `rows` for `table` as one part; they are seen by queries once some process has ingested it.

        A row gives every column of the table's key; other columns may be left out (NULL).
        """
        if not rows:
            return
        with writable(self.folder):
            parts.write(self.parts, table, rows, *self._tables[table])

    def ingest(self, wait: bool = True) -> int:
        """Take all parts in and publish a snapshot; returns how many parts were taken.

        wait=False: leave it to the process that is ingesting now, if there is one.
        """
        if not self._pending():
            return 0
        try:
            with self._locked(wait):
                pending = self._pending()
                with self._writing() as connection:
                    self._refuse_newer(migrations.version(connection))  # migrated since this was opened
                    taken = self._take_in(connection, pending)
                self._publish()
                for part in pending:
                    part.unlink(missing_ok=True)
                self._clear_away()
                return taken
        except TimeoutError:
            return 0

    def query(self, sql: str, parameters: Any = ()) -> "pd.DataFrame":
        """Rows of the newest snapshot, read-only; parameters as DuckDB takes them (? or $name).

        A checkpoint's rows stand under one fingerprint, see `cache.merged`; `main.TABLE` is as written.
        """
        return self._reading().execute(merged.SEARCH).execute(sql, parameters).df()

    def state(self) -> str:
        """A short text that changes whenever the snapshot does: the key to cache what was read by."""
        snapshot = self._snapshot()
        return f"{self.folder}:{snapshot.name}:{snapshot.stat().st_mtime_ns}"

    def _reading(self) -> duckdb.DuckDBPyConnection:
        """A cursor on the newest snapshot; the connection is kept, since opening costs more than a query.

        One in use elsewhere stays valid when a newer takes its place: its file is deleted, not changed.
        """
        while True:
            snapshot = self._snapshot()
            try:
                status = snapshot.stat()
                identity = (snapshot.name, status.st_ino, status.st_mtime_ns)
                with self._opening:
                    if self._opened is None or self._opened[0] != identity:
                        self._opened = identity, _connect(snapshot, read_only=True)
                    return _quiet(self._opened[1].cursor())
            except (FileNotFoundError, duckdb.IOException):
                if snapshot == self._snapshot():  # else it was cleared away because a newer one stands
                    raise

    def _snapshot(self) -> Path:
        """The newest snapshot's file."""
        snapshots = sorted(self.snapshots.glob("[!.]*.duckdb"))
        if not snapshots:
            raise InputError(f"{self.folder} holds no store: choose its folder with --store DIR.")
        return snapshots[-1]

    def _present(self) -> tuple[int, str | None] | None:
        """Schema version and digest of the published figures in the newest snapshot; None: unreadable."""
        try:
            connection = self._reading()
            version = migrations.version(connection)
            return version, published.loaded(connection) if version else None
        except (duckdb.Error, InputError) as error:
            log.debug("no readable snapshot yet: %s", error)
            return None

    def _refuse_newer(self, version: int) -> None:
        newest = len(migrations.MIGRATIONS)
        if version > newest:
            raise InputError(
                f"The store {self.folder} was written by a newer version of this program (schema {version}, "
                f"this one knows {newest}): update the program or choose another folder with --store DIR."
            )

    @contextmanager
    def _locked(self, wait: bool = True) -> Iterator[None]:
        """Hold the ingester's lock; the kernel releases it if this process is killed."""
        lock = FileLock(self.folder / "ingest.lock", timeout=-1 if wait else 0)
        with writable(self.folder):
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def _writing(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The database itself, for the holder of the lock; written out whole when the block ends well."""
        try:
            with _connect(self.database) as connection:
                yield connection
                connection.execute("CHECKPOINT")
        except (duckdb.IOException, duckdb.FatalException) as error:
            with writable(self.folder):
                raise OSError(None, first_line(error).rsplit(": ", 1)[-1]) from error

    def _publish(self) -> None:
        """Copy the database, which nobody writes now, to the next snapshot; clear older ones away."""
        older = sorted(self.snapshots.glob("[!.]*.duckdb"))
        number = int(older[-1].stem) + 1 if older else 1
        with writable(self.folder), replacing(self.snapshots / f"{number:012d}.duckdb") as temporary:
            shutil.copyfile(self.database, temporary)
        for useless in [*older[: 1 - KEPT_SNAPSHOTS], *self.snapshots.glob(".tmp-*")]:
            useless.unlink(missing_ok=True)

    def _clear_away(self) -> None:
        """Delete what writers that were killed left half written."""
        for left in self.parts.glob(".tmp-*"):
            with suppress(FileNotFoundError):  # its writer was alive, and is done
                if time.time() - left.stat().st_mtime > ABANDONED:
                    left.unlink()

    def _pending(self) -> list[Path]:
        return sorted(self.parts.glob("[!.]*.parquet"))

    @cached_property
    def _tables(self) -> dict[str, tuple["pa.Schema", list[str]]]:
        """For every table: its Arrow schema and its key, read off the snapshot."""
        connection = self._reading()
        keys = connection.execute(
            "SELECT table_name, constraint_column_names FROM duckdb_constraints() "
            "WHERE constraint_type = 'PRIMARY KEY'"
        ).fetchall()
        schemas: dict[str, Any] = {
            table: connection.sql(f"SELECT * FROM {table} LIMIT 0").to_arrow_table() for table, _ in keys
        }
        return {table: (schemas[table].schema, primary) for table, primary in keys}

    def _take_in(self, connection: duckdb.DuckDBPyConnection, pending: list[Path]) -> int:
        """One transaction: the rows of the parts not taken in before, and the names of those parts."""
        import pyarrow as pa

        taken = {name for (name,) in connection.execute("SELECT name FROM parts").fetchall()}
        rows: dict[str, list[pa.Table]] = {}
        names = []
        for part in pending:
            if part.name not in taken:
                try:
                    table, content = parts.read(part, self._tables)
                except ValueError as error:  # pyarrow's errors of content are ValueErrors or become one
                    log.warning("Set aside as %s.bad: %s", part.name, error)
                    part.rename(part.with_name(f"{part.name}.bad"))
                    continue
                rows.setdefault(table, []).append(content)
                names.append([part.name])
        connection.begin()
        for table, contents in rows.items():
            self._insert(connection, table, pa.concat_tables(contents))
        present = [part.name for part in pending]
        connection.execute("DELETE FROM parts WHERE name NOT IN (SELECT unnest(?))", [present])
        if names:
            connection.executemany("INSERT INTO parts VALUES (?)", names)
        connection.commit()
        return len(names)

    def _insert(self, connection: duckdb.DuckDBPyConnection, table: str, rows: "pa.Table") -> None:
        """Insert rows given in the order of their parts; of equal keys the first or the last wins."""
        import pyarrow as pa

        first = table in FIRST_WINS
        connection.register("incoming", rows.append_column("_order", pa.array(range(len(rows)))))
        keys = ", ".join(self._tables[table][1])
        connection.execute(
            f"INSERT OR {'IGNORE' if first else 'REPLACE'} INTO {table} BY NAME "
            f"SELECT * EXCLUDE (_order) FROM incoming QUALIFY row_number() OVER "
            f"(PARTITION BY {keys} ORDER BY _order {'ASC' if first else 'DESC'}) = 1"
        )
        connection.unregister("incoming")
