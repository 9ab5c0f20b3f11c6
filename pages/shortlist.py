"""Shortlist: which checkpoint to fine-tune first, and how sure that is."""

import math

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cache.predictions import predictable, predictions_of, shortlist
from cache.tables import one_row_each
from core.charts.palette import ORIGINS, family_colours
from core.errors import InputError
from core.measures import MEASURES
from core.measures.titles import title_of
from core.prediction import DEFAULT, LINEAR, PREDICTORS
from core.prediction.candidates import PATCHINESS, SPREAD
from core.wording.ranking import caveat, difference, headline, standing
from pages.parts import ranked_table
from pages.parts.cards import reasons, side_by_side
from pages.parts.cell_sizes import bring_others
from pages.parts.common import empty, open_store, refresh
from pages.parts.controls import control, from_address
from pages.parts.ranked_table import CANDIDATES, CHECKED, OUTSIDE, RankedTable

SIZES = {
    "any": ("Any size", 0.0, math.inf),
    "small": ("Below 30M", 0.0, 30e6),
    "middle": ("30M to 300M", 30e6, 300e6),
    "large": ("Above 300M", 300e6, math.inf),
}
FEWEST = 10  # checkpoints with a score for it to be offered as one to predict
MOST_CHOSEN = 4
# What the parameter `predictor` of an older link asks for: linear regressions by their measures.
OLDER = {"spread": SPREAD, "patchiness": PATCHINESS, "both": (*SPREAD, *PATCHINESS)}

store = open_store()
overview = one_row_each(store)
refresh(store, store.state())


def choose_prediction(row: DeltaGenerator) -> tuple[str, str, tuple[str, ...]]:
    """What to predict and from what. Returned: score, predictor, measures of a linear one."""
    older = OLDER.get(from_address("predictor", DEFAULT, [*PREDICTORS, *OLDER]))
    if older:
        from_address("predict_from", [], overview.measures)
        st.session_state["predictor"], st.session_state["predict_from"] = "linear", list(older)
    score = control(
        row.selectbox, "Score to predict", "score", scores[0], scores, format_func=title_of, width=165
    )
    predictor = control(
        row.selectbox,
        "Predictor",
        "predictor",
        DEFAULT,
        list(PREDICTORS),
        format_func=PREDICTORS.__getitem__,
        width=235,
        help="Best: lowest error on checkpoints that it was not fitted to; see *Predicted scores*.",
    )
    measures: list[str] = []
    if predictor in LINEAR:
        measures = control(
            row.multiselect,
            "Predict it from",
            "predict_from",
            list(PATCHINESS),
            overview.measures,
            format_func=title_of,
            placeholder=title_of(PATCHINESS[0]),
            width=300,
            help="\n\n".join(
                f"**{MEASURES[name].title}**: {MEASURES[name].meaning}" for name in (*SPREAD, *PATCHINESS)
            ),
        )
    return score, predictor, tuple(measures)


def filtered(row: DeltaGenerator) -> pd.Index:
    """The filters, and the subjects that pass them."""
    rows = overview.rows
    families = control(
        row.multiselect,
        "Family",
        "family",
        [],
        sorted(rows["family"].unique()),
        placeholder="All families",
        width=190,
    )
    origins = control(
        row.multiselect,
        "Origin",
        "origin",
        [],
        [origin for origin in ORIGINS if origin in set(rows["origin"])],
        format_func=ORIGINS.__getitem__,
        placeholder="Any origin",
        width=190,
    )
    size = control(
        row.selectbox,
        "Parameters",
        "size",
        "any",
        list(SIZES),
        format_func=lambda name: SIZES[name][0],
        width=140,
    )
    find = control(
        row.text_input, "Find", "find", "", placeholder="Part of a name", icon=":material/search:", width=150
    )
    kept = rows["name"].str.contains(find, case=False, regex=False)
    if families:
        kept &= rows["family"].isin(families)
    if origins:
        kept &= rows["origin"].isin(origins)
    if size != "any":
        kept &= rows["parameters"].astype(float).between(*SIZES[size][1:], inclusive="left")
    return rows.index[kept]


