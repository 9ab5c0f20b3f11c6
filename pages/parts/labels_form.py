"""The part of Add that measures how well labels of one's own can be read off checkpoints."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import streamlit as st

from cache import label_files
from cache.requests import Subject
from cache.results import LabelSet
from cache.store import Store
from cache.tasks.labelled import Labelled, label_set, read
from core.errors import InputError
from core.formatting import decimal
from core.measures import MEASURES
from core.measures.labels import FEWEST_ROWS, KINDS, MOST_ROWS
from core.tables import READERS
from pages.parts.markdown import plain, wrong
from pages.parts.submit import submit

UPLOAD_MB = 100
NO_PAIR = "none"
PREVIEW = 3  # rows
KIND_TITLES = {"auto": "As they look", "classes": "Classes", "numbers": "Numbers"}


def measure_labels(store: Store, subjects: Sequence[Subject]) -> bool:
    """Draw the form and queue what it asks for; returns whether it did."""
    with st.expander("I have labels: rank by rows of your own", icon=":material/label:"):
        st.caption(
            f"A table of {FEWEST_ROWS} to {MOST_ROWS:,} rows, better 200 or more, with a text, or a pair of "
            "texts, and a label. Each checkpoint reads the texts once. LogME, H-score, nearest neighbours "
            "and a linear probe say at every layer how well the labels can be read off its vectors."
        )
        file = st.file_uploader(
            "Labelled rows",
            type=[suffix.removeprefix(".") for suffix in READERS],
            key="labels_upload",
            max_upload_size=UPLOAD_MB,
        )
        if file is None:
            st.caption("No labelled rows yet: drop a CSV, Parquet or JSON Lines file above.")
            return False
        try:
            path = label_files.keep(store, file.getvalue(), file.name)
            request = choose_columns(path)
            labels = request and label_set(read(request))
        except InputError as error:
            wrong(str(error))
            return False
        if request is None or labels is None:
            return False
        draw_labels(labels)
        draw_measured(store, labels.digest)
        pressed = st.button(
            f"Measure labels with {len(subjects)} checkpoint{'s' * (len(subjects) > 1)}"
            if subjects
            else "Measure labels",
            icon=":material/label:",
            key="labels_submit",
            disabled=not subjects,
        )
        if not subjects:
            st.caption("Choose a checkpoint or name a hub id first.")
        return pressed and submit(store, request, subjects)


def choose_columns(path: Path) -> Labelled | None:
    """Which columns hold text and label, with the first rows; None while one of them is not chosen.

    Errors: InputError for a file that cannot be read.
    """
    frame, guessed = label_files.look(path)
    columns = list(frame.columns)
    digest = path.parent.name  # another file has other columns, and so widgets of its own
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.selectbox(
            "Text",
            columns,
            index=columns.index(guessed.text) if guessed else None,
            key=f"labels_text_{digest}",
            placeholder="Choose a column",
            width=200,
        )
        pair = st.selectbox(
            "Second text of a pair",
            [NO_PAIR, *columns],
            index=columns.index(guessed.pair) + 1 if guessed and guessed.pair else 0,
            key=f"labels_pair_{digest}",
            width=200,
        )
        label = st.selectbox(
            "Label",
            columns,
            index=columns.index(guessed.label) if guessed else None,
            key=f"labels_label_{digest}",
            placeholder="Choose a column",
            width=200,
        )
        kind = st.segmented_control(
            "Labels are",
            list(KINDS),
            default=KINDS[0],
            required=True,
            format_func=KIND_TITLES.__getitem__,
            key=f"labels_kind_{digest}",
            help="As they look: numbers with a fraction are numbers, all other labels are classes.",
        )
    chosen = list(dict.fromkeys(one for one in (text, pair, label) if one and one != NO_PAIR))
    st.dataframe(
        frame[chosen or columns].head(PREVIEW),
        hide_index=True,
        alt=f"The first {PREVIEW} rows of {path.name}",
    )
    if text is None or label is None:
        st.caption("Choose the columns of text and label.")
        return None
    return Labelled(str(path), text, None if pair == NO_PAIR else pair, label, kind)


def draw_labels(labels: LabelSet) -> None:
    """How many rows there are, of which classes."""
    kinds = f"{len(labels.classes)} classes" if labels.classes else "numbers"
    st.markdown(f"**{labels.rows:,} rows**, {kinds}")
    for note in labels.notes:
        st.caption(plain(note))
    if labels.classes:
        counts = pd.DataFrame({"Class": list(labels.classes), "Rows": list(labels.classes.values())})
        counts["Share"] = (100 * counts["Rows"] / labels.rows).round()
        st.dataframe(
            counts,
            hide_index=True,
            width=420,
            height="content" if len(counts) < 8 else 300,
            column_config={
                "Share": st.column_config.ProgressColumn(format="%d %%", min_value=0, max_value=100)
            },
            alt="Rows of each class",
        )


def draw_measured(store: Store, digest: str) -> None:
    """The checkpoints that were measured on these labels, the best by the first measure on top."""
    frame = label_files.measured(store, digest)
    if frame.empty:
        return
    names = [name for name in frame.columns if name in MEASURES]
    st.caption("Measured on these labels, vectors averaged over layers; ± is the standard error.")
    cells = {
        MEASURES[name].title: [
            None if pd.isna(value) else decimal(value, 3) + ("" if pd.isna(error) else f" ± {error:.3f}")
            for value, error in zip(frame[name], frame[f"{name}_error"], strict=True)
        ]
        for name in names
    }
    st.dataframe(
        pd.DataFrame({"Checkpoint": frame.index, **cells}),
        hide_index=True,
        placeholder="–",
        height="content" if len(frame) < 10 else 380,
        column_config={
            MEASURES[name].title: st.column_config.TextColumn(
                help=MEASURES[name].explanation, alignment="right"
            )
            for name in names
        },
        alt="Measures of these labels, a row a checkpoint",
    )
