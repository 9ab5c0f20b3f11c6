"""Shortlist: which checkpoint to fine-tune first, and how sure that is."""

import numpy as np
import pandas as pd
import streamlit as st

from core.charts.palette import ORIGINS, family_colours
from core.charts.strips import range_cell
from core.errors import InputError
from core.formatting import capital, listed, percent, short_number
from core.measures import MEASURES
from core.measures.titles import title_of
from core.overview import percentile
from core.prediction import DEFAULT, LINEAR, PREDICTORS, Predictions, chances
from core.prediction.candidates import PATCHINESS, SPREAD
from core.wording.applicability import TRUST, labels
from core.wording.ranking import caveat, difference, headline, standing
from pages.parts.cards import reasons, side_by_side
from pages.parts.cell_sizes import bring_others
from pages.parts.common import empty, from_url, open_store, refresh, subjects, to_url
from pages.parts.predicting import predictions_of

SIZES = {
    "any": (0.0, np.inf),
    "small": (0.0, 30e6),
    "middle": (30e6, 300e6),
    "large": (300e6, np.inf),
}
SIZE_TITLES = {"any": "Any size", "small": "Below 30M", "middle": "30M to 300M", "large": "Above 300M"}
FEWEST = 10  # checkpoints with a score for it to be offered as one to predict
MOST_CHOSEN = 4
# What the parameter `predictor` of an older link asks for: linear regressions by their measures.
OLDER = {"spread": SPREAD, "patchiness": PATCHINESS, "both": (*SPREAD, *PATCHINESS)}

store = open_store()
everything = subjects(store)
refresh(store, store.state())


def filters(rows: pd.DataFrame, scores: list[str]) -> tuple[str, str, list[str], pd.Series]:
    """The row of filters. Returned: score, predictor, measures of a linear one, and which rows are kept."""
    families = sorted(rows["family"].unique())
    origins = [origin for origin in ORIGINS if origin in set(rows["origin"])]
    from_url("score", scores[0], scores)
    from_url("predictor", DEFAULT, [*PREDICTORS, *OLDER])
    from_url("predict_from", list(PATCHINESS), everything.measures, many=True)
    if older := OLDER.get(st.session_state["predictor"]):
        st.session_state["predictor"], st.session_state["predict_from"] = "linear", list(older)
    from_url("family", [], families, many=True)
    from_url("origin", [], origins, many=True)
    from_url("size", "any", list(SIZES))
    from_url("find", "")
    row = st.container(horizontal=True, gap="small")
    score = row.selectbox(
        "Score to predict",
        scores,
        format_func=title_of,
        key="score",
        persist_state="session",
        width=165,
    )
    predictor = row.selectbox(
        "Predictor",
        list(PREDICTORS),
        format_func=PREDICTORS.__getitem__,
        key="predictor",
        persist_state="session",
        width=235,
        help="Best: lowest error on checkpoints that it was not fitted to; see *Predicted scores*.",
    )
    measures: list[str] = []
    if predictor in LINEAR:
        measures = row.multiselect(
            "Predict it from",
            everything.measures,
            format_func=title_of,
            key="predict_from",
            placeholder=title_of(PATCHINESS[0]),
            persist_state="session",
            width=300,
            help="\n\n".join(
                f"**{MEASURES[name].title}**: {MEASURES[name].meaning}" for name in (*SPREAD, *PATCHINESS)
            ),
        )
        to_url("predict_from", list(PATCHINESS))
    chosen = row.multiselect(
        "Family", families, key="family", placeholder="All families", persist_state="session", width=190
    )
    origin = row.multiselect(
        "Origin",
        origins,
        format_func=ORIGINS.__getitem__,
        key="origin",
        placeholder="Any origin",
        persist_state="session",
        width=190,
    )
    size = row.selectbox(
        "Parameters",
        list(SIZES),
        format_func=SIZE_TITLES.__getitem__,
        key="size",
        persist_state="session",
        width=140,
    )
    find = row.text_input(
        "Find",
        key="find",
        placeholder="Part of a name",
        persist_state="session",
        icon=":material/search:",
        width=150,
    )
    for key, default in (("score", scores[0]), ("predictor", DEFAULT), ("size", "any"), ("find", "")):
        to_url(key, default)
    to_url("family", [])
    to_url("origin", [])
    low, high = SIZES[size]
    kept = rows["name"].str.contains(find, case=False, regex=False)
    if chosen:
        kept &= rows["family"].isin(chosen)
    if origin:
        kept &= rows["origin"].isin(origin)
    if size != "any":
        kept &= rows["parameters"].astype(float).between(low, high, inclusive="left")
    return score, predictor, measures, kept


