"""The entry point: which pages there are, in their order. Everything else is in pages/."""

from collections.abc import Callable
from pathlib import Path

import altair as alt
import streamlit as st

from pages.parts.chart_look import LOOK_OF_CHARTS

LOOK = Path(__file__).parent / ".streamlit"  # files, as Streamlit would fetch a named icon from the network
FIRST = "shortlist"
PAGES = (  # file in pages/, title, icon, what it is for
    ("shortlist", "Shortlist", "format_list_numbered", "Which checkpoints to fine-tune first, and how sure."),
    ("add", "Add", "add_circle", "Measure models or vectors, bring scores; the queue."),
    ("explore", "Explore", "scatter_plot", "Any number against any other, cells, token gap, text."),
    ("trust", "Trust", "balance", "How far to believe predictions, and what the measures have shown."),
    ("papers", "Papers", "gallery_thumbnail", "What published studies found, drawn from their data."),
)
MOVED = {  # earlier addresses: the page that they lead to, and its tab
    "add_models": ("add", ""),
    "predicted_scores": ("trust", ""),
    "evidence": ("trust", "evidence"),
    "findings": ("papers", ""),
    "quantized_cells": ("explore", "cells"),
    "token_gap": ("explore", "gap"),
    FIRST: (FIRST, ""),  # the first page stands at the root of the address
}
RENAMED = {"outcome": "predicted"}  # parameters of earlier addresses
TITLES = {file: title for file, title, *_ in PAGES}


def page(file: str, title: str, icon: str, about: str) -> st.Page:
    """A page of the navigation, at its file's name; the first one at the root of the address."""
    return st.Page(
        f"pages/{file}.py",
        title=title,
        icon=f":material/{icon}:",
        help=about,
        url_path="" if file == FIRST else file,
        default=file == FIRST,
    )


def leads_to(file: str, tab: str) -> Callable[[], None]:
    """What stands at an earlier address: the way to a page, with the rest of the link."""

    def lead() -> None:
        asked = {key: st.query_params.get_all(key) for key in st.query_params}
        renamed = {RENAMED.get(key, key): values for key, values in asked.items()}
        st.switch_page(f"pages/{file}.py", query_params=({"tab": [tab]} if tab else {}) | renamed)

    return lead


if __name__ != "__mp_main__":  # as it is called in a process that is started from this one
    st.set_page_config(page_icon=str(LOOK / "icon.svg"), layout="wide")  # before a page's own icon is fetched
    chosen = st.navigation(
        [
            *(page(*entry) for entry in PAGES),
            *(
                st.Page(leads_to(file, tab), title=TITLES[file], url_path=old, visibility="hidden")
                for old, (file, tab) in MOVED.items()
            ),
        ],
        position="top",
    )
    st.set_page_config(page_title=f"{chosen.title} · Latent Shortlist")
    st.html(LOOK / "style.css")
    st.logo(str(LOOK / "wordmark.svg"), size="large")
    alt.theme.enable(LOOK_OF_CHARTS)
    st.session_state["came through app.py"] = True
    chosen.run()
