"""Scores out of a file: one a row, one checkpoint a row with a column a task, or results of a tool."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import InputError
from core.scores import results
from core.scores.shares import as_fractions, is_metric
from core.tables import READERS, read_table
from core.tables.checks import number_of

if TYPE_CHECKING:
    import pandas as pd

NEEDED = ("checkpoint", "benchmark", "task", "metric", "value")
OPTIONAL = ("split", "source", "formed", "standard_error")
_COMMON = ("checkpoint", "benchmark", "metric", "split", "source", "formed")  # of a wide table
OWN = "own"  # the benchmark of a table that names none
_ALSO = {"model": "checkpoint", "model_name": "checkpoint", "score": "value", "stderr": "standard_error"}
_TEXT = {*NEEDED[:4], *OPTIONAL[:3], *_ALSO} - {"score", "stderr"}
_NO_SCORE = re.compile(
    r"parameters.*|params.*|.*tokens|.*compute|.*flops|layers|width|heads|vocabulary|seed|rank|epochs?|steps?",
    re.IGNORECASE,
)
_MISSING = ("", "-", "–", "—", "nan", "n/a", "na", "none", "null")  # an empty cell of a wide table
_EITHER = f"{', '.join(NEEDED)} and, if known, {', '.join(OPTIONAL)}"


@dataclass(frozen=True)
class ScoreFile:
    """What a file holds. rows: a dict a score with the keys NEEDED, OPTIONAL where known, and `place`."""

    name: str
    rows: list[dict[str, Any]]
    made_at: float  # seconds since 1970
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)  # a sentence each row that cannot be used


def read_scores(
    path: Path, *, checkpoint: str | None = None, benchmark: str | None = None, metric: str | None = None
) -> ScoreFile:
    """As `look_at_scores`; raises InputError, one sentence, also for the first row that cannot be used."""
    file = look_at_scores(path, checkpoint=checkpoint, benchmark=benchmark, metric=metric)
    if file.problems:
        raise InputError(file.problems[0])
    return file


def look_at_scores(
    path: Path, *, checkpoint: str | None = None, benchmark: str | None = None, metric: str | None = None
) -> ScoreFile:
    """The scores in a file; values of accuracies and the like as fractions. Rows that cannot be used are left
    out, with a sentence each.

    Arguments:
        path: a table (see `core.tables`) with the columns NEEDED, or with the column checkpoint and a column
            for each task; or a JSON result file of lm-evaluation-harness or MTEB.
        checkpoint, benchmark, metric: what holds where the file does not say it; checkpoint also where a
            result file says another.

    Raises InputError, one sentence, for a file that cannot be used.
    """
    document = _document(path)
    if results.is_results(document):
        rows = results.rows_of(document, path, checkpoint)
        return _checked(path.name, rows, results.made_at(document, path), [], [])
    if isinstance(document, dict) and not all(map(_plain, document.values())):
        raise InputError(
            f"{path.name} is no result file that is known here: give one of lm-evaluation-harness or MTEB, "
            f"or a table with {_EITHER}."
        )
    frame, notes = read_table(path, path.name, _TEXT)
    frame = _named(frame, path.name)
    given = {"checkpoint": checkpoint, "benchmark": benchmark, "metric": metric}
    wide = "checkpoint" in {*frame.columns, *(key for key, value in given.items() if value)} and not (
        {"task", "value"} & set(frame.columns)
    )
    frame = frame.assign(
        **{key: value for key, value in given.items() if value is not None and key not in frame.columns}
    )
    rows, problems = _wide(frame, path.name) if wide else _long(frame, path.name)
    return _checked(path.name, rows, path.stat().st_mtime, notes, problems)


def _plain(value: Any) -> bool:
    return not isinstance(value, dict | list)


def _document(path: Path) -> Any:
    """The content of a JSON file; None: it is no JSON, or something else."""
    if path.suffix.lower() != ".json":
        return None
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):  # said by the reader of tables
        return None


def _named(frame: "pd.DataFrame", name: str) -> "pd.DataFrame":
    """With the names of columns as they are known here; an index of names is that of the checkpoints."""
    accepted = {*NEEDED, *OPTIONAL, *_ALSO}
    names = [column.lower() if column.lower() in accepted else column for column in frame.columns]
    for place, column in enumerate(names):
        if (meant := _ALSO.get(column)) and meant not in names:
            names[place] = meant
    if names[0].startswith("Unnamed: ") and "checkpoint" not in names:
        names[0] = "checkpoint"
    for column in names:
        if names.count(column) > 1:
            raise InputError(f"{name} has two columns called {column}: rename one.")
    return frame.set_axis(names, axis=1)


def _long(frame: "pd.DataFrame", name: str) -> tuple[list[dict[str, Any]], list[str]]:
    check_columns(frame, name, NEEDED, OPTIONAL, "score")
    empty = empty_cells(frame, name, NEEDED)
    rows = [
        {column: value for column, value in row.items() if not _is_missing(value)}
        | {"place": f"row {number}"}
        for number, row in enumerate(frame.to_dict("records"), start=1)
        if number not in empty
    ]
    return rows, list(empty.values())


def _wide(frame: "pd.DataFrame", name: str) -> tuple[list[dict[str, Any]], list[str]]:
    kept = [column for column in frame.columns if column in _COMMON]
    tasks = [column for column in frame.columns if column not in kept]
    if not tasks:
        raise InputError(f"{name} lacks the column task, value: give {_EITHER}, or a column a task.")
    if others := [column for column in tasks if _NO_SCORE.fullmatch(column)]:
        raise InputError(
            f"{name} has a column {', '.join(others)}, which is no score: leave it out, or import it "
            "as a covariate."
        )
    check_columns(frame[kept], name, ("checkpoint",), tuple(kept), "score")
    empty = empty_cells(frame, name, ("checkpoint",))
    rows = []
    for number, row in enumerate(frame.to_dict("records"), start=1):
        if number in empty:
            continue
        common = {column: row[column] for column in kept if not _is_missing(row[column])}
        for column in tasks:
            if _is_missing(row[column]) or str(row[column]).strip().lower() in _MISSING:
                continue
            task, metric = _task_and_metric(column)
            values = {"benchmark": OWN, "metric": metric or "score"} | common | {"task": task}
            if metric:
                values["metric"] = metric
            rows.append(values | {"value": row[column], "place": f"row {number}, column {column}"})
    if not rows and not empty:
        raise InputError(f"{name} holds no score: give one in each row.")
    return rows, list(empty.values())


def _task_and_metric(column: str) -> tuple[str, str | None]:
    """A heading such as "RTE", "mnli_acc", "CoLA (mcc)", "mrpc/f1" as task and metric."""
    for cut in re.finditer(r"[\s_/:|.,(\[-]+", column):
        task, word = column[: cut.start()].strip(), column[cut.end() :].strip(" )]")
        if task and is_metric(word):
            return task, word
    return column, None


def _is_missing(value: Any) -> bool:
    return value is None or value != value or (isinstance(value, str) and not value.strip())


def _checked(
    name: str, rows: list[dict[str, Any]], made: float, notes: list[str], problems: list[str]
) -> ScoreFile:
    """With names stripped, and values as numbers and fractions; problems: those found so far."""
    kept, values, given = [], [], []
    for row in rows:
        row |= {
            column: value.strip()
            for column, value in row.items()
            if isinstance(value, str) and column not in ("value", "standard_error")
        }
        try:
            value = number(row["value"], name, row["place"], "a value")
            if row.get("standard_error") is not None:
                row["standard_error"] = number(row["standard_error"], name, row["place"], "a standard error")
        except InputError as error:
            problems = [*problems, str(error)]
            continue
        kept.append(row)
        values.append(value)
        given.append(row["value"])
    metrics, places = [row["metric"] for row in kept], [row["place"] for row in kept]
    fractions, percent, wrong = as_fractions(values, metrics, places, name, given)
    for row, before, value in zip(kept, values, fractions, strict=True):
        if row.get("standard_error") is not None and value != before:
            row["standard_error"] /= 100
        row["value"] = value
    if percent:
        notes = [*notes, f"{name} gives accuracies and the like in percent: they are kept as fractions."]
    rows = [row for index, row in enumerate(kept) if index not in wrong]
    return ScoreFile(name, rows, made, notes, [*problems, *wrong.values()])


def number(given: Any, name: str, place: str, what: str) -> float:
    """A cell as a finite number; "91.5 %" is 0.915. Raises InputError where it is none."""
    text = str(given).strip()
    percent = text.endswith("%")
    try:
        if isinstance(given, bool):
            raise ValueError
        value = number_of(text.rstrip("% ")) / (100 if percent else 1)
    except ValueError:
        value = float("nan")
    if not abs(value) < float("inf"):
        raise InputError(f"{name} gives {given} as {what} in {place}: give a number.")
    return value


def check_columns(
    frame: "pd.DataFrame", name: str, needed: tuple[str, ...], optional: tuple[str, ...], thing: str
) -> None:
    """Raise InputError unless the columns are those needed and optional, and there is a row."""
    columns = list(map(str, frame.columns))
    wanted = f"{', '.join(needed)} and, if known, {', '.join(optional)}"
    if missing := [column for column in needed if column not in columns]:
        raise InputError(f"{name} lacks the column {', '.join(missing)}: give {wanted}.")
    if unknown := [column for column in columns if column not in needed + optional]:
        raise InputError(f"{name} has a column {', '.join(unknown)} of no known meaning: give {wanted}.")
    if frame.empty:
        raise InputError(f"{name} holds no {thing}: give one in each row.")


def empty_cells(frame: "pd.DataFrame", name: str, needed: tuple[str, ...]) -> dict[int, str]:
    """{row of the file, from 1: a sentence on the first needed cell that is empty in it}."""
    first = {
        int(row) + 1: column
        for column in reversed(needed)
        for row in frame[column].isna().to_numpy().nonzero()[0]
    }
    return {
        row: f"{name} lacks a {first[row]} in row {row}: fill it in, or leave the row out."
        for row in sorted(first)
    }


def score_files(paths: list[Path]) -> list[Path]:
    """The files that are meant: folders stand for the result files in them, at any depth."""
    files = []
    for path in paths:
        if not path.is_dir():
            files.append(path)
            continue
        inside = [file for file in sorted(path.rglob("*.json")) if results.is_results(_document(file))]
        if not inside:
            raise InputError(f"{path} holds no result file of lm-evaluation-harness or MTEB: name files.")
        files += inside
    for path in files:
        if path.suffix.lower() not in READERS:
            raise InputError(f"{path} is of no known format: give scores as {', '.join(READERS)}.")
    return files
