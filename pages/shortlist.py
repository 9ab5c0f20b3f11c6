"""Shortlist: which checkpoint to fine-tune first, and how sure that is."""

import pandas as pd
import streamlit as st

from cache.marks import marks
from cache.predictions import (
    measures_of_reference,
    predictable,
    predictions_of,
    rank_evidence_of,
    references,
    shortlist_by_measure,
    shortlist_of,
)
from cache.rankings import fallback, ranked_by
from cache.tables import one_row_each
from core.charts.palette import family_colours
from core.errors import InputError
from core.measures.titles import title_of
from core.prediction.alike import usual_of
from core.prediction.by_measure import rankable
from core.prediction.shortlist import PREDICTED, unpredicted
from core.tables.as_csv import as_csv
from core.wording import ranking
from pages.parts import comparison
from pages.parts import prediction_choices as choices
from pages.parts.alike import measured_alike_check
from pages.parts.cards import reasons
from pages.parts.cell_sizes import bring_others
from pages.parts.common import empty, open_store, refresh
from pages.parts.controls import from_address, to_address
from pages.parts.markdown import plain
from pages.parts.marks_form import toggle_star
from pages.parts.number_filters import number_filters
from pages.parts.remedies import offer_ranking
from pages.parts.rows_menu import rows_menu
from pages.parts.shortlist_tables import Tables
from pages.parts.table_view import table_view
from pages.parts.tabs import open_tab
from pages.parts.welcome import welcome

LISTS = {"yours": ":material/person: Yours", "published": ":material/menu_book: Published reference"}

store = open_store()
overview = one_row_each(store)
refresh(store, store.state())

scores = predictable(store)
if not scores:
    st.title("Shortlist")
    empty(
        "Nothing to rank yet",
        "A ranking needs checkpoints with both measures and known scores, and this store holds none. The "
        "published figures come with the program and are loaded when it starts with a fresh store; your own "
        "come through **Add**.",
    )
    st.stop()

own = bool((overview.rows["origin"] != "published").any())
if own:
    place = st.container()
else:
    welcome(store)
    place = st.expander(
        "An example: the published checkpoints, ranked",
        expanded=bool(st.query_params),  # a link to some view of it
        icon=":material/menu_book:",
        key="example",
        on_change="rerun",
    )
    if not place.open:
        st.stop()

