"""Which columns of a table are the dimensions of its vectors.

A column is a dimension only where nothing speaks against it. One that is no number, that pandas calls its
index, that counts the rows or whose name says index, label or time is left out with a note. One that merely
looks like that (whole numbers or one value alone beside columns of fractions, values that rise from row to
row, a name outside a numbered series) is asked about: InputError, until `--vector-columns` says what to take.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from core.errors import InputError, OpenChoiceError
from core.formatting import capital, first_few
from core.hidden_states.vector_readers import SKIP_ROWS
from core.tables.checks import INDEX, MISSING

if TYPE_CHECKING:
    import pyarrow as pa

ALL_COLUMNS = "Keep all columns of numbers"
_SHOWN = 3  # columns that a message names
_RISING = 10  # rows from which values in order are no accident
_FIRST = 256  # rows looked at before all are
_WORDS = (
    "index|idx|id|ids|uuid|guid|key|row|rowid|number|nr|no|label|labels|target|targets|class|classes|category|"
    "cluster|group|fold|split|time|timestamp|ts|date|datetime|at|year|epoch|step|score|rating|count|length|"
    "rank|word|token|text|title|name|gold|truth|sentiment|topic|lang|language"
)
_NUMBERS = ("float", "integer", "numbers with others")
_NO_DIMENSION = re.compile(rf"(?:.*[\W_])?(?:{_WORDS})", re.IGNORECASE)
_NUMBERED = re.compile(r"(.*?)(\d+)")
_LIKE_NUMBERS = re.compile(r"[-+]?[\d.,'\s]*\d[\d.,'\s]*(?:[eE][-+]?\d+)?%?")


@dataclass(frozen=True)
class Column:
    """A column. label: what messages call it. name: its heading, None: it has none."""

    label: str
    name: str | None
    values: "pa.ChunkedArray"

    @cached_property
    def kind(self) -> str:
        """Float, integer, list, text, "numbers with others" (of text), or what its type is called."""
        import pyarrow.types as types

        of = self.values.type
        if types.is_floating(of) or types.is_decimal(of):
            return "float"
        if types.is_integer(of):
            return "integer"
        if types.is_list(of) or types.is_large_list(of) or types.is_fixed_size_list(of):
            return "list"
        text = types.is_string(of) or types.is_large_string(of) or types.is_string_view(of)
        if text:
            return "numbers with others" if _mostly_numbers(self.values) else "text"
        return str(of)


def chosen(columns: Sequence[Column], asked: str, name: str) -> list[Column]:
    """The columns that a person asked for.

    asked: names or, where none is called so, positions from 0, with commas between them; FIRST:LAST is a
    range; "all" is every column of numbers; with a minus before each, all of those but these.
    """
    numbers = [column for column in columns if column.kind in (*_NUMBERS, "list")]
    words = [word for part in asked.split(",") if (word := part.strip())]
    labels = [column.name if column.name is not None else column.label for column in columns]

    def place(word: str) -> int:
        if word in labels:
            return labels.index(word)
        if word.isdecimal() and int(word) < len(columns):
            return int(word)
        raise InputError(
            f"{name} has no column {word!r}: --vector-columns takes names of {first_few(labels, _SHOWN)}, or "
            "positions from 0."
        )

    def places(word: str) -> list[int]:
        first, colon, last = word.partition(":")
        if word in labels or not colon:
            return [place(word)]
        start, end = place(first) if first else 0, place(last) if last else len(columns) - 1
        return list(range(start, end + 1))

    if words == ["all"]:
        return numbers
    if words and all(word.startswith("-") and word not in labels for word in words):
        out = {index for word in words for index in places(word[1:])}
        return [column for index, column in enumerate(columns) if index not in out and column in numbers]
    picked = [columns[index] for word in words for index in places(word)]
    if not picked:
        raise InputError(f"--vector-columns names no column of {name}: give names, positions or all.")
    for column in picked:
        if column not in numbers:
            raise InputError(
                f"Column {column.label} of {name} holds {column.kind}, not numbers: choose another."
            )
    return picked


def dimensions(
    columns: Sequence[Column], name: str, index: Collection[str] = ()
) -> tuple[list[Column], list[str]]:
    """(columns that are dimensions, notes) of columns of numbers and others; InputError where that is open.

    index: names of columns that the file itself calls an index.
    """
    numbers = [column for column in columns if column.kind in _NUMBERS]
    series = _series([column.name for column in numbers if column.name])
    out: dict[str, list[Column]] = {}
    kept = []
    for column in columns:
        reason = _reason(column, series, index, alone=len(numbers) == 1)
        out.setdefault(reason, []).append(column)
        if not reason:
            kept.append(column)
    if not kept and numbers:  # names that say something else where nothing else is there say nothing
        kept = [column for column in numbers if column.name not in index] or numbers
        out = {"no numbers": [column for column in columns if column not in numbers]}
    notes = [f"{name}: {_named(some)} left out: {reason}." for reason, some in out.items() if reason and some]
    if not kept:
        raise InputError(f"{name} holds no column of numbers: give a table of vectors, one a row.")
    _ask(kept, series, name)
    return kept, notes


def _reason(column: Column, series: set[str], index: Collection[str], alone: bool) -> str:
    """Why a column is no dimension, or ""."""
    if column.kind not in _NUMBERS:
        return "no numbers"
    if column.values.null_count == len(column.values) and len(column.values):
        return "no values" if column.kind != "float" or column.name is not None else ""
    if column.name is not None:
        if column.name in index or INDEX.fullmatch(column.name):
            return "an index"
        snake = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", column.name)
        if column.name not in series and (
            _NO_DIMENSION.fullmatch(snake) or (series and column.name.lower() == "y")
        ):
            return "named like an index or a label"
    if not alone and _counts(column):
        return "it counts the rows"
    return ""


def _series(names: Sequence[str]) -> set[str]:
    """Names that are a stem with consecutive numbers, as dimensions have them; none where they are few."""
    stems: dict[str, list[int]] = {}
    for name in names:
        if found := _NUMBERED.fullmatch(name):
            stems.setdefault(found[1], []).append(int(found[2]))
    runs = {
        stem: numbers
        for stem, numbers in stems.items()
        if len(numbers) > 1 and max(numbers) - min(numbers) == len(numbers) - 1
    }
    within = {name for name in names if (found := _NUMBERED.fullmatch(name)) and found[1] in runs}
    return within if 2 * len(within) > len(names) else set()


def _counts(column: Column) -> bool:
    """Whether the values are 0, 1, 2 … or 1, 2, 3 …"""
    n = len(column.values)
    if n < 3 or column.values.null_count or column.kind == "numbers with others":
        return False
    first = numbers_of(column.values.slice(0, _FIRST))
    if first[0] not in (0, 1) or not np.array_equal(first, np.arange(len(first)) + first[0]):
        return False
    return np.array_equal(numbers_of(column.values), np.arange(n) + first[0])


def _ask(kept: Sequence[Column], series: set[str], name: str) -> None:
    """Raise InputError where some of the columns look unlike dimensions, and others do not."""
    looks = [_look(column, series) for column in kept]
    if all(column.kind == "integer" for column in kept):
        raise OpenChoiceError(
            f"{capital(_named(kept))} of {name} hold{'s' if len(kept) == 1 else ''} whole numbers "
            f"({kept[0].values.type})",
            "save vectors as floating-point, or say --vector-columns all",
            "columns",
            {ALL_COLUMNS: "all"},
        )
    unlike = [(column, look) for column, look in zip(kept, looks, strict=True) if look]
    if not unlike or len(set(looks)) == 1:
        return
    column, look = unlike[0]
    others = f" (and {len(unlike) - 1:,} more like it)" if len(unlike) > 1 else ""
    out = ",".join(f"-{one.name or one.label}" for one, _ in unlike[:_SHOWN])
    left_out = f"Leave {column.label}{f' and {len(unlike) - 1:,} more' if len(unlike) > 1 else ''} out"
    raise OpenChoiceError(
        f"Column {column.label} of {name}{others} {look}, as an index or a label would",
        f"leave it out with --vector-columns={out}{',…' if len(unlike) > _SHOWN else ''}, or keep all "
        "columns of numbers with --vector-columns all",
        "columns",
        {left_out: ",".join(f"-{one.name or one.label}" for one, _ in unlike), ALL_COLUMNS: "all"},
    )


def _look(column: Column, series: set[str]) -> str:
    """What makes a column look unlike a dimension, or ""."""
    if column.kind == "numbers with others":
        return ""
    values = numbers_of(column.values.slice(0, _FIRST))
    whole = bool((np.mod(values, 1) == 0).all()) if np.isfinite(values).all() else _is_whole(values)
    constant, rising = bool((values == values[:1]).all()), bool((np.diff(values) > 0).all())
    if whole or constant or rising:  # of the first rows: now of all
        values = numbers_of(column.values)
        if constant and (values == values[:1]).all():
            return "holds one value alone"
        if whole and column.kind != "integer" and _is_whole(values):
            return "holds whole numbers alone"
        if rising and len(values) >= _RISING and (np.diff(values) > 0).all():
            return "rises from row to row"
    if column.kind == "integer":
        return f"holds whole numbers ({column.values.type})"
    if series and column.name is not None and column.name not in series:
        return f"is not one of {first_few(sorted(series, key=lambda one: (len(one), one)), _SHOWN)}"
    return ""


def _is_whole(values: np.ndarray) -> bool:
    finite = values[np.isfinite(values)]
    return bool(len(finite) and (np.mod(finite, 1) == 0).all())


def numbers_of(values: "pa.ChunkedArray") -> np.ndarray:
    """A column of numbers as floating-point, missing ones NaN."""
    import pyarrow as pa

    if not pa.types.is_floating(values.type):
        values = values.cast(pa.float64())
    return values.to_numpy()


def repaired(column: Column, name: str, decimal: str, skip_bad_rows: bool) -> Column:
    """A column of numbers with others as numbers, others as they are.

    Raises InputError, which names the first cell that is none; with `skip_bad_rows` such cells are NaN.
    """
    import pyarrow as pa

    if column.kind != "numbers with others":
        return column
    numbers: list[float] = []
    for row, cell in enumerate(column.values.to_pylist()):
        try:
            missing = cell is None or cell.strip() in MISSING
            numbers.append(np.nan if missing else float(cell.replace(decimal, ".")))
        except ValueError:
            if not skip_bad_rows:
                raise OpenChoiceError(
                    f"{name} holds {cell[:40]!r} in row {row:,} of column {column.label} (counted from 0), "
                    "where numbers are expected",
                    "correct it, or leave such rows out with --skip-bad-rows",
                    "skip_bad_rows",
                    SKIP_ROWS,
                ) from None
            numbers.append(np.nan)
    return Column(column.label, column.name, pa.chunked_array([pa.array(numbers, pa.float64())]))


def _mostly_numbers(values: "pa.ChunkedArray") -> bool:
    """Whether text, by its first rows, is numbers for the greater part."""
    cells = [cell for cell in values.slice(0, _FIRST).to_pylist() if cell is not None and cell.strip()]
    alike = sum(_LIKE_NUMBERS.fullmatch(cell.strip()) is not None for cell in cells)
    return bool(cells) and 2 * alike >= len(cells)


def _named(columns: Sequence[Column]) -> str:
    labels = first_few([column.label for column in columns], _SHOWN)
    return f"column {labels}" if len(columns) == 1 else f"columns {labels}"
