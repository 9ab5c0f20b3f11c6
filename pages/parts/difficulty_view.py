"""Text difficulty: its five views, of which three are drawn here: perplexity, layers, clusters."""

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cache import text_difficulty
from cache.store import Store
from core.charts import text_difficulty as charts
from core.wording import text_difficulty as wording
from pages.parts.common import REFRESH
from pages.parts.controls import control
from pages.parts.difficulty_form import ask
from pages.parts.knnlm_view import knnlm
from pages.parts.label_free_view import label_free
from pages.parts.markdown import plain
from pages.parts.picture_downloads import READ_HERE, chart_with_downloads

WHOLE = "whole segments"
SIDES = {"pearson": "Correlation with perplexity", "value": "Value"}


@st.fragment(run_every=REFRESH)
def refresh(store: Store, seen: str) -> None:
    """Draw the page anew once another study is kept."""
    if text_difficulty.state(store) != seen:
        st.rerun()


def choose(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of the text and the checkpoints that a person picks."""
    texts = list(dict.fromkeys(frame["text"]))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = control(st.selectbox, "Text", "text", texts[0], texts, width=260)
        rows = frame[frame["text"] == text]
        offered = list(dict.fromkeys(rows["checkpoint"]))
        names = control(
            st.multiselect, "Checkpoints", "models", [], offered, placeholder="All checkpoints", width=440
        )
    return rows[rows["checkpoint"].isin(names or offered)]


def perplexity(store: Store) -> None:
    """Dispersion over perplexity: one point a bin."""
    rows = choose(text_difficulty.table(store, "points"))
    lengths = sorted(rows.loc[rows["last_token"].astype(bool), "tokens"].unique())
    contexts = [WHOLE, *map(str, lengths)]
    context = control(
        st.segmented_control,
        "Perplexity of",
        "context",
        WHOLE,
        contexts,
        format_func=lambda name: name if name == WHOLE else f"the token after {int(name) - 1} others",
        required=True,
    )
    last = context != WHOLE
    rows = rows[rows["last_token"].astype(bool) == last]
    rows = rows[rows["tokens"] == int(context)] if last else rows
    shown = rows[rows["picked"].astype(bool)]
    title = "Dispersion of segments over their perplexity, a point a bin"
    with st.container(border=True):
        chart_with_downloads(
            charts.course_chart(shown), title, "Dispersion over perplexity", source=READ_HERE
        )
    for name, some in rows.groupby("checkpoint", sort=False):
        st.markdown(
            f"- {plain(wording.course(str(name), some['text'].iloc[0], text_difficulty.curve_of(some)))}"
        )
    st.caption(wording.NOT_SHOWN)


def layers(store: Store) -> None:
    """One measure at every layer: its correlation with perplexity, or its value."""
    rows = choose(text_difficulty.table(store, "layers"))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        measure = control(
            st.selectbox,
            "Measure",
            "layer_measure",
            "dispersion",
            list(wording.TITLES),
            format_func=wording.title,
            width=220,
        )
        side = control(
            st.segmented_control,
            "Show",
            "side",
            "pearson",
            list(SIDES),
            format_func=SIDES.__getitem__,
            required=True,
        )
    some = rows[rows["measure"] == measure]
    shown = f"{wording.title(measure)}: {SIDES[side].lower()}"
    with st.container(border=True):
        drawn = charts.layers_chart(some, side, shown)
        chart_with_downloads(drawn, f"{shown}, by layer", f"{shown}, by layer", source=READ_HERE)
    for name, of in some.groupby("checkpoint", sort=False):
        found = {int(row["layer"]): text_difficulty.correlation_of(row) for _, row in of.iterrows()}
        st.markdown(f"- {plain(wording.along(str(name), of['text'].iloc[0], measure, found))}")
    st.caption(wording.LAYERS_NOT_SHOWN)


def clusters(store: Store) -> None:
    """Distances within and between clusters of contexts that the same tokens follow."""
    rows = choose(text_difficulty.table(store, "clusters"))
    title = "Mean cosine distance within and between clusters, by checkpoint"
    with st.container(border=True):
        chart_with_downloads(charts.clusters_chart(rows), title, "Distances of clusters", source=READ_HERE)
    for row in rows.itertuples():
        sizes = int(row.clusters), int(row.occurrences), int(row.tokens)
        st.markdown(
            f"- {plain(wording.of_clusters(row.checkpoint, row.text, sizes, row.within, row.between))}"
        )
    st.caption(wording.CLUSTERS_NOT_SHOWN)


VIEWS = {  # value of `difficulty` in the address → (title, what draws it)
    "perplexity": ("Perplexity", perplexity),
    "layers": ("Layers", layers),
    "clusters": ("Clusters", clusters),
    "label_free": ("Accuracy without labels", label_free),
    "knnlm": ("Layer for kNN-LM", knnlm),
}


def difficulty_tab(store: Store, heading: DeltaGenerator) -> None:
    """Draw the tab; its title goes into `heading`."""
    refresh(store, text_difficulty.state(store))
    with heading:
        st.title("Text difficulty")
        st.markdown(
            "How a decoder’s vectors spread over text that it predicts well and badly, and what that is good "
            "for. Figures of small decoders come with the program; what your checkpoints read is added."
        )
    view = control(
        st.segmented_control,
        "View",
        "difficulty",
        "perplexity",
        list(VIEWS),
        format_func=lambda name: VIEWS[name][0],
        label_visibility="collapsed",
        required=True,
    )
    VIEWS[view][1](store)
    ask(store, view)
