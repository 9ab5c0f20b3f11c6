"""Papers, "Push-away loss": training with the loss and without, of the shipped runs and of one's own."""

import pandas as pd
import streamlit as st

from cache import training
from cache.requests import Subject
from cache.store import Store
from cache.tasks.push_away import SETTINGS, PushAway
from core.charts import training as charts
from core.formatting import capital
from core.wording import training as wording
from pages.parts.controls import control
from pages.parts.markdown import plain
from pages.parts.picture_downloads import READ_HERE, chart_with_downloads
from pages.parts.submit import submit

TITLE = "A loss that pushes hidden states apart"


def push_away(store: Store) -> None:
    """Draw the section: what was tried, the curves, the table, what follows, and how to run it."""
    st.space("small")
    st.header(TITLE, anchor="push-away")
    st.markdown(
        "The dispersion paper adds minus the mean cosine distance of a batch’s last hidden states to the "
        "loss of a decoder in training, and finds lower perplexity (Table 2). Here the same small decoder is "
        "trained with it and without, from the same seeds."
    )
    every = training.push_away(store)
    with st.container(border=True):
        if every.empty:
            st.markdown("Nothing has been trained yet.")
        else:
            _drawn(every)
    _ask(store)


def _drawn(every: pd.DataFrame) -> None:
    offered = [name for name in SETTINGS if name in set(every["setting"])]
    setting = control(
        st.segmented_control,
        "Pairs",
        "push_away",
        offered[0],
        offered,
        format_func=lambda name: capital(SETTINGS[name]),
        required=True,
    )
    rows = every[every["setting"] == setting]
    made = training.compared(rows)
    st.markdown("\n".join(f"- {plain(line)}" for line in made.sentences))
    for rate, own in made.chosen:
        title = f"Test perplexity over training with the loss and without, learning rate {rate:g}"
        chart_with_downloads(
            charts.push_away(own), title, f"Push-away loss, learning rate {rate:g}", source=READ_HERE
        )
    with st.expander("Differences by step", icon=":material/table:"):
        st.dataframe(
            made.table,
            hide_index=True,
            height="content",
            column_config={
                name: st.column_config.NumberColumn(format="%.4g")
                for name in ("Without", "With the loss", "Difference", "Low", "High")
            },
            alt="Test perplexity with the push-away loss and without, and their difference with its interval",
        )
    st.caption(f"{rows['origin'].iloc[0].capitalize()}. {wording.NOT_SHOWN}")


def _ask(store: Store) -> None:
    with st.expander("Train it here", icon=":material/play_arrow:"):
        st.markdown(
            "Both settings of the small preset: 16 runs of some seconds to minutes each, on the text of "
            "measurements and the source of Python’s standard library. Runs are kept as they end."
        )
        if st.button("Train", icon=":material/play_arrow:", key="push_away_submit") and submit(
            store, PushAway(), [Subject(name) for name in SETTINGS]
        ):
            st.success("Queued. The result appears here.", icon=":material/check:")
            st.page_link("pages/add.py", label="See how far it is", icon=":material/hourglass_top:")
