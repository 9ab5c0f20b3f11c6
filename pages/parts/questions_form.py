"""Questions for accuracy without labels: files uploaded or on this machine, and their columns."""

from pathlib import Path

import streamlit as st

from cache import label_files
from cache.paths import checkpoint_roots, corpora_folder
from cache.preflight import refuse_outside
from cache.store import Store
from cache.tasks.label_free import LabelFree
from core.corpora import packed
from core.corpora.questions import columns_of
from core.errors import InputError
from core.tables import READERS
from pages.parts.markdown import wrong

UPLOAD_MB = 100
NONE = "none"
FILES = {  # field of the request → label, help
    "calibration": (
        "Questions with known answers",
        "In ARC's form (JSON lines with question, choices and answerKey), which the checkpoint answers "
        "itself, or a table with a text and whether the model's answer was correct; ten right and ten wrong "
        "answers at least.",
    ),
    "unlabelled": (
        "Questions whose accuracy is to be estimated",
        "In the same form; what is correct need not be known.",
    ),
}


def ask_questions(store: Store) -> LabelFree | None:
    """Draw both files and the columns of a table; None without one for calibration, or while one is wrong."""
    st.caption(
        "The first file draws the curve of dispersion over accuracy, off which the accuracy on the second is "
        "read. Without a second one there is the curve alone."
    )
    try:
        with st.container(horizontal=True):
            files = {name: _file(store, name) for name in FILES}
        if not files["calibration"]:
            return None
        columns = _columns(Path(files["calibration"]))
    except InputError as error:
        wrong(str(error))
        return None
    if "text" in columns and not (columns["text"] and columns["correct"]):
        st.caption("Choose the column of text, and the one that says what is correct.")
        return None
    return LabelFree(**files, **columns)


def _file(store: Store, name: str) -> str:
    """The path of an uploaded file, or the one typed; empty while there is neither.

    Errors: InputError for a path outside the folders that pages may read, whose rows would be shown.
    """
    label, about = FILES[name]
    with st.container():
        file = st.file_uploader(
            label,
            type=[suffix.removeprefix(".") for suffix in (*READERS, *packed.OPENERS)],
            key=f"questions_{name}",
            help=about,
            max_upload_size=UPLOAD_MB,
        )
        typed = st.text_input(
            f"{label}: or the path of a file on this machine",
            key=f"questions_path_{name}",
            label_visibility="collapsed",
            placeholder="Or the path of a file on this machine",
        )
    if file is not None:
        return str(label_files.keep(store, file.getvalue(), file.name, "questions"))
    if not (path := (typed or "").strip()):
        return ""
    corpora = corpora_folder()
    refuse_outside(Path(path), [*checkpoint_roots(), *([corpora] if corpora else [])])
    return str(Path(path).expanduser())


def _columns(file: Path) -> dict[str, str | None]:
    """Which columns of a table hold what; nothing of a file in ARC's form."""
    found = columns_of(file)
    if found is None:
        return {}
    titles = {"text": "Text", "correct": "Answer correct", "confidence": "Confidence of the answer"}
    chosen: dict[str, str | None] = {}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for name, title in titles.items():
            usual = getattr(found, name)
            offered = [*([NONE] if name == "confidence" else []), *found.names]
            first = offered.index(usual) if usual else 0 if name == "confidence" else None
            value = st.selectbox(
                title,
                offered,
                first,
                key=f"questions_{name}_{file}",
                placeholder="Choose a column",
                width=220,
            )
            chosen[name] = None if value == NONE else value
    return chosen
