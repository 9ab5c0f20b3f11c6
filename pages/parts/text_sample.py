"""The text that measures rest on: how closely a sample follows the whole (Figure 2 of arXiv 2406.12159)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from cache import jobs, samples
from cache.requests import Settings, TextSample
from cache.tasks.text_sample import request_of
from core.charts.text import TITLES, frequencies
from core.corpora.representativeness import ALL, USABLE
from core.errors import InputError
from core.formatting import capital
from pages.parts.picture_downloads import chart_with_downloads
from pages.parts.submit import submit

if TYPE_CHECKING:
    import pandas as pd

    from cache.store import Store
    from core.corpora.representativeness import Representativeness

WHOLES = {USABLE: "sequences that can be drawn", ALL: "all text"}


def finding(sample: Representativeness) -> str:
    """What the pictures say, in one sentence with its numbers."""
    rows = sample.distances.set_index(["distribution", "whole"])
    words, whole = rows.loc[("unigrams", USABLE)], rows.loc[("unigrams", ALL)]
    return (
        f"Words of ten samples of {sample.sequences:,} sequences lie {words['mean']:.3f} ± {words['sd']:.3f} "
        f"from the {sample.usable:,} that can be drawn (chance alone: {words['by_chance']:.3f}), and "
        f"{whole['mean']:.3f} from all text (chance alone: {whole['by_chance']:.3f})."
    )


def distances(sample: Representativeness) -> pd.DataFrame:
    """Every distance with its spread over the samples and what chance alone would give."""
    rows = sample.distances
    return rows.assign(
        distribution=[TITLES[name][0] for name in rows["distribution"]],
        whole=[capital(WHOLES[name]) for name in rows["whole"]],
    ).rename(
        columns={
            "distribution": "Of",
            "whole": "Compared with",
            "mean": "Distance",
            "sd": "± sd of ten samples",
            "by_chance": "By chance alone",
        }
    )


def _draw(sample: Representativeness) -> None:
    st.markdown(finding(sample))
    for column, distribution in zip(st.columns(3), TITLES, strict=True):
        with column:
            chart_with_downloads(
                frequencies(sample.frequencies, distribution),
                f"{TITLES[distribution][0]}: in ten samples, in what can be drawn, in all text",
                f"{TITLES[distribution][0]} of the text sample",
                source="Latent Shortlist: text on this machine",
            )
    st.caption(
        "Distance: Jensen–Shannon, base 2; 0 is equal, 1 nothing in common. Even a perfect sample lies some "
        "way off, because it is finite: that is the distance by chance. All text holds repetitions, and "
        "passages too long or too short to be drawn."
    )
    with st.expander("The distances as a table"):
        number = st.column_config.NumberColumn(format="%.3f")
        config = dict.fromkeys(("Distance", "± sd of ten samples", "By chance alone"), number)
        st.dataframe(
            distances(sample),
            hide_index=True,
            column_config=config,
            alt="Distances between samples and the whole",
        )


def text_sample(store: Store, settings: Settings | None) -> None:
    """Draw the comparison for the chosen text, or offer to make it; a worker makes it."""
    st.markdown(
        "Every checkpoint reads the same sample. A difference between two checkpoints means something only "
        "as far as that sample stands for the text it was drawn from."
    )
    if settings is None:
        return
    try:
        sample = samples.representativeness(
            store, settings.corpus, settings.sequences, settings.seed, settings.column
        )
    except InputError as error:  # a file that went away
        st.caption(str(error))
        return
    if sample:
        _draw(sample)
        return
    name = samples.title(settings.corpus)
    busy = any(
        isinstance(piece.request, TextSample) and piece.state in jobs.OPEN
        for job in jobs.list_jobs(store)
        for piece in job.pieces
    )
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.caption(
            f"Not yet looked at: {settings.sequences:,} sequences of {name}. Ten samples are compared with "
            "the whole, by words, pairs of words and lengths; it takes seconds to a minute.",
            width="stretch",
        )
        if st.button("Compare ten samples", key="compare", icon=":material/query_stats:", disabled=busy):
            request, subject = request_of(settings)
            if submit(store, request, [subject]):
                st.rerun()
