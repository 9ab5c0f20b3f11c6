"""What more than one page shows of a checkpoint: facts, measures with their place, its scores."""

import pandas as pd
import streamlit as st

from cache.store import Store
from core.charts.palette import ORIGINS, family_colours
from core.charts.strips import strips
from core.evidence.correlations import evidence
from core.formatting import capital, percent, short_number
from core.measures import MEASURES
from core.measures.titles import title_of
from core.overview import Overview, formed, percentile
from core.prediction import Predictions
from core.prediction.ranking import widest
from core.wording import applicability
from core.wording.correlations import LEVELS, interval, sentences
from pages.parts.common import table

BADGES = {"fair": "green", "weak": "orange", "missed": "red", "outside": "gray"}
ICONS = {
    "fair": ":material/check:",
    "weak": ":material/question_mark:",
    "missed": ":material/close:",
    "outside": ":material/open_in_new_off:",
}


def facts_line(row: pd.Series) -> str:
    """Family, size and shape of a checkpoint in one line."""
    said = [str(row["family"])]
    if pd.notna(row["parameters"]):
        said.append(f"{short_number(float(row['parameters']))} parameters")
    if pd.notna(row["layers"]):
        said.append(f"{row['layers']:.0f} layers")
    if pd.notna(row["width"]):
        said.append(f"width {row['width']:.0f}")
    if pd.notna(row["alpha"]):
        said.append(f"{percent(row['alpha'], 'g')} noise")
    return " · ".join(said)


def text_line(row: pd.Series) -> str:
    """Which text the measures come from, and how many sequences and vectors."""
    said = [ORIGINS.get(row["origin"], row["origin"])]
    if isinstance(row["corpus"], str) and row["corpus"]:
        said.append(row["corpus"])
    if pd.notna(row["sequences"]):
        said.append(f"{row['sequences']:,.0f} sequences")
    if pd.notna(row.get("n")):
        said.append(f"{row['n']:,.0f} vectors")
    if pd.notna(row.get("layer")):
        said.append(f"layer {row['layer']:.0f}")
    return " · ".join(said)


def measures_table(overview: Overview, row: pd.Series, measures: list[str]) -> None:
    """Each measure of a checkpoint with its uncertainty and its percentile in the published reference."""
    reference = overview.rows[overview.rows["origin"] == "published"]
    held = [name for name in measures if pd.notna(row[name])]
    frame = pd.DataFrame(
        {
            "Measure": [MEASURES[name].title for name in held],
            "Value": [f"{row[name]:.4g}" for name in held],
            "±": [_spread(overview, row, name) for name in held],
            "Percentile": [
                100 * place if pd.notna(place := percentile(reference[name], row[name])) else None
                for name in held
            ],
            "Other text": [overview.texts.loc[row.name, name] for name in held],
            "Meaning": [MEASURES[name].explanation for name in held],
        }
    ).dropna(axis="columns", how="all")
    st.dataframe(
        frame,
        hide_index=True,
        placeholder="–",
        height=min(35 * (len(held) + 1) + 3, 360),
        column_config={
            "±": st.column_config.TextColumn(
                help="Standard deviation between text samples or quantizer seeds, or standard error from the "
                "pairs drawn; published values state none",
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
        return "none known"
    over = overview.over.loc[row.name, name] if name in overview.over else ""
    return f"{error:.2g} ({over})" if over else f"{error:.2g}"


def scores_table(store: Store, row: pd.Series) -> None:
    """The known scores of a checkpoint, and how each average was formed."""
    known = formed(table(store, "scores"), str(row.name), row["name"])
    if known.empty:
        st.caption("No score of this checkpoint is known.")
        return
    known = known.assign(task=[title_of(task) for task in known["task"]])
    st.dataframe(
        known,
        hide_index=True,
        placeholder="–",
        height=min(35 * (len(known) + 1) + 3, 360),
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


@st.dialog("How far to trust this row", width="large")
def reasons(store: Store, overview: Overview, ranking: Predictions, row: pd.Series, score: str) -> None:
    """The reasons behind a row's evidence badge, its measures and its scores."""
    trusted = ranking.trusts[str(row.name)]
    st.markdown(f"### {row['name']}")
    st.caption(f"{facts_line(row)}  \n{text_line(row)}")
    st.badge(capital(trusted.level), icon=ICONS[trusted.level], color=BADGES[trusted.level])
    said = [applicability.sentence(reason) for reason in trusted.reasons]
    reference = overview.rows[overview.rows["origin"] == "published"]
    for name in ranking.model.measures:
        known = evidence(reference, name, score)
        said.append(
            f"**{MEASURES[name].title}** and {title_of(score)}, published checkpoints: "
            f"{LEVELS[known.level]}; {interval(known.pooled)}. {sentences(known.reasons)}"
        )
    st.markdown("\n".join(f"- {reason}" for reason in said))
    if isinstance(row["note"], str) and row["note"]:
        st.caption(row["note"])
    measures_table(overview, row, overview.measures)
    scores_table(store, row)
    st.caption(f"Source: {row['source']}" if isinstance(row["source"], str) else "")


def side_by_side(
    overview: Overview, ranking: Predictions, chosen: pd.DataFrame, measures: list[str], score: str
) -> None:
    """The chosen checkpoints in columns, and below them where each measure stands within the reference."""
    for column, (_, row) in zip(st.columns(max(len(chosen), 2)), chosen.iterrows(), strict=False):
        with column.container(border=True, height="stretch", gap="xsmall"):
            st.markdown(f"**{row['name']}**")
            st.caption(f"{facts_line(row)}  \n{text_line(row)}")
            told = f"{row['predicted']:.2f}" if pd.notna(row["predicted"]) else "–"
            st.metric(f"Predicted {title_of(score)}", told)
            said = ["no interval"]
            if pd.notna(row["low"]):
                said = [f"{percent(ranking.model.level)} interval {row['low']:.2f} to {row['high']:.2f}"]
            if pd.notna(row["actual"]):
                said.append(f"known {row['actual']:.2f}")
            st.markdown(" · ".join(said))
            level = row["trust"]
            st.badge(capital(level), icon=ICONS[level], color=BADGES[level])
            if not row["in_range"]:
                st.caption(applicability.sentences(row["reasons"]))
    title, reference = ranking.model.reference.title, ranking.model.reference.rows
    shown = [name for name in measures if reference[name].notna().any()]
    if not shown:
        return
    model = set(ranking.model.measures)
    shown = [name for name in shown if name in model] + [name for name in shown if name not in model]
    apart = widest(ranking.model, chosen, shown) if len(chosen) > 1 else None
    st.altair_chart(
        strips(
            reference,
            chosen,
            shown,
            colours=family_colours(overview.rows["family"]),
            title=(
                f"They lie farthest apart in {title_of(apart)}"
                if apart
                else f"Where {chosen['name'].iloc[0]} stands among the {title}"
                if len(chosen) == 1
                else "They share no measure with each other"
            ),
            subtitle=f"Grey: the {len(reference)} {title} of the reference. No mark: not known.",
        ),
        alt="The chosen checkpoints within the reference, measure by measure",
    )
