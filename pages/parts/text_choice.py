"""Which text checkpoints read: a corpus by its name, or a file under the folders that pages may read."""

import streamlit as st

from cache import samples
from cache.paths import page_roots, readable
from cache.requests import Settings
from core.corpora.sources import CORPORA
from core.formatting import capital
from core.wording.adding import where_read
from pages.parts.markdown import wrong

OWN_FILE = "a file of mine"


def choose_text(begin: Settings) -> tuple[str, str | None]:
    """The corpus (a name or a file, "" while there is none) and, for a table, the column of text."""
    automatic = samples.chosen("auto")
    own = samples.chosen(begin.corpus) not in CORPORA
    names = [automatic, *(name for name in CORPORA if name != automatic), OWN_FILE]
    corpus = st.segmented_control(
        "Text to read",
        names,
        default=OWN_FILE if own else samples.chosen(begin.corpus),
        required=True,
        key="corpus",
        format_func=lambda name: capital(OWN_FILE) if name == OWN_FILE else samples.title(name),
        wrap=True,
        persist_state="session",
    )
    if corpus != OWN_FILE:
        st.caption(CORPORA[corpus])
        return corpus, None
    with st.container(horizontal=True):
        path = st.text_input(
            "Path of the file",
            begin.corpus if own else "",
            key="corpus_file",
            placeholder="/data/reports.txt",
            help="One passage a line (.txt, .txt.gz, .txt.xz), or a table (.jsonl, .csv, .parquet).",
            persist_state="session",
        )
        column = st.text_input(
            "Column, for a table",
            begin.column or "",
            key="corpus_column",
            placeholder="text",
            persist_state="session",
        )
    if not path:
        st.caption("Give the path of a file on this machine.")
    elif not may_read(path):
        path = ""
    return path or "", column or None


def may_read(path: str) -> bool:
    """Whether a path typed is that of a file which pages may read; else what is wrong with it is shown."""
    place = readable(path)
    if place is not None and place.is_file():
        return True
    wrong(f"There is no file {path}: give the path of a text file or a table on this machine.")
    st.caption(where_read(page_roots()))
    return False
