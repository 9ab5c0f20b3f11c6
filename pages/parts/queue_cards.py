"""The queue as cards: what is being measured, how far it is, what failed and why.

Every state is read from the jobs' own files, so a refreshed page, another tab and a restarted server agree.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

import streamlit as st

from cache import jobs, tasks, worker
from core.errors import InputError
from core.formatting import capital
from pages.parts.markdown import plain, wrong

if TYPE_CHECKING:
    from collections.abc import Callable

    from cache.jobs import Job, Piece
    from cache.store import Store

LOOK_AFTER_WORKERS = 10.0  # seconds; a worker needs a few to start, so not at every look
SHOWN = 6  # finished jobs beyond these fold away
ROWS = 8  # subjects of one job listed before they fold away

BADGES = {
    "queued": ("Waiting", ":material/schedule:", "gray"),
    "running": ("Running", ":material/play_arrow:", "blue"),
    "done": ("Done", ":material/check:", "green"),
    "failed": ("Failed", ":material/error:", "red"),
    "cancelled": ("Cancelled", ":material/block:", "gray"),
    "interrupted": ("Interrupted", ":material/pause:", "orange"),
}


def duration(seconds: float) -> str:
    """A time span in the coarsest unit that still tells something."""
    if seconds < 90:
        return f"{max(round(seconds), 1)} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def amount(value: float) -> str:
    """A rate with three digits at most."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def progress_text(piece: Piece) -> str:
    """What a running piece is doing, how far it is, how fast, and how long that will take."""
    parts = [capital(piece.stage) or "Starting"]
    if piece.total:
        parts.append(f"{piece.done:,} of {piece.total:,} {piece.unit}")
    if piece.rate:
        parts.append(f"{amount(piece.rate)} {piece.unit} a second")
    if piece.seconds_left is not None:
        parts.append(f"about {duration(piece.seconds_left)} left")
    return " · ".join(parts)


def summary(job: Job) -> str:
    """How many subjects are done, failed, and to come; what comes along with them does not count."""
    if job.error:
        return ""
    pieces = job.main
    count = Counter(piece.state for piece in pieces)
    waiting = count["queued"] + count["running"] + count["interrupted"]
    parts = [f"{count['done']} of {len(pieces)} done"]
    parts += [f"{count['failed']} failed"] if count["failed"] else []
    parts += [f"{count['cancelled']} cancelled"] if count["cancelled"] else []
    parts += [f"{waiting} to go"] if waiting and len(pieces) > 1 else []
    return " · ".join(parts)


def _name(piece: Piece) -> str:
    return tasks.task_of(piece.request).called(piece.subject)


def _row(piece: Piece) -> str:
    """One subject that is not running, as a line."""
    _, icon, color = BADGES[piece.state]
    name = _name(piece)
    line = f":{color}[{icon}] {plain(name)}"
    if piece.error:  # most of these sentences name the subject themselves
        return (
            f":{color}[{icon}] {plain(piece.error)}"
            if name in piece.error
            else f"{line} · {plain(piece.error)}"
        )
    if piece.state == "done" and piece.started_at is not None and piece.finished_at is not None:
        return f"{line} :gray[· {duration(piece.finished_at - piece.started_at)}]"
    return f"{line} :gray[· {BADGES[piece.state][0].lower()}]"


def _card(store: Store, job: Job) -> None:
    label, icon, color = BADGES[job.state]
    with st.container(border=True, key=f"job_{job.id}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{plain(job.title)}**", width="content")
            st.badge(label, icon=icon, color=color)
            st.caption(summary(job), width="stretch")
            page = job.page
            if page and any(piece.state == "done" for piece in job.main):
                label = f"See on {page.title}"
                st.page_link(f"pages/{page.file}.py", label=label, icon=":material/arrow_forward:")
            if job.state in jobs.OPEN:
                st.button(
                    "Cancel", key=f"cancel_{job.id}", on_click=_change, args=(jobs.cancel, store, job.id)
                )
            else:
                if job.state != "done" and not job.error:
                    st.button(
                        "Resume", key=f"resume_{job.id}", on_click=_change, args=(jobs.resume, store, job.id)
                    )
                st.button(
                    "Remove",
                    key=f"remove_{job.id}",
                    on_click=_change,
                    args=(jobs.forget, store, job.id),
                    type="tertiary",
                    help="Takes the job off this list; what it measured stays in the store.",
                )
        if job.error:
            wrong(job.error)
        if st.session_state.get("refused", ("", ""))[0] == job.id:
            wrong(st.session_state["refused"][1])
        running = [piece for piece in job.pieces if piece.state == "running"]
        for piece in running:
            share = piece.done / piece.total if piece.total else 0.0
            name = f"**{plain(_name(piece))}** · " if len(job.pieces) > 1 else ""
            st.progress(min(share, 1.0), text=name + plain(progress_text(piece)))
        # Failures first: they are what the reader may have to act on.
        rest = sorted((p for p in job.pieces if p.state != "running"), key=lambda p: p.state != "failed")
        if rest and (len(job.pieces) > 1 or any(piece.error for piece in rest)):
            st.markdown("  \n".join(map(_row, rest[:ROWS])))
            if rest[ROWS:]:
                with st.expander(f"{len(rest) - ROWS} more", key=f"more_{job.id}"):
                    st.markdown("  \n".join(map(_row, rest[ROWS:])))


def _look_after_workers(store: Store) -> None:
    """See to it that open jobs have workers: one that was killed leaves its piece behind for another."""
    if time.monotonic() - st.session_state.get("workers_seen", -1e9) > LOOK_AFTER_WORKERS:
        st.session_state["workers_seen"] = time.monotonic()
        worker.ensure_workers(store)


def _change(change: Callable[[Store, str], None], store: Store, job: str) -> None:
    """Cancel, resume or remove a job; why that is not possible stands on its card until the next press."""
    st.session_state.pop("refused", None)
    try:
        change(store, job)
    except InputError as error:
        st.session_state["refused"] = job, str(error)
    st.session_state.pop("workers_seen", None)


def _draw(store: Store, ticking: bool) -> None:
    listed = jobs.list_jobs(store)
    active = [job for job in listed if job.state in jobs.OPEN]
    if active:
        try:
            _look_after_workers(store)
        except InputError as error:
            wrong(str(error))
    if not listed:
        st.caption(
            "Nothing has been measured yet. A job runs in a process of its own: you can leave this page, "
            "close the tab or restart the app, and find it here again."
        )
    ended = [job for job in listed if job.state not in jobs.OPEN]
    for job in active + ended[:SHOWN]:
        _card(store, job)
    if ended[SHOWN:]:
        with st.expander(f"{len(ended) - SHOWN} earlier jobs"):
            for job in ended[SHOWN:]:
                _card(store, job)
    if bool(active) != ticking:
        st.rerun()  # the whole page once more, which then starts or stops asking every second


def queue(store: Store) -> None:
    """Draw the queue; while something is active it redraws itself every second, and nothing else with it."""
    ticking = any(job.state in jobs.OPEN for job in jobs.list_jobs(store))
    st.fragment(_draw, run_every=1.0 if ticking else None)(store, ticking)
