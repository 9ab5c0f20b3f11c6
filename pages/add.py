"""Add: models, vectors, scores and covariates, fine-tuning; the queue beside what is asked for."""

import streamlit as st

from pages.parts.common import open_store
from pages.parts.glue_form import fine_tuning_tab
from pages.parts.markdown import plain
from pages.parts.models_form import models_tab
from pages.parts.queue_cards import queue
from pages.parts.scores_form import scores_tab
from pages.parts.tabs import open_tab
from pages.parts.vectors_form import vectors_tab

TABS = {  # value of `tab` in the address → (title, what draws it)
    "models": (":material/deployed_code: Models", models_tab),
    "vectors": (":material/data_array: Vectors", vectors_tab),
    "scores": (":material/leaderboard: Scores and covariates", scores_tab),
    "fine_tuning": (":material/model_training: Fine-tuning", fine_tuning_tab),
}
store = open_store()

if queued := st.session_state.pop("queued", None):
    st.toast(f"{plain(queued)}: queued", icon=":material/schedule:")
st.title("Add models, vectors and scores")
st.caption("What you ask for runs beside this page; results appear on Shortlist one by one.")
form, beside = st.columns([5, 3], gap="large")
with form:
    name, tab = open_tab("add_tabs", {name: title for name, (title, _) in TABS.items()})
    with tab:
        TABS[name][1](store)
with beside:
    st.header("Queue")
    queue(store)
