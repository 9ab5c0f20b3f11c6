"""Left-over files go in time; what a job or the store refers to, and what is new, stays."""

import os
import time
from pathlib import Path

import pytest

from cache import jobs, sweeping
from cache.requests import Measure, Settings, Vectors
from cache.store import Store
from tests import stores

DAY = 86_400


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return stores.new(tmp_path / "store")


def made(store: Store, place: str, days: float) -> Path:
    """A file of that age in the store's folder."""
    path = store.folder / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    for one in (path, path.parent):
        os.utime(one, (time.time() - days * DAY,) * 2)
    return path


def test_uploads_that_nothing_refers_to_are_swept(store: Store) -> None:
    names = {name: f"{name:032x}" for name in range(5)}
    unused, new, asked, known = (made(store, f"uploads/{names[n]}.npy", 30 * (n != 1)) for n in range(4))
    rows, kept = (made(store, f"labelled/{digest}/rows.csv", 30) for digest in (names[0], names[4]))
    jobs.submit(store, Measure(Settings()), [Vectors("a", path=str(asked)), Vectors("b", path=str(kept))])
    row = {"subject": known.stem, "name": "k", "origin": "measured"}
    store.add("checkpoints", [row])
    store.ingest()
    assert [path.exists() for path in (unused, new, asked, known, rows, kept)] == [
        False,
        True,
        True,
        True,
        False,
        True,
    ]


def test_half_written_files_are_swept_wherever_they_lie(store: Store) -> None:
    places = ("uploads/.tmp-a-x.npy", "samples/.tmp-b-s.json", "jobs/1/.tmp-c-0000.json", "parts/.tmp-d-p")
    old = [made(store, place, 0.1) for place in places]
    new = made(store, "uploads/.tmp-e-y.npy", 0)
    store.add("checkpoints", [{"subject": "a", "name": "a", "origin": "measured"}])
    store.ingest()
    assert not any(path.exists() for path in old) and new.exists()


def test_a_folder_that_a_killed_study_left_goes_later_and_keeps_nothing_else(store: Store) -> None:
    working = made(store, ".tmp-knnlm-a/rows.npy", 0.5).parent
    left = made(store, ".tmp-knnlm-b/rows.npy", 30).parent
    unused = made(store, f"uploads/{0:032x}.npy", 30)
    sweeping.sweep(store.folder, ())
    assert (working.exists(), left.exists(), unused.exists()) == (True, False, False)


def test_it_looks_once_an_hour(store: Store) -> None:
    sweeping.sweep(store.folder, ())
    left = made(store, "uploads/.tmp-a-x.npy", 1)
    sweeping.sweep(store.folder, ())
    assert left.exists()
    os.utime(store.folder / sweeping.MARK, (time.time() - 4000,) * 2)
    sweeping.sweep(store.folder, ())
    assert not left.exists()
