"""A quantized cloud as two tables, so that one can be shipped and shown before anything was measured.

`cells_example.csv` holds the curves, a number a row; `cells_example_points.csv` the picture, a point a row.
Both are written by `cli.py study cells-picture minilm --corpus standard-library --sequences 1100 --at 20000
--out core/reference`.
"""

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from core.cells.curves import Curves
from core.cells.picture import Picture

FOLDER = Path(__file__).parents[1] / "reference"
CURVES, POINTS = "cells_example.csv", "cells_example_points.csv"
NAME = "all-MiniLM-L6-v2"
TEXT = "1,100 sequences of docstrings of Python's standard library"


@dataclass(frozen=True)
class Example:
    """A picture and the curves of the same cells."""

    picture: Picture
    curves: Curves


def write(picture: Picture, curves: Curves, folder: Path) -> None:
    """Write both tables into a folder."""
    rows: list[tuple[str, int, int, float]] = []
    for item, value in asdict(curves).items():
        table = np.array(value, float)
        for place in np.ndindex(table.shape):
            codebook, entry = place if table.ndim == 2 else (0, *(place or (0,)))
            rows.append((item, codebook, entry, float(table[place])))
    rows += [("explained", 0, place, share) for place, share in enumerate(picture.explained)]
    frame = pd.DataFrame(rows, columns=["item", "codebook", "place", "value"])
    frame.to_csv(folder / CURVES, index=False, float_format="%.6g")
    points = pd.DataFrame({"row": picture.rows, "x": picture.x, "y": picture.y, "token": picture.tokens})
    for number, cells in enumerate(picture.cells, start=1):
        points[f"cell {number}"] = cells
    points.to_csv(folder / POINTS, index=False)


def read(folder: Path = FOLDER) -> Example | None:
    """What `write` wrote, or None where it is not there."""
    if not (folder / CURVES).exists():
        return None
    frame = pd.read_csv(folder / CURVES)
    points = pd.read_csv(folder / POINTS, keep_default_na=False)

    def numbers(item: str) -> list[list[float]]:
        rows = frame[frame["item"] == item].sort_values(["codebook", "place"], kind="stable")
        return [group["value"].tolist() for _, group in rows.groupby("codebook")]

    one = {item: numbers(item)[0][0] for item in ("n", "d", "M", "k", "median", "spread")}
    n, d, M, k = (int(one[item]) for item in ("n", "d", "M", "k"))
    occupancy = [[int(count) for count in counts] for counts in numbers("occupancy")]
    edges, shares = numbers("edges")[0], numbers("shares")[0]
    curves = Curves(n, d, M, k, occupancy, numbers("nearest"), edges, shares, one["median"], one["spread"])
    first, second = numbers("explained")[0]
    picture = Picture(
        n=n,
        d=d,
        explained=(first, second),
        counts=occupancy,
        rows=points["row"].tolist(),
        x=points["x"].tolist(),
        y=points["y"].tolist(),
        cells=[points[f"cell {number}"].tolist() for number in range(1, M + 1)],
        tokens=points["token"].astype(str).tolist(),
    )
    return Example(picture, curves)
