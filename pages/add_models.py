"""Add models: choose checkpoints or vectors, say what to measure, watch the queue."""

from collections.abc import Collection

import pandas as pd
import streamlit as st

from cache import uploads
from cache.cost import estimate
from cache.preflight import Facts
from cache.requests import Measure, Settings, Subject, Vectors
from cache.tables import whole
from cache.tasks import called
from core.errors import InputError
from core.formatting import first_few
from pages.parts.common import open_store
from pages.parts.glue_form import fine_tune
from pages.parts.labels_form import measure_labels
from pages.parts.markdown import plain, wrong
from pages.parts.pickers import choose_checkpoints, choose_hub_ids, clear, short
from pages.parts.queue_cards import duration, queue
from pages.parts.reference_card import reference_card
from pages.parts.settings_form import choose_settings, in_words
from pages.parts.submit import submit
from pages.parts.text_sample import text_sample
from pages.parts.variants_form import choose_variants

PAGE = "add_models"
UPLOAD_MB = 2048
store = open_store()
state = st.session_state


def millions(parameters: int | None) -> str:
    """A parameter count in millions, or in thousands below one."""
    if parameters is None:
        return ""
    return f"{parameters / 1e6:,.1f} M" if parameters >= 1e6 else f"{parameters / 1e3:,.0f} k"


def choose_uploads() -> list[Subject]:
    """Uploaded vectors, checked when they arrive and kept by content."""
    checked = state.setdefault("checked_uploads", {})  # file id → Upload, or what is wrong with the file
    files = st.file_uploader(
        "Vectors of any other model, one row a vector",
        type=list(uploads.FORMATS),
        accept_multiple_files=True,
        key=f"uploads_{state.setdefault('uploads_round', 0)}",
        max_upload_size=UPLOAD_MB,
        help="A 2-D array of floating-point numbers, or a table with a column a dimension or one column of "
        "lists. What is left out of a file is said below its name.",
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
        for note in result.notes:
            st.caption(plain(note))
    st.caption("Kept on this machine only. The same vectors in two formats are one entry.")
    return [Vectors(upload.name, path=str(upload.path)) for upload in good.values()]


def cost(models: Collection[Facts], settings: Settings) -> str:
    """What the extraction will take, from what this machine has done before; empty without checkpoints."""
    sizes = [(fact.parameters_without_embeddings, fact.width or 0) for fact in models]
    if not sizes:
        return ""
    guess = estimate(
        whole(store, "clouds"),
        whole(store, "checkpoints"),
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
    clear(PAGE)
    state["uploads_round"] += 1
    state["checked_uploads"] = {}


if state.pop("submitted", False):
    clear_choices()
st.title("Add models")
st.markdown(
    "Choose checkpoints or vectors, and measure the geometry of their latent space on the same text. "
    "The work runs beside this page; results appear on Shortlist one by one."
)

with st.container(border=True):
    here = choose_checkpoints(PAGE, installed=True)
    if here:
        st.dataframe(
            pd.DataFrame(
                [
                    {
                        "Checkpoint": short(name),
                        "Family": facts.family,
                        "Kind": facts.kind,
                        "Parameters": millions(facts.parameters),
                        "Layers": facts.layers,
                        "Width": facts.width,
                        "Vocabulary": facts.vocabulary,
                    }
                    for name, facts in here.items()
                ]
            ),
            hide_index=True,
            height="content" if len(here) < 8 else 300,
            alt="Facts of the chosen checkpoints",
        )
    variants = choose_variants(list(here))
left, right = st.columns(2)
with left.container(border=True, height="stretch"):
    from_hub = choose_hub_ids(
        PAGE, "Only config, tokenizer and safetensors are downloaded, when the job runs."
    )
with right.container(border=True, height="stretch"):
    uploaded = choose_uploads()
models = [Subject(name) for name in [*here, *variants]] + from_hub
subjects = models + uploaded

options = st.expander("Options: what to measure, on which text, how", icon=":material/tune:", key="options")
with options:
    settings = choose_settings()
with st.container(horizontal=True, vertical_alignment="center"):
    things = [f"{len(models)} checkpoint{'s' * (len(models) > 1)}"] if models else []
    things += [f"{len(uploaded)} file{'s' * (len(uploaded) > 1)}"] if uploaded else []
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
        st.caption(f"{in_words(settings)}.  \n{cost(here.values(), settings)}")
if pressed and settings and submit(store, Measure(settings), subjects, first_few(map(called, subjects))):
    state["submitted"] = True
    st.rerun()

if measure_labels(store, models):
    st.rerun()
if fine_tune(store, models, first_few(map(called, models))):
    st.rerun()
if reference_card(store, settings):
    st.rerun()

st.space("small")
st.subheader("Queue")
queue(store)

st.space("small")
st.subheader("The text these numbers rest on")
text_sample(store, settings)
