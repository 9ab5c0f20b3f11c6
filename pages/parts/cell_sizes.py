"""Who is left out where cell measures are compared, why, and the button that brings them in."""

import streamlit as st

from cache.requests import Measure
from cache.store import Store
from cache.tables import whole
from cache.tasks.cell_study import settings_at, subject_of, too_small
from core.formatting import listed
from core.measures.protocol import NAMES, PUBLISHED, left_out, sample_of
from core.overview import Overview
from core.wording.applicability import sizes
from pages.parts.markdown import plain
from pages.parts.submit import submit

SHOWN = 4  # names before the rest is counted


def bring_others(store: Store, overview: Overview, measures: list[str], key: str) -> None:
    """Say which checkpoints have these cell measures at another text or size only, and offer to measure them.

    Draws nothing where nobody is left out.
    """
    asked = [name for name in measures if name in NAMES]
    out = left_out(overview.cells, overview.sample, asked)
    rows = overview.rows[overview.rows.index.isin(out) & (overview.rows["origin"] != "published")]
    if rows.empty:
        return
    sample = sample_of(overview.sample)
    names = [f"{plain(row['name'])} ({plain(sizes(out[str(subject)]))})" for subject, row in rows.iterrows()]
    more = [f"{len(names) - SHOWN} more"] if len(names) > SHOWN else []
    few = too_small(whole(store, "clouds"), map(str, rows.index), sample)
    movable = rows[(rows["origin"] != "uploaded") & ~rows.index.isin(few)]
    st.caption(
        f":material/filter_alt_off: Left out, since cell measures compare only on one text and number of "
        f"vectors ({plain(sample.title)}): {listed([*names[:SHOWN], *more])}."
        + (f" {len(few)} of them have too few vectors for it." if few else "")
        + (" Of uploaded vectors the text is not known." if (rows["origin"] == "uploaded").any() else "")
    )
    if movable.empty:
        return
    settings = settings_at(sample, asked)
    if settings is None:
        st.caption(
            f"To bring them to it, measure them on Add with the file {plain(sample.corpus)} and "
            f"{sample.n:,} vectors for cells."
        )
        return
    many = f"{len(movable)} others" if len(movable) > 1 else plain(movable["name"].iloc[0])
    size = "by the published protocol" if sample.id == PUBLISHED else f"at {sample.n:,} vectors"
    if st.button(f"Measure {many} {size}", key=key, icon=":material/play_arrow:"):
        subjects = [subject_of(row) for _, row in movable.iterrows()]
        if submit(store, Measure(settings), subjects, f"Cells of {many} {size}"):
            st.caption("Queued; Add shows how far it is, and this page draws itself anew after.")
