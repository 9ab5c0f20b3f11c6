"""What Shortlist shows where nothing of the user's was measured: what it is for, and three ways to begin."""

from dataclasses import replace

import streamlit as st

from cache import jobs, usual
from cache.preflight import INSTALLED
from cache.requests import Measure, Subject
from cache.store import Store
from pages.parts.submit import submit

ADD = "pages/add.py"
QUICK = "dispersion,spread,unembedding"  # all but the cells, which take minutes
MINILM_TIME = "about a minute on two cores"  # 66 s for 5,000 sequences, with other work beside it


def welcome(store: Store) -> None:
    """Draw this; the button for MiniLM queues one job with the settings of Add, without cells."""
    st.title("Which checkpoint should you fine-tune first?")
    st.markdown(
        "Measure your candidates, and this page ranks them by the geometry of their latent space, by "
        "labelled rows where you have some, and says how far each number can be trusted. Nothing leaves this "
        "machine."
    )
    waiting = [job for job in jobs.list_jobs(store) if job.state in jobs.OPEN]
    with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
        pressed = st.button(
            "Measure MiniLM now",
            key="welcome_minilm",
            type="primary",
            icon=":material/play_arrow:",
            disabled=bool(waiting),
            help=f"A small encoder that comes with the program: {MINILM_TIME}",
        )
        st.page_link(ADD, label="Choose checkpoints", icon=":material/deployed_code:")
        st.page_link(ADD, label="Drop vectors", icon=":material/data_array:", query_params={"tab": "vectors"})
    if waiting:
        st.page_link(
            ADD, label=f"{waiting[0].title}: {waiting[0].state}, see the queue", icon=":material/schedule:"
        )
    else:
        st.caption(
            f"MiniLM, a small encoder of 22.7M parameters, comes with the program: {MINILM_TIME}. Its row "
            "appears here as soon as it is measured."
        )
    settings = replace(usual.first(store), measures=QUICK)
    if pressed and submit(store, Measure(settings), [Subject(INSTALLED)]):
        usual.remember(store, settings)
        st.session_state["queued"] = "all-MiniLM-L6-v2"
        st.switch_page(ADD)
