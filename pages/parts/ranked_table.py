"""A table of Shortlist: drawn, and as rows for a file."""

from functools import partial

import pandas as pd
import streamlit as st

from core.measures.titles import title_of
from pages.parts import comparison
from pages.parts.columns import Column
from pages.parts.ranked_rows import RankedTable
from pages.parts.table_view import View

MOST_SHOWN = 12  # rows without scrolling
PARTS = {  # of a file
    "candidates": "to choose among",
    "checked": "score known",
    "outside": "not ranked",
    "others": "published",
    "others-outside": "published, not ranked",
}


def cells(table: RankedTable, view: View, *, pictures: bool = True) -> tuple[pd.DataFrame, dict[str, Column]]:
    """(cells in the order of the view, their columns); usual columns without any content are left out.

    pictures: whether ranges are drawn, which takes a while for a thousand rows; else their cells are empty.
    """
    columns = {name: column for name, column in view.columns.items() if column.of(table)}
    frame = pd.DataFrame(
        {
            name: column.cells(table) if pictures or name != "range" else ""
            for name, column in columns.items()
        },
        index=table.rows.index,
    )
    drawn = table.values.notna().any()
    empty = [
        name
        for name, column in columns.items()
        if column.usual and (not drawn if name == "range" else not _any(frame[name]))
    ]
    groups = table.rows["family" if view.group == "none" else view.group]
    frame = view.arranged(frame.drop(columns=empty), groups)
    return frame, {name: column for name, column in columns.items() if name not in empty}


def _any(column: pd.Series) -> bool:
    return any(
        len(value) > 0 if isinstance(value, str | list | tuple) else pd.notna(value) for value in column
    )


def draw(table: RankedTable, view: View) -> dict[str, str]:
    """Draw the table; selected rows join the comparison, those no longer selected leave it.

    Returns: "why" and "star" → the subject whose button was pressed.
    """
    frame, columns = cells(table, view)
    look = {name: column.look(table) for name, column in columns.items()}
    if "group" in frame:
        look["group"] = st.column_config.TextColumn(view.group.capitalize(), width=120)
    by = f"predicted {title_of(table.score)}" if table.predicted else title_of(table.by)
    pressed = {"trust": frame["trust"].map("{} · Why?".format)} if "trust" in frame else {}
    key = f"table-{table.kind}-{hash(tuple(frame.index))}-{comparison.version()}"
    event = st.dataframe(
        frame.assign(**pressed),
        column_order=["group", *columns] if "group" in frame else list(columns),
        column_config=look,
        hide_index=True,
        on_select=partial(_sort, key, [name for name, column in columns.items() if not column.picture]),
        selection_mode=["multi-row", "single-column"],
        selection_default=comparison.selection(frame.index),
        key=key,
        row_height=34,
        height=480 if len(frame) > MOST_SHOWN else "content",
        placeholder="–",
        alt=f"Checkpoints ranked by {by}",
    )
    comparison.follow(table.kind, frame.index, event["selection"]["rows"])
    clicks = {name: st.session_state.get(f"{name}-{table.kind}") for name in ("why", "star")}
    return {name: str(frame.index[click["row"]]) for name, click in clicks.items() if click}


def _sort(key: str, sortable: list[str]) -> None:
    """Sort by the column whose heading was pressed, again pressed the other way round; by rank as usual.

    The order then stands in the address, which that of the grid itself would not.
    """
    pressed = st.session_state[key]["selection"]["columns"]
    if not pressed:
        return
    name = "" if pressed[0] == "rank" else pressed[0]
    if name in ["", *sortable]:
        again = name == st.session_state["sort"] and st.session_state["order"] == "down"
        st.session_state["sort"], st.session_state["order"] = name, "up" if again else "down"
    comparison.renew()


def as_rows(table: RankedTable, view: View) -> pd.DataFrame:
    """What the table shows as rows for a file, under its titles; `low` and `high` in place of the drawing."""
    frame, columns = cells(table, view, pictures=False)
    low, high = table.ends
    parts = {"list": pd.Series(PARTS[table.kind], frame.index)}
    if "group" in frame:
        parts[view.group] = frame["group"]
    for name, column in columns.items():
        if name == "range":
            parts |= {"low": low.reindex(frame.index), "high": high.reindex(frame.index)}
        elif name == "star":
            parts[column.title] = frame[name].eq("★").map({True: "yes", False: ""})
        elif name == "reason":
            parts[column.title] = frame[name].map("; ".join)
        elif not column.picture:
            parts[column.title] = frame[name]
    return pd.DataFrame(parts)
