"""How the tables of Shortlist are shown: columns, order, groups. All of it stands in the address."""

from dataclasses import dataclass

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.overview import Overview
from pages.parts.columns import Column, offered
from pages.parts.controls import control

GROUPS = {"none": "Not grouped", "family": "By family", "base": "By base"}
ORDERS = {"down": "Highest first", "up": "Lowest first"}
NO_GROUP = "unknown"


@dataclass(frozen=True)
class View:
    """Which columns, in their order; by which number rows are sorted ("": by rank); how they are grouped."""

    columns: dict[str, Column]
    sort: str = ""
    descending: bool = True
    group: str = "none"

    def arranged(self, frame: pd.DataFrame, groups: pd.Series) -> pd.DataFrame:
        """The rows of `frame` in this order. groups: of each row, which stand in the order of their first."""
        if self.sort in frame:
            frame = frame.sort_values(
                self.sort, ascending=not self.descending, kind="stable", na_position="last"
            )
        if self.group == "none":
            return frame
        names = groups.reindex(frame.index).fillna(NO_GROUP)
        order = {name: place for place, name in enumerate(dict.fromkeys(names))}
        place = names.map(order).to_numpy().argsort(kind="stable")
        return frame.assign(group=names).iloc[place]


def table_view(row: DeltaGenerator, overview: Overview) -> View:
    """The button "Table" with the choices behind it."""
    every = offered(overview)
    usual = [name for name, column in every.items() if column.usual]
    with row.popover("Table", icon=":material/view_column:", help="Columns, order, groups"):
        chosen = control(
            st.multiselect,
            "Columns",
            "columns",
            usual,
            list(every),
            format_func=lambda name: every[name].title,
            help="Measures and other scores are at the end of the list.",
        )
        left, right = st.columns(2)
        numbers = [name for name in chosen if not every[name].picture and name != "rank"]
        sort = control(
            left.selectbox,
            "Sort by",
            "sort",
            "",
            ["", *numbers],
            format_func=lambda name: every[name].title if name else "Rank",
        )
        order = control(
            right.selectbox, "Order", "order", "down", list(ORDERS), format_func=ORDERS.__getitem__
        )
        group = control(st.selectbox, "Groups", "group", "none", list(GROUPS), format_func=GROUPS.__getitem__)
        st.caption("The address of this page holds all of it, filters too: a bookmark is a saved view.")
    return View({name: every[name] for name in chosen}, sort, order == "down", group)
