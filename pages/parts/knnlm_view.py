"""kNN-LM by key layer: was the most dispersed layer the best?"""

import pandas as pd
import streamlit as st

from cache import decoder_studies
from cache.store import Store
from core.charts import decoders as charts
from core.formatting import decimal
from core.studies.decoder_figures import ALONE
from core.studies.key_layers import CHUNKS
from core.wording import knnlm as wording
from pages.parts.controls import control
from pages.parts.markdown import plain
from pages.parts.picture_downloads import READ_HERE, chart_with_downloads
from pages.parts.study_choice import choose_study


def knnlm(store: Store) -> None:
    """One study: perplexity over dispersion, a point a key, what it says, and the numbers."""
    studies = decoder_studies.knnlm(store)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        title = choose_study("knn_study", list(studies))
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
            chart_with_downloads(charts.keys(table, int(chunks)), shown, shown, source=READ_HERE)
            st.caption(wording.READING)
    alone = table[table["key"] == ALONE].iloc[0]
    for sentence in wording.sentences(decoder_studies.verdict_of(table), float(alone["perplexity"])):
        st.markdown(f"- {plain(sentence)}")
    shown_as = numbers(table)
    st.dataframe(
        shown_as,
        hide_index=True,
        placeholder="–",
        height="content",
        column_config={
            name: st.column_config.NumberColumn(format="%.2f")
            for name in shown_as.select_dtypes("number").columns
        },
        alt=f"{shown}, as a table",
    )
    recalls = table["recall"].dropna().tolist()
    st.caption(plain(f"{wording.made_of(alone.to_dict())} {wording.searched(recalls)}"))
    if isinstance(alone["note"], str):
        st.caption(plain(f"{alone['note']}."))
    st.caption(wording.NOT_SHOWN)


def numbers(table: pd.DataFrame) -> pd.DataFrame:
    """The keys as people read them, the lowest test perplexity first; no recall where the search is exact."""
    rows = table.sort_values("perplexity", ignore_index=True)
    first = {"key": "Key", "perplexity": "Test perplexity", "validation_perplexity": "Validation perplexity"}
    last = {"weight": "λ", "temperature": "Temperature", "recall": "Recall of the search"}
    shown = rows[list(first)].rename(columns=first)
    for count in CHUNKS:
        pairs = zip(rows[f"dispersion_{count}"], rows[f"sd_{count}"], strict=True)
        shown[f"Dispersion, {count} chunks"] = [
            None if pd.isna(mean) else f"{decimal(mean, 3)} ± {decimal(sd, 3)}" for mean, sd in pairs
        ]
    return shown.join(rows[list(last)].astype(float).rename(columns=last)).dropna(axis="columns", how="all")
