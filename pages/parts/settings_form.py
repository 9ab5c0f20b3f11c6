"""The form of what to measure, on which text and how: what most people set, and the rest under Advanced."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cache import samples, usual
from cache.requests import Settings
from cache.store import Store
from core.formatting import capital
from core.measures import GROUPS, MEASURES, Measure, select
from pages.parts.text_choice import choose_text

GROUP_TITLES = {
    "unembedding": "Output embedding",
    "decoder": "Loss of decoders",
}  # others are called as they are
OF_VECTORS = ("repeats", "at", "quantizer_seeds", "seed")  # options that vectors from a file have
POSITIONS = {"all": "All tokens", "last": "Last token", "mean": "Mean of the tokens"}
# Measured on two cores with other work to do: 96,030 × 384 vectors of MiniLM took 47 and 8 seconds of both.
# Processor time of the second pass over the first: `llama-stories260k` (512 words), a model of GPT-2's shape.
GROUP_COSTS = {
    "cells": "These train a quantizer: for 100,000 vectors of width 384 about half a minute of two cores for "
    "LSQ, five seconds for PQ, each text sample and quantizer seed anew",
    "decoder": "The model runs once more, with its head, which takes 1.1 times the first pass with a "
    "vocabulary of 512 and 1.8 times with GPT-2's. Encoders have none",
}


@dataclass(frozen=True)
class Number:
    """A number of `Settings`, by its field; `empty`: what it means to leave it empty, if that may be."""

    field: str
    label: str
    low: int
    high: int | None = None
    step: int = 1
    empty: str | None = None
    help: str | None = None


@dataclass(frozen=True)
class Choice:
    """A choice of `Settings`, by the name of its field; options: value → how it is called."""

    field: str
    label: str
    options: Mapping[str, str]
    help: str | None = None


SEQUENCES = Number(
    "sequences",
    "Sequences of text",
    10,
    200_000,
    step=500,
    help="Unique sequences of 3 to 50 words. The paper uses 5,000; fewer is faster, but values are "
    "comparable only at equal numbers.",
)
FIELDS: tuple[Number | Choice, ...] = (
    Number(
        "repeats",
        "Repeats over text samples",
        1,
        20,
        help="Draws this many different samples and keeps the mean and the spread: how much of a difference "
        "between two models could come from which sentences were drawn. Time grows with it.",
    ),
    Number(
        "at",
        "Vectors to quantize, for cells",
        2,
        empty="all",
        help="A draw of so many from each cloud, the same every time. Cell measures compare at one number "
        "only, and tokenizers cut the same text into different numbers.",
    ),
    Number(
        "quantizer_seeds",
        "Quantizer seeds, for cells",
        1,
        20,
        empty="as many as repeats",
        help="How much of a difference could come from the quantizer's random start: so many trainings on "
        "the first text sample, one on each other.",
    ),
    Number("seed", "Seed of the sample", 0, help="The same seed draws the same sentences."),
    Number(
        "max_length",
        "Longest sequence in tokens",
        4,
        empty="the model's own limit",
        help="Longer sequences are cut.",
    ),
    Number(
        "layer",
        "Layer",
        0,
        200,
        empty="last",
        help="Numbered as in hidden_states: 0 are the embeddings; empty means the last.",
    ),
    Choice("position", "Vectors of a sequence", POSITIONS),
    Choice(
        "device",
        "Device",
        {"auto": "auto", "cpu": "cpu", "cuda": "cuda"},
        help="auto takes a graphics card where there is one.",
    ),
    Choice(
        "precision",
        "Precision",
        {"auto": "auto", "float32": "float32", "bfloat16": "bfloat16"},
        help="auto is float32. bfloat16 is faster where the processor has it, but moves the measures of "
        "small models by more than drawing other sentences does.",
    ),
)


def draw(field: Number | Choice, begin: Settings) -> Any:
    """One option's widget, which begins with the value in `begin`; returns its value."""
    default = getattr(begin, field.field)
    if isinstance(field, Choice):
        return st.selectbox(
            field.label,
            list(field.options),
            index=list(field.options).index(default) if default in field.options else 0,
            format_func=field.options.__getitem__,
            key=f"settings_{field.field}",
            help=field.help,
            persist_state="session",
        )
    value = st.number_input(
        field.label,
        field.low,
        field.high,
        default,
        field.step,
        key=f"settings_{field.field}",
        placeholder=field.empty,
        help=field.help,
        persist_state="session",
    )
    if value is None:
        return None if field.empty else default
    return int(value)


