"""Which columns of a table are the dimensions of its vectors.

A column is a dimension only where nothing speaks against it. One that is no number, that pandas calls its
index, that counts the rows or whose name says index, label or time is left out with a note. One that merely
looks like that (whole numbers or one value alone beside columns of fractions, values that rise from row to
row, a name outside a numbered series) is asked about: InputError, until `--vector-columns` says what to take.
"""

import re
from collections.abc import Collection, Sequence

import numpy as np

from core.errors import InputError, OpenChoiceError
from core.formatting import capital, first_few
from core.hidden_states.table_columns import FIRST, NUMBERS, Column, numbers_of
from core.tables.checks import INDEX

ALL_COLUMNS = "Keep all columns of numbers"
_SHOWN = 3  # columns that a message names
_RISING = 10  # rows from which values in order are no accident
_WORDS = (
    "index|idx|id|ids|uuid|guid|key|row|rowid|number|nr|no|label|labels|target|targets|class|classes|category|"
    "cluster|group|fold|split|time|timestamp|ts|date|datetime|at|year|epoch|step|score|rating|count|length|"
    "rank|word|token|text|title|name|gold|truth|sentiment|topic|lang|language"
)
_NO_DIMENSION = re.compile(rf"(?:.*[\W_])?(?:{_WORDS})", re.IGNORECASE)
_NUMBERED = re.compile(r"(.*?)(\d+)")


def chosen(columns: Sequence[Column], asked: str, name: str) -> list[Column]:
    """The columns that a person asked for.

    asked: names or, where none is called so, positions from 0, with commas between them; #3 is a position
    whatever columns are called; FIRST:LAST is a range; "all" is every column of numbers; with a minus before
    each, all of those but these.
    """
    numbers = [column for column in columns if column.kind in (*NUMBERS, "list")]
    words = [word for part in asked.split(",") if (word := part.strip())]
    labels = _labels(columns)

    def place(word: str) -> int:
        if word in labels:
            return labels.index(word)
        position = word.removeprefix("#")
        if position.isascii() and position.isdecimal() and int(position) < len(columns):
            return int(position)
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


def _labels(columns: Sequence[Column]) -> list[str]:
    return [column.name if column.name is not None else column.label for column in columns]


def _written(column: Column, columns: Sequence[Column]) -> str:
    """How `chosen` is asked for a column of a table: by its name, where that cannot be misread."""
    labels = _labels(columns)
    place = next(place for place, one in enumerate(columns) if one is column)
    plain = re.fullmatch(r"(?!all$)[^-#\s,:](?:[^,:]*[^\s,:])?", labels[place])
    return labels[place] if plain and labels.count(labels[place]) == 1 else f"#{place}"


def dimensions(
    columns: Sequence[Column], name: str, index: Collection[str] = ()
) -> tuple[list[Column], list[str]]:
    """(columns that are dimensions, notes) of columns of numbers and others; InputError where that is open.

    index: names of columns that the file itself calls an index.
    """
    numbers = [column for column in columns if column.kind in NUMBERS]
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
    _ask(kept, columns, series, name)
    return kept, notes


def _reason(column: Column, series: set[str], index: Collection[str], alone: bool) -> str:
    """Why a column is no dimension, or ""."""
    if column.kind not in NUMBERS:
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
    first = numbers_of(column.values.slice(0, FIRST))
    if first[0] not in (0, 1) or not np.array_equal(first, np.arange(len(first)) + first[0]):
        return False
    return np.array_equal(numbers_of(column.values), np.arange(n) + first[0])


def _ask(kept: Sequence[Column], columns: Sequence[Column], series: set[str], name: str) -> None:
    """Raise InputError where some of the columns that would be kept look unlike dimensions, others not."""
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
    words = [f"-{_written(one, columns)}" for one, _ in unlike]
    shown = ",".join(words[:_SHOWN]) + ",…" * (len(words) > _SHOWN)
    left_out = f"Leave {column.label}{f' and {len(unlike) - 1:,} more' if len(unlike) > 1 else ''} out"
    raise OpenChoiceError(
        f"Column {column.label} of {name}{others} {look}, as an index or a label would",
        f"leave it out with --vector-columns={shown}, or keep all columns of numbers with --vector-columns "
        "all",
        "columns",
        {left_out: ",".join(words), ALL_COLUMNS: "all"},
    )


def _look(column: Column, series: set[str]) -> str:
    """What makes a column look unlike a dimension, or ""."""
    if column.kind == "numbers with others":
        return ""
    values = numbers_of(column.values.slice(0, FIRST))
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


def _named(columns: Sequence[Column]) -> str:
    labels = first_few([column.label for column in columns], _SHOWN)
    return f"column {labels}" if len(columns) == 1 else f"columns {labels}"
