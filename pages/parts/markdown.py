"""Text from files and users as Markdown, and what is wrong with an input."""

import re

import streamlit as st


def plain(text: str) -> str:
    """`text` as Markdown that shows exactly these characters (names and errors come from files and users)."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|~$:<>&])", r"\\\1", " ".join(text.split()))


def wrong(sentence: str) -> None:
    """Show what is wrong with an input, beside it."""
    st.markdown(f":red[:material/error: {plain(sentence)}]")
