"""The tables of Trust, "Predictions": checkpoints with predictions, predictors with held-out figures."""

from typing import Any

import pandas as pd
import streamlit as st

from core.charts.palette import ORIGINS
from core.wording.applicability import sentences

TWO, FOUR = {"format": "%.2f", "width": 95}, {"format": "%.4f", "width": 95}
# Columns of the held-out table in their order: title, look, what it is.
FIGURES: dict[str, tuple[str, dict[str, Any], str | None]] = {
    "family_mse": ("MSE, families", FOUR, "Mean squared error on families left out; they count the same"),
    "fold_r2": ("R², 10-fold", TWO, "On the perturbed"),
    "coverage": ("Coverage", TWO, "Coverage of the 90 % interval, families left out"),
    "family_coverage": ("by family", TWO, "The same, families counting the same"),
    "width": ("Interval width", TWO, "Mean, families left out"),
    "test_mse": ("MSE, 13", FOUR, "Mean squared error on the 13 non-standard checkpoints"),
    "test_mae": ("MAE, 13", FOUR, "Mean absolute error"),
    "test_spearman": ("Spearman, 13", TWO, None),
    "test_coverage": ("Coverage, 13", TWO, None),
    "r2": ("r², fitted", TWO, "Of the checkpoints fitted to"),
    "n": ("n", {"width": 60}, None),
}


def predictors(table: pd.DataFrame) -> None:
    """Every predictor with every held-out figure; table: as shipped, see `core.reference.held_out`."""
    st.dataframe(
        table[["title", "role", *FIGURES]],
        hide_index=True,
        placeholder="–",
        column_config={
            "title": st.column_config.TextColumn("Predictor", width=330, pinned=True),
            "role": st.column_config.TextColumn("Chosen for", width=110),
        }
        | {
            name: st.column_config.NumberColumn(title, help=about, **look)
            for name, (title, look, about) in FIGURES.items()
        },
        alt="Every predictor with every held-out figure",
    )


def within(compared: pd.DataFrame) -> None:
    """The predictors compared within a reference, see `core.prediction.choosing`."""
    st.dataframe(
        compared[["title", "rmse", "less_mse", "standard_error", "spearman", "n"]],
        hide_index=True,
        placeholder="–",
        column_config={
            "title": st.column_config.TextColumn("Predictor", width=380, pinned=True),
            "rmse": st.column_config.NumberColumn(
                "RMSE", format="%.4f", help="Held-out; groups count the same"
            ),
            "less_mse": st.column_config.NumberColumn(
                "MSE below the mean's", format="%.5f", help="Positive: better than the mean baseline"
            ),
            "standard_error": st.column_config.NumberColumn(
                "±", format="%.5f", help="Standard error over groups"
            ),
            "spearman": st.column_config.NumberColumn("Spearman", format="%.2f", help="Held-out"),
            "n": "n",
        },
        alt="Predictors compared within the reference",
    )


def checkpoints(rows: pd.DataFrame, alt: str, *, why: bool) -> None:
    """Predicted checkpoints, best first; why: with the reasons for lying outside the reference."""
    rows = rows.sort_values(["rank", "predicted"], ascending=[True, False], kind="stable")
    number = {"format": "%.2f", "width": 80}
    frame = pd.DataFrame(
        {
            "Rank": rows["rank"],
            "Checkpoint": rows["name"],
            "Why": [sentences(reasons) for reasons in rows["reasons"]],
            "Predicted": rows["predicted"],
            "From": rows["low"],
            "To": rows["high"],
            "Known": rows["actual"],
            "Family": rows["family"],
            "Origin": rows["origin"].map(ORIGINS),
        }
    )
    columns = [name for name in frame if (why or name != "Why") and frame[name].notna().any()]
    st.dataframe(
        frame[columns],
        hide_index=True,
        placeholder="–",
        height=min(35 * (len(frame) + 1) + 3, 360),
        column_config={
            "Rank": st.column_config.NumberColumn(
                format="%d", width=50, pinned=True, help="Among all checkpoints that the reference covers"
            ),
            "Checkpoint": st.column_config.TextColumn(width=230, pinned=True),
            "Why": st.column_config.TextColumn(
                width=520 if why else None, help="Why the reference does not cover it"
            ),
            **{
                name: st.column_config.NumberColumn(**number) for name in ("Predicted", "From", "To", "Known")
            },
        },
        alt=alt,
    )
