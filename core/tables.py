"""One reader of tables from files: scores, covariates, labels.

Separator, encoding and decimal sign are found out; names stay as they are written ("007"). What a table holds
is decided by Python's csv module, and pandas only turns cells into numbers, so the two never disagree.
"""

import csv
import io
import json
import math
import re
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from core.errors import InputError
from core.formatting import first_few, first_line

if TYPE_CHECKING:
    import pandas as pd

MOST_COLUMNS = 50_000
_DELIMITERS = ",;\t|"
_SAMPLE = 50  # records that the separator is found from
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_INDEX = re.compile(r"Unnamed: \d+(\.\d+)*|__index_level_\d+__|")  # as pandas calls an index, or not at all
_COMMA = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_POINT = re.compile(r"[+-]?\d*\.\d+(?:[eE][+-]?\d+)?")
_MISSING = frozenset({"", "#N/A", "<NA>", "N/A", "NA", "NaN", "None", "n/a", "nan", "null"})

Table = tuple["pd.DataFrame", list[str]]


def read_table(source: Path | BinaryIO, name: str, text_columns: Collection[str] = ()) -> Table:
    """The rows of a .csv, .tsv, .txt, .parquet, .jsonl or .json file, with notes on how they were read.

    Arguments:
        source: a path, or an open binary stream.
        name: what messages call the file; its ending says the format.
        text_columns: columns whose cells are text whatever they look like; others are numbers where all of
            their cells are. Case and outer blanks do not matter.

    Returns: (frame, notes). Missing cells are None in columns of text and NaN in columns of numbers. An index
    that pandas wrote is left out, with a note, where it is whole numbers; one of text stays as "Unnamed: 0".
    Raises InputError, one sentence, for a file that cannot be opened, is empty or damaged, has no heading,
    rows of other lengths than its heading, two columns of one name, or more than MOST_COLUMNS columns.
    """
    suffix = Path(name).suffix.lower()
    if suffix not in READERS:
        remedy = "save it as CSV" if suffix in (".xlsx", ".xls", ".ods") else f"give {', '.join(READERS)}"
        raise InputError(f"{name} is of no known format: {remedy}.")
    data = _bytes(source, name)
    if not data.strip():
        raise InputError(f"{name} is empty: give a table with a heading.")
    text = {column.strip().lower() for column in text_columns}
    try:
        frame, notes = READERS[suffix](data, name, lambda column: column.lower() in text)
    except InputError:
        raise
    except Exception as error:  # parsers meet arbitrary bytes: what they raise is open
        raise InputError(f"{name} cannot be read as a table ({first_line(error)}): save it again.") from error
    frame, left_out = _without_index(frame)
    notes += [f"{name}: the column {first_few(left_out, 3)} was left out as an index."] if left_out else []
    if frame.columns.empty:
        raise InputError(f"{name} has no column but an index: give a table with a heading.")
    return frame, notes


def _bytes(source: Path | BinaryIO, name: str) -> bytes:
    if not isinstance(source, Path):
        return source.read()
    try:
        return source.read_bytes()
    except OSError as error:
        raise InputError(f"{name} cannot be read ({error.strerror}): give a file that can.") from error


def _columns(cells: Iterable[object], name: str) -> list[str]:
    """Names of columns, checked."""
    names = [str(cell).strip() for cell in cells]
    if len(names) > MOST_COLUMNS:
        raise InputError(f"{name} has {len(names):,} columns: give at most {MOST_COLUMNS:,}.")
    seen: set[str] = set()
    for column in filter(None, names):
        if column in seen:
            raise InputError(f"{name} has two columns called {column}: rename one.")
        seen.add(column)
    return names


def _without_index(frame: "pd.DataFrame") -> tuple["pd.DataFrame", list[str]]:
    """Without columns that number the rows under no name of their own; those of text keep a name."""
    import pandas as pd

    index = [
        column
        for column in frame.columns
        if _INDEX.fullmatch(column) and pd.api.types.is_integer_dtype(frame[column])
    ]
    return frame.drop(columns=index), index


# Separated text


def _read_separated(data: bytes, name: str, is_text: Callable[[str], bool]) -> Table:
    import pandas as pd

    content, notes = _decoded(data, name)
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
        column: pd.Series([cell if cell.strip() else None for cell in found], dtype=object)
        if column in texts
        else _numbers_or_text(found, commas)
        for column, found in cells.items()
    }
    return pd.DataFrame(made), notes


def _unnamed(place: int, header: list[str]) -> str:
    """What pandas would call the column at that place; the heading may have such a name already."""
    name = f"Unnamed: {place}"
    while name in header:
        name += ".1"
    return name


def _decoded(data: bytes, name: str) -> tuple[str, list[str]]:
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return data.decode(encoding), []
    if b"\0" in data:
        raise InputError(f"{name} is no text: save it as CSV.")
    try:
        return data.decode("utf-8"), []
    except UnicodeDecodeError:
        note = f"{name} is not UTF-8 and was read as Latin-1: check letters with accents."
        try:
            return data.decode("cp1252"), [note]
        except UnicodeDecodeError:
            return data.decode("latin-1"), [note]


