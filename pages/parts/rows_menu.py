"""What the grid offers to the mouse alone, in widgets that the keyboard reaches: reasons, comparison."""

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.parts import comparison


def rows_menu(place: DeltaGenerator, names: pd.Series, why: bool) -> str:
    """The button "Rows" with the choices behind it.

    names: of every row that is drawn, by subject. why: whether reasons are known of them.
    Returns: the subject whose reasons were asked for, or "".
    """
    titles = names.astype(str).to_dict()

    def title(subject: str) -> str:
        return titles.get(subject, subject)

    asked = ""
    with place.popover("Rows", icon=":material/checklist:", help="Reasons and comparison, by the keyboard"):
        if why:
            left, right = st.columns([3, 1], vertical_alignment="bottom")
            subject = left.selectbox(
                "Why does it stand there?", list(titles), format_func=title, key="rows_why"
            )
            if right.button("Why?", key="rows_why_open") and subject:
                asked = str(subject)
        key = f"rows_compared-{comparison.version()}-{'-'.join(comparison.subjects())}"
        st.multiselect(
            "Compare",
            list(titles),
            [subject for subject in comparison.subjects() if subject in titles][: comparison.MOST],
            format_func=title,
            max_selections=comparison.MOST,
            key=key,
            placeholder="Two to four of them",
            on_change=_compare,
            args=(key, set(titles)),
        )
    return asked


def _compare(key: str, offered: set[str]) -> None:
    """Compare what was chosen, and what was compared before and is not on offer here."""
    comparison.choose([*(one for one in comparison.subjects() if one not in offered), *st.session_state[key]])
