"""A piece that says nothing can be cancelled and has a limit; what waits is carried out all the same."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import cli
from cache import jobs, locks, worker
from cache.requests import Measure, Settings, Vectors
from cache.store import Store
from commands import jobs as command
from tests import TOP, stores

SILENT = """
import sys, time
from cache import watching, worker
from cache.tasks import measure
watching.GRACE, watching.SILENCE = float(sys.argv[2]), float(sys.argv[3])
measure.measure_subject = lambda *_, **__: time.sleep(600)
worker.main(["--store", sys.argv[1]])
"""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return stores.new(tmp_path / "store")


def until(true: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.1)


def silent_worker(store: Store, grace: float, silence: float) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-c", SILENT, str(store.folder), str(grace), str(silence)]
    return subprocess.Popen(command, cwd=TOP, start_new_session=True, stderr=subprocess.DEVNULL)


def test_cancelling_ends_a_piece_that_says_nothing_and_the_next_job_goes_on(
    store: Store, tmp_path: Path
) -> None:
    first = jobs.submit(store, Measure(Settings()), [Vectors("silent", path=str(tmp_path / "a.npy"))])
    second = jobs.submit(store, Measure(Settings()), [Vectors("missing", path=str(tmp_path / "b.npy"))])
    process = silent_worker(store, grace=0.5, silence=1000)
    until(lambda: jobs.get(store, first).state == "running")
    jobs.cancel(store, first)
    assert process.wait(60) < 0
    until(lambda: jobs.get(store, second).state == "failed")
    until(lambda: not locks.workers_alive(store.folder))
    assert jobs.get(store, first).state == "cancelled"
    assert jobs.get(store, second).pieces[0].error.startswith("missing cannot be read")


def test_a_piece_without_progress_has_a_limit(store: Store, tmp_path: Path) -> None:
    job = jobs.submit(store, Measure(Settings()), [Vectors("silent", path=str(tmp_path / "a.npy"))])
    process = silent_worker(store, grace=1000, silence=0.5)
    assert process.wait(120) < 0
    (piece,) = jobs.get(store, job).pieces
    assert piece.state == "failed" and "silent was ended, since it made no progress for 1 s" in piece.error


def test_watch_waits_for_the_worker_that_it_starts(store: Store, tmp_path: Path, monkeypatch) -> None:
    job = jobs.submit(store, Measure(Settings()), [Vectors("missing", path=str(tmp_path / "b.npy"))])
    record = jobs.record_path(jobs.folder(store, job), 0)
    record.write_text('{"state": "running", "attempts": 1}')  # as a killed worker leaves it
    assert jobs.get(store, job).state == "interrupted"
    started = []

    def ensure(opened: Store, limit: int | None = None) -> int:
        started.append(time.monotonic())
        return 1

    def sleep(seconds: float) -> None:  # the worker begins after a while, and ends
        if time.monotonic() - started[0] > 1:
            record.write_text('{"state": "done"}')

    monkeypatch.setattr(worker, "ensure_workers", ensure)
    monkeypatch.setattr("time.sleep", sleep)
    assert cli.main(["jobs", "watch", job, "--store", str(store.folder)]) == 0
    assert len(started) == 1


def test_watch_gives_up_where_no_worker_begins(store: Store, tmp_path: Path, monkeypatch, capsys) -> None:
    job = jobs.submit(store, Measure(Settings()), [Vectors("missing", path=str(tmp_path / "b.npy"))])
    jobs.record_path(jobs.folder(store, job), 0).write_text('{"state": "running", "attempts": 1}')
    monkeypatch.setattr(worker, "ensure_workers", lambda store, limit=None: 0)
    monkeypatch.setattr(command, "STARTING", 0.2)
    assert cli.main(["jobs", "watch", job, "--store", str(store.folder)]) == 1
    assert "interrupted" in capsys.readouterr().out
