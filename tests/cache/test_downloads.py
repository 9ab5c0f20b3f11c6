"""Room for downloads: one holder a checkpoint, one budget for all, and nothing left of those that died."""

import json
import threading
from collections import namedtuple
from pathlib import Path

import pytest

from cache import downloads
from cache.claims import Cancelled
from cache.store import Store
from core.errors import InputError
from tests import stores


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setattr(downloads, "POLL", 0.01)
    return stores.new(tmp_path / "store")


def silent(stage: str, done: int, total: int, unit: str) -> None:
    pass


def stop(stage: str, done: int, total: int, unit: str) -> None:
    raise Cancelled


def test_a_folder_is_gone_at_the_end_whatever_happened(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), downloads.alone(store, "org/model", silent) as folder:
        downloads.reserve(store, folder, "org/model", 10, 100, silent)
        (folder / "weights").write_bytes(b"x")
        raise ZeroDivisionError
    assert not folder.exists()


def test_others_wait_for_the_checkpoint_and_for_room_and_may_be_stopped(store: Store) -> None:
    with downloads.alone(store, "org/one", silent) as one:
        downloads.reserve(store, one, "org/one", 60, 100, silent)
        with pytest.raises(Cancelled), downloads.alone(store, "org/one", stop):
            pass
        with downloads.alone(store, "org/two", silent) as two:
            downloads.reserve(store, two, "org/two", 40, 100, stop)
        with downloads.alone(store, "org/two", silent) as two, pytest.raises(Cancelled):
            downloads.reserve(store, two, "org/two", 41, 100, stop)
        entered = threading.Event()

        def wait_for_room() -> None:
            with downloads.alone(store, "org/three", silent) as three:
                downloads.reserve(store, three, "org/three", 100, 100, silent)
                entered.set()

        thread = threading.Thread(target=wait_for_room)
        thread.start()
        assert not entered.wait(0.2)
    assert entered.wait(5)
    thread.join()


def test_what_does_not_fit_is_one_sentence(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def refusal(needed: int, budget: int) -> str:
        with pytest.raises(InputError) as caught, downloads.alone(store, "org/model", silent) as folder:
            downloads.reserve(store, folder, "org/model", needed, budget, silent)
        return str(caught.value)

    assert refusal(3_000_000, 2_000_000) == (
        "org/model was left out, since it needs 3 MB and the disk budget is 2 MB: give a larger "
        "--disk-budget."
    )
    kept = store.folder / "elsewhere"
    kept.mkdir()
    downloads.note_kept(store, "org/kept", kept, 1_500_000)
    assert refusal(1_000_000, 2_000_000) == (
        "org/model was left out, since it needs 1 MB and kept weights take 1.5 MB of the disk budget of 2 "
        "MB: give a larger --disk-budget, or delete some."
    )
    kept.rmdir()
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(downloads.shutil, "disk_usage", lambda path: usage(2, 1, 1000))
    assert refusal(1_000_000, 2_000_000) == (
        f"org/model was left out, since it needs 1 MB and the disk of {store.folder} has 1 kB left: free "
        "some, and resume the job."
    )


def test_what_a_dead_process_left_counts_for_nobody_and_is_gone_on_with_by_its_own(store: Store) -> None:
    top = store.folder / "downloads"
    for name in ("org--dead", "org--mine"):
        (top / name).mkdir(parents=True)
        (top / name / downloads.RESERVED).write_text(json.dumps(100))
        (top / name / "whole").write_bytes(b"x")
    (top / "org--mine" / "part.1234.incomplete").write_bytes(b"x")
    with downloads.alone(store, "org/mine", silent) as folder:
        downloads.reserve(store, folder, "org/mine", 100, 100, stop)
        assert sorted(file.name for file in folder.iterdir()) == [downloads.RESERVED, "whole"]
        assert not (top / "org--dead").exists()
