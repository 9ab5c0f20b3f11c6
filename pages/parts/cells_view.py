"""Quantized cells: what patchiness sees, two checkpoints side by side; growth with n; the number of bins."""

from typing import Any

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cache import cells
from cache.samples import title as text_name
from cache.store import Store
from core.cells import example
from core.cells.curves import Curves
from core.charts import cells as charts_cells
from core.charts.palette import PALETTE
from core.measures import MEASURES
from core.measures.titles import title_of
from core.wording import cells as wording
from pages.parts.cells_form import ask_for_cells, ask_for_growth, ask_for_sweep, ask_for_the_same_size
from pages.parts.cloud_pictures import draw_clouds, draw_one
from pages.parts.controls import control
from pages.parts.markdown import plain
from pages.parts.picture_downloads import chart_with_downloads

QUANTIZERS = {"lsq": "Additive (LSQ)", "pq": "Product (PQ)"}
SOURCE = "Latent Shortlist: checkpoints and vectors quantized on this machine"
SENTENCES = {"occupancy": wording.occupancy, "nearest": wording.nearest, "errors": wording.errors}


def label(row: pd.Series) -> str:
    """A quantized cloud as people call it."""
    text = f" of {text_name(row['corpus'])}" if isinstance(row["corpus"], str) else ""
    seed = f", text sample {row['text_seed']}" if row["text_seed"] else ""
    return f"{row['name']}: {row['curves'].n:,} vectors{text}{seed}"


def usual_pair(by_id: dict[str, pd.Series], ids: list[str]) -> tuple[str, str | None]:
    """The first two checkpoints that compare: one text, one number of vectors; else the first alone."""

    def made_of(name: str) -> tuple:
        return *by_id[name][["corpus", "sequences"]], by_id[name]["curves"].n

    for a in ids:
        for b in ids:
            if by_id[a]["subject"] != by_id[b]["subject"] and made_of(a) == made_of(b):
                return a, b
    return ids[0], None


def choose(rows: pd.DataFrame) -> tuple[str, list[pd.Series]]:
    """The quantizer, and one or two of the clouds that it quantized."""
    left, right, which = st.columns([3, 3, 2], vertical_alignment="bottom")
    drawn = [name for name in QUANTIZERS if name in set(rows["quantizer"])]
    if st.session_state.get("quantizer") not in drawn:
        st.session_state["quantizer"] = drawn[0]
    quantizer = control(
        which.segmented_control,
        "Quantizer",
        "quantizer",
        "lsq",
        drawn,
        format_func=QUANTIZERS.__getitem__,
        required=True,
        help="LSQ adds up centroids in all dimensions; PQ cuts the dimensions into parts, one codebook each.",
    )
    rows = rows[rows["quantizer"] == quantizer]
    by_id = {row["id"]: row for _, row in rows.iterrows()}
    newest = list(by_id)[::-1]
    ids = sorted(newest, key=lambda i: by_id[i]["at"] is not None)  # whole clouds first
    first, second = usual_pair(by_id, ids)
    look: dict[str, Any] = {"format_func": lambda i: label(by_id[i])}
    a = control(left.selectbox, "Checkpoint", "a", first, ids, **look)
    b = control(right.selectbox, "Beside it", "b", second, ids, index=None, placeholder="Nothing", **look)
    return quantizer, [by_id[i] for i in dict.fromkeys((a, b)) if i in by_id]


def by_name(chosen: list[pd.Series]) -> dict[str, pd.Series]:
    """What to call each of the chosen clouds."""
    names = [row["name"] for row in chosen]
    if len(set(names)) < len(names):
        names = [label(row) for row in chosen]
    return dict(zip(names, chosen, strict=True))


def draw_pictures(named: dict[str, Curves]) -> None:
    """Three pictures, each with what it says."""
    for picture, title in charts_cells.PICTURES.items():
        with st.container(border=True):
            st.subheader(title)
            span = charts_cells.limits(picture, list(named.values()))
            ends = [c.edges[-1] for c in named.values()]
            x_span = (0.0, max(ends) if picture == "errors" else 1.0)
            sentence = SENTENCES[picture](named)
            for index, (column, name) in enumerate(zip(st.columns(len(named)), named, strict=True)):
                column.markdown(f"**{plain(name)}**")
                if picture == "errors":
                    span = charts_cells.limits(picture, [named[name]])
                with column:
                    chart_with_downloads(
                        charts_cells.picture(picture, named[name], PALETTE[index], span=span, x_span=x_span),
                        f"{title} of {name}. {sentence}",
                        f"{title} of {name}",
                        source=SOURCE,
                    )
            st.markdown(plain(sentence))


def cell_value(spread: pd.DataFrame, name: str) -> str:
    """A measure of one cloud with its standard deviation between quantizer seeds, as the table shows it."""
    if name not in spread.index:
        return "–"
    mean, std, seeds = spread.loc[name, ["mean", "std", "size"]]
    return f"{mean:.4g} ± {std:.2g} ({seeds:.0f} seeds)" if seeds > 1 else f"{mean:.4g} (one seed)"


def draw_measures(store: Store, chosen: list[pd.Series], quantizer: str) -> None:
    """The nine measures of the chosen clouds, with the spread between quantizer seeds."""
    measures = [name for name in MEASURES if name.startswith(f"{quantizer}_")]
    frame = pd.DataFrame({"Measure": [title_of(name) for name in measures]})
    for row in chosen:
        spread = cells.spread(store, row["cloud"], row["curves"].n)
        frame[label(row)] = [cell_value(spread, name) for name in measures]
    frame["What it says"] = [MEASURES[name].explanation for name in measures]
    st.dataframe(frame, hide_index=True, height="content", alt="Cell measures of what is chosen")


