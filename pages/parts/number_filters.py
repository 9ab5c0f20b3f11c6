"""Limits on any number of a checkpoint, in the address as `limit=NAME`, `min_NAME`, `max_NAME`."""

import math

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.measures.titles import title_of
from core.overview import Overview
from pages.parts.controls import control, number

FACTS = {
    "layers": "Layers",
    "width": "Width",
    "vocabulary": "Vocabulary",
    "sequences": "Sequences",
    "n": "Vectors",
}


def titles(overview: Overview) -> dict[str, str]:
    """What can be limited, and what it is called: size, facts, measures and scores."""
    named = {"parameters": "Size (parameters)"} | FACTS
    named |= {name: title_of(name) for name in (*overview.measures, *overview.scores)}
    return {name: title for name, title in named.items() if name in overview.rows}


def number_filters(row: DeltaGenerator, overview: Overview, starred: pd.Index) -> pd.Index:
    """The button "Filters", and the subjects that pass what is set behind it.

    starred: the subjects with a star.
    """
    rows, named = overview.rows, titles(overview)
    with row.popover("Filters", icon=":material/filter_alt:", help="Star, and limits on any number"):
        kept = pd.Series(True, rows.index)
        if control(st.selectbox, "Star", "starred", "all", ["all", "only"], format_func=_star) == "only":
            kept &= rows.index.isin(starred)
        chosen = control(
            st.multiselect,
            "Numbers",
            "limit",
            [],
            list(named),
            format_func=named.__getitem__,
            placeholder="Limit a number",
        )
        for name in chosen:
            left, right = st.columns(2)
            low = number(left, f"{named[name]}, at least", f"min_{name}")
            high = number(right, "at most", f"max_{name}")
            values = pd.to_numeric(rows[name]).astype(float)
            if low is not None or high is not None:
                kept &= values.between(-math.inf if low is None else low, math.inf if high is None else high)
    return rows.index[kept]


def _star(value: str) -> str:
    return "With a star only" if value == "only" else "With and without a star"
