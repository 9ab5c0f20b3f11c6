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
from collections.abc import Callable
from concurrent.futures import Executor, as_completed
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cache import claims, jobs, locks, samples
from cache.claims import Cancelled, Claim
from cache.jobs import Job
from cache.store import Store
from cache.tasks import cell_study as cell_studies
from cache.tasks import gap as gaps
from cache.tasks import glue_run as fine_tuning
from cache.tasks import measure as measuring
from cache.tasks import pretrain as own_study
from core.errors import InputError
from core.formatting import typed_line

LINGER = 2.0  # seconds without work after which a worker leaves
KEPT_LOGS = 20
COMMAND = [sys.executable, "-m", "cache.worker"]

log = logging.getLogger(__name__)
_started: list[subprocess.Popen] = []  # children are waited for, or they would stay as zombies


def ensure_workers(store: Store, limit: int | None = None) -> int:
    """Start as many workers as the waiting pieces need, up to `limit` alive; returns how many it started."""
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
    logs.mkdir(exist_ok=True)
    for old in sorted(logs.glob("worker-*.log"))[:-KEPT_LOGS]:
        old.unlink(missing_ok=True)
    with (logs / f"worker-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}.log").open("wb") as out:
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
    """Measure the piece's subject; how that ended stands in the piece, one sentence if it failed."""
    subject = claim.piece.subject
    try:
        _perform(claim)
        claim.finish("done")
    except Cancelled:
        claim.finish("cancelled")
    except InputError as error:
        claim.finish("failed", str(error))
    except MemoryError:
        claim.finish(
            "failed", f"Memory ran out while measuring {subject.name}: free some, or measure fewer sequences."
        )
    except Exception as error:
        log.exception("%s", subject.name)
        details = jobs.lock_path(claim.folder, claim.piece.index).with_suffix(".log")
        if claim.folder.exists():
            details.write_text(traceback.format_exc())
        claim.finish(
            "failed",
            f"Measuring {subject.name} failed unexpectedly ({typed_line(error)}); "
            f"the details are in {details}.",
        )


def _perform(claim: Claim) -> None:
    """What the piece's kind of subject asks for."""
    subject, asked = claim.piece.subject, claim.job.settings
    if subject.kind == "corpus":
        claim.progress("comparing samples with the whole text")
        samples.compare(claim.store, asked.corpus, asked.sequences, asked.seed, asked.column)
        return
    if subject.kind == "pretrain":
        own_study.pretrain_piece(claim.store, subject, asked, claim.progress)
        return
    work: Callable[..., Any] = measuring.measure_subject if asked.study is None else cell_studies.study
    work = {"gap": gaps.measure_piece, "glue": fine_tuning.fine_tune_subject}.get(subject.kind, work)
    roots = None if claim.job.roots is None else [Path(root) for root in claim.job.roots]
    work(claim.store, subject, asked, claim.progress, roots=roots)


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