def draw_growth(store: Store, quantizer: str, first: list[str]) -> None:
    """How a measure changes with the number of vectors; the names drawn above first, in their colours."""
    measure = measure_choice(quantizer, "growth_measure")
    rows = cells.growth(store, measure)
    if rows.empty:
        st.caption("No checkpoint has been measured at several numbers of vectors yet.")
        return
    place = rows["name"].map({name: i for i, name in enumerate(dict.fromkeys(first))}).fillna(len(first))
    rows = rows.assign(place=place).sort_values("place", kind="stable")
    shown = rows[rows["name"].isin(list(dict.fromkeys(rows["name"]))[: len(PALETTE)])]
    sentence = wording.growth(shown, measure)
    name = f"{title_of(measure)} over the number of vectors"
    chart_with_downloads(charts_cells.growth(shown, measure), sentence, name, source=SOURCE)
    st.markdown(plain(sentence))


def draw_bins(store: Store, quantizer: str) -> None:
    """Ranks of checkpoints over k and over M."""
    measure = measure_choice(quantizer, "bins_measure")
    ordered, agreement = cells.orders(store, measure)
    sentence = wording.bins(agreement, measure)
    if ordered["subject"].nunique() >= 2:
        lines = {}
        for along, other in (("k", "M"), ("M", "k")):
            at = cells.USUAL[other] if cells.USUAL[other] in set(ordered[other]) else ordered[other].iloc[0]
            line = ordered[ordered[other] == at]
            if line[along].nunique() > 1:
                lines[along] = f"**Over {along}, at {other} = {at}**", line
        for column, along in zip(st.columns(max(len(lines), 1)), lines, strict=False):
            title, line = lines[along]
            column.markdown(title)
            with column:
                name = f"Order by {title_of(measure)} over {along}"
                chart_with_downloads(charts_cells.bump(line, along, measure), sentence, name, source=SOURCE)
    st.markdown(plain(sentence))
    if agreement.empty:
        return
    st.caption(
        f"{ordered['name'].nunique()} checkpoints at {ordered['n'].iloc[0]:,} vectors of one text; those "
        "measured at another number of vectors are left out."
    )
    with st.expander("Agreement with the default sizes", icon=":material/table:"):
        st.dataframe(
            agreement,
            hide_index=True,
            placeholder="–",
            column_config={
                "n": "Vectors",
                "checkpoints": "Checkpoints",
                "spearman": st.column_config.NumberColumn("Spearman", format="%+.2f"),
            },
            alt="Spearman correlation with the order at M = 4, k = 256",
        )


def measure_choice(quantizer: str, key: str) -> str:
    """One of the nine measures of a quantizer."""
    suffixes = [name.removeprefix("lsq_") for name in MEASURES if name.startswith("lsq_")]
    suffix = control(
        st.selectbox,
        "Measure",
        key,
        suffixes[0],
        suffixes,
        format_func=lambda suffix: title_of(f"{quantizer}_{suffix}"),
        width=320,
    )
    return f"{quantizer}_{suffix}"


def draw_example() -> None:
    """A quantized checkpoint that comes with the program, for a store that holds none."""
    one = cells.example()
    if one is None:
        return
    st.space("small")
    st.subheader(f"An example: {example.NAME}")
    st.caption(f"{wording.EXAMPLE} Text: {example.TEXT}.")
    source = f"Latent Shortlist: {example.NAME} on {example.TEXT}"
    with st.container(border=True):
        draw_one(example.NAME, one.picture, 0, source)
        st.caption(wording.PICTURE)
    draw_pictures({example.NAME: one.curves})


def cells_tab(store: Store, heading: DeltaGenerator) -> None:
    """Draw the tab; its finding goes into `heading`."""
    drawn = cells.drawn(store)
    if drawn.empty:
        with heading:
            st.title("Quantized cells")
            st.markdown(
                "Patchiness and its relatives divide a cloud of vectors into the cells of a quantizer and "
                "ask how evenly they are filled. This page shows what they see: how full the cells are, how "
                "far apart their centres lie, and how large the errors. Nothing "
                "has been quantized in this store yet."
            )
        ask_for_cells(store, empty=True)
        draw_example()
        return

    quantizer, chosen = choose(drawn)
    with heading:
        st.title(wording.heading({plain(row["name"]): row["curves"] for row in chosen}))
        st.markdown(
            "A quantizer replaces each vector by a few centroids; a cell is the set of vectors that share "
            f"one. Here {QUANTIZERS[quantizer]} with 4 codebooks of 256 centroids, trained on the very "
            "vectors shown."
        )
    ask_for_the_same_size(store, chosen)
    named = by_name(chosen)
    draw_clouds(store, named, quantizer)
    draw_pictures({name: row["curves"] for name, row in named.items()})
    with st.expander("The nine measures", icon=":material/table:", key="measures_open"):
        draw_measures(store, chosen, quantizer)

    st.space("small")
    st.subheader("How it grows with the number of vectors")
    draw_growth(store, quantizer, [row["name"] for row in chosen])
    ask_for_growth(store, chosen)

    st.space("small")
    st.subheader("Does the number of cells matter?")
    draw_bins(store, quantizer)
    ask_for_sweep(store, quantizer)

    st.space("small")
    st.subheader("Measure more")
    ask_for_cells(store, empty=False)
    st.caption(
        "What this page does not show: whether any of it predicts a score (Explore and Shortlist do), and "
        "how the pictures change from one quantizer seed to the next; they are of the lowest seed. The "
        "published tables were made on 5,000 sequences of PTB + WikiText-2, all tokens of the last layer: "
        "values compare with them only where measured by the same protocol. "
        "Sources: arXiv 2406.12159, Section 3.3.2."
    )
