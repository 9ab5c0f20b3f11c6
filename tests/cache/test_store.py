"""The store: many processes at once, killed ones too, and nothing lost, doubled or changed."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from cache import migrations, published
from cache.store import Store
from core.errors import InputError
from tests import TOP, stores


def measurement(subject: str = "a", seed: int = 0, value: float = 1.0) -> dict:
    key = {"subject": subject, "cloud": "", "measure": "eee", "parameters": "{}", "seed": seed, "version": 1}
    return key | {"value": value, "origin": "measured"}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return stores.new(tmp_path / "store")


def measured(store: Store) -> list[tuple[str, int, float]]:
    rows = store.query("SELECT subject, seed, value FROM measurements WHERE origin = 'measured' ORDER BY ALL")
    return list(rows.itertuples(index=False, name=None))


def write(folder: Path, writer: str, count: int) -> None:
    """Add parts and note each one that `add` has promised to keep."""
    store = Store.open(folder)
    with (folder / f"{writer}.added").open("a", buffering=1) as added:
        for seed in range(count):
            store.add("measurements", [measurement(writer, seed, seed / 7)])
            added.write(f"{seed}\n")
            if seed % 8 == 0:
                store.ingest(wait=False)
    store.ingest()


def read(folder: Path, reader: str) -> None:
    """Read until told to stop; fail when a query fails or rows that were there are gone."""
    store = Store(folder)
    last, reads = 0, 0
    while not (folder / "stop").exists():
        now = len(measured(store))
        assert now >= last
        last, reads = now, reads + 1
        time.sleep(0.02)
    (folder / f"{reader}.reads").write_text(str(reads))


def test_four_write_two_read_one_is_killed_and_nothing_is_lost(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    store = Store.open(folder)
    spawn = multiprocessing.get_context("spawn")
    writers = [
        spawn.Process(target=write, args=(folder, f"w{i}", 10_000 if i == 0 else 16)) for i in range(4)
    ]
    readers = [spawn.Process(target=read, args=(folder, f"r{i}")) for i in range(2)]
    for process in writers + readers:
        process.start()
    added = folder / "w0.added"
    while not added.exists() or added.read_text().count("\n") < 12:
        time.sleep(0.01)
    os.kill(writers[0].pid, signal.SIGKILL)
    for process in writers:
        process.join()
    (folder / "stop").touch()
    for process in readers:
        process.join()
    store.ingest()

    assert [process.exitcode for process in writers] == [-signal.SIGKILL, 0, 0, 0]
    assert [process.exitcode for process in readers] == [0, 0]
    assert all(int((folder / f"r{i}.reads").read_text()) > 0 for i in range(2))
    rows = measured(store)
    assert len(rows) == len(set(rows))
    for writer in ["w0", "w1", "w2", "w3"]:
        promised = len((folder / f"{writer}.added").read_text().split())
        result = [(seed, value) for subject, seed, value in rows if subject == writer]
        assert result[:promised] == [(seed, seed / 7) for seed in range(promised)]
        # the killed one may have kept one more than it could note
        assert len(result) - promised in ((0, 1) if writer == "w0" else (0,))
    assert not list(store.parts.glob("[!.]*"))


@pytest.mark.parametrize("moment", ["_take_in", "_publish"])
def test_an_ingester_that_dies_neither_loses_nor_doubles(store: Store, moment: str, monkeypatch) -> None:
    store.add("measurements", [measurement()])

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Store, moment, die)
        store.ingest()
    assert measured(store) == []
    store.add("scores", [score(0.5)])
    store.ingest()
    assert measured(store) == [("a", 0, 1.0)]
    assert len(store.query("SELECT * FROM scores WHERE origin = 'imported'")) == 1
    assert not list(store.parts.glob("[!.]*"))


def score(value: float) -> dict:
    key = {
        "subject": "a",
        "benchmark": "glue",
        "task": "rte",
        "metric": "accuracy",
        "split": "",
        "source": "us",
    }
    return key | {"name": "A", "value": value, "origin": "imported"}


def test_what_was_measured_never_changes_and_a_corrected_score_does(store: Store) -> None:
    store.add("measurements", [measurement(value=1.0), measurement(value=2.0)])
    store.add("measurements", [measurement(value=3.0)])
    store.add("scores", [score(0.4), score(0.5)])
    store.ingest()
    store.add("measurements", [measurement(value=4.0)])
    store.add("scores", [score(0.6)])
    store.ingest()
    assert measured(store) == [("a", 0, 1.0)]
    assert store.query("SELECT value FROM scores WHERE origin = 'imported'")["value"].tolist() == [0.6]


def test_parts_that_cannot_be_read_are_set_aside_and_logged(store: Store, caplog) -> None:
    store.add("measurements", [measurement("cut")])
    (cut,) = store.parts.glob("*.parquet")
    cut.write_bytes(cut.read_bytes()[:-20])
    (store.parts / "1-nowhere-1.parquet").write_bytes(b"PAR1")
    store.add("measurements", [measurement("whole")])
    assert store.ingest() == 1
    assert measured(store) == [("whole", 0, 1.0)]
    assert {path.name for path in store.parts.iterdir()} == {f"{cut.name}.bad", "1-nowhere-1.parquet.bad"}
    assert "Set aside as 1-nowhere-1.parquet.bad: there is no table nowhere" in caplog.text


def test_what_a_killed_writer_left_half_written_is_cleared_away_in_time(store: Store) -> None:
    for name, age in ((".tmp-old.parquet", 4000), (".tmp-new.parquet", 10)):
        (store.parts / name).write_bytes(b"half")
        os.utime(store.parts / name, (time.time() - age,) * 2)
    store.add("measurements", [measurement()])
    assert store.ingest() == 1
    assert [path.name for path in store.parts.iterdir()] == [".tmp-new.parquet"]


def test_state_changes_with_the_snapshot_only(store: Store) -> None:
    before = store.state()
    store.add("measurements", [measurement()])
    assert store.state() == before
    store.ingest()
    assert store.state() != before
    assert Store.open(store.folder).state() == store.state()


def test_old_snapshots_are_cleared_away(store: Store) -> None:
    for seed in range(5):
        store.add("measurements", [measurement(seed=seed)])
        store.ingest()
    assert [path.name for path in sorted(store.snapshots.iterdir())] == [
        "000000000005.duckdb",
        "000000000006.duckdb",
    ]


def test_opening_takes_in_what_a_killed_process_left(store: Store) -> None:
    store.add("measurements", [measurement()])
    assert measured(Store.open(store.folder)) == [("a", 0, 1.0)]


def test_an_unreadable_snapshot_is_made_again(store: Store) -> None:
    store.add("measurements", [measurement()])
    store.ingest()
    for snapshot in store.snapshots.iterdir():
        snapshot.write_bytes(b"not a database")
    assert measured(Store.open(store.folder)) == [("a", 0, 1.0)]


def test_published_figures_are_loaded_once_and_again_for_a_new_release(store: Store, monkeypatch) -> None:
    count = "SELECT count(*) FROM measurements WHERE origin = 'published'"
    published_rows = store.query(count).iloc[0, 0]
    store.add("measurements", [measurement()])
    store.ingest()
    before = store.state()
    assert Store.open(store.folder).state() == before
    monkeypatch.setattr(published, "digest", lambda: "another release")
    again = Store.open(store.folder)
    assert again.state() != before
    assert again.query(count).iloc[0, 0] == published_rows
    assert measured(again) == [("a", 0, 1.0)]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (measurement() | {"colour": 1}, "measurements has no column colour."),
        (measurement() | {"seed": None}, "A row of measurements lacks its key: seed."),
        (measurement() | {"origin": "published"}, "Published rows come from core.reference only."),
    ],
)
def test_rows_that_fit_no_table_are_refused_at_once(store: Store, row: dict, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        store.add("measurements", [row])
    assert str(caught.value) == message
    assert not list(store.parts.iterdir())


def test_a_store_of_a_newer_schema_is_refused_and_left_alone(store: Store, monkeypatch) -> None:
    newer = (*migrations.MIGRATIONS, lambda connection: None)
    newer[-1].__name__ = "m999_later"
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "MIGRATIONS", newer)
        before = Store.open(store.folder).state()
    with pytest.raises(InputError) as caught:
        Store.open(store.folder)
    assert str(caught.value) == (
        f"The store {store.folder} was written by a newer version of this program (schema {len(newer)}, "
        f"this one knows {len(newer) - 1}): update the program or choose another folder with --store DIR."
    )
    assert store.state() == before


def test_rows_are_not_taken_into_a_store_that_was_migrated_meanwhile(store: Store) -> None:
    """A program that is still running when a newer one takes over keeps its parts for the newer one."""
    store.add("scores", [score(0.5)])
    with duckdb.connect(str(store.database)) as connection:
        connection.execute("INSERT INTO migrations VALUES (999, 'm999_later', now()::TIMESTAMP)")
    before = store.state()
    with pytest.raises(InputError, match=r"was written by a newer version of this program \(schema 999"):
        store.ingest()
    assert store.state() == before and len(list(store.parts.glob("*.parquet"))) == 1


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError) as caught:
        Store.open(tmp_path / "file" / "store")
    assert str(caught.value) == (
        f"The store {tmp_path / 'file' / 'store'} cannot be written (Not a directory): free space there or "
        "choose another folder with --store DIR or LATENT_SHORTLIST_STORE."
    )


FULL_DISK = """
import resource, sys
from pathlib import Path
from cache.store import Store
from core.errors import InputError
store = Store(Path(sys.argv[1]))
row = dict(subject="b", cloud="", measure="eee", parameters="{}", seed=0, version=1, origin="measured")
for limit, what in ((100, lambda: store.add("measurements", [row])), (1_000_000, store.ingest)):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        what()
    except InputError as error:
        print(error)
