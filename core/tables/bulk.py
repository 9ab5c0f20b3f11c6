"""Separated text that is mostly numbers, many of them, as an Arrow table.

What is found out is what `core.tables.separated` finds out: separator, encoding, decimal sign, heading.
Blanks may separate, too, and there need be no heading; the cells are read by Arrow, a hundred times as fast.
"""

import csv
import re
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from core.errors import InputError, OpenChoiceError
from core.tables.checks import MISSING, MOST_COLUMNS, SKIP_ROWS, decoded, encoding_of, number_of

if TYPE_CHECKING:
    import pyarrow as pa

_SAMPLE_LINES, _SAMPLE_BYTES = 50, 1 << 22
_MOST_REMARKS = 200  # lines before the first row
_DELIMITERS = ",;\t| "
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?")
_COUNTS = re.compile(r"\s*\d+\s+\d+\s*")  # the first line of word2vec's text format: n and d
RAGGED_SHARE = 20  # one row in so many may have another length than the rest and is left out


@dataclass(frozen=True)
class Form:
    """How a text is cut into cells. skip: lines before the first row; names: of columns, None: no heading."""

    delimiter: str
    decimal: str
    quoted: bool
    skip: int
    width: int
    names: list[str] | None


@dataclass
class Cells:
    """Columns as they stand in the text, and notes on the reading. named: whether there is a heading."""

    table: "pa.Table"
    named: bool
    decimal: str
    notes: list[str] = field(default_factory=list)


def read_bulk(data: bytes, name: str, *, skip_bad_rows: bool = False) -> Cells:
    """The cells of separated text, a column a type: numbers where all its cells are, dates, else text.

    Rows of another length than the others are left out with a note; InputError where they are more than one
    in RAGGED_SHARE or where the last row is cut off, unless `skip_bad_rows`. Lines that start with # before
    the first row, a first line "sep=;" and the first line of word2vec's format (n and d) are no rows.
    """
    notes: list[str] = []
    if encoding_of(data) != "utf-8":
        text, notes = decoded(data, name)
        data = text.encode()
    if b"\0" in data[:_SAMPLE_BYTES]:
        raise InputError(f"{name} is no text: save it as CSV.")
    form = _form(data, name)
    if form.delimiter == " ":
        data = _single_blanks(data)
    elif form.quoted:
        data = _quotes_after_blanks(data, form.delimiter.encode())
    table, ragged = _parsed(data, form)
    if ragged:
        notes.append(_of_ragged(ragged, table.num_rows, form, name, skip_bad_rows))
    table = _without_empty_end(table, form)
    return Cells(table, form.names is not None, form.decimal, notes)


def _form(data: bytes, name: str) -> Form:
    """What the first lines say."""
    end = 0
    for _ in range(_SAMPLE_LINES + _MOST_REMARKS):
        end = data.find(b"\n", end) + 1 or len(data)
    sample = data[: min(end, _SAMPLE_BYTES)]
    lines = sample.decode("utf-8", errors="replace").splitlines()
    lines = lines[:-1] if len(sample) < len(data) and len(lines) > 1 else lines
    skip, delimiter = 0, None
    if lines and (stated := re.fullmatch(r'"?sep=(.)"?', lines[0])):
        skip, delimiter = 1, stated[1]
    while skip < len(lines) and (not lines[skip].strip() or _is_comment(lines[skip])):
        skip += 1
    body = _whole([line for line in islice(lines, skip, skip + _SAMPLE_LINES) if line.strip()])
    if not body:
        raise InputError(f"{name} is empty: give a file of vectors.")
    if len(body) > 1 and _COUNTS.fullmatch(body[0]) and len(body[1].split()) == int(body[0].split()[1]) + 1:
        body, skip, delimiter = body[1:], skip + 1, " "
    delimiter = delimiter or max(_DELIMITERS, key=lambda given: _rank(body, given))  # of equals the first
    rows = [_cells(line, delimiter) for line in body]
    widths = [len(row) for row in rows[1:]] or [len(rows[0])]
    width = max(widths, key=widths.count)
    if width > MOST_COLUMNS:
        raise InputError(f"{name} has {width:,} columns: give at most {MOST_COLUMNS:,}.")
    names = rows[0] if is_heading(rows[0]) and not any(map(_is_list, rows[0])) else None
    if names is not None:
        skip += 1
        if len(names) == width - 1 and any(row[-1].strip() for row in rows[1:] if len(row) == width):
            names = ["", *names]  # as R names rows
        names = [cell.strip('"') for cell in names[:width]] + [""] * (width - len(names))
    rows = rows[1:] if names is not None else rows
    cells = [cell.strip() for row in rows for cell in row]
    commas = delimiter != "," and any(map(_DECIMAL_COMMA.fullmatch, cells))
    quoted = delimiter not in " \t" or any(
        cell[0] == cell[-1] == '"' for line in body for cell in line.split(delimiter) if len(cell) > 1
    )
    return Form(delimiter, "," if commas else ".", quoted, skip, width, names)


def _whole(lines: list[str]) -> list[str]:
    """Lines, with lists that NumPy broke over several of them put together."""
    whole: list[str] = []
    for line in lines:
        if whole and '"[' in whole[-1] and ']"' not in whole[-1]:
            whole[-1] += f" {line}"
        else:
            whole.append(line)
    return whole


def _is_comment(line: str) -> bool:
    """Whether a line is a remark, as numpy.savetxt writes headings, and not a vector of the word "#"."""
    words = line[1:].split()
    return line.startswith("#") and not (words and all(map(_is_number, words)))


