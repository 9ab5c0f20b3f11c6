"""The table of Shortlist where candidates are ranked by a single measure."""

import pandas as pd
import streamlit as st

from core.charts.palette import ORIGINS
from core.formatting import short_number
from core.measures import MEASURES
from core.measures.titles import title_of
from core.prediction.shortlist import Shortlist
from core.wording.ranking import rank_range, tied_rank
from pages.parts.ranked_table import MOST_SHOWN


def draw(shortlist: Shortlist, rows: pd.DataFrame, errors: pd.DataFrame, score: str, key: str) -> None:
    """Draw candidates, or those with a known score, by the measure.

    Arguments:
        rows: a part of the shortlist; errors: standard errors of measures, index: subject.
    """
    measure = MEASURES[shortlist.by]
    sizes = rows.groupby("tie")["name"].transform("size")
    ties = zip(range(1, len(rows) + 1), rows["tie"], sizes, strict=True)
    known = errors[measure.name].reindex(rows.index) if measure.name in errors else None
    frame = pd.DataFrame(
        {
            "rank": [tied_rank(place, tie, size) for place, tie, size in ties],
            "name": rows["name"],
            "value": rows["by"],
            "error": known,
            "within": [rank_range(*pair) for pair in zip(rows["rank_low"], rows["rank_high"], strict=True)],
            "chance": (100 * rows["chance"]).round(),
            "actual": rows["actual"],
            "family": rows["family"],
            "parameters": [short_number(float(v)) if pd.notna(v) else "–" for v in rows["parameters"]],
            "corpus": rows["corpus"],
            "origin": rows["origin"].map(ORIGINS),
        },
        index=rows.index,
    )
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    columns = {
        "rank": text(
            "#", width=45, pinned=True, help="The same number: not separable by their standard errors"
        ),
        "name": text("Checkpoint", width=225, pinned=True),
        "value": number(measure.title, format="%.4g", width=110, help=measure.explanation),
        "error": number("±", format="%.2g", width=70, help="Standard error, or spread between samples"),
        "within": text("Rank, 90 %", width=85, help="The rank within the standard error of the measure"),
        "chance": st.column_config.ProgressColumn(
            f"Among best {shortlist.best}" if shortlist.best > 1 else "The best",
            format="%d %%",
            min_value=0,
            max_value=100,
            width=115,
            help="By this measure, within its standard error; not the chance of the best scores",
        ),
        "actual": number("Known", format="%.2f", width=65, help=f"Known {title_of(score)}"),
        "family": text("Family", width=105),
        "parameters": text("Size", width=60, alignment="right", help="Parameters"),
        "corpus": text("Text", width=120),
        "origin": text("Origin", width=100),
    }
    shown = [name for name in columns if frame[name].notna().any() and not (frame[name] == "").all()]
    st.dataframe(
        frame,
        column_order=shown,
        column_config={name: columns[name] for name in shown},
        hide_index=True,
        row_height=34,
        height=480 if len(rows) > MOST_SHOWN else "content",
        placeholder="–",
        key=key,
        alt=f"Checkpoints ranked by {measure.title}",
    )
