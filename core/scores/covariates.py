"""Covariates out of a table: one value a row, or one checkpoint a row with a column a covariate."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import InputError
from core.scores.files import check_columns, number
from core.tables import read_table

if TYPE_CHECKING:
    import pandas as pd

ROW = "row of the file"  # counted from 1 without the heading
LONG = ("checkpoint", "covariate", "value")
FRACTIONS = ("alpha",)  # covariates that are shares
COUNTS = re.compile(
    r"^(parameters.*|.*tokens|.*compute|.*flops|layers|width|heads|vocabulary)$", re.IGNORECASE
)


def read_covariates(path: Path) -> tuple["pd.DataFrame", list[float], list[str]]:
    """(table with checkpoint, covariate and perhaps source, its values, notes) of a file.

    Raises InputError, one sentence, for the first thing that cannot be used.
    """
    name = path.name
    frame, notes = read_table(path, name, ("checkpoint", "covariate", "source"))
    frame = frame.astype(object).where(frame.notna(), None)
    frame[ROW] = range(1, len(frame) + 1)
    if {"covariate", "value"} & set(frame.columns):
        check_columns(frame.drop(columns=ROW), name, LONG, ("source",), "covariate")
        long = frame
    else:
        long = _melted(frame, name)
    return long, _covariate_values(long, name), notes


def _melted(frame: "pd.DataFrame", name: str) -> "pd.DataFrame":
    """One value a row out of one checkpoint a row; empty cells are left out."""
    import pandas as pd

    names = [column for column in frame.columns if column not in ("checkpoint", "source", ROW)]
    if "checkpoint" not in frame or not names:
        lacking = "the column checkpoint" if "checkpoint" not in frame else "a column of a covariate"
        raise InputError(
            f"{name} lacks {lacking}: give checkpoint, covariate, value and, if known, source, or checkpoint "
            "and one column a covariate."
        )
    for row, given in enumerate(frame["checkpoint"], start=1):
        if given is None:
            raise InputError(f"{name} lacks a checkpoint in row {row}: fill it in, or leave the row out.")
    kept = [column for column in ("checkpoint", "source", ROW) if column in frame]
    long = pd.concat(
        [frame[kept].assign(covariate=str(column), value=frame[column]) for column in names],
        ignore_index=True,
    )
    long = long[long["value"].notna()].sort_values(ROW, kind="stable", ignore_index=True)
    if long.empty:
        raise InputError(f"{name} holds no covariate: give one in each row.")
    return long


def _covariate_values(long: "pd.DataFrame", name: str) -> list[float]:
    """The values as numbers; noise as a fraction, counts above 0."""
    values = [
        number(given, name, f"row {row}", str(covariate))
        for given, row, covariate in zip(long["value"], long[ROW], long["covariate"], strict=True)
    ]

    def wrong(index: int, remedy: str) -> InputError:
        given, covariate, row = (long[column][index] for column in ("value", "covariate", ROW))
        return InputError(
            f"{name} gives {given} as {covariate} in row {row}, which it cannot be: give a {remedy}."
        )

    for covariate in FRACTIONS:
        places = [index for index, called in enumerate(long["covariate"]) if str(called).strip() == covariate]
        large = [values[index] for index in places if abs(values[index]) > 1]
        inside = [values[index] for index in places if 0 < abs(values[index]) <= 1]
        if large and inside:
            raise InputError(
                f"{name} mixes percentages ({large[0]:g}) with fractions ({inside[0]:g}) of {covariate}: "
                "give all as fractions."
            )
        for index in places:
            values[index] /= 100 if large else 1
            if not 0 <= values[index] <= 1:
                raise wrong(index, "fraction")
    for index, covariate in enumerate(long["covariate"]):
        if COUNTS.match(str(covariate).strip()) and values[index] <= 0:
            raise wrong(index, "count above 0")
    return values
