"""Whether the candidates were measured alike, and the button that measures anew those that were not."""

import pandas as pd
import streamlit as st

from cache.requests import Measure, Settings
from cache.store import Store
from cache.tasks.cell_study import subject_of
from core.corpora.sources import CORPORA
from core.prediction.alike import FACTS, NOT_SETTINGS, differences
from core.wording.ranking import measured_alike
from pages.parts.markdown import plain
from pages.parts.submit import submit


def measured_alike_check(
    store: Store, rows: pd.DataFrame, usual: dict[str, str | None], lacking: pd.DataFrame, measures: list[str]
) -> None:
    """List what sets the measuring of candidates apart, and offer to measure those again.

    Arguments:
        rows: the candidates. usual: how the others were measured, see `core.prediction.alike.usual_of`.
        lacking: further checkpoints without one of `measures`.
    """
    table = differences(rows, usual)
    if table.empty and lacking.empty:
        return
    with st.expander(plain(measured_alike(table, len(lacking))), icon=":material/rule:"):
        if len(table):
            st.dataframe(
                table[["name", "what", "own", "usual"]],
                hide_index=True,
                height="content" if len(table) <= 8 else 300,
                column_config={
                    "name": "Checkpoint",
                    "what": "Differs in",
                    "own": "Its own",
                    "usual": "Others",
                },
                alt="What sets the measuring of candidates apart",
            )
    settings = [FACTS[name] for name in FACTS if name not in NOT_SETTINGS]
    again = rows.loc[rows.index.isin(table.loc[table["what"].isin(settings), "subject"])]
    _offer(store, pd.concat([again, lacking]), usual, measures)


def _offer(store: Store, rows: pd.DataFrame, usual: dict[str, str | None], measures: list[str]) -> None:
    rows = rows[(rows["origin"] == "measured") & ~rows.index.duplicated()]
    if rows.empty:
        return
    corpus = usual.get("corpus") or "auto"
    if corpus not in CORPORA:
        st.caption(f"To measure them alike, give the file {plain(corpus)} on Add.")
        return
    sequences = int((usual.get("sequences") or str(Settings.sequences)).replace(",", ""))
    many = f"{len(rows)} checkpoints" if len(rows) > 1 else rows["name"].iloc[0]
    title = f"Measure {many} on {sequences:,} sequences of {corpus}"
    if st.button(plain(title), key="alike_measure", icon=":material/play_arrow:"):
        settings = Settings(corpus=corpus, sequences=sequences, measures=",".join(measures) or "all")
        if submit(store, Measure(settings), [subject_of(row) for _, row in rows.iterrows()], title):
            st.caption("Queued; Add shows how far it is, and this page draws itself anew after.")
