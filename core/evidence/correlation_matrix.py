"""How all measures correlate with each other: a matrix in which those that move together are adjacent.

Spearman correlation of each pair over the checkpoints that have both; average linkage on 1 − |ρ| with optimal
leaf order (Bar-Joseph et al. 2001; SciPy). The sign plays no part in the order: a measure and its mirror
image say the same.

Not covered: whether measures agree within families; choose a family to see that.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

FEWEST = 3  # checkpoints with both measures
ALIKE = 0.8  # |ρ| from which two measures are called one


@dataclass(frozen=True)
class Matrix:
    """rho and n (names × names) in the order drawn; NaN: too few checkpoints have both, or one is flat."""

    rho: pd.DataFrame
    n: pd.DataFrame
    groups: tuple[tuple[str, ...], ...]  # measures that move together, the largest group first


def correlation_matrix(rows: pd.DataFrame, measures: list[str]) -> Matrix:
    """Spearman correlations of all pairs of measures. rows: one row a checkpoint; measures: its columns."""
    names = [name for name in measures if rows[name].notna().sum() >= FEWEST and rows[name].nunique() > 1]
    values = rows[names].astype(np.float64)
    present = values.notna().to_numpy(np.float64)
    n = pd.DataFrame((present.T @ present).astype(int), names, names)
    rho = values.corr(method="spearman", min_periods=FEWEST)
    if len(names) < 2:
        return Matrix(rho, n, tuple((name,) for name in names))
    from scipy.cluster.hierarchy import fcluster, leaves_list, linkage, optimal_leaf_ordering
    from scipy.spatial.distance import squareform

    distance = 1 - rho.abs().fillna(0).to_numpy().copy()
    np.fill_diagonal(distance, 0)
    distance = squareform(np.clip((distance + distance.T) / 2, 0, 1), checks=False)
    tree = linkage(distance, "average")
    order = [names[index] for index in leaves_list(optimal_leaf_ordering(tree, distance))]
    label = dict(zip(names, fcluster(tree, 1 - ALIKE, "distance"), strict=True))
    groups: dict[int, list[str]] = {}
    for name in order:
        groups.setdefault(int(label[name]), []).append(name)
    by_size = sorted(groups.values(), key=len, reverse=True)
    return Matrix(rho.loc[order, order], n.loc[order, order], tuple(map(tuple, by_size)))


def pairs(matrix: Matrix) -> pd.DataFrame:
    """The matrix as a long table: row, column, rho, n; pairs without a correlation are left out."""
    long = matrix.rho.rename_axis("row").melt(ignore_index=False, var_name="column", value_name="rho")
    counts = matrix.n.rename_axis("row").melt(ignore_index=False, var_name="column", value_name="n")
    return long.assign(n=counts["n"]).reset_index().dropna(subset=["rho"])
