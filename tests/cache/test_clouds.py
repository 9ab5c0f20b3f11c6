"""Clouds on disk: whole or absent, within a limit, made once."""

import errno
import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from cache.clouds import Clouds
from core.errors import InputError

VECTORS = np.arange(1000, dtype=np.float32).reshape(100, 10)


@pytest.fixture
def clouds(tmp_path: Path) -> Clouds:
    return Clouds(tmp_path / "clouds", limit=10_000)


def write(path: Path) -> None:
    with path.open("wb") as file:
        np.save(file, VECTORS)


def keys(clouds: Clouds) -> set[str]:
    return {path.stem for path in clouds.folder.glob("*.npy")}


def test_a_cloud_is_made_once_and_then_read(clouds: Clouds) -> None:
    assert clouds.get("a") is None
    assert np.array_equal(clouds.obtain("a", write), VECTORS)
    again = clouds.obtain("a", lambda path: pytest.fail("made twice"))
    assert np.array_equal(again, VECTORS)
    assert isinstance(again, np.memmap)


def test_the_least_recently_used_are_given_up(clouds: Clouds) -> None:
    """Each is 4,128 bytes, so two fit."""
    for age, key in enumerate("ab"):
        clouds.obtain(key, write)
        os.utime(clouds.path_for(key), (1000 + age, 1000 + age))
    clouds.get("a")
    clouds.obtain("c", write)
    assert keys(clouds) == {"a", "c"}


def test_one_larger_than_the_limit_is_still_of_use(tmp_path: Path) -> None:
    clouds = Clouds(tmp_path, limit=100)
    assert np.array_equal(clouds.obtain("a", write), VECTORS)
    assert keys(clouds) == {"a"}
    clouds.obtain("b", write)
    assert keys(clouds) == {"b"}


def test_the_limit_is_set_by_the_environment(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("LATENT_SHORTLIST_CLOUDS_GB", "0.5")
    assert Clouds(tmp_path).limit == 500_000_000
    monkeypatch.delenv("LATENT_SHORTLIST_CLOUDS_GB")
    assert Clouds(tmp_path).limit == 20_000_000_000


@pytest.mark.parametrize("damage", [b"", b"\x93NUMPY", b"\x80\x04pickled"])
def test_an_unreadable_one_is_a_miss_and_logged(clouds: Clouds, damage: bytes, caplog) -> None:
    clouds.obtain("a", write)
    clouds.path_for("a").write_bytes(damage)
    assert np.array_equal(clouds.obtain("a", write), VECTORS)
    assert f"Given up as unreadable: {clouds.path_for('a')}" in caplog.text


def test_a_truncated_one_is_a_miss(clouds: Clouds) -> None:
    clouds.obtain("a", write)
    path = clouds.path_for("a")
    path.write_bytes(path.read_bytes()[:-1])
    assert clouds.get("a") is None


def test_what_was_not_finished_is_not_there(clouds: Clouds) -> None:
    def stop(path: Path) -> None:
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        clouds.obtain("a", stop)
    assert [path for path in clouds.folder.iterdir() if path.suffix != ".lock"] == []


def test_a_full_disk_is_one_sentence(clouds: Clouds) -> None:
    def full(path: Path) -> None:
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(InputError) as caught:
        clouds.obtain("a", full)
    assert str(caught.value) == (
        f"The store {clouds.folder.parent} cannot be written (No space left on device): free space there or "
        "choose another folder with --store DIR or LATENT_SHORTLIST_STORE."
    )
    assert [path for path in clouds.folder.iterdir() if path.suffix != ".lock"] == []


def test_other_errors_are_not_taken_for_a_full_disk(clouds: Clouds) -> None:
    def broken(path: Path) -> None:
        raise FileNotFoundError(errno.ENOENT, "the weights are gone")

    with pytest.raises(FileNotFoundError):
        clouds.obtain("a", broken)


def test_what_a_killed_process_left_is_cleared_away_and_what_a_living_one_writes_is_not(
    clouds: Clouds,
) -> None:
    clouds.obtain("a", write)
    for key in "bc":
        (clouds.folder / f".tmp-{key}.npy").write_bytes(b"half")
    with FileLock(clouds.folder / "b.lock"):
        clouds.evict()
    assert keys(clouds) == {"a", ".tmp-b"}


def test_two_that_need_the_same_cloud_make_it_once(clouds: Clouds) -> None:
    made = []

    def slowly(path: Path) -> None:
        made.append(path)
        time.sleep(0.2)
        write(path)

    threads = [threading.Thread(target=clouds.obtain, args=("a", slowly)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
