"""Scores and covariates of one's own, out of a CSV or Parquet file: whole, or not at all.

Each refusal is one sentence that names the file, the thing and the remedy. A value imported again under the
same source replaces the earlier one; what is published is never replaced.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cache.files import reason
from cache.store import Store
from core.checkpoints.resolve import MINILM
from core.errors import InputError
from core.formatting import first_few, first_line
from core.metrics import Scale, scale_of

if TYPE_CHECKING:
    import pandas as pd

NEEDED = ("checkpoint", "benchmark", "task", "metric", "value")
OPTIONAL = ("split", "source", "formed")
NAMED = 5  # of many wrong ones, how many a message names
ROW = "row of the file"  # counted from 1 without the heading
LONG = ("checkpoint", "covariate", "value")
FRACTIONS = ("alpha",)  # covariates that are shares
COUNTS = re.compile(
    r"^(parameters.*|.*tokens|.*compute|.*flops|layers|width|heads|vocabulary)$", re.IGNORECASE
)


def import_scores(store: Store, file: Path) -> int:
    """Take in a .csv or .parquet file of scores, whole or not at all; returns how many rows it had.

    Columns checkpoint (a name, folder or fingerprint that the store knows), benchmark, task, metric, value;
    optional: split, source, formed (how an average was formed). Accuracies and the like are kept as
    fractions; a file that gives all of them in percent is converted. A corrected score replaces the earlier
    one of the same source.
    Errors: InputError, one sentence, for the first thing that cannot be used.
    """
    frame = _read(file, "scores")
    name = file.name
    _check_columns(frame, name, NEEDED, OPTIONAL, "score")
    subjects = _subjects(store, frame, name)
    values = _fractions(frame, name)
    rows = [
        {
            "subject": subjects[str(row["checkpoint"])][0],
            "name": subjects[str(row["checkpoint"])][1],
            "benchmark": str(row["benchmark"]),
            "task": str(row["task"]),
            "metric": str(row["metric"]),
            "value": value,
            "split": str(row.get("split") or ""),
            "formed": row.get("formed"),
            "source": str(row.get("source") or f"imported from {name}"),
            "origin": "imported",
        }
        for row, value in zip(frame.to_dict("records"), values, strict=True)
    ]
    key = ("subject", "benchmark", "task", "metric", "split", "source")
    if (twice := _repeated(rows, key)) is not None:
        raise InputError(
            f"{name} gives {twice['name']} two values for {twice['benchmark']} {twice['task']} "
            f"({twice['metric']}): keep one, or tell them apart by split or source."
        )
    _refuse_published(store, "scores", rows, key, name, "score")
    store.add("scores", rows)
    store.ingest()
    return len(rows)


def import_covariates(store: Store, file: Path) -> int:
    """Take in a .csv or .parquet file of covariates, whole or not at all; returns how many values it had.

    Either one value a row, with the columns checkpoint, covariate, value, or one checkpoint a row, with the
    column checkpoint and one column a covariate, where an empty cell means not known; optional in both:
    source. `training_tokens` and `training_compute` are the names that scaling laws and baselines look for.
    `alpha`, the fraction of noise, may be in percent throughout.
    Errors: InputError, one sentence, for the first thing that cannot be used.
    """
    frame = _read(file, "covariates")
    name = file.name
    frame[ROW] = range(1, len(frame) + 1)
    if {"covariate", "value"} & set(map(str, frame.columns)):
        _check_columns(frame.drop(columns=ROW), name, LONG, ("source",), "covariate")
        long = frame
    else:
        long = _melted(frame, name)
    subjects = _subjects(store, long, name)
    values = _covariate_values(long, name)
    rows = [
        {
            "subject": subjects[str(row["checkpoint"])][0],
            "name": subjects[str(row["checkpoint"])][1],
            "covariate": str(row["covariate"]).strip(),
            "value": value,
            "source": str(row.get("source") or f"imported from {name}"),
            "origin": "imported",
        }
        for row, value in zip(long.to_dict("records"), values, strict=True)
    ]
    key = ("subject", "covariate", "source")
    if (twice := _repeated(rows, key)) is not None:
        raise InputError(
            f"{name} gives {twice['name']} two values for {twice['covariate']}: keep one, or tell them apart "
            "by source."
        )
    _refuse_published(store, "covariates", rows, key, name, "covariate")
    store.add("covariates", rows)
    store.ingest()
    return len(rows)


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
        _number(given, name, row, str(covariate))
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


def _number(given: Any, name: str, row: int, what: str) -> float:
    try:
        value = float("nan") if isinstance(given, bool) else float(given)
    except (TypeError, ValueError):
        value = float("nan")
    if not abs(value) < float("inf"):
        raise InputError(f"{name} gives {given} as {what} in row {row}: give a number.")
    return value


def _repeated(rows: list[dict[str, Any]], key: Iterable[str]) -> dict[str, Any] | None:
    """The first row whose key an earlier one has; None: there is none."""
    seen = set()
    for row in rows:
        one = tuple(row[column] for column in key)
        if one in seen:
            return row
        seen.add(one)
    return None


def _refuse_published(
    store: Store, table: str, rows: list[dict[str, Any]], key: tuple[str, ...], name: str, what: str
) -> None:
    published = store.query(f"SELECT {', '.join(key)} FROM {table} WHERE origin = 'published'")
    keys = {tuple(row[column] for column in key) for row in rows}
    if clash := set(published.itertuples(index=False, name=None)) & keys:
        raise InputError(
            f"{name} would replace a published {what} ({', '.join(min(clash))}): name your own source for it."
        )


def _read(file: Path, what: str) -> "pd.DataFrame":
    import pandas as pd

    readers = {".csv": pd.read_csv, ".parquet": pd.read_parquet}
    if file.suffix.lower() not in readers:
        raise InputError(f"{file} is of no known format: give {what} as .csv or .parquet.")
    try:
        frame = readers[file.suffix.lower()](file)
    except OSError as error:
        raise InputError(f"{file} cannot be read ({reason(error)}): give a file of {what}.") from error
    except ValueError as error:  # of pandas and pyarrow, whatever is wrong with the content
        raise InputError(f"{file} cannot be read as a table ({first_line(error)}): save it again.") from error
    frame = frame.reset_index(drop=not any(frame.index.names))
    return frame.astype(object).where(frame.notna(), None)


def _check_columns(
    frame: "pd.DataFrame", name: str, needed: tuple[str, ...], optional: tuple[str, ...], thing: str
) -> None:
    columns = list(map(str, frame.columns))
    wanted = f"{', '.join(needed)} and, if known, {', '.join(optional)}"
    if missing := [column for column in needed if column not in columns]:
        raise InputError(f"{name} lacks the column {', '.join(missing)}: give {wanted}.")
    if unknown := [column for column in columns if column not in needed + optional]:
        raise InputError(f"{name} has a column {', '.join(unknown)} of no known meaning: give {wanted}.")
    if frame.empty:
        raise InputError(f"{name} holds no {thing}: give one in each row.")
    for column in needed:
        if frame[column].isna().any():
            row = int(frame[column].isna().argmax()) + 1
            raise InputError(f"{name} lacks a {column} in row {row}: fill it in, or leave the row out.")


def _subjects(store: Store, frame: "pd.DataFrame", name: str) -> dict[str, tuple[str, str]]:
    """What the file calls a checkpoint → (subject, name in the store)."""
    known: dict[str, set[tuple[str, str]]] = {}
    rows = store.query("SELECT subject, name, path, source FROM checkpoints")
    for subject, called, path, source in rows.itertuples(index=False):
        for word in (subject, called, path, MINILM if source == "package" else None):
            if isinstance(word, str):
                known.setdefault(word, set()).add((subject, called))
    given = {str(word) for word in frame["checkpoint"]}
    found = {
        word: known.get(word) or known.get(str(Path(word).expanduser().resolve()), set()) for word in given
    }
    if unknown := sorted(word for word in given if not found[word]):
        raise InputError(
            f"{name} names checkpoints that the store does not know ({first_few(unknown, NAMED)}): "
            "measure them first, or use a name that `cli.py export` gives."
        )
    for word, meant in sorted(found.items()):
        if len(meant) > 1:
            ids = ", ".join(sorted(subject for subject, _ in meant))
            raise InputError(
                f"{name} names {word}, which {len(meant)} checkpoints are called: give one of {ids}."
            )
    return {word: next(iter(meant)) for word, meant in found.items()}


def _fractions(frame: "pd.DataFrame", name: str) -> list[float]:
    """The values, those of bounded metrics as fractions."""
    import pandas as pd

    values = pd.Series(
        [_number(given, name, row, "a value") for row, given in enumerate(frame["value"], start=1)],
        index=frame.index,
        dtype=float,
    )
    metrics = frame["metric"].astype(str)
    signed = metrics.map(scale_of) == Scale.CORRELATION
    bounded = signed | (metrics.map(scale_of) == Scale.SHARE)
    if (values[bounded].abs() > 1).any():
        inside = values[bounded & (values.abs() <= 1) & (values != 0)]
        if len(inside):
            large = values[bounded & (values.abs() > 1)]
            raise InputError(
                f"{name} mixes percentages ({large.iloc[0]:g}) with fractions ({inside.iloc[0]:g}): give "
                "all as fractions."
            )
        values = values.where(~bounded, values / 100)
    wrong = bounded & ((values > 1) | (values < signed.map({True: -1.0, False: 0.0})))
    if wrong.any():
        row = int(wrong.argmax())
        raise InputError(
            f"{name} gives {frame['value'].iloc[row]} as {metrics.iloc[row]} in row {row + 1}, which it "
            "cannot be: give a fraction."
        )
    return values.tolist()
