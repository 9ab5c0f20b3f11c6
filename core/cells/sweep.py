"""The bin-count question of arXiv 2406.12159: does the order of checkpoints depend on the number of cells?

Checkpoints are ranked by a cell measure at each M and k, and each order is compared with that at the default
M = 4, k = 256. Only checkpoints with all sizes, on one text and number of vectors, are compared.

Not covered: whether any order agrees with benchmark scores, and how seeds alone would reorder close values.
"""

import numpy as np
import pandas as pd

from core.statistics.correlation import spearman

DEFAULT = (4, 256)
FEWEST = 3  # checkpoints for an order to mean anything
_TEXT = ["corpus", "sequences", "text_seed", "position", "max_length", "n"]


def comparable(rows: pd.DataFrame) -> pd.DataFrame:
    """The cell measurements of one text and number of vectors: that at which most checkpoints were swept.

    rows: as cache.tasks.cell_study.cell_rows gives them, of one measure. Returned: subject, name, M, k, n,
    value (mean over seeds), one row a checkpoint and size. Kept are the sizes that at least half of the swept
    checkpoints have, and the checkpoints that have them all.
    """
    if rows.empty:
        return rows.reindex(columns=["subject", "name", "M", "k", "n", "value"])
    own = rows[rows["engine"] == "own"]
    best, chosen = (0, 0), own.iloc[:0]
    for _, group in own.groupby(_TEXT, dropna=False):
        sizes = group.groupby("subject")[["M", "k"]].apply(
            lambda r: frozenset(zip(r["M"], r["k"], strict=True))
        )
        swept = [measured for measured in sizes if len(measured) > 1]
        every = {size for measured in swept for size in measured}
        usual = {size for size in every if 2 * sum(size in measured for measured in swept) >= len(swept)}
        subjects = [subject for subject, measured in sizes.items() if usual and usual <= measured]
        if (len(subjects), len(usual)) > best:
            best = (len(subjects), len(usual))
            shown = np.array([(M, k) in usual for M, k in zip(group["M"], group["k"], strict=True)], bool)
            chosen = group[group["subject"].isin(subjects).to_numpy() & shown]
    return chosen.groupby(["subject", "name", "M", "k", "n"], as_index=False)["value"].mean()


def ranks(kept: pd.DataFrame) -> pd.DataFrame:
    """`comparable` rows with `rank` at each M and k: 1 for the highest value, ties at their mean."""
    order = kept.groupby(["M", "k"])["value"].rank(ascending=False)
    return kept.assign(rank=order)


def agreement(kept: pd.DataFrame, reference: tuple[int, int] = DEFAULT) -> pd.DataFrame:
    """How each size orders the checkpoints, against the reference size.

    Returned: columns M, k, n, checkpoints, spearman, one row a size.
    spearman is NaN below FEWEST checkpoints, where one order is constant, and without the reference size.
    """
    wide = kept.pivot_table(index="subject", columns=["M", "k"], values="value")
    n = kept["n"].iloc[0] if len(kept) else 0
    rows = []
    for size in wide.columns:
        rho = np.nan
        if reference in wide.columns and len(wide) >= FEWEST:
            rho = spearman(wide[size], wide[reference])
        rows.append((*size, n, len(wide), rho))
    return pd.DataFrame(rows, columns=["M", "k", "n", "checkpoints", "spearman"])
