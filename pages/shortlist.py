"""Shortlist: which checkpoint to fine-tune first, and how sure that is."""

import pandas as pd
import streamlit as st

from cache.predictions import (
    measures_of_reference,
    predictable,
    predictions_of,
    rank_evidence_of,
    references,
    shortlist_by_measure,
    shortlist_of,
)
from cache.tables import one_row_each
from core.charts.palette import family_colours
from core.errors import InputError
from core.measures.titles import title_of
from core.prediction.alike import usual_of
from core.prediction.by_measure import rankable
from core.prediction.shortlist import PREDICTED
from core.wording import ranking
from pages.parts import prediction_choices as choices
from pages.parts.alike import measured_alike_check
from pages.parts.cards import reasons, side_by_side
from pages.parts.cell_sizes import bring_others
from pages.parts.common import empty, open_store, refresh
from pages.parts.markdown import plain
from pages.parts.shortlist_tables import Tables
from pages.parts.welcome import welcome

MOST_CHOSEN = 4

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
    subjects = frozenset(map(str, choices.filtered(row, overview.rows)))
    if by == PREDICTED and predictions is None:
        with heading:
            title_at("Shortlist")
            st.info(plain(problem), title="This cannot be predicted", icon=":material/query_stats:")
        st.stop()
    if by == PREDICTED:
        shown = shortlist_of(store, score, asked.predictor, asked.measures, asked.reference, subjects)
    else:
        shown = shortlist_by_measure(store, score, by, subjects)

    with heading:
        if shown.candidates.empty:
            title_at("No candidate that the reference covers" if by == PREDICTED else "No candidate to rank")
            if len(shown.outside) and by == PREDICTED:
                st.markdown(
                    "Everything chosen here lies outside the reference and is listed apart below. *Rank by* "
                    "a measure ranks it all the same."
                )
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
            name = asked.reference or choices.largest(references(store, score))
            evidence = rank_evidence_of(store, score, name, by)
            with_evidence = [m for m in rankable(measures_of_reference(store, score, name)) if m != by]
            st.caption(plain(ranking.evidence_line(evidence, by, score, with_evidence)))
            if problem or predictions is None or shown.own:
                st.caption(plain(ranking.not_predicted(problem, by)))
        elif predictions is not None:
            st.caption(plain(ranking.learnt_from(predictions, score)))
        known = len(shown.covered["actual"].dropna())
        if agreement := ranking.agreement(shown.tau, known):
            st.caption(agreement)

    tables = Tables(predictions, overview, shown, score, family_colours(overview.rows["family"]))
    tables.draw()
    for pressed in tables.pressed[:1]:
        if predictions is not None:
            reasons(store, overview, predictions, pressed)

    measures = list(predictions.model.measures) if predictions is not None and by == PREDICTED else [by]
    candidates = shown.candidates[shown.candidates["origin"] != "published"]
    lacking = shown.outside[
        shown.outside[[name for name in measures if name in shown.outside]].isna().any(axis=1)
    ]
    reference = (
        predictions.model.reference.rows if predictions is not None and by == PREDICTED else candidates
    )
    if shown.own:
        everyone = pd.concat([candidates, shown.outside])
        measured_alike_check(store, everyone, usual_of(reference), lacking, measures)

    if predictions is not None and tables.picked:
        if len(tables.picked) > MOST_CHOSEN:
            st.caption(f"{len(tables.picked)} rows are selected; the first {MOST_CHOSEN} are shown.")
        chosen = predictions.rows.loc[tables.picked[:MOST_CHOSEN]]
        st.space("small")
        st.subheader("Side by side" if len(chosen) > 1 else plain(chosen["name"].iloc[0]))
        compared = [name for name in overview.measures if chosen[name].notna().any()]
        if len(chosen) > 1:
            st.markdown(plain(ranking.difference(predictions.model, chosen, compared)))
        side_by_side(overview, predictions, chosen, compared)

    if predictions is not None and by == PREDICTED:
        bring_others(store, overview, measures, "bring_shortlist")
    absent = len(subjects) - len(shown.covered) - len(shown.outside) - len(shown.others)
    if absent:
        st.caption(
            f"{absent} more checkpoints here have none of these measures, so nothing is predicted of their "
            f"{title_of(score)}."
        )
