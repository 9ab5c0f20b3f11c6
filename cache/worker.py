"""The process that computes: `python -m cache.worker --store DIR` takes pieces of jobs until none is left.

It runs apart from the app and from whoever started it, so that neither a closed tab nor a stopped server ends
it. At most `LATENT_SHORTLIST_WORKERS` (2) run on a store at a time, each with its share of the cores.
"""

import argparse
import logging
import os
import subprocess
import sys
import time
import traceback
from concurrent.futures import Executor, as_completed
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from pathlib import Path

from cache import claims, jobs, locks, tasks
from cache.claims import Cancelled, Claim
from cache.files import writable
from cache.jobs import Job
from cache.store import Store
from core.errors import InputError
from core.wording.jobs import out_of_memory, unexpected

LINGER = 2.0  # seconds without work after which a worker leaves
KEPT_LOGS = 20
COMMAND = [sys.executable, "-m", "cache.worker"]

log = logging.getLogger(__name__)
_started: list[subprocess.Popen] = []  # children are waited for, or they would stay as zombies


def ensure_workers(store: Store, limit: int | None = None) -> int:
    """Start as many workers as the waiting pieces need, up to `limit` alive; returns how many it started.

    Raises InputError: there is work, and the store cannot be written.
    """
    limit = limit or locks.worker_limit()
    _started[:] = [process for process in _started if process.poll() is None]
    waiting = _waiting(store)
    if not waiting:
        return 0
    alive = sum(locks.held(path) for path in locks.slots(store.folder, limit))
    count = max(0, min(limit - alive, waiting))
    for _ in range(count):
        _start(store, threads=max(1, len(os.sched_getaffinity(0)) // (alive + count)), limit=limit)
    return count


def _waiting(store: Store) -> int:
    pieces = (piece for job in jobs.list_jobs(store) for piece in job.pieces)
    return sum(piece.state in ("queued", "interrupted") for piece in pieces)


def _start(store: Store, threads: int, limit: int) -> None:
    logs = store.folder / "logs"
    with writable(store.folder):
        logs.mkdir(exist_ok=True)
        for old in sorted(logs.glob("worker-*.log"))[:-KEPT_LOGS]:
            old.unlink(missing_ok=True)
        out = (logs / f"worker-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}.log").open("wb")
    with out:
        _started.append(
            subprocess.Popen(
                [*COMMAND, "--store", str(store.folder)],
                cwd=Path(__file__).parents[1],
                env=os.environ | {"OMP_NUM_THREADS": str(threads), locks.WORKERS: str(limit)},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        )


def work(store: Store) -> None:
    """Carry out pieces while there are any; returns at once where enough workers are at it already."""
    while True:
        free = (locks.take(path) for path in locks.slots(store.folder, locks.worker_limit()))
        slot = next(filter(None, free), None)
        if slot is None:
            return
        try:
            idle = time.monotonic()
            while time.monotonic() - idle < LINGER:
                claim = claims.claim(store)
                if claim:
                    carry_out(claim)
                    idle = time.monotonic()
                else:
                    time.sleep(0.2)
        finally:
            slot.release()
        # Whoever submitted while this slot was still held started no worker: look once more.
        if not _waiting(store):
            return


def carry_out(claim: Claim) -> None:
    """Do what the piece asks for; how that ended stands in the piece, one sentence if it failed."""
    subject, task = claim.piece.subject, tasks.task_of(claim.piece.request)
    roots = None if claim.job.roots is None else [Path(root) for root in claim.job.roots]
    try:
        result = task.run(claim.store, subject, claim.piece.request, claim.progress, roots)
        claim.finish("done", result=result.to_json() if hasattr(result, "to_json") else result)
    except Cancelled:
        claim.finish("cancelled")
    except InputError as error:
        claim.finish("failed", str(error))
    except MemoryError:
        claim.finish("failed", out_of_memory(task.verb, subject.name, task.remedy))
    except Exception as error:
        log.exception("%s", subject.name)
        details = jobs.lock_path(claim.folder, claim.piece.index).with_suffix(".log")
        if claim.folder.exists():
            details.write_text(traceback.format_exc())
        claim.finish("failed", unexpected(task.verb, subject.name, error, str(details)))


def run_piece(folder: str, job: str, index: int) -> None:
    """Carry out one piece of a job in the store at `folder`, unless somebody else has; an Executor's task."""
    claim = claims.claim(Store.open(Path(folder)), job, index)
    if claim:
        carry_out(claim)


def run_job(store: Store, job: str, executor: Executor | str | None = None) -> Job:
    """Spread the pieces of a job over an executor ("local", "dask:…"; None: local); return the ended job.

    Every machine must see the store folder under the same path, on a file system whose locks hold between
    machines.
    """
    from cache.executors import executor as named

    asked = jobs.get(store, job)
    if isinstance(executor, Executor):
        chosen: AbstractContextManager[Executor] = nullcontext(executor)  # whoever made it ends it
    else:
        chosen = named(executor or "local")
    with chosen as pool:
        tasks = [pool.submit(run_piece, str(store.folder), job, piece.index) for piece in asked.pieces]
        for task in as_completed(tasks):
            task.result()
    return jobs.get(store, job)


def main(arguments: list[str] | None = None) -> None:
    """Work on the store that --store names until nothing is left to do."""
    parser = argparse.ArgumentParser(description="Carry out the queued jobs of a store, then leave.")
    parser.add_argument("--store", type=Path, required=True)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    work(Store.open(parser.parse_args(arguments).store))


if __name__ == "__main__":
    main()
