"""How evenly the rows of an output-embedding matrix surround the origin.

The other measures of such a matrix are those of a cloud of its rows.
Sources: Arora et al. 2016; "Disentangling geometry, performance, and training in language models", Eq. 2.
"""

import math

import numpy as np

from core.blocks import in_order
from core.measures.cloud import Cloud
from core.measures.registry import Measured


def isotropy(cloud: Cloud) -> Measured:
    """min Z(v)/max Z(v) with Z(v) = Σ_w exp(v·w) over the rows w of W, v the unit eigenvectors of WᵀW and −v.

    Both signs belong to the definition: an eigenvector has no sign of its own, and the value depends on it.
    Where W has fewer rows than columns, its eigenvectors of eigenvalue 0 have Z(v) = n, and count too.
    """
    axes = cloud.raw_axes

    def log_sums(block: slice) -> np.ndarray:
        products = cloud.rows.take(block).astype(np.float64) @ axes.T  # (block, k)
        return np.stack([_log_sum_exp(products), _log_sum_exp(-products)])

    blocks = cloud.rows.blocks()
    logs: np.ndarray = np.full((2, len(axes)), -math.inf)
    for block, part in zip(blocks, in_order(log_sums, blocks), strict=True):
        logs = np.logaddexp(logs, part)
        cloud.report("isotropy", block.stop, cloud.n, "rows")
    if len(axes) < cloud.d:
        logs = np.append(logs, math.log(cloud.n))
    return Measured(math.exp(float(logs.min() - logs.max())))


def _log_sum_exp(values: np.ndarray) -> np.ndarray:
    """log Σ exp down the columns of (n, k), without overflow."""
    top = values.max(axis=0)
    return top + np.log(np.exp(values - top).sum(axis=0))
