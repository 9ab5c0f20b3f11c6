"""The tables of arXiv 2406.12159 and the numbers in its text beside what its data give, in sentences."""

import pandas as pd

from core.formatting import minus
from core.studies.latent_geometry import COLUMNS, mean_error, others

Words = tuple[str, str, tuple[str, ...]]  # title, sentence, notes


def table_words(frame: pd.DataFrame, compared: pd.DataFrame, tables: pd.DataFrame, table: str) -> Words:
    """How much of a table ("Table 1" or "Table 2") comes out of the data, and what differs.

    Arguments:
        frame: of `latent_geometry.models`; compared: of `latent_geometry_print.commented`; tables: of
            `latent_geometry.recomputed`.
    """
    rows = compared[compared["table"] == table]
    legible = rows[rows["verdict"] != "illegible"]
    same = int((legible["verdict"] == "same").sum())
    off = legible[legible["verdict"] == "differs"]
    digit = int((legible["verdict"] == "last digit").sum())
    measures = tables[tables["table"] == table]
    better = measures[measures["mse"] < mean_error(frame)]
    not_ = f"{len(off)} {'does' if len(off) == 1 else 'do'} not"
    title = f"{same} of {len(legible)} printed numbers of {table} come out of the data, {not_}"
    text = (
        f"{digit} more {'is' if digit == 1 else 'are'} off by one in the last digit. {len(better)} of "
        f"{len(measures)} measures predict the {len(others(frame))} non-standard models better than the "
        f"mean baseline (mean squared error {mean_error(frame):.4f}): "
        f"{', '.join(better.sort_values('mse')['row'])}."
    )
    notes = [
        f"{row.row}, {COLUMNS[row.column]}: printed {minus(row.printed)}. {row.comment}"
        for row in off.itertuples()
    ]
    unread = rows[rows["verdict"] == "illegible"]["row"].nunique()
    if unread:
        notes.append(
            f"{unread} of {len(measures)} rows are not legible in the copy of the paper at hand: ours only."
        )
    if table == "Table 1":
        notes.append("The caption bolds an MSE of at least 0.6; none is that large, r is meant.")
    return title, text, tuple(notes)


def text_words(compared: pd.DataFrame) -> Words:
    """How many of the numbers in text and captions agree with the data. compared: as above."""
    rows = compared[compared["table"] == "Text"]
    off = rows[rows["verdict"] == "differs"]
    title = f"{len(rows) - len(off)} of {len(rows)} numbers in text and captions agree with the data"
    each = ", ".join(f"{row.row} ({row.column})" for row in off.itertuples())
    return title, f"Different: {each}.", ()


def count_notes(compared: pd.DataFrame, row: str, what: str) -> tuple[str, ...]:
    """A note for every number of the text's `row` that differs: printed, ours, and why."""
    off = compared[(compared["row"] == row) & (compared["verdict"] == "differs")]
    return tuple(
        f"The paper counts {entry.printed} {what}; the tables hold {entry.ours:.0f}. {entry.comment}"
        for entry in off.itertuples()
    )
