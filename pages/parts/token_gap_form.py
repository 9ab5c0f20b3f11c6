"""Where gaps are asked for: checkpoints, token sets, and how words become tokens."""

import streamlit as st

from cache import jobs
from cache.requests import Gap, Subject
from cache.store import Store
from core.errors import InputError
from core.formatting import capital
from core.token_sets import FORMS, TokenSet, from_text, token_sets
from core.token_sets.resolving import SEVERAL
from pages.parts.markdown import wrong
from pages.parts.pickers import choose_checkpoints, choose_hub_ids, clear
from pages.parts.queue_cards import queue
from pages.parts.submit import submit

PAGE = "token_gap"
OWN = "my own words"
RANDOM = "random tokens"


def choose_set(label: str, key: str, default: str, extra: list[str]) -> TokenSet | str | None:
    """A token set: one that comes along, words typed here, or a random draw; None while it is incomplete."""
    names = [*token_sets(), *extra]
    name = st.selectbox(
        label,
        names,
        index=names.index(default),
        format_func=lambda n: token_sets()[n].title if n in token_sets() else capital(n),
        key=f"gap_{key}",
        persist_state="session",
    )
    if name == RANDOM:
        count = st.number_input(
            "How many tokens", 2, 5000, 300, key=f"gap_{key}_count", persist_state="session"
        )
        st.caption(
            "Drawn from the rest of the vocabulary with the seed below; equal tokenizers get equal draws."
        )
        return f"random:{count}"
    if name == OWN:
        name_of_list = st.text_input(
            "Name of the list", "my words", key=f"gap_{key}_name", max_chars=40, persist_state="session"
        )
        text = st.text_area(
            "Words, one a line or with spaces between them", key=f"gap_{key}_words", persist_state="session"
        )
        if not (text or "").strip():
            st.caption("Give two words at least.")
            return None
        try:
            return from_text(name_of_list.strip() or "my words", text)
        except InputError as error:
            wrong(str(error))
            return None
    chosen = token_sets()[name]
    st.caption(f"{len(chosen.words)} words. {chosen.about}")
    return chosen


def choose_options() -> dict[str, object]:
    """How words become tokens."""
    with st.expander("Options: how words become tokens", icon=":material/tune:", key="gap_options"):
        form = st.selectbox(
            "Which token of a word",
            [None, *FORMS],
            format_func=lambda f: "As the set says" if f is None else f"{f}: {FORMS[f]}",
            key="gap_form",
        )
        several = st.selectbox(
            "A word of several tokens",
            list(SEVERAL),
            format_func=lambda s: capital(SEVERAL[s]),
            key="gap_several",
        )
        cases = st.checkbox("Also lower case, Capitalised and UPPER case", key="gap_cases")
        seed = st.number_input("Seed of draws and resamples", 0, key="gap_seed")
    return {"form": form, "several": several, "cases": cases, "seed": int(seed)}


def form(store: Store) -> None:
    """Ask for gaps; the work runs beside the page, and its progress is below."""
    if st.session_state.pop("gap_submitted", False):
        clear(PAGE)
    left, right = st.columns(2)
    with left.container(border=True, height="stretch"):
        chosen = [Subject(name) for name in choose_checkpoints(PAGE)]
        chosen += choose_hub_ids(
            PAGE, "Only the rows needed are fetched, by byte ranges: some megabytes of a model of any size."
        )
    with right.container(border=True, height="stretch"):
        domain = choose_set("Domain", "domain", "digits", [OWN])
        reference = choose_set("Reference", "reference", "everyday", [RANDOM, OWN])
        options = choose_options()
    ready = bool(chosen) and isinstance(domain, TokenSet) and reference is not None
    with st.container(horizontal=True, vertical_alignment="center"):
        pressed = st.button(
            f"Measure {len(chosen)} checkpoint{'s' * (len(chosen) != 1)}" if chosen else "Measure",
            type="primary",
            icon=":material/play_arrow:",
            key="gap_measure",
            disabled=not ready,
        )
        if not chosen:
            st.caption("Choose a checkpoint or name a hub id first.")
        elif not ready:
            st.caption("A token set is not complete yet.")
    if pressed and isinstance(domain, TokenSet) and reference is not None:
        request = Gap(domain, reference, **options)  # type: ignore[arg-type]
        if submit(store, request, chosen):
            st.session_state["gap_submitted"] = True
            st.rerun()
    if any(isinstance(piece.request, Gap) for job in jobs.list_jobs(store) for piece in job.pieces):
        st.subheader("Queue")
        queue(store)
