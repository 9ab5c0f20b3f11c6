"""Tabs of a page, of which only the open one is computed; the address names it."""

from collections.abc import Mapping

import streamlit as st
from streamlit.delta_generator import DeltaGenerator


def open_tab(key: str, titles: Mapping[str, str]) -> tuple[str, DeltaGenerator]:
    """Draw the tabs of a page.

    Arguments:
        key: of the widget, one a page.
        titles: value of `tab` in the address → what the tab is called; the first is open where none is named.

    Returns: the name of the open tab, and where to draw it.
    """
    names = list(titles)
    name = _from_address(key, titles)
    drawn = st.tabs(list(titles.values()), key=key, on_change="rerun")
    _to_address(key, name, names[0])
    return name, drawn[names.index(name)]


def _from_address(key: str, titles: Mapping[str, str]) -> str:
    """Which tab is open: the one clicked last, unless the address has come to name another."""
    state, first = st.session_state, next(iter(titles))
    asked = st.query_params.get("tab", first)
    if asked in titles and (key not in state or asked != state.get(f"{key} in the address")):
        state[key] = titles[asked]
    return next((name for name, title in titles.items() if title == state.get(key)), first)


def _to_address(key: str, name: str, first: str) -> None:
    """Let the address name the open tab, unless it is the first."""
    if name == first:
        st.query_params.pop("tab", None)
    elif st.query_params.get("tab") != name:
        st.query_params["tab"] = name
    st.session_state[f"{key} in the address"] = name
