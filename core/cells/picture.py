"""A quantized cloud in two dimensions, small enough to keep: a seeded sample, its cells and its tokens.

The dimensions are the first two principal components of all vectors, so the same cloud always gives the same
picture. Whether cells are filled unevenly shows as clumps of a few colours.

Not shown: what lies in the other dimensions; `explained` says how much of the variance these two hold.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.blocks import Rows

if TYPE_CHECKING:
    from core.measures.quantized import Cells

POINTS = 2000  # of a cloud, at most
COLOURED = 7  # of the fullest cells, which have a colour each; more cannot be told apart
DIGITS = 4  # significant ones of a coordinate: more cannot be seen


@dataclass(frozen=True)
class Picture:
    """A sample of a quantized cloud.

    explained: the shares of the variance that the two components hold.
    counts: M lists of k numbers of vectors, fullest cell first; each sums to n.
    rows: of the cloud, ascending. x, y: their coordinates, from the mean of all n vectors. cells: M lists of
    the cell of each point, 1 for the fullest of its codebook. tokens: of each point; "" where not known.
    """

    n: int
    d: int
    explained: tuple[float, float]
    counts: list[list[int]]
    rows: list[int]
    x: list[float]
    y: list[float]
    cells: list[list[int]]
    tokens: list[str]

    def share(self, cells: int, codebook: int = 0) -> float:
        """The share of vectors in the so many fullest cells of a codebook."""
        return sum(self.counts[codebook][:cells]) / self.n


def sample_rows(n: int, points: int = POINTS, seed: int = 0) -> np.ndarray:
    """Which rows of n are drawn, ascending. Returned: (min(points, n),)."""
    return np.sort(np.random.default_rng(seed).permutation(n)[:points])


def picture(cells: "Cells", rows: np.ndarray, tokens: Sequence[str]) -> Picture:
    """The picture of a quantized cloud. rows: those drawn, of `sample_rows`; tokens: of each of them."""
    places, explained = principal(cells.vectors, rows)
    order = np.argsort(-cells.counts, axis=1, kind="stable")
    ranks = np.argsort(order, axis=1) + 1  # (M, k)
    numbers = np.arange(len(ranks))
    return Picture(
        n=len(cells.vectors),
        d=cells.vectors.shape[1],
        explained=(float(explained[0]), float(explained[1])),
        counts=np.take_along_axis(cells.counts, order, axis=1).tolist(),
        rows=rows.tolist(),
        x=_short(places[:, 0]),
        y=_short(places[:, 1]),
        cells=ranks[numbers, cells.codes[rows]].T.tolist(),
        tokens=list(tokens),
    )


def principal(vectors: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(the first two principal components of some rows, the share of the variance of each).

    vectors: (n, d), d at least 2 or else the second component is 0. rows: (p,). Returned: (p, 2) and (2,),
    float64; the sign of a component makes its largest weight positive.
    """
    n, d = vectors.shape
    blocks = Rows(vectors).blocks()
    mean = sum(vectors[block].astype(np.float64).sum(0) for block in blocks) / n
    covariance = np.zeros((d, d))
    for block in blocks:
        apart = vectors[block].astype(np.float64) - mean
        covariance += apart.T @ apart
    total = float(np.trace(covariance))
    values, axes = np.linalg.eigh(covariance)
    axes, values = axes[:, ::-1][:, :2], values[::-1][:2]
    axes = axes * np.sign(axes[np.abs(axes).argmax(0), np.arange(axes.shape[1])])
    places, shares = np.zeros((len(rows), 2)), np.zeros(2)
    places[:, : axes.shape[1]] = (vectors[rows].astype(np.float64) - mean) @ axes
    shares[: len(values)] = values.clip(min=0) / total if total else 0.0
    return places, shares


def _short(values: np.ndarray) -> list[float]:
    return [float(f"{value:.{DIGITS}g}") for value in values]
