"""Scatter: any measure against any score or measure, the residuals of the line, and one checkpoint's card."""

import math

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cache.relations import FEWEST, at_sample, axes, first_axes, relation, samples
from cache.store import Store
from cache.tables import one_row_each
from core.charts.palette import ORIGINS, PALETTE, family_colours
from core.charts.scatter import scatter
from core.formatting import capital
from core.measures import MEASURES
from core.measures.protocol import PUBLISHED_TEXT, sample_of
from core.measures.titles import title_of
from core.wording.correlations import LEVELS, finding, interval, sentences
from pages.parts.cards import card, text_line
from pages.parts.cell_sizes import bring_others
from pages.parts.common import empty
from pages.parts.controls import control, from_address, to_address
from pages.parts.markdown import plain
from pages.parts.picture_downloads import SOURCE, picture_downloads
from pages.parts.scatter_side import brushed, by_family, explained, send

COLOURS = {"family": "Family", "origin": "Origin"}
HOW = "Band: 95 % confidence of the line's mean. Click a point for its card; drag a rectangle for a list."
LINES = {"all": "One for all", "family": "One per family"}


def scatter_tab(store: Store, heading: DeltaGenerator) -> None:
    """Draw the tab; its finding goes into `heading`."""
    overview = one_row_each(store)
    offered = axes(store)
    if len(offered) < 2:
        heading.title("Explore")
        empty(
            "Nothing to draw yet",
            f"A chart needs at least {FEWEST} checkpoints with two numbers each, and this store holds fewer. "
            "The published figures come with the program and are loaded when it starts with a fresh store; "
            "your own come through **Add**.",
        )
        return

    x_default, y_default = first_axes(offered)
    row = st.container(horizontal=True, gap="small")
    x = control(row.selectbox, "x axis", "x", x_default, offered, format_func=title_of, width=265)
    y = control(row.selectbox, "y axis", "y", y_default, offered, format_func=title_of, width=195)
    colour = control(
        row.selectbox,
        "Colour",
        "colour",
        "family",
        [*COLOURS, *offered],
        format_func=lambda name: COLOURS.get(name) or title_of(name),
        width=150,
    )
    size = control(
        row.selectbox,
        "Size of points",
        "points",
        "",
        ["", *offered],
        format_func=lambda name: title_of(name) if name else "All alike",
        width=150,
    )
    families = control(
        row.multiselect,
        "Families",
        "families",
        [],
        sorted(overview.rows["family"].unique()),
        placeholder="All families",
        width=165,
    )
    lines_by = control(
        row.selectbox, "Line", "lines", "all", list(LINES), format_func=LINES.__getitem__, width=140
    )
    ids = [sample.id for sample in samples(store, (x, y))]
    sample = ids[0] if ids else None
    if len(ids) > 1:
        sample = control(
            row.selectbox,
            "Cells measured on",
            "cells",
            ids[0],
            ids,
            format_func=lambda name: sample_of(name).title,
            width=290,
            help="Cell measures depend on how many vectors the quantizer is trained on, and compare at one "
            "text and number only.",
        )
    if sample:
        overview = at_sample(store, sample)

    shown = relation(store, x, y, sample, tuple(families), by_family=lines_by == "family")
    if shown is None:
        heading.title("Explore")
        empty(
            "Nothing to draw" if x != y else "Both axes show the same",
            f"Choose two different numbers that at least {FEWEST} of the chosen checkpoints have.",
        )
        return

    points, evidence = shown.points, shown.evidence
    claim = finding(evidence, title_of(x), title_of(y))
    with heading:
        st.title(plain(claim))
        st.markdown(
            f"{capital(LEVELS[evidence.level])}. {sentences(evidence.reasons)}"
            + (
                " Pooling misleads here: families lie apart, and the pooled correlation "
                "is not that within them."
                if evidence.simpson
                else ""
            )
        )

    large = from_address("chart", "beside", ["beside", "large"]) == "large"
    to_address("chart", "beside")
    from_address("point", "")
    buttons = st.container(horizontal=True, vertical_alignment="center")
    left, right = st.columns([13, 9], gap="medium") if not large else (st.container(), st.container())
    columns = [
        name for name in dict.fromkeys((x, y, colour, size)) if name and name not in ("family", "origin")
    ]
    key = f"chart-{x}-{y}-{colour}-{size}-{lines_by}-{large}"
    clicked = st.session_state.setdefault(f"first point of {key}", st.session_state["point"])
    box = rectangle(x, y)
    drawn_box = st.session_state.setdefault(f"first rectangle of {key}", box)
    drawn = scatter(
        points.reset_index()[["subject", "name", "family", "origin", *columns]].assign(
            origin=points["origin"].map(ORIGINS).to_numpy(),
            residual=shown.residuals.to_numpy(),
            text=[text_line(point) for _, point in points.iterrows()],
        ),
        shown.lines,
        x,
        y,
        metrics=overview.metrics,
        colours=family_colours(overview.rows["family"])
        if colour == "family"
        else dict(zip(ORIGINS.values(), PALETTE, strict=False)),
        colour_by=colour,
        size_by=size,
        title=interval(evidence.pooled),
        subtitle=HOW,
        height=560 if large else 340,
        clicked=clicked,
        rectangle=dict(zip("xy", drawn_box.values(), strict=True)) if drawn_box else None,
        characters=110 if large else 62,
    )
    with left:
        st.altair_chart(
            drawn,
            width="stretch",
            on_select=lambda: _selected(key, x, y),
            selection_mode=["picked", "brush"],
            key=key,
            alt=claim,
        )
    with buttons:
        st.button(
            "Beside its table" if large else "Show large",
            icon=":material/fullscreen_exit:" if large else ":material/fullscreen:",
            type="tertiary",
            key="chart_large",
            on_click=_resize,
            args=("beside" if large else "large",),
        )
        source = f"{interval(evidence.pooled)}. {SOURCE}"
        name = f"{title_of(y)} against {title_of(x)}"
        picture_downloads(lambda: drawn, claim, source, name, "scatter")
    point = st.session_state["point"]
    with right:
        if box:
            brushed(points, box, x, y)
        elif point in points.index:
            send([point], "Compare it on Shortlist")
            with st.container(height="content" if large else 560, border=True):
                card(store, overview, overview.rows.loc[point])
        else:
            by_family(shown)
            explained([x, y])
    to_address("point", "")
    to_address("brush", [])
    if point in points.index or box:
        by_family(shown)
        explained([x, y])
    other_text = (points["corpus"] != PUBLISHED_TEXT["corpus"]) | (
        points["sequences"] != PUBLISHED_TEXT["sequences"]
    )
    if other_text.any() and (x in MEASURES or y in MEASURES) and (points["origin"] == "published").any():
        st.caption(
            f":material/info: {other_text.sum()} of these {len(points)} were not measured on the published "
            "sample of text (their cards say text and number of sequences), which moves most measures "
            "somewhat."
        )

    bring_others(store, overview, [x, y], "bring_explore")


def rectangle(x: str, y: str) -> dict[str, tuple[float, float]]:
    """The rectangle that the address or the last drag names, on these axes; empty where there is none."""
    given = from_address("brush", [])
    if st.session_state.setdefault("axes of the brush", (x, y)) != (x, y):
        st.session_state["axes of the brush"], st.session_state["brush"] = (x, y), []
        return {}
    try:
        ends = [float(value) for value in given]
    except ValueError:
        ends = []
    if len(ends) != 4 or not all(map(math.isfinite, ends)):
        st.session_state["brush"] = []
        return {}
    return {x: (ends[0], ends[1]), y: (ends[2], ends[3])}


def _selected(key: str, x: str, y: str) -> None:
    """Remember which point was clicked and which rectangle was drawn, for the page and the address."""
    selection = st.session_state[key]["selection"]
    picked = selection.get("picked") or [{}]
    st.session_state["point"] = str(picked[0].get("subject", ""))
    box = selection.get("brush") or {}
    ends = [*box.get(x, ()), *box.get(y, ())]
    st.session_state["brush"] = [f"{end:.6g}" for end in ends] if len(ends) == 4 else []


def _resize(shape: str) -> None:
    st.session_state["chart"] = shape