"""


def test_a_full_disk_is_said_in_one_sentence_and_loses_nothing(store: Store) -> None:
    """A limit on the size of files stands in for the full disk: writing fails in the middle of a file."""
    store.add("measurements", [measurement(seed=seed) for seed in range(200)])
    parts = sorted(store.parts.iterdir())
    command = [sys.executable, "-c", FULL_DISK, str(store.folder)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=TOP)
    part, ingest = done.stdout.splitlines()
    assert part == (
        f"The store {store.folder} cannot be written (File too large): free space there or choose another "
        "folder with --store DIR or LATENT_SHORTLIST_STORE."
    )
    assert ingest == part
    assert sorted(store.parts.iterdir()) == parts
    assert len(list(store.snapshots.iterdir())) == 1
    store.ingest()
    assert len(measured(store)) == 200


def test_the_database_itself_is_never_what_readers_open(store: Store) -> None:
    """The reason for snapshots: a second process cannot even read while one writes."""
    with duckdb.connect(str(store.database)):
        code = "import duckdb, sys; duckdb.connect(sys.argv[1], read_only=True)"
        run = [sys.executable, "-c", code, str(store.database)]
        assert subprocess.run(run, capture_output=True).returncode != 0
        assert subprocess.run([*run[:3], str(store._snapshot())], capture_output=True).returncode == 0
