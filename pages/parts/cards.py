"""What more than one page shows of a checkpoint: facts, measures with their place, its scores."""

import pandas as pd
import streamlit as st

from cache.relations import among_published
from cache.store import Store
from cache.tables import whole
from core.charts.palette import ORIGINS
from core.formatting import capital, percent, short_number
from core.measures import MEASURES
from core.measures.titles import title_of
from core.overview import Overview, formed
from core.prediction import Predictions
from core.statistics.percentiles import percentile
from core.wording import applicability
from core.wording.correlations import LEVELS, interval, sentences
from pages.parts.markdown import plain

BADGES = {"fair": "green", "weak": "orange", "missed": "red", "outside": "gray"}
ICONS = {
    "fair": ":material/check:",
    "weak": ":material/question_mark:",
    "missed": ":material/close:",
    "outside": ":material/open_in_new_off:",
}


def facts_line(row: pd.Series) -> str:
    """Family, size and shape of a checkpoint in one line."""
    facts = [str(row["family"])]
    if pd.notna(row["parameters"]):
        facts.append(f"{short_number(float(row['parameters']))} parameters")
    if pd.notna(row["layers"]):
        facts.append(f"{row['layers']:.0f} layers")
    if pd.notna(row["width"]):
        facts.append(f"width {row['width']:.0f}")
    if pd.notna(row["alpha"]):
        facts.append(f"{percent(row['alpha'], 'g')} noise")
    return " · ".join(facts)


def text_line(row: pd.Series) -> str:
    """Which text the measures come from, and how many sequences and vectors."""
    facts = [ORIGINS.get(row["origin"], row["origin"])]
    if isinstance(row["corpus"], str) and row["corpus"]:
        facts.append(row["corpus"])
    if pd.notna(row["sequences"]):
        facts.append(f"{row['sequences']:,.0f} sequences")
    if pd.notna(row.get("n")):
        facts.append(f"{row['n']:,.0f} vectors")
    if pd.notna(row.get("layer")):
        facts.append(f"layer {row['layer']:.0f}")
    return " · ".join(facts)


def heading(row: pd.Series, level: str = "") -> None:
    """Name, facts and text of a checkpoint; level: of Markdown headings, else the name is bold."""
    name = plain(row["name"])
    st.markdown(f"{level} {name}" if level else f"**{name}**")
    st.caption(f"{plain(facts_line(row))}  \n{plain(text_line(row))}")


def card(store: Store, overview: Overview, row: pd.Series) -> None:
    """Everything known of one checkpoint."""
    heading(row, "###")
    if isinstance(row["note"], str) and row["note"]:
        st.markdown(plain(row["note"]))
    measures_table(overview, row, overview.measures)
    scores_table(store, row)
    if isinstance(row["source"], str):
        st.caption(f"Source: {plain(row['source'])}")


def measures_table(overview: Overview, row: pd.Series, measures: list[str]) -> None:
    """Each measure of a checkpoint with its uncertainty and its percentile in the published reference."""
    reference = overview.rows[overview.rows["origin"] == "published"]
    names = [name for name in measures if pd.notna(row[name])]
    frame = pd.DataFrame(
        {
            "Measure": [MEASURES[name].title for name in names],
            "Value": [f"{row[name]:.4g}" for name in names],
            "±": [_spread(overview, row, name) for name in names],
            "Percentile": [
                100 * place if pd.notna(place := percentile(reference[name], row[name])) else None
                for name in names
            ],
            "Other text": [overview.texts.loc[row.name, name] for name in names],
            "Meaning": [MEASURES[name].explanation for name in names],
        }
    ).dropna(axis="columns", how="all")
    st.dataframe(
        frame,
        hide_index=True,
        placeholder="–",
        height=min(35 * (len(names) + 1) + 3, 360),
        column_config={
            "±": st.column_config.TextColumn(
                help="Standard deviation between text samples or quantizer seeds, or standard error from the "
                "pairs drawn. Published values state none; for one of your own, measure it on Add with "
                "several repeats or quantizer seeds.",
                width=150,
            ),
            "Percentile": st.column_config.ProgressColumn(
                format="%d", min_value=0, max_value=100, width=110, help="Among the published checkpoints"
            ),
            "Value": st.column_config.TextColumn(width=75, alignment="right"),
            "Other text": st.column_config.TextColumn(
                width=200, help="Measured on another text, size or layer than the line above says"
            ),
        },
        alt=f"Measures of {row['name']}",
    )


def _spread(overview: Overview, row: pd.Series, name: str) -> str:
    """The uncertainty of a value and what it is the spread of."""
    error = overview.errors.loc[row.name, name]
    if pd.isna(error):
        return "not published" if row["origin"] == "published" else "one sample"
    over = overview.over.loc[row.name, name] if name in overview.over else ""
    return f"{error:.2g} ({over})" if over else f"{error:.2g}"


def scores_table(store: Store, row: pd.Series) -> None:
    """The known scores of a checkpoint, and how each average was formed."""
    scores = formed(whole(store, "scores"), str(row.name), row["name"])
    if scores.empty:
        st.caption("No score of this checkpoint is known.")
        return
    scores = scores.assign(task=[title_of(task) for task in scores["task"]])
    st.dataframe(
        scores,
        hide_index=True,
        placeholder="–",
        height=min(35 * (len(scores) + 1) + 3, 360),
        column_order=["task", "value", "metric", "split", "formed", "source"],
        column_config={
            "task": st.column_config.TextColumn("Score", width=190),
            "value": st.column_config.NumberColumn("Value", format="%.3f", width=65),
            "metric": "Metric",
            "split": st.column_config.TextColumn("Split", width=55),
            "formed": st.column_config.TextColumn("How it was formed", width=280),
            "source": "Source",
        },
        alt=f"Known scores of {row['name']}",
    )


def reasons_closed() -> None:
    """The dialog of reasons was closed: the address no longer names its row."""
    st.session_state["why"] = ""


@st.dialog("How far to trust this row", width="large", on_dismiss=reasons_closed)
def reasons(store: Store, overview: Overview, predictions: Predictions, row: pd.Series) -> None:
    """The reasons behind a row's evidence badge, its measures and its scores."""
    trust, score = predictions.trusts[str(row.name)], predictions.model.score
    heading(row, "###")
    st.badge(capital(trust.level), icon=ICONS[trust.level], color=BADGES[trust.level])
    lines = [plain(applicability.sentence(reason)) for reason in trust.reasons]
    for name in [name for name in predictions.model.measures if name in MEASURES]:
        evidence = among_published(store, name, score)
        lines.append(
            f"**{MEASURES[name].title}** and {plain(title_of(score))}, published checkpoints: "
            f"{LEVELS[evidence.level]}; {interval(evidence.pooled)}. {sentences(evidence.reasons)}"
        )
    st.markdown("\n".join(f"- {line}" for line in lines))
    if isinstance(row["note"], str) and row["note"]:
        st.caption(plain(row["note"]))
    measures_table(overview, row, overview.measures)
    scores_table(store, row)
    st.caption(f"Source: {plain(row['source'])}" if isinstance(row["source"], str) else "")