def draw_table(
    ranking: Predictions, shown: pd.DataFrame, chance: np.ndarray | None, score: str, key: str
) -> list[str]:
    """The ranked table. Returned: subjects of the selected rows, in the order of the table."""
    reference = ranking.model.reference.rows
    colours = family_colours(everything.rows["family"])
    edges = (
        min(ranking.span[0], float(shown["low"].min()), float(shown["predicted"].min())),
        max(ranking.span[1], float(shown["high"].max()), float(shown["predicted"].max())),
    )
    measures = list(ranking.model.measures)
    frame = pd.DataFrame(
        {
            "rank": range(1, len(shown) + 1),
            "name": shown["name"],
            "family": shown["family"],
            "parameters": [
                short_number(float(value)) if pd.notna(value) else "–" for value in shown["parameters"]
            ],
            "predicted": shown["predicted"],
            "range": [
                range_cell(p, low, high, actual, ranking.span, edges, colours[family])
                for p, low, high, actual, family in zip(
                    shown["predicted"],
                    shown["low"],
                    shown["high"],
                    shown["actual"],
                    shown["family"],
                    strict=True,
                )
            ],
            "low": shown["low"],
            "high": shown["high"],
            "chance": None if chance is None else np.round(100 * chance),
            "actual": shown["actual"],
            "measures": [
                [100 * percentile(reference[name], row[name]) for name in measures]
                for _, row in shown.iterrows()
            ],
            "origin": shown["origin"].map(ORIGINS),
            "reason": [labels(reasons) for reasons in shown["reasons"]],
            "trust": shown["trust"],
        }
    )
    config = {
        "rank": st.column_config.NumberColumn("#", width=40, pinned=True),
        "name": st.column_config.TextColumn("Checkpoint", width=225, pinned=True),
        "family": st.column_config.TextColumn("Family", width=105),
        "parameters": st.column_config.TextColumn("Size", width=60, alignment="right", help="Parameters"),
        "predicted": st.column_config.NumberColumn(
            "Predicted", format="%.2f", width=75, help=f"Predicted {title_of(score)}, as a fraction"
        ),
        "range": st.column_config.ImageColumn(
            f"{percent(ranking.model.level)} interval",
            width=210,
            help=f"From {edges[0]:.2f} to {edges[1]:.2f}. Dot: predicted. Coloured bar: the "
            f"{percent(ranking.model.level)} prediction interval. Grey track: the scores of "
            "the reference. Upright mark: the known score.",
        ),
        "chance": st.column_config.ProgressColumn(
            "Among best 3",
            format="%d %%",
            min_value=0,
            max_value=100,
            width=115,
            help="The chance to be among the best three of this list, from 4,000 draws of all predictions "
            "with their errors. Its own error is below 1 percentage point.",
        ),
        "actual": st.column_config.NumberColumn(
            "Known",
            format="%.2f",
            width=65,
            help=f"Known {title_of(score)}; the prediction was not fitted to it",
        ),
        "measures": st.column_config.BarChartColumn(
            "Measures",
            y_min=0,
            y_max=100,
            width=90,
            color="gray",
            help="Percentile within the reference: " + listed([title_of(name) for name in measures]) + ".",
        ),
        "origin": st.column_config.TextColumn("Origin", width=100, help="Where the measures come from"),
        "reason": st.column_config.MultiselectColumn(
            "Why not ranked",
            options=[],
            color="gray",
            width=235,
            help="Press the evidence of a row for the reasons.",
        ),
        "trust": st.column_config.ButtonColumn(
            "Evidence",
            key=f"why-{key}",
            width=85,
            help="How far to trust the row; press for the reasons. "
            + " ".join(f"{capital(level)}: {meaning}." for level, meaning in TRUST.items()),
        ),
    }
    order = [
        "rank",
        "name",
        "range",
        "predicted",
        "chance",
        "actual",
        "family",
        "parameters",
        "measures",
        "origin",
    ]
    order = (
        ["name", "reason", "range", "predicted", *order[5:], "trust"] if key == "apart" else [*order, "trust"]
    )
    if chance is None and "chance" in order:
        order.remove("chance")
    if shown["actual"].isna().all():
        order.remove("actual")
    event = st.dataframe(
        frame[[*order, "low", "high"]],  # the interval as numbers, for who downloads the table
        column_order=order,
        column_config=config,
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        key=f"table-{key}-{hash(tuple(shown.index))}",
        row_height=34,
        height=480 if len(shown) > 12 else "content",
        placeholder="–",
        alt=f"Checkpoints ranked by predicted {title_of(score)}",
    )
    click = st.session_state.get(f"why-{key}")
    if click:
        row = shown.iloc[click["row"]]
        reasons(store, everything, ranking, row, score)
    return [str(shown.index[position]) for position in event["selection"]["rows"]]


