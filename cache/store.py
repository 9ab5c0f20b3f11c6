"""The store: what was measured, scored and published, in one folder that many processes may use at once.

DuckDB lets one process write and locks out every other, readers too. So a writer leaves an immutable Parquet
part (temporary name, then rename); whoever ingests holds a file lock, takes all parts into `store.duckdb` in
one transaction and publishes a copy as a new snapshot; readers open the newest one, in nobody's way.

A part's name is recorded in the transaction that takes it in and the file is deleted only after the snapshot
stands: killed in between, the next ingester finds the name and deletes the file. Of rows with equal keys the
first wins in `measurements`, `clouds` and `fine_tunings` (what was measured is never changed), the last in
every other table. A part that cannot be read or does not fit is renamed *.bad and logged, alone.

A snapshot is published only when all of it can be read. A damaged database is made again from the newest
whole snapshot: what that lacks is in parts, since a part is deleted after the snapshot that holds it stands.
"""

import logging
import shutil
import stat
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
from filelock import FileLock

from cache import merged, migrations, parts, published, snapshots
from cache.files import replacing, writable
from cache.snapshots import Damaged
from cache.sweeping import sweep
from cache.taking_in import Taken, take_in
from core.errors import InputError
from core.formatting import first_line

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

log = logging.getLogger(__name__)

KEPT_SNAPSHOTS = 2  # the newest, and the one a reader may have chosen a moment ago


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
        if odd := set(str(store.folder)) & set("?\\"):  # DuckDB takes them for something else
            raise InputError(
                f"The store {folder} has {' and '.join(sorted(odd))} in its path: choose another."
            )
        with writable(store.folder):
            store.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            store.parts.mkdir(exist_ok=True)
            store.snapshots.mkdir(exist_ok=True)
        store._make_private()
        current = (len(migrations.MIGRATIONS), published.digest())
        present = store._present()
        store._refuse_newer(present[0] if present else 0)
        if present != current:
            with store._locked():
                store._renew()
        try:
            store.ingest(wait=False)
        except InputError as error:  # a full disk, for example: what was taken in before can be read
            log.warning("New results are not taken in. %s", error)
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
        if not parts.waiting(self.parts):
            return 0
        try:
            with self._locked(wait):
                taken = self._renew(parts.waiting(self.parts))
                self._clear_away()
                return taken
        except TimeoutError:
            return 0

    def query(self, sql: str, parameters: Any = ()) -> "pd.DataFrame":
        """Rows of the newest snapshot, read-only; parameters as DuckDB takes them (? or $name).

        A checkpoint's rows stand under one fingerprint, see `cache.merged`; `main.TABLE` is as written.
        """
        try:
            return self._reading().execute(merged.SEARCH).execute(sql, parameters).df()
        except duckdb.Error:
            if not self._replace_damaged():
                raise
            return self._reading().execute(merged.SEARCH).execute(sql, parameters).df()

    def state(self) -> str:
        """A short text that changes whenever the snapshot does: the key to cache what was read by."""
        while True:
            snapshot = self._snapshot()
            with suppress(FileNotFoundError):  # cleared away since a newer one stands
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
                        self._opened = identity, snapshots.connect(snapshot, read_only=True)
                    return snapshots.quiet(self._opened[1].cursor())
            except (FileNotFoundError, duckdb.IOException):
                if snapshot == self._snapshot():  # else it was cleared away because a newer one stands
                    raise

    def _snapshot(self) -> Path:
        """The newest snapshot's file."""
        present = snapshots.listed(self.snapshots)
        if not present:
            raise InputError(f"{self.folder} holds no store: choose its folder with --store DIR.")
        return present[-1]

    def _replace_damaged(self) -> bool:
        """Whether the newest snapshot was damaged, and another one is published in its place."""
        if snapshots.fault(self._snapshot()) is None:
            return False
        with self._locked():
            newest = self._snapshot()
            if why := snapshots.fault(newest):  # else another process has replaced it
                log.warning("%s is damaged (%s) and is published again.", newest, why)
                with writable(self.folder):
                    newest.replace(newest.with_name(f"{newest.name}.damaged"))
                self._renew()
        with self._opening:
            self._opened = None
        return True

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

    def _make_private(self) -> None:
        """Take the rights of every other account off a folder that was made without a thought for them."""
        with suppress(OSError):  # it belongs to another account, or cannot be written
            mode = self.folder.stat().st_mode
            if mode & stat.S_IRWXO and not mode & stat.S_ISVTX:
                self.folder.chmod(stat.S_IRWXU)

    @contextmanager
    def _writing(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The database, migrated, for the holder of the lock; written out whole when the block ends well.

        Errors: Damaged; InputError where it is whole and cannot be written.
        """
        if not self.database.exists() and snapshots.listed(self.snapshots):
            raise Damaged("it is missing")
        try:
            with snapshots.connect(self.database) as connection:
                self._refuse_newer(migrations.version(connection))
                migrations.migrate(connection)
                yield connection
                connection.execute("CHECKPOINT")
        except duckdb.Error as error:
            if snapshots.is_damage(error):
                raise Damaged(first_line(error)) from error
            if self.database.exists():
                snapshots.check(self.database)
            if isinstance(error, (duckdb.IOException, duckdb.FatalException)):
                with writable(self.folder):
                    raise OSError(None, first_line(error).rsplit(": ", 1)[-1]) from error
            raise

    def _renew(self, pending: Sequence[Path] = ()) -> int:
        """Take parts in and publish, for the holder of the lock; returns how many parts were new.

        Without parts: bring the published figures up to date instead.
        """
        try:
            return self._write(pending)
        except Damaged as error:
            log.warning(
                "%s is damaged (%s): made again from the newest whole snapshot.", self.database, error
            )
        with writable(self.folder):
            snapshots.start_again(self.database, self.snapshots)
            try:
                self._write()
                return self._write(pending) if pending else 0
            except Damaged as error:
                raise OSError(None, str(error)) from error

    def _write(self, pending: Sequence[Path] = ()) -> int:
        taken, done = 0, list[Path]()
        with self._writing() as connection:
            if pending:
                taken, done = self._take_in(connection, pending)
            elif published.loaded(connection) != published.digest():
                published.preload(connection)
        if done or not pending:
            self._publish()
        for part in done:
            part.unlink(missing_ok=True)
        return taken

    def _publish(self) -> None:
        """Copy the database, which nobody writes now, to the next snapshot; clear older ones away.

        Errors: Damaged, and nothing is published.
        """
        older = snapshots.listed(self.snapshots)
        with writable(self.folder), replacing(snapshots.next_one(self.snapshots)) as temporary:
            shutil.copyfile(self.database, temporary)
            snapshots.check(temporary)
        for useless in [*older[: 1 - KEPT_SNAPSHOTS], *self.snapshots.glob(".tmp-*")]:
            useless.unlink(missing_ok=True)

    def _clear_away(self) -> None:
        """Delete what processes that were killed left half written, and uploads that nothing refers to."""
        for left in self.folder.glob(f".tmp-*-{self.database.name}*"):  # of the lock's holder, who was killed
            left.unlink(missing_ok=True)
        with suppress(OSError):  # another time
            sweep(self.folder, set(self.query("SELECT subject FROM main.checkpoints")["subject"]))

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

    def _take_in(self, connection: duckdb.DuckDBPyConnection, pending: Sequence[Path]) -> Taken:
        return take_in(connection, pending, self._tables)
