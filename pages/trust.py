"""Trust: how far to believe a prediction, and what the measures have shown."""

import streamlit as st

from cache import evidence
from cache.predictions import predictable
from cache.tables import one_row_each
from core.measures.titles import title_of
from pages.parts.common import open_store, refresh
from pages.parts.controls import control
from pages.parts.evidence_view import evidence_tab
from pages.parts.predicted import predictions_tab
from pages.parts.tabs import open_tab

TABS = {  # value of `tab` in the address → (title, what draws it)
    "predictions": (":material/query_stats: Predictions", predictions_tab),
    "evidence": (":material/balance: Evidence", evidence_tab),
}

store = open_store()
overview = one_row_each(store)
refresh(store, store.state())

heading = st.container(gap="xsmall")  # the open tab's finding stands above the tabs
scores = list(dict.fromkeys([*predictable(store), *evidence.associated(store)]))
score = ""
if scores:
    score = control(st.selectbox, "Score", "predicted", scores[0], scores, format_func=title_of, width=300)
name, tab = open_tab("trust_tabs", {name: title for name, (title, _) in TABS.items()})
with tab:
    TABS[name][1](store, overview, score, heading)
