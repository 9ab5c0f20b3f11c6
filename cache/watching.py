"""Ends the process of a piece that was cancelled and does not say anything, or says nothing for hours.

A piece learns that it was cancelled when it notes its progress; what makes no such call, as a library that
builds a model, would go on and hold its worker.
"""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cache import jobs, tasks
from cache.claims import Claim
from core.wording.jobs import silent

GRACE = 10.0  # seconds from being cancelled to the end
SILENCE = 6 * 3600.0  # seconds without progress
INTERVAL = 0.5


@contextmanager
def watched(claim: Claim, before_end: Callable[[], object]) -> Iterator[None]:
    """Watch a piece while the block runs; its process ends in the block where it has to.

    before_end: called before that, to start another process for the work that waits.
    """
    over = threading.Event()
    threading.Thread(target=_watch, args=(claim, over, before_end), daemon=True).start()
    try:
        yield
    finally:
        over.set()


def _watch(claim: Claim, over: threading.Event, before_end: Callable[[], object]) -> None:
    cancelled: float | None = None  # since when
    while not over.wait(INTERVAL):
        now = time.monotonic()
        if not jobs.stopped(claim.folder, claim.piece.index):
            cancelled = None
        elif cancelled is None:
            cancelled = now
        if cancelled is not None and now - cancelled > GRACE:
            _end(claim, "cancelled", None, before_end)
        elif now - claim.heard > SILENCE:
            task = tasks.task_of(claim.piece.request)
            error = silent(task.verb, claim.piece.subject.name, SILENCE, task.remedy)
            _end(claim, "failed", error, before_end)


def _end(claim: Claim, state: str, error: str | None, before_end: Callable[[], object]) -> None:
    """Note how the piece ended, and end this process with all that it has started."""
    try:
        claim.finish(state, error)
        before_end()
    finally:
        if os.getpgid(0) == os.getpid():  # else others belong to the group
            os.killpg(0, signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)
