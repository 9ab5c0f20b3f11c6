"""What candidates that the reference does not cover can be given: another way to rank."""

import streamlit as st

from core.formatting import lower_first
from core.measures.titles import title_of


def _rank_by(measure: str) -> None:
    st.session_state["rank_by"] = measure


def offer_ranking(measure: str, many: int) -> None:
    """A button that ranks all by a measure, whether a reference covers them or not."""
    st.button(
        f"Rank all {many} by {lower_first(title_of(measure))}",
        key="rank_all",
        icon=":material/format_list_numbered:",
        on_click=_rank_by,
        args=(measure,),
        help="A measure ranks every checkpoint that has it, whether a reference covers it or not.",
    )
