"""The part of Add that fine-tunes the chosen checkpoints on GLUE, for scores of one's own."""

from collections.abc import Sequence

import streamlit as st

from cache.paths import page_roots, readable
from cache.requests import Subject
from cache.store import Store
from cache.tasks import called
from cache.tasks.glue_run import request_of
from core.errors import InputError
from core.fine_tuning.glue import TASKS
from core.formatting import first_few
from core.wording.adding import where_read
from pages.parts.markdown import wrong
from pages.parts.models_form import choose_models
from pages.parts.submit import submit

SMALL = ["CoLA", "MRPC", "RTE", "STS-B"]


def fine_tuning_tab(store: Store) -> None:
    """Choose checkpoints, and fine-tune them."""
    here, from_hub = choose_models(store)
    models = [*map(Subject, here), *from_hub]
    title = first_few(map(called, models))
    if fine_tune(store, models, title):
        st.session_state["queued"] = title
        st.rerun()


def fine_tune(store: Store, subjects: Sequence[Subject], title: str) -> bool:
    """Draw the form and queue what it asks for; returns whether it did. title: names the subjects."""
    with st.container(border=True):
        st.markdown("**Fine-tune on GLUE: scores of your own**")
        st.caption(
            "The scores that the measures only predict, by the protocol of transformers' GLUE script. On two "
            "cores a small encoder takes minutes a task, MiniLM about a quarter of an hour, BERT-base hours."
        )
        with st.container(horizontal=True, vertical_alignment="bottom"):
            tasks = st.multiselect(
                "Tasks", list(TASKS), default=SMALL, key="glue_tasks", width=420, persist_state="session"
            )
            data = st.text_input(
                "Folder of Parquet files",
                key="glue_data",
                placeholder="empty: from the hub",
                help="CoLA.train.parquet, CoLA.dev.parquet … with columns sentence1, sentence2, label.",
                persist_state="session",
                width=260,
            )
            examples = st.number_input(
                "Training examples",
                32,
                None,
                None,
                32,
                key="glue_examples",
                placeholder="all",
                help="Only the first so many: faster, and said beside every score, which then compares with "
                "none of a whole run.",
                persist_state="session",
                width=160,
            )
            seed = st.number_input("Seed", 0, None, 42, key="glue_seed", persist_state="session", width=110)
            pressed = st.button(
                f"Fine-tune {len(subjects)}" if subjects else "Fine-tune",
                icon=":material/model_training:",
                key="fine_tune",
                disabled=not subjects or not tasks,
            )
        if not subjects:
            st.caption("Choose a checkpoint or name a hub id first.")
        if not pressed:
            return False
        try:
            folder = readable(data) if data else None
            if data and not (folder and folder.is_dir()):
                st.caption(where_read(page_roots()))
                raise InputError(f"There is no folder {data}: give one with GLUE's Parquet files.")
            protocol = {"train_examples": int(examples) if examples else None, "seed": int(seed)}
            request = request_of(protocol, folder, tuple(tasks))
        except InputError as error:
            wrong(str(error))
            return False
        return submit(store, request, subjects, f"GLUE: {title}")
