"""The star and the note of one checkpoint."""

import streamlit as st

from cache.marks import MOST, mark, marks
from cache.store import Store
from core.errors import InputError
from pages.parts.markdown import wrong


def set_mark(store: Store, subject: str, *, starred: bool | None = None, note: str | None = None) -> None:
    """Keep a mark, or show in one sentence why that cannot be done."""
    try:
        mark(store, subject, starred=starred, note=note)
    except InputError as error:
        wrong(str(error))


def toggle_star(store: Store, subject: str) -> None:
    """Give a star, or take it."""
    known = marks(store)
    set_mark(store, subject, starred=not (subject in known.index and known.loc[subject, "starred"]))


def _keep_note(store: Store, subject: str, key: str) -> None:
    set_mark(store, subject, note=st.session_state[key])


def marks_form(store: Store, subject: str, where: str) -> None:
    """Draw the star and the note, for a horizontal container; where: a word that tells two forms apart."""
    known = marks(store)
    starred = bool(subject in known.index and known.loc[subject, "starred"])
    st.button(
        "★" if starred else "☆",
        key=f"star_{where}-{subject}",
        help="Take the star off" if starred else "Mark with a star",
        on_click=toggle_star,
        args=(store, subject),
    )
    st.text_input(
        "Note",
        value=str(known.loc[subject, "note"]) if subject in known.index else "",
        key=f"note_{where}-{subject}",
        max_chars=MOST,
        placeholder="Note",
        label_visibility="collapsed",
        on_change=_keep_note,
        args=(store, subject, f"note_{where}-{subject}"),
    )