def groups(of: tuple[str, ...]) -> dict[str, list[Measure]]:
    """The measures that are computed of subjects `of` ("cloud", "unembedding", "text"), by their group."""
    found = {
        name: [entry for entry in MEASURES.values() if entry.group == name and entry.computed]
        for name in GROUPS
    }
    found = {name: [entry for entry in members if entry.subject in of] for name, members in found.items()}
    return {name: members for name, members in found.items() if members}


def switch_groups(offered: dict[str, list[Measure]], begin: Settings) -> None:
    """A switch a group, on where one of its measures is ticked below."""
    state = st.session_state
    ticked = set(select(begin.measures))
    for members in offered.values():
        for measure in members:
            state.setdefault(f"measure_{measure.name}", measure.name in ticked)

    def turn(name: str) -> None:
        for measure in offered[name]:
            state[f"measure_{measure.name}"] = state[f"group_{name}"]

    with st.container(horizontal=True, vertical_alignment="center", key="group_switches"):
        for name, members in offered.items():
            count = sum(state[f"measure_{measure.name}"] for measure in members)
            state[f"group_{name}"] = count > 0
            part = f" ({count} of {len(members)})" if 0 < count < len(members) else ""
            st.toggle(
                f"{GROUP_TITLES.get(name, capital(name))}{part}",
                key=f"group_{name}",
                on_change=turn,
                args=(name,),
                help=". ".join(filter(None, [capital(GROUPS[name].meaning), GROUP_COSTS.get(name)])) + ".",
            )


def choose_measures(offered: dict[str, list[Measure]]) -> str:
    """Which measures, by group; "all" while those boxes are ticked that it stands for."""
    picked = []
    for name, members in offered.items():
        st.caption(
            f"**{GROUP_TITLES.get(name, capital(name))}**: {GROUPS[name].meaning}"
            + (f". {GROUP_COSTS[name]}" if name in GROUP_COSTS else "")
        )
        with st.grid("auto", min_column_width=210, gap="xsmall"):
            for measure in members:
                ticked = st.checkbox(
                    measure.title,
                    key=f"measure_{measure.name}",
                    help=f"{measure.explanation} Source: {measure.source}. Cost: {measure.cost}.",
                    persist_state="session",
                )
                picked += [measure.name] if ticked else []
    return "all" if set(picked) == set(select("all")) else ",".join(picked)


def choose_settings(store: Store, *, of_text: bool = True) -> tuple[Settings | None, DeltaGenerator]:
    """Sequences, text and a switch a group of measures; the rest is folded away below.

    They begin with what was last asked for, else with how most checkpoints in the store were measured.
    of_text: whether checkpoints are to read text; else there are files of vectors.

    Returns: the settings, None while one cannot be used; the place between switches and what is folded away.
    """
    begin = st.session_state.setdefault("settings_begin", usual.first(store))
    offered = groups(("cloud", "unembedding", "text") if of_text else ("cloud",))
    corpus, column, sequences = samples.chosen("auto"), None, begin.sequences
    if of_text:
        left, right = st.columns([1, 2])
        with left:
            sequences = draw(SEQUENCES, begin)
        with right:
            corpus, column = choose_text(begin)
    switch_groups(offered, begin)
    place = st.container()
    fields = [field for field in FIELDS if of_text or field.field in OF_VECTORS]
    with st.expander("Advanced", icon=":material/tune:", key="advanced"):
        measures = choose_measures(offered)
        with st.grid(3):
            options = {field.field: draw(field, begin) for field in fields}
    if not measures:
        with place:
            wrong("No measure is chosen: switch on at least one group.")
    if not measures or not corpus:
        return None, place
    return Settings(corpus=corpus, column=column, measures=measures, sequences=sequences, **options), place


def in_words(settings: Settings, *, of_text: bool = True) -> str:
    """The settings in one line, so that the defaults need no opening; of_text: as in `choose_settings`."""
    names = settings.measures
    measures = "Every measure but cells and loss" if names == "all" else f"{len(names.split(','))} measures"
    layer = "last layer" if settings.layer is None else f"layer {settings.layer}"
    text = f"{settings.sequences:,} sequences of {samples.title(settings.corpus)}"
    parts = [measures, text, layer, POSITIONS[settings.position].lower()] if of_text else [measures]
    parts += [f"{settings.repeats} samples"] if settings.repeats > 1 else []
    if any(MEASURES[name].quantizer for name in select(settings.measures)):
        parts += ["cells of all vectors" if settings.at is None else f"cells of {settings.at:,} vectors"]
    return " · ".join(parts)
