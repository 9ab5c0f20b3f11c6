"""The warning of Add where checkpoints are about to be measured otherwise than those before."""

import streamlit as st

from cache import samples, usual
from cache.requests import Settings
from cache.store import Store
from core.corpora.sources import CORPORA
from core.wording.adding import unlike
from pages.parts.markdown import plain
from pages.parts.settings_form import POSITIONS


def _in_words(field: str, settings: Settings) -> str:
    """One of the settings that make a cloud, in words."""
    value = getattr(settings, field)
    return {
        "corpus": lambda: samples.title(value),
        "sequences": lambda: f"{value:,} sequences",
        "layer": lambda: "the last layer" if value is None else f"layer {value}",
        "position": lambda: POSITIONS[value].lower(),
        "max_length": lambda: "whole sequences" if value is None else f"sequences cut at {value} tokens",
        "precision": lambda: "float32" if value == "auto" else str(value),
    }[field]()


def _take(settings: Settings) -> None:
    """Set the form to these settings; a callback, so before it is drawn."""
    for field in usual.OF_TEXT:
        key = "corpus" if field == "corpus" else f"settings_{field}"
        value = getattr(settings, field)
        st.session_state[key] = "auto" if field == "precision" and value == "float32" else value


def usual_note(store: Store, settings: Settings) -> None:
    """Warn where `settings` differ from those of most checkpoints in the store, and offer those."""
    found = usual.departures(store, settings)
    if found is None:
        return
    before, fields = found
    pairs = [(_in_words(field, settings), _in_words(field, before.settings)) for field in fields]
    st.warning(plain(unlike(before.checkpoints, pairs)), icon=":material/rule:")
    if before.settings.corpus in CORPORA:
        st.button(
            "Use the same settings as before",
            key="use_usual",
            icon=":material/history:",
            on_click=_take,
            args=(before.settings,),
        )
