"""The part of Add that measures checkpoints: which ones, what and on which text; references; labels."""

from collections.abc import Collection, Mapping

import pandas as pd
import streamlit as st

from cache import jobs, usual
from cache.cost import estimate
from cache.preflight import Facts
from cache.requests import Measure, Settings, Subject
from cache.store import Store
from cache.tables import whole
from cache.tasks import called
from core.formatting import duration, first_few, short_bytes, short_number
from core.measures import MEASURES, select
from pages.parts.labels_form import measure_labels
from pages.parts.pickers import choose_checkpoints, choose_hub_ids, clear, short
from pages.parts.reference_card import reference_card
from pages.parts.settings_form import choose_settings, in_words
from pages.parts.submit import submit
from pages.parts.text_sample import text_sample
from pages.parts.usual_note import usual_note
from pages.parts.variants_form import choose_variants

PAGE = "add_models"
MEASURED = "measured"  # in the session state: the choice that the queue has now


def first_visit(store: Store) -> bool:
    """Whether nothing was measured here so far, nor asked for."""
    own = store.query("SELECT 1 FROM checkpoints WHERE origin <> 'published' LIMIT 1")
    return own.empty and not jobs.list_jobs(store)


def choose_models(store: Store) -> tuple[dict[str, Facts], list[Subject]]:
    """Checkpoints on this machine with their facts, and hub ids; the choice is that of all tabs."""
    if st.session_state.pop(MEASURED, False):
        clear(PAGE)
    here = choose_checkpoints(PAGE, installed=first_visit(store))
    from_hub = choose_hub_ids(
        PAGE, "Only config, tokenizer and safetensors are downloaded, when the job runs."
    )
    return here, from_hub


def facts_table(here: Mapping[str, Facts]) -> None:
    """Facts of the chosen checkpoints."""
    rows = [
        {
            "Checkpoint": short(name),
            "Family": facts.family,
            "Kind": facts.kind,
            "Parameters": "" if facts.parameters is None else short_number(facts.parameters),
            "Layers": facts.layers,
            "Width": facts.width,
            "Vocabulary": facts.vocabulary,
        }
        for name, facts in here.items()
    ]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        height="content" if len(here) < 6 else 230,
        column_config={"Parameters": st.column_config.TextColumn(alignment="right")},
        alt="Facts of the chosen checkpoints",
    )


def cost(store: Store, models: Collection[Facts], settings: Settings) -> str:
    """What the extraction will take, from what this machine has done before; empty without checkpoints."""
    sizes = [(fact.parameters_without_embeddings, fact.width or 0) for fact in models]
    if not sizes:
        return ""
    subjects = {MEASURES[name].subject for name in select(settings.measures)}
    guess = estimate(
        whole(store, "clouds"),
        whole(store, "checkpoints"),
        sizes,
        sequences=settings.sequences,
        repeats=settings.repeats,
        position=settings.position,
        passes=2 if {"cloud", "text"} <= subjects else 1,
    )
    each = f"About {guess.tokens:,} tokens a model, {short_bytes(guess.cloud_bytes)} of vectors at most"
    if guess.seconds is None:
        return f"{each}. The time left shows once the first sequences are read."
    return (
        f"{each}; reading them takes about {duration(guess.seconds)}, judging by earlier measurements here."
    )


def models_tab(store: Store) -> None:
    """Choose checkpoints, say what to measure of them, and queue it."""
    here, from_hub = choose_models(store)
    if here:
        facts_table(here)
    settings, place = choose_settings(store)
    variants = choose_variants(list(here))
    models = [Subject(name) for name in [*here, *variants]] + from_hub
    with place:
        pressed = _measure_button(store, models, here, settings)
    title = first_few(map(called, models))
    if pressed and settings and submit(store, Measure(settings), models, title):
        usual.remember(store, settings)
        st.session_state.update({MEASURED: True, "queued": title})
        st.rerun()
    if measure_labels(store, models):
        st.rerun()
    references = st.expander(
        "References: real checkpoints with published scores",
        icon=":material/library_books:",
        key="references_open",
        on_change="rerun",
    )
    if references.open:
        with references:
            if reference_card(store, settings):
                st.rerun()
    text = st.expander(
        "The text these numbers rest on", icon=":material/notes:", key="text_open", on_change="rerun"
    )
    if text.open:
        with text:
            text_sample(store, settings)


def _measure_button(
    store: Store, models: list[Subject], here: Mapping[str, Facts], settings: Settings | None
) -> bool:
    things = f"{len(models)} checkpoint{'s' * (len(models) > 1)}"
    pressed = st.button(
        f"Measure {things}" if models else "Measure",
        type="primary",
        icon=":material/play_arrow:",
        key="add_measure",
        disabled=not models or settings is None,
    )
    if not models:
        st.caption("Choose a checkpoint or name a hub id first.")
    elif settings is None:
        st.caption("A choice above cannot be used yet.")
    else:
        usual_note(store, settings)
        st.caption(f"{in_words(settings)}.  \n{cost(store, here.values(), settings)}")
    return pressed
