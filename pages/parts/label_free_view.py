"""Accuracy without labels: dispersion over known accuracy, the estimate beside its baselines, the queries."""

import pandas as pd
import streamlit as st

from cache import decoder_studies
from cache.store import Store
from core.charts import decoders as charts
from core.studies.decoder_figures import curve_of, estimate_of
from core.wording import label_free as wording
from pages.parts.markdown import plain
from pages.parts.picture_downloads import READ_HERE, chart_with_downloads
from pages.parts.study_choice import choose_study

COLUMNS = {
    "row": st.column_config.NumberColumn("Row of the file", width=70),
    "text": st.column_config.TextColumn("Query", width="large"),
    "distance": st.column_config.NumberColumn("Mean distance to the others", format="%.4f"),
    "change": st.column_config.NumberColumn(
        "Adds to dispersion",
        format="%.2e",
        help="Dispersion of the set with this query minus that without it",
    ),
    "confidence": st.column_config.NumberColumn("Confidence", format="%.2f"),
    "correct": st.column_config.CheckboxColumn("Correct"),
}


def label_free(store: Store) -> None:
    """One study: the curve, what it says, what each source says of the accuracy, and the queries."""
    studies = decoder_studies.label_free(store)
    title = choose_study("label_free_study", list(studies))
    table, queries = studies[title]
    curve, estimate, first = curve_of(table), estimate_of(table), table.iloc[0]
    shown = "Dispersion of mixtures over their share of right answers"
    with st.container(border=True):
        drawn = charts.accuracy(table, estimate.dispersion if estimate else None)
        chart_with_downloads(drawn, shown, f"Accuracy without labels, {title}", source=READ_HERE)
        st.caption(wording.READING)
    confidence, mean_confidence, truth = (
        None if pd.isna(first[name]) else float(first[name])
        for name in ("confidence", "mean_confidence", "truth")
    )
    accuracy = float(first["accuracy"])
    for sentence in wording.findings(curve, estimate, accuracy, mean_confidence, truth):
        st.markdown(f"- {plain(sentence)}")
    if estimate is not None:
        st.dataframe(
            pd.DataFrame(wording.sources(estimate, accuracy, confidence, mean_confidence, truth)),
            hide_index=True,
            placeholder="–",
            height="content",
            alt="What the estimate, the baselines and the labels say of the accuracy",
        )
    draw_queries(queries, title, "unlabelled" if estimate else "calibration")
    if isinstance(first["note"], str):
        st.caption(plain(f"{first['note']}."))
    st.caption(wording.NOT_SHOWN)


def draw_queries(queries: pd.DataFrame, title: str, of: str) -> None:
    """The queries, the one that adds least to dispersion first, and their export."""
    st.header(f"The {len(queries):,} {of} queries, the least dispersion first")
    st.dataframe(
        queries,
        hide_index=True,
        placeholder="–",
        height=320,
        column_config={name: COLUMNS[name] for name in queries.columns},
        alt="Queries, the one that adds least to dispersion first",
    )
    st.download_button(
        "Queries as CSV",
        queries.to_csv(index=False).encode(),
        "queries.csv",
        "text/csv",
        key="label_free_queries",
        icon=":material/download:",
        on_click="ignore",
        help=f"All {len(queries):,} of {title}, in this order",
    )
