"""The evidence of a choice as a job computed it; until then, how far that job is."""

import streamlit as st

from cache import evidence, jobs, worker
from cache.jobs import Job
from cache.requests import Subject
from cache.store import Store
from cache.tasks.evidence import Evidence
from core.errors import InputError
from pages.parts.markdown import plain, wrong
from pages.parts.queue_cards import progress_text
from pages.parts.submit import submit


@st.cache_data(max_entries=32, show_spinner=False)
def _read(folder: str, _store: Store, name: str) -> evidence.Computed:
    made = evidence.read(_store, name)
    if made is None:
        raise LookupError(name)  # which is not remembered
    return made


def computed(store: Store, score: str, request: Evidence) -> evidence.Computed | None:
    """What was computed for the request, or None, in which case the page shows how far it is.

    A first look at a choice queues its job; a look at one that failed or was cancelled offers to try again.
    """
    try:
        return _read(str(store.folder), store, request.key)
    except LookupError:
        pass
    if _job_of(store, request) is None:
        asked = st.session_state.setdefault("evidence asked for", set())
        if request.key in asked:
            wrong("The evidence could not be computed from what the store holds now.")
            _again(store, score, request)
            return None
        if not submit(store, request, [Subject(score)]):
            return None
        asked.add(request.key)
    _progress(store, score, request)
    return None


def _job_of(store: Store, request: Evidence) -> Job | None:
    return next(
        (job for job in jobs.list_jobs(store) if job.pieces and job.pieces[0].request == request), None
    )


@st.fragment(run_every=1.0)
def _progress(store: Store, score: str, request: Evidence) -> None:
    """How far the job is; draws the page anew once it has ended."""
    job = _job_of(store, request)
    if job is None:
        st.rerun()
        return
    (piece,) = job.pieces
    if job.state in jobs.OPEN:
        try:
            worker.ensure_workers(store)
        except InputError as error:
            wrong(str(error))
        share = piece.done / piece.total if piece.total else 0.0
        st.progress(min(share, 1.0), text=plain(progress_text(piece)))
        return
    wrong(piece.error or "The computation was stopped.")
    _again(store, score, request)


def _again(store: Store, score: str, request: Evidence) -> None:
    if st.button("Compute again", icon=":material/replay:", key="evidence again"):
        if job := _job_of(store, request):
            jobs.forget(store, job.id)
        submit(store, request, [Subject(score)])
        st.rerun()
