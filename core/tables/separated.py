"""Tables as separated text: CSV and its kin."""

import csv
import io
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

from core.errors import InputError
from core.tables.checks import MISSING, columns_of, decoded

if TYPE_CHECKING:
    import pandas as pd

_DELIMITERS = ",;\t|"
_SAMPLE = 50  # records that the separator is found from
_COMMA = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_CODE = re.compile(r"[+-]?0\d+")  # "007" is a name: as a number it would be that of "7"
_POINT = re.compile(r"[+-]?\d*\.\d+(?:[eE][+-]?\d+)?")


def read_separated(
    data: bytes, name: str, is_text: Callable[[str], bool]
) -> tuple["pd.DataFrame", list[str]]:
    """(frame, notes) of separated text; is_text: whether a column is text whatever it looks like."""
    import pandas as pd

    content, notes = decoded(data, name)
    content, stated = _stated_separator(content)
    delimiter = stated or _delimiter(content)
    header, rows = _records(content, delimiter, name)
    columns = [column or _unnamed(place, header) for place, column in enumerate(header)]
    by_column: Iterable[Iterable[str]] = zip(*rows, strict=True) if rows else ([] for _ in columns)
    cells = dict(zip(columns, map(list, by_column), strict=True))
    for place, column in enumerate(header):
        if not column and not any(cells[columns[place]]):
            del cells[columns[place]]
    texts = {column for column in cells if is_text(column)}
    commas = delimiter != "," and _has_decimal_commas(cells, texts)
    if commas:
        notes.append(f"{name}: numbers were read with decimal commas.")
    made = {
        column: pd.Series([cell if cell.strip() else None for cell in values], dtype=object)
        if column in texts
        else _numbers_or_text(values, commas)
        for column, values in cells.items()
    }
    return pd.DataFrame(made), notes


def _unnamed(place: int, header: list[str]) -> str:
    """What pandas would call the column at that place; the heading may have such a name already."""
    name = f"Unnamed: {place}"
    while name in header:
        name += ".1"
    return name


def _stated_separator(content: str) -> tuple[str, str | None]:
    """The content without a first line "sep=;", which spreadsheets write, and that separator."""
    declared = re.match(r'"?sep=(.)"?(\r\n|\r|\n)', content)
    return (content[declared.end() :], declared[1]) if declared else (content, None)


def _delimiter(content: str) -> str:
    """The separator under which the first records are alike and most cells stand in the heading."""
    sample = "\n".join(content.splitlines()[: _SAMPLE + 1])

    def rank(delimiter: str) -> tuple[bool, float, int]:
        widths = [len(row) for row in csv.reader(io.StringIO(sample), delimiter=delimiter) if row]
        alike = sum(width == widths[0] for width in widths) / len(widths) if widths else 0.0
        return bool(widths) and widths[0] > 1, alike, widths[0] if widths else 0

    return max(_DELIMITERS, key=rank)  # of equals the first


def _records(content: str, delimiter: str, name: str) -> tuple[list[str], list[list[str]]]:
    """The heading and the rows, each as long as the heading; blank ones left out."""
    try:
        return _regular(content, delimiter, name, csv.QUOTE_MINIMAL)
    except (InputError, csv.Error) as error:
        if delimiter != "\t" or '"' not in content:
            if isinstance(error, InputError):
                raise
            raise InputError(f"{name} cannot be read as a table ({error}): save it again.") from error
        return _regular(content, delimiter, name, csv.QUOTE_NONE)  # tabs often stand beside bare quotes


def _regular(content: str, delimiter: str, name: str, quoting: int) -> tuple[list[str], list[list[str]]]:
    first = content.lstrip("\r\n").partition("\n")[0]
    blank = delimiter != "\t" and f"{delimiter} " in first  # "a, b, c"
    reader = csv.reader(
        io.StringIO(content, newline=""),
        delimiter=delimiter,
        skipinitialspace=blank,
        strict=quoting == csv.QUOTE_MINIMAL,
        quoting=quoting,  # type: ignore[arg-type]  # a constant of the module
    )
    records = [record for record in reader if any(map(str.strip, record))]
    if not records:
        raise InputError(f"{name} is empty: give a table with a heading.")
    header, rows = columns_of(records[0], name), records[1:]
    if any(_POINT.fullmatch(cell) for cell in header):
        raise InputError(f"{name} has no heading, but numbers in its first line: name the columns there.")
    width = len(header)
    for place, row in enumerate(rows):
        if len(row) > width and not any(map(str.strip, row[width:])):
            rows[place] = row[:width]
        elif len(row) != width:
            raise InputError(
                f"{name} has {len(row)} cells in row {place + 1} and {width} in its heading: give each row "
                "as many."
            )
    return header, rows


def _has_decimal_commas(cells: dict[str, list[str]], texts: set[str]) -> bool:
    """Whether a column of numbers has decimal commas, and none has decimal points."""
    decimal = False
    for column, values in cells.items():
        given = [value.strip() for value in values if value.strip()]
        if column in texts or not given:
            continue
        commas = [bool(_COMMA.fullmatch(value)) for value in given]
        if any(commas) and all(comma or _NUMBER.fullmatch(v) for comma, v in zip(commas, given, strict=True)):
            decimal = True
            if any(_POINT.fullmatch(value) for value in given):
                return False
        elif not any(commas) and any(_POINT.fullmatch(value) for value in given):
            return False
    return decimal


def _numbers_or_text(cells: list[str], commas: bool) -> "pd.Series":
    """A column as numbers where every cell is one or missing, else as text."""
    import pandas as pd

    written = ["nan" if (cell := given.strip()) in MISSING else cell for given in cells]
    written = [cell.replace(",", ".") for cell in written] if commas else written
    together = "".join(written)
    coded = any(_CODE.fullmatch(cell) for cell in written if cell[:2].strip("+-")[:1] == "0")
    if (
        not coded and together.isascii() and "_" not in together
    ):  # float() takes other digits, and underscores
        if together.isdigit() and all(map(str.isdigit, written)) and max(map(len, written)) < 19:
            return pd.Series(list(map(int, written)), dtype="int64")
        with suppress(ValueError):
            return pd.Series(list(map(float, written)), dtype="float64")
    return pd.Series([cell if cell.strip() else None for cell in cells], dtype=object)
