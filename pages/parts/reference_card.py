"""The card of Add on references: how far each is measured, and a button that measures the rest."""

from dataclasses import replace

import pandas as pd
import streamlit as st

from cache import jobs, references
from cache.requests import Settings, Subject
from cache.store import Store
from cache.tasks.reference_build import GB, ReferenceBuild
from core.errors import InputError
from core.hub.remote import is_off
from core.reference.members import NAMES
from core.wording import references as wording
from pages.parts.markdown import plain, wrong
from pages.parts.submit import submit

MILLION = 10**6
PATIENCE = 10.0  # seconds that the page waits for a hub that was asked too often
WHOLE, MATRIX = "as chosen above", "unembedding"
DEPTHS = {WHOLE: "All that is chosen above", MATRIX: "Output embedding only, no model is downloaded"}


def reference_card(store: Store, settings: Settings | None) -> bool:
    """Draw the card; returns whether it queued a job.

    Arguments:
        settings: what to measure and on which text, as for any candidate; None: an option cannot be used yet.
    """
    st.caption(
        "A prediction for your candidates can learn from these once they are measured as yours are. They "
        "come from the hub, the smallest first; their weights are deleted after each."
    )
    _table(store)
    if settings is None:
        st.caption("A choice above cannot be used yet.")
        return False
    return _form(store, settings)


def _table(store: Store) -> None:
    standings = references.standings(store)
    st.dataframe(
        pd.DataFrame(
            [
                {
                    "Reference": wording.TITLES[one.name],
                    "Measured here": one.measured / one.checkpoints if one.checkpoints else 0.0,
                    "Checkpoints": f"{one.measured} of {one.checkpoints}" if one.checkpoints else "none",
                    "Measures": len(one.measures),
                    "Parameters in all": wording.parameters(one.parameters, one.sized, one.checkpoints),
                }
                for one in standings
            ]
        ),
        hide_index=True,
        height="content",
        column_config={
            "Reference": st.column_config.TextColumn(width=330),
            "Measured here": st.column_config.ProgressColumn(format="percent", min_value=0, max_value=1),
            "Checkpoints": st.column_config.TextColumn(
                help="Measured here, of those with scores", alignment="right"
            ),
            "Measures": st.column_config.NumberColumn(help="That at least one of them has"),
            "Parameters in all": st.column_config.TextColumn(alignment="right"),
        },
        alt=f"How far {len(standings)} references are measured here",
    )


def _form(store: Store, settings: Settings) -> bool:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        reference = st.segmented_control(
            "Reference", NAMES, default=NAMES[0], required=True, key="reference_name", persist_state="session"
        )
        largest = st.number_input(
            "Largest, in millions of parameters",
            1,
            None,
            500,
            100,
            key="reference_largest",
            help="Larger checkpoints are left out. Of some the size is not known before the hub is asked.",
            persist_state="session",
            width=220,
        )
        depth = st.selectbox(
            "Measures",
            list(DEPTHS),
            format_func=DEPTHS.__getitem__,
            key="reference_depth",
            persist_state="session",
            width=320,
        )
        budget = st.number_input(
            "Disk for weights, GB",
            1,
            None,
            20,
            key="reference_budget",
            help="What downloaded weights take at a time. A checkpoint that alone needs more is left out.",
            persist_state="session",
            width=150,
        )
    if depth == MATRIX:
        settings = replace(settings, measures=MATRIX)
    request = ReferenceBuild(str(reference), settings, int(largest) * MILLION, int(budget) * GB)
    try:
        listed = references.entries(store, request.reference, settings)
    except InputError as error:
        wrong(str(error))
        return False
    chosen = references.within(listed, request.max_parameters)
    available = references.available(chosen)
    refused, total = len(chosen) - len(available), references.summed(available)
    needed = wording.download(total.checkpoints, total.sized, total.stated, total.bytes)
    lacking = sum(bool(entry.lacking) for entry in listed)
    st.markdown(
        plain(wording.plan(request.reference, len(listed), lacking, len(chosen), refused))
        + (
            f"  \n{plain(wording.budget(needed, request.disk_budget, kept=False))}"
            if total.checkpoints
            else ""
        )
    )
    if refused:
        with st.expander(f"Why {refused} cannot be had", key="reference_refused"):
            st.markdown("\n".join(f"- {plain(entry.problem)}" for entry in chosen if entry.problem))
    if is_off():
        st.caption(f":material/cloud_off: {wording.HUB_OFF_PAGE}")
        return False
    if jobs.open_job(store, request):
        st.caption(":material/schedule: In the queue.")
        return False
    return bool(chosen) and _buttons(store, request, chosen)


def _buttons(store: Store, request: ReferenceBuild, chosen: list[references.Entry]) -> bool:
    available = references.available(chosen)
    with st.container(horizontal=True, vertical_alignment="center"):
        pressed = st.button(
            f"Measure {len(available)} {request.reference.removesuffix('s' * (len(available) == 1))}",
            icon=":material/play_arrow:",
            key="reference_build",
            disabled=not available,
        )
        if st.button(
            "Ask the hub for sizes", icon=":material/travel_explore:", key="reference_ask", type="tertiary"
        ):
            bar = st.progress(0.0, text="Asking the hub")
            references.ask(store, chosen, lambda done, total: bar.progress(done / total), longest=PATIENCE)
            st.rerun()
    return pressed and submit(store, request, [Subject(entry.name) for entry in available])