def _stated_separator(content: str) -> tuple[str, str | None]:
    """The content without a first line "sep=;", which spreadsheets write, and that separator."""
    found = re.match(r'"?sep=(.)"?\r?\n', content)
    return (content[found.end() :], found[1]) if found else (content, None)


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
    csv.field_size_limit(2**31 - 1)
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
    header, rows = _columns(records[0], name), records[1:]
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
    found = False
    for column, values in cells.items():
        given = [value.strip() for value in values if value.strip()]
        if column in texts or not given:
            continue
        commas = [bool(_COMMA.fullmatch(value)) for value in given]
        if any(commas) and all(comma or _NUMBER.fullmatch(v) for comma, v in zip(commas, given, strict=True)):
            found = True
            if any(_POINT.fullmatch(value) for value in given):
                return False
        elif not any(commas) and any(_POINT.fullmatch(value) for value in given):
            return False
    return found


def _numbers_or_text(cells: list[str], commas: bool) -> "pd.Series":
    """A column as numbers where every cell is one or missing, else as text."""
    import pandas as pd

    written = ["nan" if (cell := given.strip()) in _MISSING else cell for given in cells]
    written = [cell.replace(",", ".") for cell in written] if commas else written
    together = "".join(written)
    if together.isascii() and "_" not in together:  # float() takes other digits, and underscores
        if together.isdigit() and all(map(str.isdigit, written)) and max(map(len, written)) < 19:
            return pd.Series(list(map(int, written)), dtype="int64")
        with suppress(ValueError):
            return pd.Series(list(map(float, written)), dtype="float64")
    return pd.Series([cell if cell.strip() else None for cell in cells], dtype=object)


# Objects and columns


def _read_lines(data: bytes, name: str, is_text: Callable[[str], bool]) -> Table:
    """One JSON object a line."""
    content, notes = _decoded(data, name)
    rows = []
    for number, line in enumerate(content.split("\n"), start=1):
        if line.strip():
            try:
                rows.append(json.loads(line, object_pairs_hook=lambda pairs: _object(pairs, name)))
            except (ValueError, RecursionError) as error:
                if isinstance(error, InputError):
                    raise
                raise InputError(
                    f"{name} holds no JSON in line {number}: give one object a line, or save it again."
                ) from error
    return of_objects(rows, name, is_text), notes


def _read_json(data: bytes, name: str, is_text: Callable[[str], bool]) -> Table:
    """A list of JSON objects, or one object a line."""
    content, notes = _decoded(data, name)
    try:
        rows = json.loads(content, object_pairs_hook=lambda pairs: _object(pairs, name))
    except InputError:
        raise
    except (ValueError, RecursionError):
        return _read_lines(data, name, is_text)
    return of_objects(rows if isinstance(rows, list) else [rows], name, is_text), notes


def _object(pairs: list[tuple[str, Any]], name: str) -> dict[str, Any]:
    _columns((key for key, _ in pairs), name)
    return dict(pairs)


def of_objects(rows: list[Any], name: str, is_text: Callable[[str], bool]) -> "pd.DataFrame":
    """A frame of JSON objects, whose values are numbers, text, true, false or null."""
    import pandas as pd

    for number, row in enumerate(rows, start=1):
        if not isinstance(row, dict):
            raise InputError(f"{name} holds no object in row {number}: give one object for each row.")
    columns = _columns(dict.fromkeys(key for row in rows for key in row), name)
    if not columns:
        raise InputError(f"{name} holds no named values: give one object for each row.")
    found = {}
    for column, key in zip(columns, dict.fromkeys(key for row in rows for key in row), strict=True):
        values = [row.get(key) for row in rows]
        for number, value in enumerate(values, start=1):
            if isinstance(value, dict | list):
                raise InputError(f"{name} holds no plain value of {column} in row {number}: give one there.")
        numeric = all(isinstance(v, int | float | None) and not isinstance(v, bool) for v in values)
        if is_text(column) or not numeric:
            found[column] = pd.Series([_text(v) if is_text(column) else v for v in values], dtype=object)
        else:
            found[column] = pd.Series([math.nan if v is None else v for v in values])
    return pd.DataFrame(found)


def _read_parquet(data: bytes, name: str, is_text: Callable[[str], bool]) -> Table:
    import pandas as pd
    import pyarrow.parquet as pq

    _columns(pq.read_schema(io.BytesIO(data)).names, name)
    frame = pd.read_parquet(io.BytesIO(data))
    if any(frame.index.names) or not pd.api.types.is_integer_dtype(frame.index):
        frame = frame.reset_index(names=None if any(frame.index.names) else ["Unnamed: 0"])
    frame = frame.reset_index(drop=True).set_axis(_columns(frame.columns, name), axis=1)
    for column in frame.columns:
        if is_text(column):
            frame[column] = pd.Series(map(_text, frame[column]), dtype=object, index=frame.index)
        elif not pd.api.types.is_numeric_dtype(frame[column]):
            plain = frame[column].astype(object)
            frame[column] = plain.where(plain.notna(), None)
    return frame, []


def _text(value: Any) -> str | None:
    """A value as it is written; a whole number without a point, since a missing cell makes columns float."""
    if value is None or value != value:
        return None
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


READERS: dict[str, Callable[[bytes, str, Callable[[str], bool]], Table]] = {
    ".csv": _read_separated,
    ".tsv": _read_separated,
    ".txt": _read_separated,
    ".parquet": _read_parquet,
    ".jsonl": _read_lines,
    ".json": _read_json,
}