def _cells(line: str, delimiter: str) -> list[str]:
    if delimiter == " ":
        return line.split()
    return next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [""])


def _rank(lines: list[str], delimiter: str) -> tuple[bool, float, float, int]:
    """How well a delimiter cuts lines: whether lists stay whole, shares of numbers and equal rows, width."""
    rows = [_cells(line.strip(" "), delimiter) for line in lines]
    rows = rows[1:] or rows
    cells = [cell for row in rows for cell in row]
    numbers = sum(_is_number(cell, delimiter != ",") or _is_list(cell) or not cell.strip() for cell in cells)
    widths = [len(row) for row in rows]
    usual = max(widths, key=widths.count)
    share = numbers / len(cells)
    lists = sum(any(map(_is_list, row)) for row in rows)
    return 2 * lists > len(rows), round(share * min(usual, 2), 3), widths.count(usual) / len(rows), usual


def is_heading(cells: list[str]) -> bool:
    """Whether a first line names columns: it holds no number, or numbers that just count from 0 or 1."""
    numbers = [cell.strip() for cell in cells if _is_number(cell, True)]
    counted = any(numbers == [str(i + start) for i in range(len(numbers))] for start in (0, 1))
    return not numbers or (counted and len(numbers) > 1)


def _is_number(cell: str, commas: bool = False) -> bool:
    try:
        number_of(cell)
    except ValueError:
        return commas and _DECIMAL_COMMA.fullmatch(cell.strip()) is not None
    return True


def _is_list(cell: str) -> bool:
    return cell.strip().startswith("[") and cell.strip().endswith("]")


def _single_blanks(data: bytes) -> bytes:
    """Lines without blanks around them and with one between cells."""
    if (
        re.search(rb"[ \t]{2}|^[ \t]|[ \t]\r?$", data[:_SAMPLE_BYTES], re.MULTILINE) is None
        and b"\t" not in data
    ):
        return data
    return re.sub(rb"(?m)^ | (?=\r?$)", b"", re.sub(rb"[ \t]+", b" ", data))


def _quotes_after_blanks(data: bytes, delimiter: bytes) -> bytes:
    """Without blanks between a separator and a quotation mark, which Arrow takes for text."""
    between = re.compile(rb"(?<=" + re.escape(delimiter) + rb') +(?=")')
    return between.sub(b"", data) if between.search(data[:_SAMPLE_BYTES]) else data


def _parsed(data: bytes, form: Form) -> "tuple[pa.Table, list[Any]]":
    """(table, rows of another length than most)."""
    import pyarrow as pa
    import pyarrow.csv as pcsv

    ragged: list[Any] = []

    def odd(row: Any) -> str:
        ragged.append(row)
        return "skip"

    def parse(threads: bool) -> "pa.Table":
        ragged.clear()
        return pcsv.read_csv(
            pa.BufferReader(data),
            # One block, so that a column's type is decided by all its values, not the first megabyte.
            read_options=pcsv.ReadOptions(
                column_names=[str(place) for place in range(form.width)],
                skip_rows=form.skip,
                block_size=min(len(data) + 1, 2**31 - 1),
                use_threads=threads,
            ),
            parse_options=pcsv.ParseOptions(
                delimiter=form.delimiter,
                quote_char='"' if form.quoted else False,
                invalid_row_handler=odd,
                newlines_in_values=form.quoted and b'"' in data,
            ),
            convert_options=pcsv.ConvertOptions(
                decimal_point=form.decimal,
                null_values=[*pcsv.ConvertOptions().null_values, *MISSING],
                true_values=["true", "True", "TRUE"],
                false_values=["false", "False", "FALSE"],
            ),
        )

    names = form.names or [str(place) for place in range(form.width)]
    try:
        table = parse(threads=True)
        if ragged:
            table = parse(threads=False)  # which numbers the rows
    except pa.ArrowInvalid:
        if data.count(b"\n", 0, len(data.rstrip())) >= form.skip:
            raise
        table = pa.table([pa.nulls(0)] * len(names), names=names)  # a heading alone
    return pa.table(list(table.columns), names=[name.strip() for name in names]), ragged


def _of_ragged(ragged: list[Any], kept: int, form: Form, name: str, skip: bool) -> str:
    """The note on rows of another length, or InputError."""
    places = [row.number - form.skip - 1 if row.number is not None else 0 for row in ragged]
    cells = f"{ragged[0].actual_columns} cells where others have {form.width}"
    first = f"row {places[0]:,} (counted from 0) has {cells}"
    if not skip and (len(ragged) * RAGGED_SHARE > kept or places[-1] >= kept + len(ragged) - 1):
        raise OpenChoiceError(
            f"{name} is cut off or its rows differ in length, {first}",
            "save it again, or leave such rows out with --skip-bad-rows",
            "skip_bad_rows",
            SKIP_ROWS,
        )
    many = f"{len(ragged):,} rows" if len(ragged) > 1 else "a row"
    return f"{name}: {many} of another length left out; {first}."


def _without_empty_end(table: "pa.Table", form: Form) -> "pa.Table":
    """Without columns that a separator at the end of each line makes: no name, no value."""
    import pyarrow as pa

    while table.num_columns > 1 and table.num_rows and pa.types.is_null(table.columns[-1].type):
        if form.names is not None and table.column_names[-1]:
            break
        table = table.remove_column(table.num_columns - 1)
    return table
