"""Which study of several a view shows."""

from collections.abc import Sequence

import streamlit as st

from pages.parts.controls import control


def choose_study(key: str, titles: Sequence[str]) -> str:
    """Draw the choice, bound to the address; titles: the newest first.

    Where the newest one was shown, one that is added later takes its place.
    """
    state, newest = st.session_state, f"{key} newest"
    if key in state and state[key] == state.get(newest) != titles[0]:
        state[key] = titles[0]
    state[newest] = titles[0]
    return control(st.selectbox, "Study", key, titles[0], titles, width=480)
