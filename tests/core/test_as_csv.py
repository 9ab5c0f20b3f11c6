"""Tables as CSV: read back they are what they were, and a spreadsheet computes nothing in them."""

import io

import numpy as np
import pandas as pd

from core.tables import read_table
from core.tables.as_csv import as_csv


def test_whole_numbers_are_whole_and_others_keep_every_digit() -> None:
    frame = pd.DataFrame({"size": [22_713_216.0, np.nan], "r": [0.1 + 0.2, 1e-7], "name": ["a", None]})
    text = as_csv(frame).decode("utf-8-sig")
    assert text == "size,r,name\n22713216,0.30000000000000004,a\n,1e-07,\n"
    back, _ = read_table(io.BytesIO(as_csv(frame)), "t.csv")
    assert back["r"].tolist() == frame["r"].tolist() and back["size"].iloc[0] == 22_713_216


def test_text_like_a_formula_is_neutralised_and_numbers_are_not() -> None:
    cells = ["=1+1", "+2", "-3", "@x", "\tx", "\rx", "plain = text"]
    frame = pd.DataFrame({"=head": cells, "value": [-1.5] * len(cells)})
    back = pd.read_csv(io.BytesIO(as_csv(frame)), lineterminator="\n")
    assert back.columns[0] == "'=head" and back["value"].tolist() == [-1.5] * len(cells)
    assert back["'=head"].tolist() == [*(f"'{cell}" for cell in cells[:-1]), cells[-1]]