scores = [
    name
    for name in everything.scores
    if everything.measures
    and everything.rows.loc[everything.rows[everything.measures].notna().any(axis=1), name].notna().sum()
    >= FEWEST
]
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
score, predictor, measures_read, kept = filters(everything.rows, scores)
try:
    ranking = predictions_of(store, everything, score, predictor, measures_read)
except InputError as error:
    heading.title("Shortlist")
    st.info(str(error), title="This cannot be predicted", icon=":material/query_stats:")
    st.stop()

shown = ranking.ranked
shown = shown[kept.reindex(shown.index)]
inside, apart = shown[shown["in_range"]], shown[~shown["in_range"]]
# A checkpoint without a known score is a candidate; where there are several, the heading and the first table
# speak of those alone, and the others, whose predictions can be checked, have a table of their own.
open_ones = inside[inside["actual"].isna()]
candidates = open_ones if len(open_ones) > 1 else inside
checked = inside.drop(candidates.index)
chance = chances(ranking.model, candidates)
with heading:
    if inside.empty:
        st.title("No candidate that the reference covers")
        st.markdown(
            "Everything chosen here lies outside the reference and is listed apart below."
            if len(apart)
            else ""
        )
    else:
        title, text = headline(candidates, chance, score)
        if len(checked):
            text = f"Of the {len(candidates)} checkpoints here without a known score. {text}"
        st.title(title)
        st.markdown(f"{text} {standing(inside)}")
    st.caption(caveat(ranking))

picked: list[str] = []
if not shown.empty and not inside.empty:
    picked += draw_table(ranking, candidates, chance, score, "ranked")
    st.caption(
        f"{len(inside)} of {int(ranking.rows['in_range'].sum())} checkpoints. Select two to four rows to see "
        "them side by side; press the evidence of a row for its reasons."
    )
if not checked.empty:
    st.subheader(f"With a known {title_of(score)} ({len(checked)})")
    st.caption(
        "Published checkpoints are predicted without their own family, so their known scores are a check of "
        "the prediction."
    )
    picked += draw_table(ranking, checked, None, score, "checked")
if shown.empty:
    empty("No checkpoint fits these filters", "Loosen the filters above, or measure more checkpoints.")
if not apart.empty:
    st.subheader(f"Outside what the reference covers ({len(apart)})")
    st.caption(
        f"Predictions for these extrapolate beyond the {ranking.model.reference.title} of the reference, so "
        "they are not ranked among the others. Each row gives the reasons."
    )
    picked += draw_table(ranking, apart, None, score, "apart")

if len(picked) > MOST_CHOSEN:
    st.caption(f"{len(picked)} rows are selected; the first {MOST_CHOSEN} are shown.")
chosen = ranking.rows.loc[picked[:MOST_CHOSEN]]
if len(chosen):
    st.space("small")
    st.subheader("Side by side" if len(chosen) > 1 else chosen["name"].iloc[0])
    measures = [name for name in everything.measures if chosen[name].notna().any()]
    if len(chosen) > 1:
        st.markdown(difference(ranking.model, chosen, measures))
    side_by_side(everything, ranking, chosen, measures, score)

bring_others(store, everything, list(ranking.model.measures), "bring_shortlist")
absent = int(kept.sum()) - len(shown)
if absent:
    st.caption(
        f"{absent} more checkpoints here have none of these measures, so nothing is predicted for them."
    )
