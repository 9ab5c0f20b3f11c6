"""A damaged store: what is whole is kept and read, what is not is set aside, and the next start works."""

import random
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cache import parts, snapshots
from cache.store import Store
from core.errors import InputError
from tests import TOP, stores
from tests.cache.test_store import measured, measurement, score

KEY = {
    "subject": ["x"],
    "cloud": [""],
    "measure": ["eee"],
    "parameters": ["{}"],
    "seed": [0],
    "version": [1],
    "value": [1.0],
    "origin": ["measured"],
}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = stores.new(tmp_path / "store")
    made.add("measurements", [measurement("good")])
    made.ingest()
    return made


def flip_block(file: Path, seed: int) -> None:
    """Invert 4 KiB of a file behind DuckDB's headers, as a bad block of a disk would."""
    content = bytearray(file.read_bytes())
    at = random.Random(seed).randrange(12_288, len(content) - 4096)
    content[at : at + 4096] = bytes(byte ^ 255 for byte in content[at : at + 4096])
    file.write_bytes(content)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:5000])


def write(store: Store, columns: dict[str, list], name: str = "0-measurements-x.parquet") -> Path:
    pq.write_table(pa.table(columns), store.parts / name)
    return store.parts / name


def link(store: Store) -> Path:
    made = store.parts / "0-measurements-x.parquet"
    made.symlink_to(store.folder / "nothing")
    return made


ODD: dict[str, Callable[[Store], Path]] = {
    "no name of a part": lambda store: write(store, KEY, "data.parquet"),
    "a list where a number belongs": lambda store: write(store, KEY | {"seed": [[1]]}),
    "a column that must be given is missing": lambda store: write(
        store, {name: values for name, values in KEY.items() if name != "origin"}
    ),
    "a link to nothing": link,
    "a folder": lambda store: (
        (store.parts / "0-measurements-x.parquet").mkdir() or store.parts / "0-measurements-x.parquet"
    ),
}


@pytest.mark.parametrize("kind", ODD)
def test_an_odd_part_is_set_aside_alone(store: Store, kind: str) -> None:
    odd = ODD[kind](store)
    store.add("measurements", [measurement("later")])
    assert measured(Store.open(store.folder)) == [("good", 0, 1.0), ("later", 0, 1.0)]
    assert [path.name for path in store.parts.iterdir()] == [f"{odd.name}.bad"]


def test_a_part_that_the_disk_does_not_give_stays_for_later(store: Store, monkeypatch) -> None:
    store.add("measurements", [measurement("later")])
    store.add("measurements", [measurement("last")])
    first = min(store.parts.iterdir())

    def read(part: Path, tables: object, right=parts.read) -> object:
        if part == first:
            raise OSError(5, "Input/output error")
        return right(part, tables)

    with monkeypatch.context() as patch:
        patch.setattr(parts, "read", read)
        assert store.ingest() == 1
        state = store.state()
        assert store.ingest() == 0 and store.state() == state
    assert list(store.parts.iterdir()) == [first]
    assert store.ingest() == 1 and len(measured(store)) == 3


@pytest.mark.parametrize("name", ["backup.duckdb", "000000000002.sync-conflict-1.duckdb", "9.duckdb"])
def test_other_files_among_the_snapshots_are_left_alone(store: Store, name: str) -> None:
    shutil.copy(store._snapshot(), store.snapshots / name)
    store.add("measurements", [measurement("later")])
    store.ingest()
    assert len(measured(Store.open(store.folder))) == 2
    assert (store.snapshots / name).exists()


@pytest.mark.parametrize("seed", [2, 3, 6, 9])  # blocks of three tables and of an index
def test_a_bad_block_in_the_database_is_not_published(store: Store, seed: int) -> None:
    flip_block(store.database, seed)
    for name in ("later", "last"):
        opened = Store.open(store.folder)
        opened.add("measurements", [measurement(name)])
        opened.ingest()
    assert measured(store) == [("good", 0, 1.0), ("last", 0, 1.0), ("later", 0, 1.0)]
    assert [snapshots.fault(path) for path in snapshots.listed(store.snapshots)] == [None, None]


@pytest.mark.parametrize("damage", [Path.unlink, cut, lambda file: file.write_bytes(b"")])
def test_a_database_that_is_gone_is_made_again(store: Store, damage: Callable[[Path], object]) -> None:
    damage(store.database)
    again = Store.open(store.folder)
    again.add("measurements", [measurement("later")])
    assert again.ingest() == 1
    assert measured(again) == [("good", 0, 1.0), ("later", 0, 1.0)]
    with duckdb.connect(str(store.database)) as made, pytest.raises(duckdb.ConstraintException):
        made.execute("INSERT INTO measurements SELECT * FROM measurements")  # it has its keys


