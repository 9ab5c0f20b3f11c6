"""kNN-LM by key layer: was the most dispersed layer the best?"""

import pandas as pd
import streamlit as st

from cache import decoder_studies
from cache.store import Store
from core.charts import decoders as charts
from core.formatting import decimal
from core.studies.decoder_figures import ALONE, key_results
from core.studies.key_layers import CHUNKS
from core.studies.knnlm import verdict
from core.wording import knnlm as wording
from pages.parts.controls import control
from pages.parts.markdown import plain


def knnlm(store: Store) -> None:
    """One study: perplexity over dispersion, a point a key, what it says, and the numbers."""
    studies = decoder_studies.knnlm(store)
    titles = list(studies)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        title = control(st.selectbox, "Study", "knn_study", titles[0], titles, width=480)
        table = studies[title]
        counts = [str(count) for count in CHUNKS if table[f"dispersion_{count}"].notna().any()]
        chunks = None
        if counts:
            chunks = control(
                st.segmented_control,
                "Chunks that dispersion is measured over",
                "chunks",
                counts[-1],
                counts,
                required=True,
            )
    shown = "Test perplexity with each key over its dispersion"
    if chunks:
        with st.container(border=True):
            st.altair_chart(charts.keys(table, int(chunks)), width="stretch", alt=f"{shown}, a point a key")
    alone = table[table["key"] == ALONE].iloc[0]
    for sentence in wording.sentences(verdict(key_results(table)), float(alone["perplexity"])):
        st.markdown(f"- {plain(sentence)}")
    st.dataframe(numbers(table), hide_index=True, placeholder="–", height="content", alt=f"{shown}, as a table")
    st.caption(plain(wording.made_of(alone)))
    st.caption(wording.NOT_SHOWN)


def numbers(table: pd.DataFrame) -> pd.DataFrame:
    """The keys as people read them, the lowest test perplexity first; no recall where the search is exact."""
    rows = table.sort_values("perplexity", ignore_index=True)
    shown = pd.DataFrame({"Key": rows["key"]})
    for count in CHUNKS:
        pairs = zip(rows[f"dispersion_{count}"], rows[f"sd_{count}"], strict=True)
        shown[f"Dispersion, {count} chunks"] = [
            None if pd.isna(mean) else f"{decimal(mean, 3)} ± {decimal(sd, 3)}" for mean, sd in pairs
        ]
    for name, title, decimals in (
        ("weight", "λ", 2),
        ("temperature", "Temperature", 2),
        ("recall", "Recall of the search", 2),
        ("validation_perplexity", "Validation perplexity", 2),
        ("perplexity", "Test perplexity", 2),
    ):
        shown[title] = rows[name].astype(float).round(decimals)
    return shown.dropna(axis="columns", how="all")