scores = predictable(store, FEWEST)
if not scores:
    st.title("Shortlist")
    empty(
        "Nothing to rank yet",
        "A ranking needs checkpoints with both measures and known scores, and this store holds none. The "
        "published figures come with the program and are loaded when it starts with a fresh store; your own "
        "come through **Add models**.",
    )
    st.stop()

heading = st.container(gap="xsmall")
st.space("xsmall")
controls = st.container(horizontal=True, gap="small")
asked = choose_prediction(controls)
score = asked[0]
subjects = filtered(controls)
try:
    with st.spinner("Predicting…"):
        predictions = predictions_of(store, *asked)
        shown = shortlist(store, *asked, frozenset(subjects))
except InputError as error:
    heading.title("Shortlist")
    st.info(str(error), title="This cannot be predicted", icon=":material/query_stats:")
    st.stop()

with heading:
    if shown.candidates.empty:
        st.title("No candidate that the reference covers")
        if len(shown.outside):
            st.markdown("Everything chosen here lies outside the reference and is listed apart below.")
    else:
        title, text = headline(shown.candidates, shown.chance, score)
        if len(shown.checked):
            text = f"Of the {len(shown.candidates)} checkpoints here without a known score. {text}"
        st.title(title)
        st.markdown(f"{text} {standing(shown.covered)}")
    st.caption(caveat(predictions))

colours = family_colours(overview.rows["family"])
picked: list[str] = []
pressed: list[pd.Series] = []


def draw(part: str, rows: pd.DataFrame) -> None:
    """One of the tables; what is selected and pressed in it is added to `picked` and `pressed`."""
    chance = shown.chance if part == CANDIDATES else None
    selected, row = ranked_table.draw(RankedTable(part, predictions, rows, colours, chance))
    picked.extend(selected)
    pressed.extend([] if row is None else [row])


if len(shown.candidates):
    draw(CANDIDATES, shown.candidates)
    st.caption(
        f"{len(shown.covered)} of {int(predictions.rows['in_range'].sum())} checkpoints. Select two to four "
        "rows to see them side by side; press the evidence of a row for its reasons."
    )
elif shown.outside.empty:
    empty("No checkpoint fits these filters", "Loosen the filters above, or measure more checkpoints.")
if len(shown.checked):
    st.subheader(f"With a known {title_of(score)} ({len(shown.checked)})")
    st.caption(
        "Checkpoints that the predictor was fitted to are predicted from the other families, so their known "
        "scores are a check of the prediction."
    )
    draw(CHECKED, shown.checked)
if len(shown.outside):
    st.subheader(f"Outside what the reference covers ({len(shown.outside)})")
    st.caption(
        f"Predictions for these extrapolate beyond the {predictions.model.reference.title} of the reference, "
        "so they are not ranked among the others. Each row gives the reasons."
    )
    draw(OUTSIDE, shown.outside)
for row in pressed[:1]:
    reasons(store, overview, predictions, row)

if len(picked) > MOST_CHOSEN:
    st.caption(f"{len(picked)} rows are selected; the first {MOST_CHOSEN} are shown.")
chosen = predictions.rows.loc[picked[:MOST_CHOSEN]]
if len(chosen):
    st.space("small")
    st.subheader("Side by side" if len(chosen) > 1 else chosen["name"].iloc[0])
    measures = [name for name in overview.measures if chosen[name].notna().any()]
    if len(chosen) > 1:
        st.markdown(difference(predictions.model, chosen, measures))
    side_by_side(overview, predictions, chosen, measures)

bring_others(store, overview, list(predictions.model.measures), "bring_shortlist")
absent = len(subjects) - len(shown.covered) - len(shown.outside)
if absent:
    st.caption(
        f"{absent} more checkpoints here have none of these measures, so nothing is predicted for them."
    )
