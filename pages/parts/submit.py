"""The one way from a page to the queue."""

from collections.abc import Sequence

from cache import jobs, worker
from cache.paths import checkpoint_roots
from cache.requests import Request, Subject
from cache.store import Store
from core.errors import InputError
from pages.parts.markdown import wrong


def submit(store: Store, request: Request, subjects: Sequence[Subject], title: str | None = None) -> bool:
    """Queue one job and start a worker for it, or show in one sentence why that cannot be done.

    Arguments:
        title: of the job; None: what its kind calls it.

    Returns: whether it was queued.
    """
    try:
        jobs.submit(store, request, list(subjects), title, roots=checkpoint_roots())
        worker.ensure_workers(store)
    except InputError as error:
        wrong(str(error))
        return False
    return True
