"""Clouds by their two principal components, coloured by the cells of the quantizer; asked for as a job."""

from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from cache import cell_pictures, jobs
from cache.requests import Settings, Subject, Vectors
from cache.store import Store
from cache.tables import whole
from cache.tasks.cell_picture import CellPicture
from cache.tasks.cell_study import settings_at, subject_of
from core.cells.picture import Picture
from core.charts.cell_picture import cell_picture
from core.measures.protocol import Sample
from core.wording import cells as wording
from pages.parts.controls import control
from pages.parts.markdown import plain
from pages.parts.picture_downloads import chart_with_downloads
from pages.parts.submit import submit


def draw_clouds(store: Store, named: dict[str, pd.Series], quantizer: str) -> None:
    """The clouds side by side, each in its own components; a button where one was not drawn yet.

    named: rows of `cache.cells.drawn` by what to call them.
    """
    with st.container(border=True):
        st.subheader("The clouds")
        made = {name: _picture(store, row, quantizer) for name, row in named.items()}
        codebook = _codebook([one for one in made.values() if one])
        for column, (name, one) in zip(st.columns(len(made)), made.items(), strict=True):
            with column:
                st.markdown(f"**{plain(name)}**")
                if one is None:
                    _offer(store, named[name], name, quantizer)
                else:
                    draw_one(name, one, codebook)
        if any(made.values()):
            st.caption(wording.PICTURE)


def draw_one(name: str, one: Picture, codebook: int, source: str = "") -> None:
    """One picture and what it says."""
    sentence = wording.picture(name, one, codebook)
    more: dict[str, Any] = {"source": source} if source else {}
    chart_with_downloads(cell_picture(one, codebook), sentence, f"Cells of {name}", **more)
    st.markdown(plain(sentence))


def _codebook(made: list[Picture]) -> int:
    """Whose cells colour the points, from 0."""
    if not made:
        return 0
    numbers = [str(number) for number in range(1, min(len(one.counts) for one in made) + 1)]
    chosen = control(
        st.segmented_control, "Coloured by codebook", "codebook", numbers[0], numbers, required=True
    )
    return int(chosen) - 1


def _picture(store: Store, row: pd.Series, quantizer: str) -> Picture | None:
    return cell_pictures.read(store, row["cloud"], quantizer, _whole(row["at"]), int(row["seed"]))


def _whole(value: Any) -> int | None:
    return None if value is None or pd.isna(value) else int(value)


def _request(row: pd.Series, quantizer: str) -> CellPicture | None:
    """What draws this cloud; None where its text was somebody's file."""
    at = _whole(row["at"])
    if not isinstance(row["corpus"], str):  # vectors need no text
        return CellPicture(Settings(at=at, seed=int(row["seed"])), quantizer)
    sample = Sample(
        "",
        row["corpus"],
        _whole(row["sequences"]),
        row["position"],
        _whole(row["layer"]),
        _whole(row["max_length"]),
        at,
    )
    settings = settings_at(sample, [quantizer])
    return None if settings is None else CellPicture(replace(settings, seed=int(row["seed"])), quantizer)


def _offer(store: Store, row: pd.Series, name: str, quantizer: str) -> None:
    """The button that draws a cloud, or what is being done about it."""
    request = _request(row, quantizer)
    if request is None:
        st.caption(plain(wording.not_drawable(row["corpus"])))
        return
    subject = _subject(store, row)
    if any(
        job.state in jobs.OPEN and piece.request == request and piece.subject.name == subject.name
        for job in jobs.list_jobs(store)
        for piece in job.pieces
    ):
        st.caption(":material/hourglass_top: Being drawn; the queue below says how far.")
        return
    st.caption(wording.NOT_DRAWN)
    key = f"draw-{row['id']}-{quantizer}"
    pressed = st.button(f"Draw {plain(name)}", key=key, icon=":material/scatter_plot:")
    if pressed and submit(store, request, [subject]):
        st.rerun()


def _subject(store: Store, row: pd.Series) -> Subject | Vectors:
    return subject_of(whole(store, "checkpoints").set_index("subject").loc[row["subject"]])
