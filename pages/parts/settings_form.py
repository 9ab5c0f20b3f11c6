"""The form of what to measure, on which text and how: every option of a measurement, with its cost."""

from pathlib import Path

import streamlit as st

from cache import samples
from cache.requests import Settings
from cache.samples import title as text_name
from core.corpora.sources import CORPORA
from core.formatting import capital
from core.measures import GROUPS, MEASURES, select
from pages.parts.queue_cards import wrong

OWN_FILE = "a file of mine"
POSITIONS = {"all": "All tokens", "last": "Last token", "mean": "Mean of the tokens"}
# Measured on two cores with other work to do: 96,030 × 384 vectors of MiniLM took 47 and 8 seconds of both.
CELLS_COST = (
    "These train a quantizer: for 100,000 vectors of width 384 about half a minute of two cores for LSQ, "
    "five seconds for PQ, each text sample and quantizer seed anew"
)


def choose_measures() -> str:
    """Which measures, by group; "all" while those boxes are ticked that it stands for."""
    computed = [measure for measure in MEASURES.values() if measure.computed]
    picked = []
    for group, meaning in GROUPS.items():
        members = [measure for measure in computed if measure.group == group]
        if not members:
            continue
        st.caption(
            f"**{capital(group)}**: {meaning}"
            + (f". {CELLS_COST}" if any(entry.quantizer for entry in members) else "")
        )
        with st.grid("auto", min_column_width=230, gap="xsmall"):
            for measure in members:
                ticked = st.checkbox(
                    measure.title,
                    value=measure.quantizer is None,
                    key=f"measure_{measure.name}",
                    help=f"{measure.explanation} Source: {measure.source}. Cost: {measure.cost}.",
                    persist_state="session",
                )
                picked += [measure.name] if ticked else []
    return "all" if set(picked) == set(select("all")) else ",".join(picked)


def choose_text() -> tuple[str, str | None]:
    """The corpus (a name or a file) and, for a table, the column of text."""
    automatic = samples.chosen("auto")
    names = [automatic, *(name for name in CORPORA if name != automatic), OWN_FILE]
    chosen = st.segmented_control(
        "Text to read",
        names,
        default=automatic,
        required=True,
        key="corpus",
        format_func=lambda name: "A file of mine" if name == OWN_FILE else text_name(name),
        persist_state="session",
    )
    if chosen != OWN_FILE:
        st.caption(CORPORA[chosen])
        return chosen, None
    with st.container(horizontal=True):
        path = st.text_input(
            "Path of the file",
            key="corpus_file",
            placeholder="/data/reports.txt",
            help="One passage a line (.txt, .txt.gz, .txt.xz), or a table (.jsonl, .csv, .parquet).",
            persist_state="session",
        )
        column = st.text_input(
            "Column, for a table", key="corpus_column", placeholder="text", persist_state="session"
        )
    if not path:
        st.caption("Give the path of a file on this machine.")
    elif not Path(path).expanduser().is_file():
        wrong(f"There is no file {path}: give the path of a text file or a table on this machine.")
        path = ""
    return path or "", column or None


def number(
    label: str, key: str, value: int | None, low: int, high: int | None = None, **more: str
) -> int | None:
    """A number that outlives a visit to another page."""
    step = 500 if value == 5000 else 1
    found = st.number_input(label, low, high, value, step, key=key, persist_state="session", **more)
    return None if found is None else int(found)


def choose_settings() -> Settings | None:
    """Every option; None while one of them cannot be used."""
    measures = choose_measures()
    if not measures:
        wrong("No measure is ticked: tick at least one.")
    corpus, column = choose_text()
    with st.grid(4):
        sequences = number(
            "Sequences of text",
            "sequences",
            5000,
            10,
            200_000,
            help="Unique sequences of 3 to 50 words. The paper uses 5,000; fewer is faster, but values are "
            "comparable only at equal numbers.",
        )
        repeats = number(
            "Repeats over text samples",
            "repeats",
            1,
            1,
            20,
            help="Draws this many different samples and keeps the mean and the spread: how much of a "
            "difference between two models could come from which sentences were drawn. Time grows with it.",
        )
        at = number(
            "Vectors to quantize, for cells",
            "at",
            None,
            2,
            placeholder="all",
            help="A draw of so many from each cloud, the same every time. Cell measures compare at one "
            "number only, and tokenizers cut the same text into different numbers.",
        )
        quantizer_seeds = number(
            "Quantizer seeds, for cells",
            "quantizer_seeds",
            None,
            1,
            20,
            placeholder="as many as repeats",
            help="How much of a difference could come from the quantizer's random start: so many trainings "
            "on the first text sample, one on each other.",
        )
        seed = number("Seed of the sample", "seed", 0, 0, help="The same seed draws the same sentences.")
        max_length = number(
            "Longest sequence in tokens",
            "max_length",
            None,
            4,
            placeholder="the model's own limit",
            help="Longer sequences are cut.",
        )
        layer = number(
            "Layer",
            "layer",
            None,
            0,
            200,
            placeholder="last",
            help="Numbered as in hidden_states: 0 are the embeddings; empty means the last.",
        )
        position = st.selectbox(
            "Vectors of a sequence",
            list(POSITIONS),
            format_func=POSITIONS.__getitem__,
            key="position",
            persist_state="session",
        )
        device = st.selectbox(
            "Device",
            ["auto", "cpu", "cuda"],
            key="device",
            help="auto takes a graphics card where there is one.",
            persist_state="session",
        )
        precision = st.selectbox(
            "Precision",
            ["auto", "float32", "bfloat16"],
            key="precision",
            help="auto is float32. bfloat16 is faster where the processor has it, but moves the measures of "
            "small models by more than drawing other sentences does.",
            persist_state="session",
        )
    if not measures or not corpus:
        return None
    return Settings(
        corpus=corpus,
        column=column,
        sequences=sequences or 5000,
        measures=measures,
        layer=layer,
        position=position,
        max_length=max_length,
        seed=seed or 0,
        repeats=repeats or 1,
        device=device,
        precision=precision,
        at=at,
        quantizer_seeds=quantizer_seeds,
    )


def said(settings: Settings) -> str:
    """The settings in one line, so that the defaults need no opening."""
    names = settings.measures
    measures = "Every measure but the cells" if names == "all" else f"{len(names.split(','))} measures"
    layer = "last layer" if settings.layer is None else f"layer {settings.layer}"
    which = POSITIONS[settings.position].lower()
    parts = [measures, f"{settings.sequences:,} sequences of {text_name(settings.corpus)}", layer, which]
    parts += [f"{settings.repeats} samples"] if settings.repeats > 1 else []
    if any(MEASURES[name].quantizer for name in select(settings.measures)):
        parts += ["cells of all vectors" if settings.at is None else f"cells of {settings.at:,} vectors"]
    return " · ".join(parts)
