"""Token gap: how far a model keeps a domain's tokens apart, and whether that says anything about accuracy."""

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cache import gaps
from cache.gaps import Panel
from cache.store import Store
from core.charts import gap as charts_gap
from core.token_sets import token_sets
from pages.parts.controls import control
from pages.parts.markdown import plain
from pages.parts.picture_downloads import chart_with_downloads
from pages.parts.token_gap_form import form

DISTANCES = {"cosine": "Cosine", "euclidean": "Euclidean"}
SHOWN = 2  # panels side by side at first
SOURCE = "Latent Shortlist: gaps measured on this machine and published ones"


def set_title(name: str) -> str:
    """A token set as people call it."""
    if name in token_sets():
        return token_sets()[name].title
    if name.startswith("random:"):
        return f"{name.removeprefix('random:')} random tokens"
    return name


def panel_title(panel: Panel) -> str:
    """Both sets, and where the numbers are from."""
    sets = f"{set_title(panel.domain)} against {set_title(panel.reference).lower()}"
    return f"{sets}, published ({panel.benchmark})" if panel.published else f"{sets}, measured here"


def numbers(panel: Panel, distance: str) -> None:
    """The parts as a table."""
    rows = panel.rows
    ranked = rows[f"{distance}_gap"].round(9).rank(ascending=False, method="min").astype(int)
    shown = pd.DataFrame(
        {
            "Rank": ranked,
            "Checkpoint": rows["name"],
            "Gap": rows[f"{distance}_gap"],
            "± (95 %)": rows[f"{distance}_se"] * 1.96,
            "Within domain": rows[f"{distance}_within_domain"],
            "Domain to reference": rows[f"{distance}_between"],
            "Within reference": rows[f"{distance}_within_reference"],
            panel.benchmark or "Score": rows["score"],
        }
    ).dropna(axis="columns", how="all")
    decimals = 2 if panel.published else 4
    st.dataframe(
        shown.sort_values("Rank"),
        hide_index=True,
        placeholder="–",
        height="content" if len(shown) < 12 else 400,
        column_config={
            "Rank": st.column_config.NumberColumn(width=50),
            "Checkpoint": st.column_config.TextColumn(pinned=True),
            "± (95 %)": st.column_config.NumberColumn(
                format="%.2g", help="1.96 standard errors from 1,000 resamplings of both sets of tokens"
            ),
            (panel.benchmark or "Score"): st.column_config.NumberColumn(format="percent"),
            **{
                name: st.column_config.NumberColumn(format=f"%.{decimals}f")
                for name in ("Gap", "Within domain", "Domain to reference", "Within reference")
            },
        },
        alt=f"Parts of the gap, {panel_title(panel)}",
    )


def words(panel: Panel) -> None:
    """Which tokens stand for the words, by tokenizer, and which words were left out and why."""
    if panel.published:
        st.markdown(
            "The paper does not list its tokens. It calls them digits and non-math tokens (Table 3), code "
            "and non-code tokens (Table 4)."
        )
        return
    groups: dict[str, list[str]] = {}
    for row in panel.rows.itertuples():
        key = str([row.details["domain_words"], row.details["reference_words"], row.details["skipped"]])
        groups.setdefault(key, []).append(row.name)
    chosen = st.selectbox(
        "Tokenizer of",
        list(groups),
        format_func=lambda key: ", ".join(groups[key][:3]) + (" and more" if groups[key][3:] else ""),
        key=f"tokenizer-{panel.id}",
    )
    details = next(row.details for row in panel.rows.itertuples() if row.name == groups[chosen][0])
    for key, title in (("domain", set_title(panel.domain)), ("reference", set_title(panel.reference))):
        used = [
            {"Word": word, "Token": " ".join(pieces), "Id": ", ".join(map(str, ids))}
            for word, pieces, ids in details[f"{key}_words"]
        ]
        left = [
            {"Word": entry["word"], "Left out because it": entry["reason"]}
            for entry in details["skipped"]
            if entry["set"] == key
        ]
        st.markdown(f"**{plain(title)}**: {len(used)} words used, {len(left)} left out")
        columns = st.columns(2)
        columns[0].dataframe(pd.DataFrame(used), hide_index=True, height=210, alt=f"Words used, {title}")
        if left:
            columns[1].dataframe(pd.DataFrame(left), hide_index=True, height=210, alt=f"Left out, {title}")
    if details["note"]:
        st.caption(plain(details["note"]))


