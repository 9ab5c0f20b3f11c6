"""What plain readers find in a file, and whether vectors contradict it."""

import csv
import io
import itertools
import json
import re
from collections.abc import Sequence
from contextlib import suppress

import numpy as np

Cells = list[list[object]]
MOST_COLUMNS = 12  # of a table that is compared
_LIST = re.compile(r"\[[^\[\]]*\]")


def text_of(data: bytes) -> str:
    """Bytes as text, by their byte order mark, else as UTF-8, Windows' Latin-1 or Latin-1."""
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return data.decode(encoding, errors="replace")
    for encoding in ("utf-8", "cp1252"):
        with suppress(UnicodeDecodeError):
            return data.decode(encoding)
    return data.decode("latin-1")


def separated(data: bytes, separator: str) -> Cells:
    """The cells of separated text; blanks stand for any number of them."""
    text = re.sub(r'\A"?sep=(.)"?(\r\n|\r|\n)', "", text_of(data))
    if separator == " ":
        return [list(line.split()) for line in re.split(r"\r\n|\n|\r", text) if line.strip()]
    csv.field_size_limit(2**31 - 1)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
    return [list(row) for row in rows if any(cell.strip() for cell in row)]


def objects(data: bytes) -> Cells:
    """The values of JSON objects or lists, one a line or in one document, as rows of cells."""
    text = text_of(data)
    try:
        rows = [json.loads(line) for line in text.split("\n") if line.strip()]
        rows = rows[0] if len(rows) == 1 else rows
    except ValueError:
        rows = json.loads(text)
    while isinstance(rows, dict) and len(rows) == 1:
        rows = next(iter(rows.values()))
    if isinstance(rows, dict):
        inner = [v for v in rows.values() if isinstance(v, list) and v and isinstance(v[0], list | dict)]
        rows = inner[0] if len(inner) == 1 else list(rows.values())
    keys = list(dict.fromkeys(key for row in rows if isinstance(row, dict) for key in row))
    return [[row.get(key) for key in keys] if isinstance(row, dict) else [row] for row in rows]


def number(cell: object, decimal: str = ".") -> float:
    """A cell as a number; NaN: it is none, as Python reads numbers, digits of ASCII only."""
    if isinstance(cell, bool) or cell is None:
        return np.nan
    if isinstance(cell, int | float | np.number):
        return float(cell)
    word = str(cell).strip()
    if not word.isascii() or "_" in word:
        return np.nan
    try:
        return float(word.replace(decimal, ".") if decimal != "." else word)
    except ValueError:
        return np.nan


def contradiction(
    vectors: np.ndarray, notes: Sequence[str], tables: Sequence[Cells], decimal: str, *, chosen: bool = False
) -> str | None:
    """What in vectors, (n, d), stands in none of the tables as rows and columns in their order, or None.

    Of rows and columns with numbers that are left out a note must speak. chosen: columns were asked for.
    """
    why = "no reader reads it"
    for cells in tables:
        for table in (cells, *_lists(cells)):
            why = _against(vectors, notes, table, decimal, chosen) or ""
            if not why:
                return None
    return why


def _lists(cells: Cells) -> list[Cells]:
    """The tables that columns of lists hold, one a column."""
    found = []
    for column in itertools.zip_longest(*cells):
        rows: Cells = []
        for cell in column:
            if isinstance(cell, list | tuple | np.ndarray):
                rows.append(list(cell))
            elif isinstance(cell, str) and (lists := _LIST.fullmatch(cell.strip().replace("\n", " "))):
                rows.append(list(lists[0][1:-1].replace(",", " ").split()))
            else:
                rows.append([])
        if sum(map(bool, rows)) > 1:
            found.append(rows)
    return found


def _against(
    vectors: np.ndarray, notes: Sequence[str], cells: Cells, decimal: str, chosen: bool
) -> str | None:
    width = max(map(len, cells), default=0)
    if width > MOST_COLUMNS or vectors.shape[1] > width:
        return (
            None if width > MOST_COLUMNS else f"{vectors.shape[1]} columns where a plain reader finds {width}"
        )
    table = np.full((len(cells), width), np.nan)
    for row, line in enumerate(cells):
        table[row, : len(line)] = [number(cell, decimal) for cell in line]
    with np.errstate(over="ignore", invalid="ignore"):
        near = np.isclose(table[:, None, :, None], vectors[None, :, None, :], rtol=1e-6, atol=1e-30)
        near |= table.astype(np.float16)[:, None, :, None] == vectors[None, :, None, :]
    for columns in itertools.combinations(range(width), vectors.shape[1]):
        alike = near[:, :, columns, range(vectors.shape[1])].all(axis=2)
        rows: list[int] = []
        for place in range(len(vectors)):
            following = np.flatnonzero(alike[(rows[-1] + 1) if rows else 0 :, place])
            if not len(following):
                break
            rows.append(int(following[0]) + ((rows[-1] + 1) if rows else 0))
        if len(rows) == len(vectors):
            return _unsaid(table, rows, columns, notes, chosen)
    return "values that a plain reader does not find there"


def _unsaid(
    table: np.ndarray, rows: list[int], columns: tuple[int, ...], notes: Sequence[str], chosen: bool
) -> str | None:
    """Rows from the first used on, and columns of numbers, that are left out without a note."""
    if notes:
        return None
    out = set(range(rows[0], len(table))) - set(rows)
    if out:
        return f"{len(out)} rows are left out without a word"
    others = [one for one in range(table.shape[1]) if one not in columns]
    if not chosen and any(np.isfinite(table[rows, one]).any() for one in others):
        return "a column of numbers is left out without a word"
    return None
