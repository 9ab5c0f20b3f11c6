"""The seam to other machines: pieces spread over processes or Dask workers are the same pieces."""

import json
import multiprocessing
import os
import signal
import sys
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cli
from cache import claims, executors, jobs, worker
from cache.executors import executor
from cache.requests import Measure, Settings, Vectors
from cache.store import Store
from cache.tasks import measure
from core.errors import InputError
from tests import stores

NAMES = ["0.npy", "1.npy", "2.npy", "bad.npy"]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return stores.new(tmp_path / "store")


def files_in(folder: Path) -> list[Vectors]:
    """Three files of vectors, and one that holds none."""
    for seed, name in enumerate(NAMES[:3]):
        np.save(folder / name, np.random.default_rng(seed).normal(size=(20, 4)).astype(np.float32))
    (folder / NAMES[3]).write_bytes(b"nothing")
    return [Vectors(name, path=str(folder / name)) for name in NAMES]


def queued(store: Store, folder: Path) -> str:
    """A job of four pieces, one of which fails."""
    subjects = files_in(folder)
    return jobs.submit(store, Measure(Settings(measures="eee,isoscore")), subjects)


def check(store: Store, job: jobs.Job) -> None:
    assert [piece.state for piece in job.pieces] == ["done", "done", "done", "failed"]
    assert job.pieces[3].error.startswith("bad.npy")
    rows = store.query(
        "SELECT measure, count(*) AS n FROM measurements WHERE origin = 'measured' GROUP BY ALL"
    )
    assert dict(rows.itertuples(index=False, name=None)) == {"eee": 3, "isoscore": 3}


def test_local_processes(store: Store, tmp_path: Path) -> None:
    check(store, worker.run_job(store, queued(store, tmp_path), "local"))


def test_two_dask_workers_on_this_machine_and_again_after_a_resume(
    store: Store, tmp_path: Path, monkeypatch
) -> None:
    pytest.importorskip("distributed")
    job = queued(store, tmp_path)
    with executor("dask:local:2") as pool:
        workers = pool._client.scheduler_info()["workers"]
        assert len(workers) == 2
        assert all(address.startswith("tcp://127.0.0.1:") for address in workers)
        addresses = pool._client.scheduler.address.removeprefix("tcp://")
        check(store, worker.run_job(store, job, pool))
        jobs.resume(store, job)
        assert jobs.get(store, job).pieces[3].state == "queued"
        check(store, worker.run_job(store, job, pool))
    monkeypatch.setattr(executors, "PATIENCE", 0.2)
    with pytest.raises(InputError) as caught:
        executor(f"dask:{addresses}")
    assert str(caught.value) == (
        f"No Dask scheduler answers at {addresses}: start one, or give local, dask:HOST:PORT or "
        "dask:local:WORKERS."
    )


def test_a_piece_in_other_hands_is_left_alone(store: Store, tmp_path: Path) -> None:
    job = queued(store, tmp_path)
    claim = claims.claim(store, job, 0)
    with ThreadPoolExecutor(2) as pool:
        left = worker.run_job(store, job, pool)
    assert [piece.state for piece in left.pieces] == ["running", "done", "done", "failed"]
    worker.carry_out(claim)
    check(store, jobs.get(store, job))


def fall_at_the_second() -> None:
    """In a process of a pool: be killed while the second file is measured, as for want of memory."""
    measure_subject = measure.measure_subject

    def measured(store: Store, subject: Vectors, *asked: Any, **more: Any) -> Any:
        if subject.name == "1.npy":
            os.kill(os.getpid(), signal.SIGKILL)
        return measure_subject(store, subject, *asked, **more)

    measure.measure_subject = measured