def draw(store: Store, panel: Panel, distance: str) -> None:
    """One panel: bars, what they say, the numbers and the words."""
    st.subheader(plain(panel_title(panel)))
    rows = panel.rows
    if len(rows) > charts_gap.MOST:
        rows = rows.nlargest(charts_gap.MOST, f"{distance}_gap")
        st.caption(f"The {charts_gap.MOST} largest gaps of {len(panel.rows)}; the table holds all.")
    reading = gaps.reading(store, panel.id, distance)
    chart_with_downloads(
        charts_gap.bars(rows, distance, score=panel.benchmark),
        f"{panel_title(panel)}. {reading.verdict}",
        f"Token gap, {distance}, {panel.id}",
        source=SOURCE,
    )
    st.markdown(
        reading.verdict
        if panel.benchmark
        else "No accuracy is known for these checkpoints yet: import it on **Add**, *Scores and covariates*."
    )
    st.caption(plain(reading.leader))
    with st.expander("The numbers", icon=":material/table:", key=f"numbers-{panel.id}"):
        numbers(panel, distance)
        if panel.published:
            st.caption(f"Source: {panel.rows['source'].iloc[0]}.")
    with st.expander("Words used and left out", icon=":material/abc:", key=f"words-{panel.id}"):
        words(panel)


def gap_tab(store: Store, heading: DeltaGenerator) -> None:
    """Draw the tab; its finding goes into `heading`."""
    panels = gaps.panels(store)
    own = any(not panel.published for panel in panels)
    with st.expander(
        "Measure token gaps", icon=":material/play_arrow:", expanded=not own, key="measuring_gaps"
    ):
        form(store)
    ids = [panel.id for panel in panels]
    by_id = {panel.id: panel for panel in panels}
    default = ids[:SHOWN]
    if st.session_state.get("sets") == st.session_state.get("first sets") != default:
        st.session_state["sets"] = default  # nobody chose, and there is something newer to show
    st.session_state["first sets"] = default
    left, right = st.columns([4, 1.3], vertical_alignment="bottom")
    chosen = control(
        left.multiselect,
        "Token sets, side by side",
        "sets",
        default,
        ids,
        format_func=lambda name: panel_title(by_id[name]),
        placeholder="Choose what to compare",
    )
    distance = control(
        right.segmented_control,
        "Distance",
        "distance",
        "cosine",
        list(DISTANCES),
        format_func=DISTANCES.__getitem__,
        required=True,
    )

    with heading:
        st.title(plain(gaps.reading(store, chosen[0], distance).heading) if chosen else "Token gap")
        st.markdown(
            "The gap is the mean distance among a domain's tokens plus their mean distance to everyday "
            "tokens, in the rows of the model's output embedding. No text is read and no model is run; a few "
            "hundred rows of one matrix are enough."
        )
    if not chosen:
        st.info("Choose a token set above, or measure one below.", icon=":material/arrow_upward:")
    for start in range(0, len(chosen), 2):
        pair = chosen[start : start + 2]
        for column, name in zip(
            st.columns(2, gap="large") if len(chosen) > 1 else [st.container()], pair, strict=False
        ):
            with column:
                draw(store, by_id[name], distance)

    if (claim := gaps.claim(store)) and any(by_id[name].published for name in chosen):
        with st.container(border=True):
            st.markdown(f":material/fact_check: **Does the paper's claim follow from its tables?** {claim}")
            st.caption(
                "Source: arXiv 2506.24106, Section 3.2 and Tables 3 and 4. What this does not show: how the "
                "gap fares with other token sets, and whether a larger gap makes a model better."
            )
