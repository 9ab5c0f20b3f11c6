"""Where cells are asked for: of chosen checkpoints, at one size, at several sizes, with several bins."""

import pandas as pd
import streamlit as st

from cache import jobs
from cache.requests import CellStudy, Measure, Plan, Settings, Subject, Vectors
from cache.store import Store
from cache.tables import whole
from cache.tasks import Page
from cache.tasks.cell_study import BINS, SHARES, settings_at, subject_of
from core.formatting import first_few, listed
from core.measures.protocol import Sample
from pages.parts.markdown import plain
from pages.parts.pickers import known_subjects
from pages.parts.queue_cards import queue
from pages.parts.submit import submit

EQUAL = 20_000  # vectors that every checkpoint has on 5,000 sequences, so that any two compare
# Measured on two cores with other work to do: 96,030 × 384 vectors of MiniLM took 55 seconds of both.
COST = (
    "Training both quantizers takes about half a minute of two cores for 100,000 vectors of width 384, once "
    "for each checkpoint and seed; reading the text comes on top."
)


def ask_for_cells(store: Store, *, empty: bool) -> None:
    """Choose checkpoints and measure their cells; the queue below while there is one."""
    offered = known_subjects(store)
    default = list(offered)[:1] if empty else []
    with st.container(border=True):
        chosen = st.multiselect(
            "Checkpoints and vectors",
            list(offered),
            default=default,
            key="cells_subjects",
            placeholder="Choose what to quantize",
            persist_state="session",
        )
        columns = st.columns(3)
        uploaded = any(isinstance(offered[name], Vectors) for name in chosen)
        sequences = columns[0].number_input(
            "Sequences of text", 10, 200_000, 5000, 500, key="cells_sequences"
        )
        at = columns[1].number_input(
            "Vectors to quantize",
            256,
            None,
            None if uploaded else EQUAL,
            1000,
            key="cells_at",
            placeholder="all",
            help="A draw of so many from each cloud, the same one every time. Checkpoints compare at one "
            "number only, and tokenizers cut one text into different numbers: give one that all have. Empty: "
            "all, as the published tables.",
        )
        seeds = columns[2].number_input(
            "Quantizer seeds",
            1,
            20,
            1,
            key="cells_seeds",
            help="Training is random: several seeds give the spread that belongs to the value.",
        )
        with st.container(horizontal=True, vertical_alignment="center"):
            pressed = st.button(
                f"Quantize {len(chosen)} of them" if len(chosen) > 1 else "Measure cells",
                key="cells_measure",
                type="primary",
                icon=":material/play_arrow:",
                disabled=not chosen,
            )
            st.caption(COST)
    if pressed:
        settings = Settings(
            measures="cells",
            sequences=int(sequences),
            at=None if at is None else int(at),
            quantizer_seeds=int(seeds),
        )
        subjects = [offered[name] for name in chosen]
        if submit(store, Measure(settings), subjects, f"Cells of {first_few(chosen)}"):
            st.rerun()
    shown = Page("explore", "Explore", "cells")
    if any(job.page == shown for job in jobs.list_jobs(store)):
        st.subheader("Queue")
        queue(store)


def settings_of(row: pd.Series, n: int | None) -> Settings | None:
    """Settings that measure a drawn cloud again with n vectors; None where its text was somebody's file."""
    if not isinstance(row["corpus"], str):  # uploaded vectors need no text
        return Settings(measures="cells", at=n)
    sequences = None if pd.isna(row["sequences"]) else int(row["sequences"])
    return settings_at(Sample("", row["corpus"], sequences, row["position"], n=n), ["cells"])


def ask_for_the_same_size(store: Store, chosen: list[pd.Series]) -> None:
    """Say when two clouds do not compare, and offer to measure both at one number of vectors."""
    if len(chosen) < 2:
        return
    first, second = chosen
    if first["corpus"] != second["corpus"] or first["sequences"] != second["sequences"]:
        st.warning(
            "The two were made from different samples of text, so they differ not by their models alone.",
            icon=":material/compare_arrows:",
        )
        return
    sizes = [row["curves"].n for row in chosen]
    if len(set(sizes)) == 1:
        return
    n = min(sizes)
    names = listed([plain(row["name"]) for row in chosen])
    st.warning(
        f"{names} have {sizes[0]:,} and {sizes[1]:,} vectors: cells compare only at one number.",
        icon=":material/compare_arrows:",
    )
    larger = chosen[sizes.index(max(sizes))]
    settings = settings_of(larger, n)
    if settings is None:
        return
    if st.button(f"Measure {plain(larger['name'])} at {n:,} vectors too", key="cells_same"):
        subject = _subject(store, larger)
        if submit(store, Measure(settings), [subject], f"Cells of {larger['name']} at {n:,} vectors"):
            st.rerun()


def ask_for_growth(store: Store, chosen: list[pd.Series]) -> None:
    """Measure the chosen checkpoints at n/8, n/4, n/2 and n."""
    for row in chosen:
        settings = settings_of(row, None)
        if settings and st.button(
            f"Measure {plain(row['name'])} at n/8, n/4, n/2 and n",
            key=f"grow-{row['id']}",
            icon=":material/show_chart:",
        ):
            title = f"Growth of cells with n: {row['name']}"
            if submit(store, CellStudy(settings, Plan(shares=SHARES)), [_subject(store, row)], title):
                st.rerun()


def ask_for_sweep(store: Store, quantizer: str) -> None:
    """Measure chosen checkpoints with other numbers of codebooks and centroids."""
    with st.expander("Sweep the number of cells", icon=":material/grid_on:", key="sweep_open"):
        offered = known_subjects(store)
        chosen = st.multiselect("Checkpoints and vectors", list(offered), key="sweep_subjects")
        columns = st.columns(4)
        k = columns[0].multiselect(
            "Centroids, k", [16, 32, 64, 128, 256, 512, 1024], list(BINS), key="sweep_k"
        )
        M = columns[1].multiselect("Codebooks, M", list(range(1, 9)), [4], key="sweep_M")
        sequences = columns[2].number_input(
            "Sequences of text", 10, 200_000, 5000, 500, key="sweep_sequences"
        )
        at = columns[3].number_input(
            "Vectors to quantize",
            256,
            None,
            None,
            1000,
            key="sweep_at",
            placeholder="all",
            help="Give one number that all checkpoints have, or their ranks do not compare.",
        )
        st.caption(
            f"{len(k) * len(M)} trainings of {quantizer.upper()} a checkpoint; time grows with M² and k. "
            "Keep M = 4 and k = 256 in: the other orders are compared with that one."
        )
        if st.button("Sweep", key="sweep", disabled=not (chosen and k and M)):
            settings = Settings(
                measures=quantizer, sequences=int(sequences), at=None if at is None else int(at)
            )
            request = CellStudy(settings, Plan(tuple(M), tuple(k)))
            subjects = [offered[name] for name in chosen]
            if submit(store, request, subjects, f"Number of cells: {len(chosen)} checkpoints"):
                st.rerun()


def _subject(store: Store, row: pd.Series) -> Subject:
    checkpoints = whole(store, "checkpoints").set_index("subject")
    return subject_of(checkpoints.loc[row["subject"]])
