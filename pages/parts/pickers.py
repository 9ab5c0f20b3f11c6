"""Choosing checkpoints: on this machine, on the hub, and among those that the store holds."""

import os
from pathlib import Path

import streamlit as st

from cache import preflight
from cache.paths import checkpoint_roots
from cache.preflight import INSTALLED, Facts
from cache.requests import Subject
from cache.store import Store
from cache.tables import whole
from cache.tasks.cell_study import subject_of
from core.errors import InputError
from pages.parts.markdown import wrong


@st.cache_data(ttl=30, max_entries=4, show_spinner=False)
def folders(roots: tuple[Path, ...]) -> list[str]:
    """The installed encoder, if it is here, and checkpoint folders under `roots`; read every half minute."""
    return preflight.folders(roots)


@st.cache_data(ttl=30, max_entries=1000, show_spinner=False)
def facts_of(name: str, roots: tuple[Path, ...]) -> Facts | str:
    """Facts of a checkpoint on this machine, or the sentence that says why it cannot be used."""
    try:
        return preflight.facts_of(name, roots)
    except InputError as error:
        return str(error)


@st.cache_data(max_entries=1000, show_spinner=False)
def hub_problem_of(name: str, revision: str | None) -> str | None:
    """Why a hub id cannot be measured, or None."""
    return preflight.hub_problem(name, revision)


def short(name: str) -> str:
    """A folder as people call it."""
    if name == INSTALLED:
        return "all-MiniLM-L6-v2, installed with this app"
    path = Path(name)
    if path.parent.name == "snapshots":  # hub cache: models--org--name/snapshots/commit
        return path.parent.parent.name.removeprefix("models--").replace("--", "/")
    return path.name


def choose_checkpoints(page: str, *, installed: bool = False) -> dict[str, Facts]:
    """Checkpoints found on this machine or typed as a path; why one cannot be used is shown below.

    Arguments:
        page: whose choice it is; part of the widgets' keys.
        installed: whether the installed encoder is chosen at first.

    Returns: name or folder → facts, of those that can be used.
    """
    state, key = st.session_state, f"folders_{page}"  # the widget's key below
    roots = tuple(checkpoint_roots())
    offered = folders(roots)
    state.setdefault(key, [name for name in offered if name == INSTALLED and installed])
    below = [name for name in offered if name != INSTALLED]
    names = st.multiselect(
        "Checkpoints on this machine",
        list(dict.fromkeys([*offered, *state[key]])),
        format_func=short,
        key=f"folders_{page}",
        accept_new_options=True,
        placeholder="Search by name, or type a folder's path",
        help="Folders with config.json and model.safetensors. Nothing in them is run.",
        persist_state="session",
    )
    facts = {name: facts_of(name, roots) for name in names}
    for problem in facts.values():
        if isinstance(problem, str):
            wrong(problem)
    where = " and ".join(f"`{root}`" for root in roots)
    with st.container(horizontal=True, vertical_alignment="center"):
        if below:
            st.button(
                f"Take all {len(below)}",
                on_click=lambda: state.update({key: below}),
                key=f"take_all_{page}",
                type="tertiary",
            )
        st.caption(
            (f"{len(below)} found in {where}." if roots else "No folder of checkpoints is set up here.")
            + " LATENT_SHORTLIST_ROOTS says where to look.",
            width="stretch",
        )
    return {name: fact for name, fact in facts.items() if isinstance(fact, Facts)}


def choose_hub_ids(page: str, fetched: str) -> list[Subject]:
    """Hub ids, one a line, checked as far as possible without a request, and a search that fills them in.

    Arguments:
        page: whose choice it is; part of the widgets' keys.
        fetched: what is downloaded, in one sentence.
    """
    field, below = st.container(), st.container(horizontal=True, vertical_alignment="center")
    with below:
        _search(page)
    text = field.text_area(
        "Ids on the Hugging Face hub, one a line",
        key=f"hub_ids_{page}",
        placeholder="google-bert/bert-base-uncased\norg/model@revision",
        height=75,
        persist_state="session",
    )
    lines = list(dict.fromkeys(line.strip() for line in (text or "").splitlines() if line.strip()))
    subjects = []
    for name, _, revision in (line.partition("@") for line in lines):
        if problem := hub_problem_of(name, revision or None):
            wrong(problem)
        else:
            subjects.append(Subject(name, revision=revision or None))
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
        below.caption(
            ":material/cloud_off: The hub is off here (HF_HUB_OFFLINE): only models downloaded before work.",
            width="stretch",
        )
    else:
        below.caption(fetched, width="stretch")
    return subjects


def _search(page: str) -> None:
    """A search of the hub, whose results are added to the list of ids."""
    state, key = st.session_state, f"hub_ids_{page}"
    with st.popover("Search the hub", icon=":material/travel_explore:", key=f"search_{page}"):
        owner = st.text_input("Owner", placeholder="Qwen", key=f"search_owner_{page}")
        base = st.text_input("Made from", placeholder="Qwen/Qwen2.5-7B", key=f"search_base_{page}")
        tags = st.text_input(
            "Tags, with commas between them", placeholder="math, text-generation", key=f"search_tags_{page}"
        )
        if st.button("Search", key=f"search_now_{page}"):
            try:
                with st.spinner("Asking the hub…"):
                    split = tuple(tag.strip() for tag in tags.split(",") if tag.strip())
                    ids = preflight.search(owner=owner.strip(), base_model=base.strip(), tags=split)
            except InputError as error:
                wrong(str(error))
                return
            state[key] = "\n".join(dict.fromkeys([*(state.get(key) or "").split(), *ids]))
            st.markdown(f"{len(ids)} found, added to the list." if ids else "Nothing on the hub matches.")


def clear(page: str) -> None:
    """Empty both choices of a page; before they are drawn."""
    st.session_state[f"folders_{page}"], st.session_state[f"hub_ids_{page}"] = [], ""


def known_subjects(store: Store) -> dict[str, Subject]:
    """What can be measured, by what it is called: what the store holds, then checkpoints on this machine."""
    rows = whole(store, "checkpoints")
    rows = rows[rows["origin"] != "published"].sort_values("added_at")
    subjects = {str(row["name"]): subject_of(row) for _, row in rows.iterrows()}
    places = {subject.path or subject.name for subject in subjects.values()}
    for name in folders(tuple(checkpoint_roots())):
        if name not in places:
            subjects.setdefault(short(name), Subject(name))
    return subjects
