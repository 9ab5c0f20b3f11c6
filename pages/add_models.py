"""Add: models, vectors, scores and covariates, fine-tuning; the queue beside what is asked for."""

import streamlit as st

from pages.parts.common import open_store
from pages.parts.glue_form import fine_tuning_tab
from pages.parts.models_form import models_tab
from pages.parts.queue_cards import queue
from pages.parts.scores_form import scores_tab
from pages.parts.vectors_form import vectors_tab

TABS = {  # value of `tab` in the address → (title, what draws it)
    "models": (":material/deployed_code: Models", models_tab),
    "vectors": (":material/data_array: Vectors", vectors_tab),
    "scores": (":material/leaderboard: Scores and covariates", scores_tab),
    "fine_tuning": (":material/model_training: Fine-tuning", fine_tuning_tab),
}
TITLES = {title: name for name, (title, _) in TABS.items()}
store = open_store()
state = st.session_state


def open_tab() -> str:
    """Which tab is open: the one clicked last, unless the address has come to name another."""
    asked = st.query_params.get("tab", "models")
    if asked in TABS and ("add_tabs" not in state or asked != state.get("add_tab in the address")):
        state["add_tabs"] = TABS[asked][0]
    return TITLES.get(state.get("add_tabs", ""), "models")


def keep_in_address(name: str) -> None:
    """Let the address name the open tab, unless it is the first."""
    if name == "models":
        st.query_params.pop("tab", None)
    elif st.query_params.get("tab") != name:
        st.query_params["tab"] = name
    state["add_tab in the address"] = name


if queued := state.pop("queued", None):
    st.toast(f"{queued}: queued", icon=":material/schedule:")
st.title("Add models")
st.caption("What you ask for runs beside this page; results appear on Shortlist one by one.")
form, beside = st.columns([5, 3], gap="large")
with form:
    name = open_tab()
    tabs = st.tabs(list(TITLES), key="add_tabs", on_change="rerun")
    with tabs[list(TABS).index(name)]:
        TABS[name][1](store)
    keep_in_address(name)
with beside:
    st.subheader("Queue")
    queue(store)
