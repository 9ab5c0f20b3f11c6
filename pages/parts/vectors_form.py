"""The part of Add that takes vectors of any other model: files, questions about them, name and family."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import streamlit as st

from cache import uploads
from cache.requests import Measure, Vectors
from cache.store import Store
from cache.tables import whole
from core.errors import InputError, OpenChoiceError
from core.formatting import first_few
from core.wording.adding import known_as
from pages.parts.markdown import plain, wrong
from pages.parts.settings_form import choose_settings, in_words
from pages.parts.submit import submit

UPLOAD_MB = 2048
state = st.session_state


@dataclass
class Dropped:
    """A file that was dropped: what was read of it, what is wrong with it, or what is open about it.

    number: of this session. answers: to open questions, by fields of `uploads.Choice`. file: kept while one
    is open.
    """

    number: int
    name: str
    file: BinaryIO | None
    answers: dict[str, Any] = field(default_factory=dict)
    upload: uploads.Upload | None = None
    problem: str = ""
    question: OpenChoiceError | None = None

    def read(self, store: Store) -> None:
        """Read the file, as far as it is known how."""
        assert self.file is not None
        self.file.seek(0)
        self.question = None
        choice = uploads.Choice(**self.answers)
        try:
            limit = UPLOAD_MB * 2**20
            self.upload = uploads.keep(store.folder, self.file, self.name, limit_bytes=limit, choice=choice)
        except OpenChoiceError as error:
            self.question = error
            return
        except InputError as error:
            self.problem = str(error)
        self.file = None


def vectors_tab(store: Store) -> None:
    """Take files in, ask what is open, and queue them under the names that they are given."""
    _take_in(store)
    dropped: list[Dropped] = state["dropped"]
    subjects: dict[str, Vectors] = {}  # by fingerprint: the same vectors are measured once
    ready = True
    for one in dropped:
        with st.container(border=True, gap="xsmall"):
            if one.upload is not None:
                subject = _named(store, one, one.upload, subjects)
                ready &= subject is not None
                if subject:
                    subjects.setdefault(one.upload.fingerprint, subject)
            elif one.question is not None:
                _ask(store, one, one.question)
            else:
                wrong(one.problem)
                _remove_button(one)
    names = [subject.name for subject in subjects.values()]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        wrong(f"Different vectors are called {twice[0]}: give each a name of its own.")
    settings, place = choose_settings(store, of_text=False)
    things = f"{len(subjects)} file{'s' * (len(subjects) > 1)}"
    pressed = place.button(
        f"Measure {things}" if subjects else "Measure",
        type="primary",
        icon=":material/play_arrow:",
        key="vectors_measure",
        disabled=not subjects or not ready or bool(twice) or settings is None,
    )
    if not subjects:
        place.caption("Drop a file first.")
    elif settings:
        place.caption(in_words(settings, of_text=False))
    title = first_few(names)
    if pressed and settings and submit(store, Measure(settings), list(subjects.values()), title):
        state["dropped"] = [one for one in dropped if one.question is not None]
        state["queued"] = title
        st.rerun()


def _take_in(store: Store) -> None:
    """The uploader, which is emptied once its files are read, so that each is listed once."""
    dropped: list[Dropped] = state.setdefault("dropped", [])
    files = st.file_uploader(
        "Vectors of any other model, one row a vector",
        type=list(uploads.FORMATS),
        accept_multiple_files=True,
        key=f"uploads_{state.setdefault('uploads_round', 0)}",
        max_upload_size=UPLOAD_MB,
        help="A 2-D array of floating-point numbers, or a table with a column a dimension or one column of "
        "lists. What is left out of a file is said below its name.",
    )
    st.caption("Kept on this machine only. The same vectors in two formats are one entry.")
    if not files:
        return
    for file in files:
        with st.spinner(f"Reading {plain(file.name)}…"):
            number = state["dropped_number"] = state.get("dropped_number", 0) + 1
            one = Dropped(number, file.name, file)
            one.read(store)
            dropped[:] = [other for other in dropped if other.upload or other.name != one.name]
            dropped.append(one)
    state["uploads_round"] += 1
    st.rerun()


def _named(store: Store, one: Dropped, upload: uploads.Upload, before: dict[str, Vectors]) -> Vectors | None:
    """A file that could be read, with its name and family; None while it has no name."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f":green[:material/check_circle:] {plain(one.name)} · {upload.n:,} vectors × {upload.d}",
            width="stretch",
        )
        _remove_button(one)
    for note in upload.notes:
        st.caption(plain(note))
    if upload.fingerprint in before:
        st.caption(f"The same vectors as {plain(before[upload.fingerprint].name)}, measured once.")
        return before[upload.fingerprint]
    rows = whole(store, "checkpoints")
    known = rows[rows["subject"] == upload.fingerprint]
    if len(known):
        name = str(known["name"].iloc[0])
        st.caption(known_as(plain(name)))
        return Vectors(name, path=str(upload.path))
    left, right = st.columns(2)
    name = left.text_input(
        "Name",
        Path(one.name).stem,
        key=f"dropped_name_{one.number}",
        persist_state="session",
        help="What tables and charts call these vectors.",
    ).strip()
    family = right.selectbox(
        "Family",
        sorted(set(rows["family"].dropna())),
        index=None,
        key=f"dropped_family_{one.number}",
        accept_new_options=True,
        placeholder="Choose or type one; none: uploaded vectors",
        persist_state="session",
        help="Checkpoints of a family share a colour, and predictions are checked family by family.",
    )
    if not name:
        wrong("These vectors need a name.")
        return None
    if name in set(rows.loc[rows["origin"] != "published", "name"]):
        st.caption(f":material/info: Something else here is called {plain(name)} too.")
    return Vectors(name, path=str(upload.path), family=family or None)


def _ask(store: Store, one: Dropped, question: OpenChoiceError) -> None:
    """What is open about a file, with a button an answer."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":orange[:material/help:] {plain(question.statement)}.", width="stretch")
        _remove_button(one)
    with st.container(horizontal=True):
        for place, (answer, value) in enumerate(question.answers.items()):
            if st.button(plain(answer), key=f"answer_{one.number}_{place}"):
                one.answers |= {question.field: value}
                one.read(store)
                st.rerun()


def _remove_button(one: Dropped) -> None:
    st.button(
        "Remove",
        key=f"undrop_{one.number}",
        type="tertiary",
        icon=":material/close:",
        on_click=lambda: state["dropped"].remove(one),
    )
