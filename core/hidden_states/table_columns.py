"""A column of a table of vectors: of which kind its values are, and the values as numbers."""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from core.errors import OpenChoiceError
from core.tables.checks import MISSING, SKIP_ROWS, number_of

if TYPE_CHECKING:
    import pyarrow as pa

FIRST = 256  # rows looked at before all are
NUMBERS = ("float", "integer", "numbers with others")
_LIKE_NUMBERS = re.compile(r"[-+]?[\d.,'\s]*\d[\d.,'\s]*(?:[eE][-+]?\d+)?%?")


@dataclass(frozen=True)
class Column:
    """A column of a table. label: what messages call it. name: its heading, None: it has none."""

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
            numbers.append(np.nan if missing else number_of(cell.replace(decimal, ".")))
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
    cells = [cell for cell in values.slice(0, FIRST).to_pylist() if cell is not None and cell.strip()]
    alike = sum(_LIKE_NUMBERS.fullmatch(cell.strip()) is not None for cell in cells)
    return bool(cells) and 2 * alike >= len(cells)
