"""The queue as cards: what is being measured, how far it is, what failed and why.

Every state is read from the jobs' own files, so a refreshed page, another tab and a restarted server agree.
"""

from __future__ import annotations

import time
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import streamlit as st

from cache import jobs, tasks, worker
from core.errors import InputError
from core.formatting import capital, duration
from pages.parts.markdown import plain, wrong

if TYPE_CHECKING:
    from collections.abc import Callable

    from cache.jobs import Job, Piece
    from cache.store import Store

WATCH = 5.0  # seconds between looks while nothing runs: another tab or the command line may queue a job
LOOK_AFTER_WORKERS = 10.0  # seconds; a worker needs a few to start, so not at every look
SHOWN = 6  # finished jobs beyond these fold away
ROWS = 8  # subjects of one job listed before they fold away
CLEARED = ("done", "cancelled")  # a failed job stays until it is removed: it says why

BADGES = {
    "queued": ("Waiting", ":material/schedule:", "gray"),
    "running": ("Running", ":material/play_arrow:", "blue"),
    "done": ("Done", ":material/check:", "green"),
    "failed": ("Failed", ":material/error:", "red"),
    "cancelled": ("Cancelled", ":material/block:", "gray"),
    "interrupted": ("Interrupted", ":material/pause:", "orange"),
}


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


def when(moment: datetime, now: datetime) -> str:
    """A time of day, with its date unless that is today's; both in one time zone."""
    day = "" if moment.date() == now.date() else f"{moment:%d %b} ".lstrip("0")
    return f"{day}{moment:%H:%M}"


def times(job: Job, zone: str | None) -> str:
    """When a job was submitted, and how long it took once it has ended; zone: of the reader."""
    local: ZoneInfo | None = None
    with suppress(ValueError, OSError):  # a name that this machine does not know
        local = ZoneInfo(zone) if zone else None
    submitted = datetime.fromisoformat(job.submitted_at).astimezone(local or UTC)
    text = when(submitted, datetime.now(local or UTC)) + ("" if local else " UTC")
    begun = [piece.started_at for piece in job.pieces if piece.started_at is not None]
    ended = [piece.finished_at for piece in job.pieces if piece.finished_at is not None]
    if job.state not in jobs.OPEN and begun and ended:
        text += f", took {duration(max(ended) - min(begun))}"
    return text


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


def _running(store: Store, job: Job, piece: Piece) -> None:
    """How far a running subject is."""
    share = piece.done / piece.total if piece.total else 0.0
    name = f"**{plain(_name(piece))}** · " if len(job.pieces) > 1 else ""
    with st.container(horizontal=True, vertical_alignment="center", wrap=False):
        st.progress(min(share, 1.0), text=name + plain(progress_text(piece)))
        _stop_button(store, job, piece)


def _waiting(store: Store, job: Job, piece: Piece) -> None:
    with st.container(horizontal=True, vertical_alignment="center", wrap=False):
        st.markdown(_row(piece), width="stretch")
        _stop_button(store, job, piece)


def _stop_button(store: Store, job: Job, piece: Piece) -> None:
    if len(job.pieces) > 1 and piece in job.main:
        st.button(
            "Cancel",
            key=f"stop_{job.id}_{piece.index}",
            on_click=_change,
            args=(jobs.cancel_piece, store, job.id, piece.index),
            type="tertiary",
            icon=":material/close:",
            help=f"Cancel {plain(_name(piece))} alone; the others go on.",
        )


def _pieces(store: Store, job: Job) -> None:
    """The subjects of a job: what runs, what failed, what waits, what is done; the rest folded away."""
    order = {"running": 0, "failed": 1, "interrupted": 2, "queued": 3}
    pieces = sorted(job.pieces, key=lambda piece: order.get(piece.state, 4))
    if len(pieces) == 1 and pieces[0].state != "running" and not pieces[0].error:
        return
    for piece in pieces[:ROWS]:
        if piece.state == "running":
            _running(store, job, piece)
        elif piece.state in jobs.OPEN:
            _waiting(store, job, piece)
    if lines := [_row(piece) for piece in pieces[:ROWS] if piece.state not in jobs.OPEN]:
        st.markdown("  \n".join(lines))
    if pieces[ROWS:]:
        with st.expander(f"{len(pieces) - ROWS} more", key=f"more_{job.id}"):
            st.markdown("  \n".join(map(_row, pieces[ROWS:])))