def test_with_neither_database_nor_snapshot_it_starts_with_the_parts(store: Store) -> None:
    store.add("measurements", [measurement("later")])
    for file in (store.database, *store.snapshots.iterdir()):
        cut(file)
    assert measured(Store.open(store.folder)) == [("later", 0, 1.0)]
    assert store.query("SELECT count(*) FROM scores WHERE origin = 'published'").iloc[0, 0] > 1000


@pytest.mark.parametrize("damage", [cut, lambda file: flip_block(file, 3)])
def test_a_damaged_newest_snapshot_is_published_again_while_reading(
    store: Store, damage: Callable[[Path], object]
) -> None:
    newest = store._snapshot()
    damage(newest)
    assert measured(Store(store.folder)) == [("good", 0, 1.0)]
    assert newest.with_name(f"{newest.name}.damaged").exists()


def test_an_error_in_a_query_is_raised_as_it_is(store: Store) -> None:
    state = store.state()
    with pytest.raises(duckdb.CatalogException):
        store.query("SELECT * FROM no_such_table")
    assert store.state() == state


def test_a_file_of_a_newer_duckdb_is_no_damage(store: Store, monkeypatch) -> None:
    """A file's version counts in its checksum, so that none can be made here: DuckDB's words stand for it."""
    content = store.database.read_bytes()
    store.add("measurements", [measurement("later")])

    def refuse(*_: object, **__: object) -> None:
        raise duckdb.IOException(
            "Trying to read a database file with storage version number 999, but we can only read storage "
            "versions between 64 and 70."
        )

    monkeypatch.setattr(snapshots, "connect", refuse)
    with pytest.raises(InputError) as caught:
        store.ingest()
    assert str(caught.value) == (
        f"{store.database} was written by a newer version of DuckDB: update the program or choose another "
        "folder with --store DIR."
    )
    assert content == store.database.read_bytes() and len(list(store.parts.iterdir())) == 1


def test_a_database_that_another_program_has_open_is_no_damage(store: Store) -> None:
    code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(1, flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", code, str(store.database)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        store.add("measurements", [measurement("later")])
        with pytest.raises(InputError, match=r"store\.duckdb is open in another program: close it there\.$"):
            store.ingest()
        other.communicate(b"")
    assert store.ingest() == 1 and len(measured(store)) == 2


def test_a_correction_counts_though_the_clock_was_set_back(store: Store, monkeypatch) -> None:
    clock = time.time_ns
    store.add("scores", [score(0.1)])
    monkeypatch.setattr(time, "time_ns", lambda: clock() - 3600 * 10**9)
    store.add("scores", [score(0.2)])
    store.ingest()
    assert store.query("SELECT value FROM scores WHERE origin = 'imported'")["value"].tolist() == [0.2]


def test_the_state_is_read_again_where_its_snapshot_was_cleared_away(store: Store, monkeypatch) -> None:
    gone, newest = store.snapshots / "000000000001.duckdb", store._snapshot()
    gone.unlink()
    answers = iter([gone, newest])
    monkeypatch.setattr(store, "_snapshot", lambda: next(answers))
    assert newest.name in store.state()


READ_ON_A_FULL_DISK = """
import resource, sys
from pathlib import Path
from cache.store import Store
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, resource.RLIM_INFINITY))
print(len(Store.open(Path(sys.argv[1])).query("SELECT * FROM measurements WHERE origin = 'measured'")))
"""


def test_what_is_there_can_be_read_while_the_disk_is_full(store: Store) -> None:
    store.add("measurements", [measurement("later")])
    command = [sys.executable, "-c", READ_ON_A_FULL_DISK, str(store.folder)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=TOP)
    assert done.stdout == "1\n"
    assert "New results are not taken in. The store" in done.stderr
    assert len(measured(Store.open(store.folder))) == 2


def test_a_store_is_private_to_its_account(tmp_path: Path) -> None:
    made = Store.open(tmp_path / "store")
    assert stat.S_IMODE(made.folder.stat().st_mode) == 0o700
    for before, after in ((0o755, 0o700), (0o750, 0o750), (0o1777, 0o1777)):  # shared on purpose: left
        made.folder.chmod(before)
        Store.open(made.folder)
        assert stat.S_IMODE(made.folder.stat().st_mode) == after


@pytest.mark.parametrize(("name", "mark"), [("a?b", "?"), ("a\\b", "\\")])
def test_a_path_that_duckdb_takes_for_another_is_refused(tmp_path: Path, name: str, mark: str) -> None:
    with pytest.raises(InputError) as caught:
        Store.open(tmp_path / name)
    assert str(caught.value) == f"The store {tmp_path / name} has {mark} in its path: choose another."
