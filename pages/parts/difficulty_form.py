"""The forms of Text difficulty: which checkpoints read which text, or answer which questions, as a job."""

from typing import Any

import streamlit as st

from cache import samples
from cache.measuring.segments import SegmentedText
from cache.requests import Request, Subject
from cache.store import Store
from cache.tasks.clusters import ClusterStudy
from cache.tasks.knnlm import TEXTS, KnnLm
from cache.tasks.layers import LayerStudy
from cache.tasks.perplexity import Perplexity
from core.corpora.sources import CORPORA, STANDARD_LIBRARY
from pages.parts.pickers import choose_checkpoints, choose_hub_ids
from pages.parts.questions_form import ask_questions
from pages.parts.submit import submit
from pages.parts.text_choice import may_read

BIN = 50  # segments: a first look takes fewer than the paper's 100
TYPED = "Or type the path of a text file, one passage a line."
READING = "Read a text with checkpoints of yours", "Read the text"
DONE = {  # view → title of its form, label of its button
    "perplexity": READING,
    "layers": READING,
    "clusters": READING,
    "label_free": ("Estimate the accuracy of checkpoints of yours", "Estimate the accuracy"),
    "knnlm": ("Build the kNN-LM of checkpoints of yours", "Build the kNN-LM"),
}


def ask(store: Store, view: str) -> None:
    """Draw the form and queue what it asks for. view: a key of DONE."""
    title, button = DONE[view]
    with st.expander(title, icon=":material/play_arrow:"):
        chosen = choose_checkpoints("difficulty")
        subjects = [Subject(name) for name in chosen]
        subjects += choose_hub_ids("difficulty", "The whole checkpoint is downloaded, since the model reads.")
        request = _request(store, view)
        if st.button(
            button,
            icon=":material/play_arrow:",
            disabled=not subjects or request is None,
            key=f"difficulty_submit_{view}",
        ) and (request and submit(store, request, subjects)):
            st.success("Queued. The result appears here.", icon=":material/check:")
            st.page_link("pages/add.py", label="See how far it is", icon=":material/hourglass_top:")


def _request(store: Store, view: str) -> Request | None:
    """What the rest of the form asks for; None while it is incomplete."""
    if view == "label_free":
        return ask_questions(store)
    if view == "knnlm":
        return _ask_datastore()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        corpus = st.selectbox(
            "Text",
            ["auto", *CORPORA],
            format_func=samples.title,
            accept_new_options=True,
            key="difficulty_corpus",
            help=TYPED,
            width=280,
        )
        sizes = _sizes(view)
    if corpus not in (None, "auto", *CORPORA) and not may_read(corpus):
        return None
    if view == "clusters":
        return ClusterStudy(corpus or "auto", **sizes)
    text = SegmentedText(corpus or "auto", shorter=True, **sizes)
    return Perplexity(text, size=BIN) if view == "perplexity" else LayerStudy(text, size=BIN)


def _sizes(view: str) -> dict[str, Any]:
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


def _ask_datastore() -> KnnLm | None:
    """Three texts and the sizes of kNN-LM; None while a text is missing."""
    about = {
        "train": ("Text of the datastore", "Its tokens and their vectors are what is searched."),
        "validation": ("Validation text", "λ and the temperature are chosen on it."),
        "test": ("Test text", "Keys are compared on it."),
    }
    with st.container(horizontal=True, vertical_alignment="bottom"):
        texts = {
            name: st.selectbox(
                about[name][0],
                [*samples.local_files(), STANDARD_LIBRARY],
                index=None,
                format_func=samples.title,
                accept_new_options=True,
                placeholder="Choose, or type a path",
                key=f"knnlm_{name}",
                help=f"{about[name][1]} {TYPED}",
                width=260,
            )
            for name in TEXTS
        }
    with st.container(horizontal=True, vertical_alignment="bottom"):
        sizes = {
            "train_tokens": st.number_input(
                "Tokens of the datastore",
                100,
                10**8,
                30_000,
                step=10_000,
                key="knnlm_train_tokens",
                width=180,
            ),
            "tokens": st.number_input(
                "Tokens of either other text", 100, 10**7, 5_000, step=1_000, key="knnlm_tokens", width=190
            ),
            "length": st.number_input("Tokens of a segment", 3, 10**6, 96, key="knnlm_length", width=160),
        }
        every = st.checkbox("Keys of every block", key="knnlm_every", help="Else of the last block alone.")
    if missing := [about[name][0].lower() for name in TEXTS if not texts[name]]:
        st.caption(f"Still to choose: {', '.join(missing)}.")
        return None
    if not all(text == STANDARD_LIBRARY or may_read(str(text)) for text in texts.values()):
        return None
    return KnnLm(**{name: str(text) for name, text in texts.items()}, **sizes, every=every, shorter=True)
