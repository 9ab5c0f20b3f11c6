"""A table as CSV for spreadsheets: whole numbers whole, and no cell that a spreadsheet would compute."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a cell begins with that Excel and others compute


def as_csv(frame: "pd.DataFrame") -> bytes:
    """`frame` without its index, in UTF-8 with the mark by which Excel tells that.

    A column of numbers of which all are whole is written without decimals; text that begins like a formula
    gets an apostrophe before it, headings too. Missing cells are empty.
    """
    columns = {}
    for place, name in enumerate(frame.columns):
        cells = frame.iloc[:, place]
        if cells.dtype.kind == "f" and (cells.dropna() % 1 == 0).all():
            cells = cells.astype("Int64")
        elif cells.dtype.kind not in "biuf":
            cells = cells.map(_harmless, na_action="ignore")
        columns[_harmless(name)] = cells
    return type(frame)(columns).to_csv(index=False).encode("utf-8-sig")


def _harmless(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell
