"""Checkpoints that are compared: selected in any table, kept until taken out, named in the address.

A table selects by itself, so whatever changes the comparison elsewhere gives all tables a new key
(`version`), under which they begin with it.
"""

import pandas as pd
import streamlit as st

from cache.store import Store
from core.charts.palette import family_colours
from core.charts.strips import strips
from core.formatting import capital, percent
from core.measures.titles import title_of
from core.overview import Overview
from core.prediction import Predictions
from core.prediction.by_measure import rankable
from core.wording import applicability, ranking
from pages.parts.cards import BADGES, ICONS, facts_line, text_line
from pages.parts.controls import from_address
from pages.parts.markdown import plain
from pages.parts.marks_form import marks_form
from pages.parts.picture_downloads import chart_with_downloads

MOST = 4
FEW = 4  # measures drawn at first


def begin(subjects: pd.Index) -> None:
    """Read the comparison from the address, before any table is drawn. subjects: those of the store."""
    before = list(st.session_state.get("compared", []))
    asked = from_address("compared", [])
    st.session_state["compared unknown"] = [name for name in asked if name not in subjects]
    st.session_state["compared"] = [name for name in asked if name in subjects]
    if asked != before:
        renew()


def subjects() -> list[str]:
    """The compared checkpoints, in the order of selection."""
    return st.session_state.get("compared", [])


def version() -> int:
    """What the keys of tables end with."""
    return st.session_state.get("compare version", 0)


def renew() -> None:
    """Let every table begin anew with the comparison as it is."""
    st.session_state["compare version"] = version() + 1


def selection(rows: pd.Index) -> dict:
    """What is selected in a table of these rows at first."""
    return {"selection": {"rows": [place for place, row in enumerate(rows) if row in subjects()]}}


def follow(kind: str, rows: pd.Index, selected: list[int]) -> None:
    """Take over what is selected in a table; kind: of the table, above which the panel is to open."""
    chosen = [str(rows[place]) for place in selected]
    here = set(map(str, rows))
    kept = [subject for subject in subjects() if subject not in here or subject in chosen]
    now = [*kept, *(subject for subject in chosen if subject not in kept)]
    if now != subjects():
        st.session_state["compared in"] = kind
        st.session_state["compared"] = now


def end() -> None:
    """Write what the panel shows to the address, after all tables were drawn."""
    if subjects():
        st.query_params["compared"] = subjects()[:MOST]
    else:
        st.query_params.pop("compared", None)
    st.session_state["compared in the address"] = subjects()[:MOST]


def choose(chosen: list[str]) -> None:
    """Compare these: the callback of widgets other than tables."""
    st.session_state["compared"] = chosen
    renew()


def take_out(subject: str | None) -> None:
    """Take one out, or all (None): the callback of buttons, and of nothing that draws."""
    choose([one for one in subjects() if subject and one != subject])


def place(kinds: dict[str, pd.Index]) -> str | None:
    """Above which table the panel opens: the one of the last click, else the one with the first compared.

    kinds: the rows of every table that is drawn.
    """
    if st.session_state.get("compared in") in kinds:
        return st.session_state["compared in"]
    return next(
        (kind for kind, rows in kinds.items() if any(subject in rows for subject in subjects())),
        next(iter(kinds), None),
    )


def panel(store: Store, overview: Overview, rows: pd.DataFrame, predictions: Predictions | None) -> None:
    """The compared checkpoints side by side.

    rows: of the store with the columns of predictions, empty where there are none.
    """
    if unknown := st.session_state.get("compared unknown"):
        st.caption(f"Of this link's comparison, {len(unknown)} are not in this store.")
    names = [subject for subject in subjects() if subject in rows.index]
    if not names:
        return
    chosen = rows.loc[names[:MOST]]
    if len(chosen) == 1:
        _one(store, chosen.iloc[0], predictions)
        return
    with st.container(border=True, key="comparison"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown("**Side by side** · stays while you filter and rank otherwise, and is in the link")
            st.button(
                "Clear",
                key="compare_clear",
                type="tertiary",
                icon=":material/close:",
                on_click=take_out,
                args=(None,),
            )
        if len(names) > MOST:
            st.caption(f"{len(names)} are selected; the first {MOST} are shown.")
        left, right = st.columns([2, 3], gap="medium")  # beside each other, so that the table stays in view
        with left:
            for _, row in chosen.iterrows():
                _card(store, overview, row, predictions)
        with right:
            _strips(overview, chosen, predictions)


def _one(store: Store, row: pd.Series, predictions: Predictions | None) -> None:
    """One line while a single checkpoint is selected, so that the table hardly moves."""
    known = ""
    if predictions is not None and pd.notna(row["predicted"]):
        known = f" · predicted {plain(title_of(predictions.model.score))} {row['predicted']:.2f}"
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="comparison_one"):
        st.markdown(f"**{plain(row['name'])}**{plain(known)} · select another to compare", width="content")
        marks_form(store, str(row.name), "compare")
        _out(row)


def _out(row: pd.Series) -> None:
    """The button that takes a checkpoint out of the comparison."""
    st.button(
        "",
        key=f"compare_out-{row.name}",
        icon=":material/close:",
        help=f"Take {plain(row['name'])} out of the comparison",
        on_click=take_out,
        args=(str(row.name),),
    )


def _card(store: Store, overview: Overview, row: pd.Series, predictions: Predictions | None) -> None:
    """The name with its evidence, what is predicted and known, the text, the marks: a line each."""
    facts, badge = [], ""
    if predictions is not None:
        level, score = percent(predictions.model.level), title_of(predictions.model.score)
        if pd.notna(row["predicted"]):
            facts.append(f"Predicted {plain(score)} **{row['predicted']:.2f}**")
        interval = f"{row['low']:.2f} to {row['high']:.2f}" if pd.notna(row["low"]) else "none"
        facts.append(f"{level} interval {interval}")
        badge = f" :{BADGES[row['trust']]}-badge[{ICONS[row['trust']]} {capital(row['trust'])}]"
    else:
        known = [name for name in rankable(overview.measures) if pd.notna(row[name])][:2]
        facts += [f"{plain(title_of(name))} {row[name]:.4g}" for name in known]
    if pd.notna(row["actual"]):
        facts.append(f"known {row['actual']:.2f}")
    apart = predictions is not None and not row["in_range"]
    with st.container(gap="xsmall"):
        st.markdown(
            f"**{plain(row['name'])}**{badge}  \n{' · '.join(facts)}",
            help=plain(facts_line(row))
            + (f"\n\n{plain(applicability.sentences(row['reasons']))}" if apart else ""),
        )
        st.caption(plain(text_line(row)))
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            marks_form(store, str(row.name), "compare")
            _out(row)


def _strips(overview: Overview, chosen: pd.DataFrame, predictions: Predictions | None) -> None:
    """Where each measure of the chosen stands within the reference, and what sets them apart."""
    if predictions is not None:
        reference, title = predictions.model.reference.rows, predictions.model.reference.title
        first: tuple[str, ...] = tuple(predictions.model.measures)
    else:
        rows = overview.rows
        reference, title, first = rows[rows["origin"] == "published"], "published checkpoints", ()
    measures = [
        name
        for name in overview.measures
        if chosen[name].notna().any() and name in reference and reference[name].notna().any()
    ]
    if len(chosen) > 1 and predictions is not None:
        shared = [name for name in overview.measures if chosen[name].notna().any()]
        st.markdown(plain(ranking.difference(predictions.model, chosen, shared)))
    if not measures:
        return
    measures.sort(key=lambda name: name not in first)  # the predictor's own first
    stand = (
        ranking.side_by_side(predictions.model, chosen, measures)
        if predictions is not None
        else f"Where {' · '.join(chosen['name'])} stand among the {title}"
    )
    if len(measures) > FEW and not st.toggle(f"All {len(measures)} measures", key="compare_all"):
        measures = measures[:FEW]
    chart_with_downloads(
        strips(
            reference,
            chosen,
            measures,
            colours=family_colours(overview.rows["family"]),
            title=stand,
            subtitle=f"Grey: the {len(reference)} {title} of the reference. No mark: not known.",
        ),
        stand,
        f"Measures of {', '.join(chosen['name'])}",
    )
