"""Explore: a scatter chart of any two numbers, quantized cells, the token gap, text difficulty."""

import streamlit as st

from pages.parts.cells_view import cells_tab
from pages.parts.common import open_store, refresh
from pages.parts.difficulty_view import difficulty_tab
from pages.parts.gap_view import gap_tab
from pages.parts.scatter_view import scatter_tab
from pages.parts.tabs import open_tab

TABS = {  # value of `tab` in the address → (title, what draws it, with its finding above the tabs)
    "scatter": (":material/scatter_plot: Scatter", scatter_tab),
    "cells": (":material/grid_on: Cells", cells_tab),
    "gap": (":material/linear_scale: Token gap", gap_tab),
    "difficulty": (":material/menu_book: Text difficulty", difficulty_tab),
}

store = open_store()
refresh(store, store.state())

heading = st.container(gap="xsmall")
name, tab = open_tab("explore_tabs", {name: title for name, (title, _) in TABS.items()})
with tab:
    TABS[name][1](store, heading)
