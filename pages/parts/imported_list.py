"""What was imported: how far each score is from a prediction, and the list from which values are deleted."""

import streamlit as st

from cache import imported
from cache.store import Store
from core.errors import InputError
from core.wording.adding import needed
from pages.parts.markdown import plain, wrong

NAMES = {
    "name": "Checkpoint",
    "benchmark": "Benchmark",
    "task": "Task",
    "metric": "Metric",
    "split": "Split",
    "covariate": "Covariate",
    "value": "Value",
    "source": "Source",
}


def standings(store: Store) -> None:
    """Each imported score: where its result is to be seen, or how many checkpoints are still needed."""
    for one in imported.standings(store):
        enough = one.score is not None and one.count >= one.needed
        with st.container(horizontal=True, vertical_alignment="center"):
            icon = ":material/check:" if enough else ":material/hourglass_empty:"
            st.markdown(
                f"{icon} {plain(needed(one.task, one.score is not None, one.count, one.needed))}",
                width="content",
            )
            if enough and one.score:
                st.page_link(
                    "pages/shortlist.py",
                    label="See on Shortlist",
                    icon=":material/arrow_forward:",
                    query_params={"score": one.score},
                )


def imported_list(store: Store, table: str) -> None:
    """The list of what was imported, with a button that deletes the chosen values."""
    frame = imported.values(store, table)
    st.header(f"Imported {table}")
    if frame.empty:
        st.caption(f"No {table} were imported yet.")
        return
    if table == "scores":
        standings(store)
    round_ = st.session_state.setdefault("delete round", 0)
    shown = frame[list(imported.COLUMNS[table])].rename(columns=NAMES)
    for column in ("Split",):
        if column in shown and not shown[column].any():
            shown = shown.drop(columns=column)
    shown["Note"] = [
        "a newer one counts" if row.replaced else None if row.known else "not measured yet"
        for row in frame.itertuples()
    ]
    event = st.dataframe(
        shown if shown["Note"].notna().any() else shown.drop(columns="Note"),
        hide_index=True,
        placeholder=" ",
        height="content" if len(shown) < 9 else 330,
        on_select="rerun",
        selection_mode="multi-row",
        key=f"imported_{table}_{round_}",
        column_config={"Value": st.column_config.NumberColumn(format="%.4g")},
        alt=f"Imported {table}",
    )
    chosen = event["selection"]["rows"]
    with st.container(horizontal=True, vertical_alignment="center"):
        pressed = st.button(
            f"Delete {len(chosen)} of {len(frame)}" if chosen else "Delete",
            icon=":material/delete:",
            key="imported_delete",
            disabled=not chosen,
        )
        st.caption("Tick rows to delete them. Published figures and scores made here are not in this list.")
    if pressed:
        try:
            imported.delete(store, table, frame.iloc[chosen])
        except InputError as error:
            wrong(str(error))
            return
        st.session_state["delete round"] += 1
        st.session_state.pop("last import", None)
        st.rerun()