def test_a_killed_process_costs_its_piece_alone_and_that_is_not_tried_again(
    store: Store, tmp_path: Path, monkeypatch
) -> None:
    pools = []

    def pool(spec: str) -> Executor:
        spawn = multiprocessing.get_context("spawn")
        pools.append(ProcessPoolExecutor(1, mp_context=spawn, initializer=fall_at_the_second))
        return pools[-1]

    monkeypatch.setattr(executors, "executor", pool)
    job = worker.run_job(store, queued(store, tmp_path), "local")
    assert [piece.state for piece in job.pieces] == ["done", "failed", "done", "failed"]
    assert job.pieces[1].error == (
        "Measuring 1.npy failed, since its process was killed, perhaps for want of memory: free some, or "
        "measure fewer sequences, and resume the job."
    )
    assert (len(pools), job.pieces[1].attempts) == (2, 2)  # the second attempt noted that


def test_pieces_that_no_process_can_begin_fail_with_the_reason(store: Store, tmp_path: Path) -> None:
    class Closed(ThreadPoolExecutor):
        def submit(self, *asked: Any, **more: Any) -> Future:
            future: Future = Future()
            future.set_exception(ModuleNotFoundError("No module named 'cache'"))
            return future

    with Closed() as pool:
        job = worker.run_job(store, queued(store, tmp_path), pool)
    assert [piece.state for piece in job.pieces] == ["failed"] * 4
    assert job.pieces[0].error == (
        "Measuring 0.npy was not begun (ModuleNotFoundError: No module named 'cache'): see to the processes "
        "that carry it out, and resume the job."
    )


@pytest.mark.parametrize("spec", ["local", "dask:local:2"])
def test_the_command_reports_what_the_job_found_and_measures_nothing_itself(
    spec: str, tmp_path: Path, monkeypatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if spec != "local":
        pytest.importorskip("distributed")
    store = stores.new(tmp_path / "store")
    files_in(tmp_path)
    files = [arguments for name in NAMES for arguments in ("--vectors", str(tmp_path / name))]
    command = ["measure", *files, "--measures", "eee,isoscore", "--json", "--store", str(store.folder)]
    with monkeypatch.context() as here:
        for place in ("cache.tasks.measure.measure_subject", "commands.measure.measure_subject"):
            here.setattr(place, lambda *asked, **more: pytest.fail("measured in the calling process"))
        assert cli.main([*command, "--executor", spec]) == 1
    shown = capsys.readouterr()
    outcome = json.loads(shown.out)
    assert [result["subject"] for result in outcome["results"]] == NAMES[:3]
    assert not any(result["cached"] for result in outcome["results"])
    (job,) = jobs.list_jobs(store)
    assert outcome["failures"] == [{"subject": "bad.npy", "error": job.pieces[3].error}]
    assert job.pieces[3].error in shown.err.replace("\n", " ")
    assert cli.main(command) == 1
    again = json.loads(capsys.readouterr().out)
    for result in (*outcome["results"], *again["results"]):
        del result["seconds"], result["cached"]
    assert again == outcome


def test_a_job_for_an_executor_that_is_not_there_is_not_left_behind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = stores.new(tmp_path / "store")
    files_in(tmp_path)
    file = str(tmp_path / "0.npy")
    assert cli.main(["measure", "--vectors", file, "--executor", "far", "--store", str(store.folder)]) == 1
    assert "There is no executor far" in capsys.readouterr().err
    assert jobs.list_jobs(store) == []


@pytest.mark.parametrize("spec", ["cluster", "dask:", "dask", "dask:local:none", "dask:local:0", ""])
def test_other_words_are_refused(spec: str) -> None:
    with pytest.raises(InputError) as caught:
        executor(spec)
    assert str(caught.value) == (
        f"There is no executor {spec}: give local, dask:HOST:PORT or dask:local:WORKERS."
    )


def test_without_dask_the_remedy_is_named(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError) as caught:
        executor("dask:local:2")
    assert str(caught.value) == (
        "Spreading work over Dask needs the package distributed: install it with `pip install distributed`, "
        "or use --executor local."
    )