title_at = st.title if own else st.header  # the page has one title
comparison.begin(overview.rows.index)
from_address("why", "")
with place:
    heading = st.container(gap="xsmall")
    st.space("xsmall")
    row = st.container(horizontal=True, gap="small")
    asked = choices.prediction(row, store, overview, scores)
    score = asked.score
    predictions, problem = None, ""
    try:
        with st.spinner("Predicting…"):
            predictions = predictions_of(store, score, asked.predictor, asked.measures, asked.reference)
    except InputError as error:
        problem = str(error)
    by = choices.rank_by(row, overview, predictions)
    row = st.container(horizontal=True, gap="small", vertical_alignment="bottom")
    known = marks(store)
    subjects = choices.filtered(row, overview.rows).intersection(
        number_filters(row, overview, known.index[known["starred"]])
    )
    subjects = frozenset(map(str, subjects))
    view = table_view(row, overview)
    menu_at, file_at = row.container(width="content"), row.container(width="content")
    if by == PREDICTED and predictions is None:
        with heading:
            title_at("Shortlist")
            st.info(plain(problem), title="This cannot be predicted", icon=":material/query_stats:")
        st.stop()
    if by == PREDICTED:
        shown = shortlist_of(store, score, asked.predictor, asked.measures, asked.reference, subjects)
    else:
        shown = shortlist_by_measure(store, score, by, subjects)
    name = asked.reference or choices.largest(references(store, score))
    of_reference = measures_of_reference(store, score, name)

    with heading:
        if shown.candidates.empty:
            title_at("No candidate that the reference covers" if by == PREDICTED else "No candidate to rank")
            if len(shown.outside) and by == PREDICTED:
                st.markdown("Everything chosen here lies outside the reference and is listed apart below.")
        else:
            title, text = ranking.headline(shown, score)
            if not own:
                with st.container(horizontal=True, vertical_alignment="center"):
                    st.caption(f":material/info: {ranking.example()}")
                    st.page_link("pages/add.py", label="Add models", icon=":material/add_circle:")
            if len(shown.checked):
                text = f"Of the {len(shown.candidates)} checkpoints here without a known score. {text}"
            title_at(plain(title))
            st.markdown(plain(text))
        if by != PREDICTED:
            evidence = rank_evidence_of(store, score, name, by)
            with_evidence = [m for m in rankable(of_reference) if m != by]
            st.caption(plain(ranking.evidence_line(evidence, by, score, with_evidence)))
            if problem or predictions is None or shown.own:
                st.caption(plain(ranking.not_predicted(problem, by)))
        elif predictions is not None:
            st.caption(plain(ranking.learnt_from(predictions, score)))
        if agreement := ranking.agreement(shown.tau, len(shown.covered["actual"].dropna())):
            st.caption(agreement)

    outside = frozenset(map(str, shown.outside.index))
    also = fallback(store, outside, tuple(of_reference)) if by == PREDICTED else None
    colours = family_colours(overview.rows["family"])
    others = shown.others
    if by != PREDICTED and len(others):
        others = ranked_by(store, by, frozenset(map(str, others.index)))
    tables = Tables(predictions, overview, shown, score, colours, view, known, others, also)
    which, inside = open_tab("shortlist_tabs", LISTS) if shown.own else ("yours", st.container())
    with inside:
        if which == "yours":
            tables.yours()
        else:
            tables.published()
    comparison.end()
    if (above := comparison.place(tables.rows)) is not None:
        with tables.places[above]:
            everyone = unpredicted(overview.rows, score) if predictions is None else predictions.rows
            comparison.panel(store, overview, everyone, predictions)
    if tables.drawn:
        file_at.download_button(
            "CSV",
            data=lambda: as_csv(tables.file()),
            file_name=f"shortlist-{score}-{'published' if which == 'published' else 'candidates'}.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
            key="shortlist_csv",
            help="What the tables show, all of it, as numbers",
        )

    shown_names = overview.rows["name"].reindex([one for rows in tables.rows.values() for one in rows])
    by_keyboard = rows_menu(menu_at, shown_names, predictions is not None) if len(shown_names) else ""
    if by_keyboard:
        st.session_state["why"] = by_keyboard
    if "star" in tables.pressed:
        toggle_star(store, tables.pressed["star"])
        st.rerun()
    if "why" in tables.pressed:
        st.session_state["why"] = tables.pressed["why"]
    if predictions is not None and st.session_state["why"] in predictions.rows.index:
        reasons(store, overview, predictions, predictions.rows.loc[st.session_state["why"]])
    to_address("why", "")

    measures = list(predictions.model.measures) if predictions is not None and by == PREDICTED else [by]
    candidates = shown.candidates[shown.candidates["origin"] != "published"]
    if shown.own and which == "yours":
        lacking = shown.outside[
            shown.outside[[name for name in measures if name in shown.outside]].isna().any(axis=1)
        ]
        reference = (
            predictions.model.reference.rows if predictions is not None and by == PREDICTED else candidates
        )
        with inside:
            everyone = pd.concat([candidates, shown.outside])
            measured_alike_check(store, everyone, usual_of(reference), lacking, measures)
            if also:
                offer_ranking(also[0], len(shown.outside) + len(shown.candidates))

    if predictions is not None and by == PREDICTED:
        bring_others(store, overview, measures, "bring_shortlist")
    absent = len(subjects) - len(shown.covered) - len(shown.outside) - len(shown.others)
    if absent:
        st.caption(
            f"{absent} more checkpoints here have none of these measures, so nothing is predicted of their "
            f"{plain(title_of(score))}."
        )
