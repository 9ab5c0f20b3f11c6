"""A table as CSV for spreadsheets: whole numbers whole, and no cell that a spreadsheet would compute.

A spreadsheet computes what begins like a formula, and names come from files and users
(https://owasp.org/www-community/attacks/CSV_Injection).
"""

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
        columns[name] = cells
    return harmless(type(frame)(columns)).to_csv(index=False).encode("utf-8-sig")


def harmless(frame: "pd.DataFrame") -> "pd.DataFrame":
    """`frame` with an apostrophe before each text that begins like a formula, headings too."""
    columns = {}
    for place, name in enumerate(frame.columns):
        cells = frame.iloc[:, place]
        text = cells.dtype.kind not in "biufmM"
        columns[_harmless(name)] = cells.map(_harmless, na_action="ignore") if text else cells
    return type(frame)(columns, index=frame.index)


def _harmless(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell
