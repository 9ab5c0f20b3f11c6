"""The held-out table in sentences: choosing by held-out error, and the targets set in advance."""

import numpy as np
import pandas as pd

from core.formatting import decimal, percent, signed
from core.prediction.candidates import candidates
from core.prediction.held_out import ANEW, BEST, TITLES
from core.statistics.correlation import spearman

# Targets of the best predictor, set before it was built: column of the held-out table, words, limits.
TARGETS = (
    ("fold_r2", "R² in 10-fold cross-validation at least 0.90", 0.90, np.inf),
    ("test_mse", "mean squared error on the 13 non-standard checkpoints at most 0.010", 0.0, 0.010),
    ("coverage", "coverage of the 90 % interval on families left out 85 to 95 %", 0.85, 0.95),
)


def titled(table: pd.DataFrame) -> pd.DataFrame:
    """The table with the predictors' display names of today, whatever those of its file are."""
    titles = {entry.name: entry.title for entry in candidates()} | TITLES
    return table.assign(title=table["predictor"].map(titles).fillna(table["title"]))


def on_the_compared(table: pd.DataFrame) -> str:
    """What the held-out table says of choosing by held-out error."""
    rows = table.set_index("predictor")
    best, mean = (rows.loc[name, "family_mse"] ** 0.5 for name in (BEST, "mean"))
    text = f"Leave-one-family-out RMSE of the best predictor {best:.3f}, of the mean baseline {mean:.3f}."
    if ANEW in rows.index:
        anew = rows.loc[ANEW, "family_mse"] ** 0.5
        text += (
            f" It was chosen from {len(rows) - 2} by that same error; chosen anew without the family that "
            f"is predicted, the RMSE is {anew:.3f}, {'still below' if anew < mean else 'not below'} the "
            "baseline."
        )
    return f"{text} Three families are three draws, so small differences are noise. {_on_the_test_set(table)}"


def _on_the_test_set(table: pd.DataFrame) -> str:
    """How well the errors that a choice can rest on order those on the non-standard checkpoints."""
    rows = table[~table["predictor"].isin([BEST, ANEW])].dropna(subset=["family_mse", "test_mse"])
    rho = spearman(rows["family_mse"].to_numpy(), rows["test_mse"].to_numpy())
    limit = TARGETS[1][3]
    within = int((rows["test_mse"] <= limit).sum())
    text = (
        f"Over the {len(rows)} predictors, the error on families left out and that on the 13 non-standard "
        f"checkpoints have a Spearman correlation of {signed(rho)}"
    )
    if not within:
        return f"{text}."
    return (
        f"{text}; {within} of them stay within {limit:.3f} on the 13, which only the 13 themselves show, so "
        "none was chosen for it."
    )


def targets(table: pd.DataFrame) -> pd.DataFrame:
    """The targets set in advance and what the best predictor reached: target, reached, met."""
    best = table.set_index("predictor").loc[BEST]
    return pd.DataFrame(
        [
            {"target": words, "reached": float(best[column]), "met": bool(low <= best[column] <= high)}
            for column, words, low, high in TARGETS
        ]
    )


def on_the_targets(table: pd.DataFrame) -> str:
    """The targets set in advance: which are met, which are not, with their figures."""
    asked = targets(table)
    met, missed = (
        [f"{row['target']} ({row['reached']:.{digits}f})" for _, row in asked[kept].iterrows()]
        for kept, digits in ((asked["met"], 3), (~asked["met"], 4))
    )
    parts = [f"Met: {'; '.join(met)}."] if met else []
    return " ".join([*parts, *([f"**Not met**: {'; '.join(missed)}."] if missed else [])])


def markdown(table: pd.DataFrame) -> list[str]:
    """Part of the held-out table as lines of Markdown, for the documentation.

    The paper's regressions, of every other method the one with the lowest error on families left out, those
    chosen, and the best.
    """
    lines = [
        "| predictor | MSE, families left out | R², 10-fold | coverage of the 90 % interval (by family) "
        "| its width | MSE, the 13 | MAE, the 13 | Spearman, the 13 |",
        "|---|---|---|---|---|---|---|---|",
    ]
    rows = titled(table[table["predictor"] != ANEW])
    method = rows["predictor"].str.split(":").str[0]
    lowest = rows["family_mse"] == rows.groupby(method)["family_mse"].transform("min")
    shown = lowest | (method == "line") | (rows["role"].fillna("") != "")
    for _, row in rows[shown].iterrows():
        rank = "–" if pd.isna(row["test_spearman"]) else decimal(row["test_spearman"])
        lines.append(
            f"| {row['title']} | {row['family_mse']:.4f} | {decimal(row['fold_r2'])} "
            f"| {percent(row['coverage'])} ({percent(row['family_coverage'])}) | {row['width']:.2f} "
            f"| {row['test_mse']:.4f} | {row['test_mae']:.3f} | {rank} |"
        )
    return lines
