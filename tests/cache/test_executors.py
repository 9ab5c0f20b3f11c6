"""The seam to other machines: pieces spread over processes or Dask workers are the same pieces."""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from cache import claims, executors, jobs, worker
from cache.executors import executor
from cache.requests import Measure, Settings, Vectors
from cache.store import Store
from core.errors import InputError
from tests import stores


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return stores.new(tmp_path / "store")


def queued(store: Store, folder: Path) -> str:
    """A job of four pieces: three clouds of vectors, and a file that holds none."""
    subjects = []
    for seed in range(3):
        path = folder / f"{seed}.npy"
        np.save(path, np.random.default_rng(seed).normal(size=(20, 4)).astype(np.float32))
        subjects.append(Vectors(path.name, path=str(path)))
    (folder / "bad.npy").write_bytes(b"nothing")
    subjects.append(Vectors("bad.npy", path=str(folder / "bad.npy")))
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
