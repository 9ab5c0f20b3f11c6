"""The process that computes: `python -m cache.worker --store DIR` takes pieces of jobs until none is left.

It runs apart from the app and from whoever started it, so that neither a closed tab nor a stopped server ends
it. At most `LATENT_SHORTLIST_WORKERS` (2) run on a store at a time, each with its share of the cores.
"""

import argparse
import logging
import os
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterable
from concurrent.futures import BrokenExecutor, Executor, Future, as_completed
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path

from cache import claims, jobs, locks, tasks
from cache.claims import Cancelled, Claim
from cache.files import writable
from cache.jobs import Job
from cache.store import Store
from cache.watching import watched
from core.errors import InputError
from core.wording.jobs import killed, not_begun, out_of_memory, unexpected

LINGER = 2.0  # seconds without work after which a worker leaves
KEPT_LOGS = 20
COMMAND = [sys.executable, "-m", "cache.worker"]

log = logging.getLogger(__name__)


def ensure_workers(store: Store, limit: int | None = None) -> int:
    """Start as many workers as the waiting pieces need, up to `limit` alive; returns how many it started.

    Raises InputError: there is work, and the store cannot be written.
    """
    limit = limit or locks.worker_limit()
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


def _start(store: Store, threads: int, limit: int) -> subprocess.Popen:
    logs = store.folder / "logs"
    with writable(store.folder):
        logs.mkdir(exist_ok=True)
        for old in sorted(logs.glob("worker-*.log"))[:-KEPT_LOGS]:
            old.unlink(missing_ok=True)
        out = (logs / f"worker-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}.log").open("wb")
    with out:
        process = subprocess.Popen(
            [*COMMAND, "--store", str(store.folder)],
            cwd=Path(__file__).parents[1],
            env=os.environ | {"OMP_NUM_THREADS": str(threads), locks.WORKERS: str(limit)},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    # Waited for, or it would stay as a zombie once it ends. Starting it through another process would leave
    # that to process 1, which in a container may be the app itself.
    threading.Thread(target=process.wait, name=f"waits for worker {process.pid}", daemon=True).start()
    return process


def work(store: Store, *, alone: bool = False) -> None:
    """Carry out pieces while there are any; returns at once where enough workers are at it already.

    alone: nothing else runs in this process, so that it may be ended with a piece, see `cache.watching`.
    """
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
                    with watched(claim, lambda: _start_another(store)) if alone else nullcontext():
                        carry_out(claim)
                    idle = time.monotonic()
                else:
                    time.sleep(0.2)
        finally:
            slot.release()
        # Whoever submitted while this slot was still held started no worker: look once more.
        if not _waiting(store):
            return


def _start_another(store: Store) -> None:
    """Start a worker in place of this one, which is about to end."""
    if _waiting(store):
        _start(store, threads=int(os.environ.get("OMP_NUM_THREADS", "1")), limit=locks.worker_limit())


def carry_out(claim: Claim) -> None:
    """Do what the piece asks for; how that ended stands in the piece, one sentence if it failed."""
    subject, task = claim.piece.subject, tasks.task_of(claim.piece.request)
    roots = None if claim.job.roots is None else [Path(root) for root in claim.job.roots]
    try:
        result = task.run(claim.store, subject, claim.piece.request, claim.progress, roots)
        if not task.listed and len(claim.job.pieces) == 1:
            jobs.forget(claim.store, claim.job.id)
        claim.finish("done", result=result.to_json() if result else None)
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

    own = not isinstance(executor, Executor)  # whoever made an executor ends it
    waiting = [piece.index for piece in jobs.get(store, job).pieces]
    while waiting:
        chosen = nullcontext(executor) if isinstance(executor, Executor) else named(executor or "local")
        with chosen as pool:
            errors = _spread(pool, store, job, waiting)
        begun = {index for index in waiting if jobs.record(jobs.folder(store, job), index).attempts}
        # A process that is killed takes its pool along: what nobody has begun yet gets another one.
        again = {index for index, error in errors.items() if isinstance(error, BrokenExecutor)} - begun
        waiting = sorted(again) if own and begun else []
        for index in errors.keys() - set(waiting):
            _give_up(store, job, index, errors[index])
    return jobs.get(store, job)


def wait(store: Store, job: str) -> None:
    """Return once nobody works on a piece of the job."""
    while any(piece.state == "running" for piece in jobs.get(store, job).pieces):
        time.sleep(0.2)


def _spread(pool: Executor, store: Store, job: str, pieces: Iterable[int]) -> dict[int, Exception]:
    """Carry out pieces on an executor; what went wrong around a piece, not in it, by its index."""
    errors: dict[int, Exception] = {}
    futures: dict[Future, int] = {}
    for index in pieces:
        try:
            futures[pool.submit(run_piece, str(store.folder), job, index)] = index
        except BrokenExecutor as error:
            errors[index] = error
    for future in as_completed(futures):
        try:
            future.result()
        except Exception as error:
            errors[futures[future]] = error
    return errors


def _give_up(store: Store, job: str, index: int, error: Exception) -> None:
    """Note that a piece failed since no process could begin it, or the one that did was killed."""
    times = jobs.record(jobs.folder(store, job), index).attempts
    claim = claims.claim(store, job, index)
    if claim:
        name, task = claim.piece.subject.name, tasks.task_of(claim.piece.request)
        why = killed(task.verb, name, times, task.remedy) if times else not_begun(task.verb, name, error)
        claim.finish("failed", why)


def main(arguments: list[str] | None = None) -> None:
    """Work on the store that --store names until nothing is left to do."""
    parser = argparse.ArgumentParser(description="Carry out the queued jobs of a store, then leave.")
    parser.add_argument("--store", type=Path, required=True)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    work(Store.open(parser.parse_args(arguments).store), alone=True)


if __name__ == "__main__":
    main()
