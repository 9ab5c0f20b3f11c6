"""The form of Text difficulty: which checkpoints read which text, as a job."""

from typing import Any

import streamlit as st

from cache import samples
from cache.measuring.segments import SegmentedText
from cache.requests import Request, Subject
from cache.store import Store
from cache.tasks.clusters import ClusterStudy
from cache.tasks.layers import LayerStudy
from cache.tasks.perplexity import Perplexity
from core.corpora.sources import CORPORA
from pages.parts.pickers import choose_checkpoints, choose_hub_ids
from pages.parts.submit import submit

BIN = 50  # segments: a first look takes fewer than the paper's 100


def ask(store: Store, view: str) -> None:
    """Draw the form and queue what it asks for. view: "perplexity", "layers" or "clusters"."""
    with st.expander("Read a text with checkpoints of yours", icon=":material/play_arrow:"):
        chosen = choose_checkpoints("difficulty")
        subjects = [Subject(name) for name in chosen]
        subjects += choose_hub_ids("difficulty", "The whole checkpoint is downloaded, since the model reads.")
        with st.container(horizontal=True, vertical_alignment="bottom"):
            corpus = st.selectbox(
                "Text",
                ["auto", *CORPORA],
                format_func=samples.title,
                accept_new_options=True,
                key="difficulty_corpus",
                help="Or type the path of a text file, one passage a line.",
                width=280,
            )
            sizes = _sizes(view)
        if st.button(
            "Read the text",
            icon=":material/play_arrow:",
            disabled=not subjects,
            key=f"difficulty_submit_{view}",
        ) and submit(store, _request(view, corpus or "auto", sizes), subjects):
            st.success("Queued. The result appears here.", icon=":material/check:")
            st.page_link("pages/add.py", label="See how far it is", icon=":material/hourglass_top:")


def _sizes(view: str) -> dict[str, int]:
    """The sizes that a person may change: of segments, or of clusters."""
    if view == "clusters":
        return {
            "tokens": st.number_input("Tokens that follow", 1, 50, 10, key="difficulty_tokens", width=150),
            "context": st.number_input(
                "Tokens of a context", 2, 4096, 100, key="difficulty_context", width=160
            ),
        }
    return {
        "segments": st.number_input(
            "Segments", 2 * BIN, 1_000_000, 2000, step=500, key="difficulty_segments", width=140
        ),
        "length": st.number_input(
            "Tokens of a segment", 3, 1_000_000, 128, key="difficulty_length", width=160
        ),
    }


def _request(view: str, corpus: str, sizes: dict[str, Any]) -> Request:
    if view == "clusters":
        return ClusterStudy(corpus, **sizes)
    text = SegmentedText(corpus, shorter=True, **sizes)
    return Perplexity(text, size=BIN) if view == "perplexity" else LayerStudy(text, size=BIN)
