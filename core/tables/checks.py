"""What every form of table has in common: letters, and names of columns."""

import csv
import re
from collections.abc import Iterable

from core.errors import InputError

csv.field_size_limit(2**31 - 1)  # a cell is as long as it is, whichever reader looks first
MOST_COLUMNS = 50_000
MOST_CELLS = 10_000_000  # of a table in a format where repeated cells take no room
MISSING = frozenset({"", "#N/A", "<NA>", "N/A", "NA", "NaN", "None", "n/a", "nan", "null"})
INDEX = re.compile(r"Unnamed: \d+(\.\d+)*|__index_level_\d+__|")  # as pandas calls an index, or not at all
SKIP_ROWS = {"Leave such rows out": True}  # how pages answer the question that bad rows pose
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def columns_of(cells: Iterable[object], name: str) -> list[str]:
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


def number_of(cell: str) -> float:
    """The number that a cell is. Raises ValueError where it is none: other digits than ASCII's, as float()
    takes them, and underscores are not how numbers are written.
    """
    if not cell.isascii() or "_" in cell:
        raise ValueError(f"no number: {cell!r}")
    return float(cell)


def encoding_of(data: bytes) -> str:
    """What the first bytes say: "utf-8" also where they say nothing and the text can be that."""
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return encoding
    if data.isascii():
        return "utf-8"
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def decoded(data: bytes, name: str) -> tuple[str, list[str]]:
    """(text, notes) of a file's bytes: UTF-8, UTF-16 where it says so, else Latin-1 with a note."""
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
