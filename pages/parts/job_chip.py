"""The chip on every page: what is being computed, and the way to the queue."""

import time

import streamlit as st

from cache import jobs
from cache.jobs import Job
from cache.store import Store
from core.wording.jobs import chip

WATCH = "3s"  # how often it looks; another tab or the command line may have queued a job


@st.fragment(run_every=WATCH)
def job_chip(store: Store) -> None:
    """Draw it in the header while a job is open; nothing else of the page is drawn anew for it."""
    words = said(jobs.list_jobs(store), time.time())
    if words:
        with st.container(key="open_jobs_chip"):
            st.page_link("pages/add.py", label=words, icon=":material/hourglass_top:")


def said(listed: list[Job], now: float) -> str:
    """What the chip says of the jobs, or "" where none is open; now: in seconds since 1970."""
    active = [job for job in listed if job.state in jobs.OPEN]
    running = [piece for job in active for piece in job.pieces if piece.state == "running"]
    waiting = [piece for job in active for piece in job.main if piece.state in ("queued", "interrupted")]
    since = max((now - piece.started_at for piece in running if piece.started_at is not None), default=None)
    return chip(len(running), len(waiting), since)
