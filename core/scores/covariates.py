"""Covariates out of a table: one value a row, or one checkpoint a row with a column a covariate."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import InputError
from core.scores.files import check_columns, empty_cells, number
from core.tables import read_table

if TYPE_CHECKING:
    import pandas as pd

LONG = ("checkpoint", "covariate", "value")
FRACTIONS = ("alpha",)  # covariates that are shares
COUNTS = re.compile(
    r"^(parameters.*|.*tokens|.*compute|.*flops|layers|width|heads|vocabulary)$", re.IGNORECASE
)


@dataclass(frozen=True)
class CovariateFile:
    """What a file holds. rows: a dict a covariate with the keys LONG, source where known, and `place`."""

    name: str
    rows: list[dict[str, Any]]
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)  # a sentence each row that cannot be used


def read_covariates(path: Path) -> CovariateFile:
    """As `look_at_covariates`; raises InputError also for the first row that cannot be used."""
    file = look_at_covariates(path)
    if file.problems:
        raise InputError(file.problems[0])
    return file


def look_at_covariates(path: Path) -> CovariateFile:
    """The covariates in a file; noise as a fraction. Rows that cannot be used are left out, with a sentence.

    Raises InputError, one sentence, for a file that cannot be used.
    """
    name = path.name
    frame, notes = read_table(path, name, ("checkpoint", "covariate", "source"))
    frame = frame.astype(object).where(frame.notna(), None)
    if {"covariate", "value"} & set(frame.columns):
        check_columns(frame, name, LONG, ("source",), "covariate")
        needed: tuple[str, ...] = LONG
    else:
        needed = ("checkpoint",)
        _check_wide(frame, name)
    empty = empty_cells(frame, name, needed)
    rows = [
        one | {"place": f"row {number}"}
        for number, row in enumerate(frame.to_dict("records"), start=1)
        if number not in empty
        for one in ([row] if needed == LONG else _each(row))
    ]
    if not rows and not empty:
        raise InputError(f"{name} holds no covariate: give one in each row.")
    return _checked(name, rows, notes, list(empty.values()))


def _check_wide(frame: "pd.DataFrame", name: str) -> None:
    names = [column for column in frame.columns if column not in ("checkpoint", "source")]
    if "checkpoint" not in frame or not names:
        lacking = "the column checkpoint" if "checkpoint" not in frame else "a column of a covariate"
        raise InputError(
            f"{name} lacks {lacking}: give checkpoint, covariate, value and, if known, source, or checkpoint "
            "and one column a covariate."
        )


def _each(row: dict[str, Any]) -> list[dict[str, Any]]:
    """A row of a table with a column a covariate as one dict a covariate; empty cells are left out."""
    common = {key: row[key] for key in ("checkpoint", "source") if key in row}
    return [
        common | {"covariate": str(column), "value": value}
        for column, value in row.items()
        if column not in common and value is not None
    ]


def _checked(name: str, rows: list[dict[str, Any]], notes: list[str], problems: list[str]) -> CovariateFile:
    """With names stripped and values as numbers: shares as fractions, counts above 0."""
    kept = []
    for row in rows:
        covariate = str(row["covariate"]).strip()
        try:
            value = number(row["value"], name, row["place"], covariate)
        except InputError as error:
            problems = [*problems, str(error)]
            continue
        named = {"checkpoint": str(row["checkpoint"]).strip(), "covariate": covariate}
        kept.append(row | named | {"given": row["value"], "value": value})
    wrong: dict[int, str] = {}
    for covariate in FRACTIONS:
        wrong |= _as_fractions(kept, covariate, name)
    wrong |= {
        index: _cannot_be(row, name, "count above 0")
        for index, row in enumerate(kept)
        if COUNTS.match(row["covariate"]) and row["value"] <= 0
    }
    rows = [row for index, row in enumerate(kept) if index not in wrong]
    return CovariateFile(name, rows, notes, [*problems, *(wrong[index] for index in sorted(wrong))])


def _as_fractions(rows: list[dict[str, Any]], covariate: str, name: str) -> dict[int, str]:
    """Make percentages of a covariate fractions; {index: a sentence} of values that cannot be used."""
    places = [index for index, row in enumerate(rows) if row["covariate"] == covariate]
    large = [index for index in places if abs(rows[index]["value"]) > 1]
    inside = [index for index in places if 0 < abs(rows[index]["value"]) <= 1]
    if large and inside:
        fewer = large if len(large) <= len(inside) else inside
        pairs = [(index, inside[0]) if index in large else (large[0], index) for index in fewer]
        return {
            index: f"{name} mixes percentages ({rows[one]['value']:g}) with fractions "
            f"({rows[other]['value']:g}) of {covariate}: give all as fractions."
            for index, (one, other) in zip(fewer, pairs, strict=True)
        }
    for index in places:
        rows[index]["value"] /= 100 if large else 1
    return {
        index: _cannot_be(rows[index], name, "fraction")
        for index in places
        if not 0 <= rows[index]["value"] <= 1
    }


def _cannot_be(row: dict[str, Any], name: str, remedy: str) -> str:
    return (
        f"{name} gives {row['given']} as {row['covariate']} in {row['place']}, which it cannot be: give a "
        f"{remedy}."
    )