def _buttons(store: Store, job: Job) -> None:
    """What can be done with a job as a whole, and the way to its results."""
    page = job.page
    with st.container(horizontal=True, vertical_alignment="center"):
        if page and any(piece.state == "done" for piece in job.main):
            label = f"See on {page.title}"
            query = page.address or None
            st.page_link(
                f"pages/{page.file}.py", label=label, icon=":material/arrow_forward:", query_params=query
            )
        if job.state in jobs.OPEN:
            label = "Cancel all" if len(job.pieces) > 1 else "Cancel"
            st.button(label, key=f"cancel_{job.id}", on_click=_change, args=(jobs.cancel, store, job.id))
            return
        if job.state != "done" and not job.error:
            st.button("Resume", key=f"resume_{job.id}", on_click=_change, args=(jobs.resume, store, job.id))
        st.button(
            "Remove",
            key=f"remove_{job.id}",
            on_click=_change,
            args=(jobs.forget, store, job.id),
            type="tertiary",
            help="Takes the job off this list; what it measured stays in the store.",
        )


def _card(store: Store, job: Job, said: str) -> None:
    """One job. said: what stands above the cards already."""
    label, icon, color = BADGES[job.state]
    with st.container(border=True, key=f"job_{job.id}", gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{plain(job.title)}**", width="content")
            st.badge(label, icon=icon, color=color)
        st.caption(" · ".join(filter(None, [summary(job), times(job, st.context.timezone)])))
        if job.error:
            wrong(job.error)
        refused, why = st.session_state.get("refused", ("", ""))
        if refused == job.id and why != said:
            wrong(why)
        _pieces(store, job)
        _buttons(store, job)


def _look_after_workers(store: Store) -> None:
    """See to it that open jobs have workers: one that was killed leaves its piece behind for another."""
    if time.monotonic() - st.session_state.get("workers_seen", -1e9) > LOOK_AFTER_WORKERS:
        worker.ensure_workers(store)
        st.session_state["workers_seen"] = time.monotonic()


def _change(change: Callable[..., None], store: Store, job: str, *more: int) -> None:
    """Cancel, resume or remove a job; why that is not possible stands on its card until the next press."""
    st.session_state.pop("refused", None)
    try:
        change(store, job, *more)
    except InputError as error:
        st.session_state["refused"] = job, str(error)
    st.session_state.pop("workers_seen", None)


def _clear(store: Store, finished: list[str]) -> None:
    for job in finished:
        _change(jobs.forget, store, job)


def _draw(store: Store, ticking: bool) -> None:
    listed = jobs.list_jobs(store)
    active = [job for job in listed if job.state in jobs.OPEN]
    said = ""
    if active:
        try:
            _look_after_workers(store)
        except InputError as error:
            said = str(error)
            wrong(said)
    if not listed:
        st.caption(
            "Nothing has been measured yet. A job runs in a process of its own: you can leave this page, "
            "close the tab or restart the app, and find it here again."
        )
    ended = [job for job in listed if job.state not in jobs.OPEN]
    for job in active + ended[:SHOWN]:
        _card(store, job, said)
    if ended[SHOWN:]:
        with st.expander(f"{len(ended) - SHOWN} earlier jobs", key="earlier_jobs"):
            for job in ended[SHOWN:]:
                _card(store, job, said)
    if finished := [job.id for job in ended if job.state in CLEARED]:
        st.button(
            "Clear finished (results stay)",
            key="clear_finished",
            on_click=_clear,
            args=(store, finished),
            type="tertiary",
            icon=":material/clear_all:",
        )
    if bool(active) != ticking:
        st.rerun()  # the whole page once more, which then starts or stops asking every second


def queue(store: Store) -> None:
    """Draw the queue; while something is active it redraws itself every second, and nothing else with it.

    While nothing is, it looks every few seconds whether a job came from elsewhere.
    """
    ticking = any(job.state in jobs.OPEN for job in jobs.list_jobs(store))
    st.fragment(_draw, run_every=1.0 if ticking else WATCH)(store, ticking)
