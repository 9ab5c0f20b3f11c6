"""Scatter: any measure against any score or measure, the residuals of the line, and one checkpoint's card."""

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cache.relations import FEWEST, at_sample, axes, relation, samples
from cache.store import Store
from cache.tables import one_row_each
from core.charts.palette import ORIGINS, PALETTE, family_colours
from core.charts.scatter import scatter
from core.formatting import capital, signed
from core.measures import MEASURES
from core.measures.protocol import PUBLISHED_TEXT, sample_of
from core.measures.titles import title_of
from core.wording.correlations import LEVELS, finding, interval, sentences
from pages.parts.cards import card, text_line
from pages.parts.cell_sizes import bring_others
from pages.parts.common import empty
from pages.parts.controls import control
from pages.parts.markdown import plain

DEFAULTS = ("lsq_patchiness_published", "glue_average")
COLOURS = {"family": "Family", "origin": "Origin"}
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

    x_default = DEFAULTS[0] if DEFAULTS[0] in offered else offered[0]
    y_default = DEFAULTS[1] if DEFAULTS[1] in offered else next(name for name in offered if name != x_default)
    row = st.container(horizontal=True, gap="small")
    x = control(row.selectbox, "x axis", "x", x_default, offered, format_func=title_of, width=290)
    y = control(row.selectbox, "y axis", "y", y_default, offered, format_func=title_of, width=230)
    colour = control(
        row.selectbox, "Colour", "colour", "family", list(COLOURS), format_func=COLOURS.__getitem__, width=130
    )
    families = control(
        row.multiselect,
        "Families",
        "families",
        [],
        sorted(overview.rows["family"].unique()),
        placeholder="All families",
        width=210,
    )
    lines_by = control(
        row.selectbox, "Line", "lines", "all", list(LINES), format_func=LINES.__getitem__, width=150
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
            "text "
            "and number only.",
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

    st.space("small")  # the chart's own buttons appear above it and must not cover the controls
    event = st.altair_chart(
        scatter(
            points.reset_index()[["subject", "name", "family", "origin", x, y]].assign(
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
            title=interval(evidence.pooled),
            subtitle="Band: 95 % confidence of the line's mean. Drag sideways to follow a range into the "
            "residuals; click a point for its card.",
        ),
        width="stretch",
        on_select="rerun",
        selection_mode="picked",
        key=f"chart-{x}-{y}-{colour}-{lines_by}",
        alt=claim,
    )

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
    picked = [str(item["subject"]) for item in event["selection"].get("picked", [])]
    picked = [subject for subject in picked if subject in points.index]
    left, right = st.columns([3, 2], gap="large")
    with left:
        if picked:
            with st.container(border=True):
                card(store, overview, overview.rows.loc[picked[0]])
        else:
            st.caption(
                "Click a point to see its card here: facts, measures with their percentiles, scores and how "
                "they were formed."
            )
    with right:
        by_family = pd.DataFrame(
            [
                {
                    "Family": name,
                    "n": c.n,
                    "r": c.pearson,
                    "95 % interval": (
                        f"{signed(c.pearson_low)} to {signed(c.pearson_high)}"
                        if pd.notna(c.pearson_low)
                        else "too few"
                    ),
                    "Spearman": c.spearman,
                }
                for name, c in [("All", evidence.pooled), *evidence.families.items()]
            ]
        )
        st.dataframe(
            by_family,
            hide_index=True,
            placeholder="–",
            column_config={
                "r": st.column_config.NumberColumn(format="%+.2f", help="Pearson correlation", width=60),
                "Spearman": st.column_config.NumberColumn(format="%+.2f", width=85),
                "n": st.column_config.NumberColumn(help="Checkpoints", width=50),
                "95 % interval": st.column_config.TextColumn(
                    width=130, help="Of Pearson's r, from 1,000 resamplings of the checkpoints"
                ),
            },
            alt="Correlation by family",
        )
        st.caption(
            "\n\n".join(
                f"**{MEASURES[name].title}**: {MEASURES[name].explanation} Source: {MEASURES[name].source}."
                for name in (x, y)
                if name in MEASURES
            )
        )
