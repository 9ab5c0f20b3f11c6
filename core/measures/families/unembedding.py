"""Measures of an output-embedding matrix: how evenly its rows surround the origin.

The other measures of such a matrix are those of a cloud of its rows.
Sources: Arora et al. 2016; "Disentangling geometry, performance, and training in language models", Eq. 2.
"""

import math
from typing import TYPE_CHECKING

import numpy as np

from core.blocks import in_order
from core.measures.entry import DISENTANGLING, Group, Measure, Measured
from core.measures.families.dispersion import mean_cosine_similarity
from core.measures.families.spread import effective_rank, effective_rank_ratio

if TYPE_CHECKING:
    from core.measures.cloud import Cloud


def isotropy(cloud: "Cloud") -> Measured:
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


GROUP = Group(
    "unembedding",
    "the geometry of the output-embedding matrix, read without running the model",
    place=4,
    note="A checkpoint without a separate output matrix is measured by its input embedding, and says so.",
)
ENTRIES = (
    Measure(
        name="unembedding_effective_rank",
        function=effective_rank,
        needs=("matrix", "spectrum"),
        title="Unembedding effective rank",
        meaning="How many directions the rows of the model's output-embedding matrix effectively use.",
        direction="higher: more directions in use",
        better="higher",
        source=f"{DISENTANGLING}, Eq. 1",
        group="unembedding",
        cost="one pass and d³",
        low=1.0,
    ),
    Measure(
        name="unembedding_effective_rank_ratio",
        function=effective_rank_ratio,
        needs=("matrix", "spectrum"),
        title="Unembedding effective rank ratio",
        meaning="The effective rank of the output-embedding matrix as a share of the largest it could be.",
        direction="higher: a larger share of the directions in use",
        better="higher",
        source=f"{DISENTANGLING}, Eq. 1",
        group="unembedding",
        cost="one pass and d³",
        high=1.0,
    ),
    Measure(
        name="unembedding_mean_cosine",
        function=mean_cosine_similarity,
        needs=("matrix", "directions"),
        title="Unembedding mean cosine",
        meaning="How much the output embeddings of two vocabulary entries point the same way on average.",
        direction="higher: entries crowd into a narrower cone",
        better="lower",
        source=f"{DISENTANGLING}, Section 2",
        group="unembedding",
        cost="one pass",
        low=-1.0,
        high=1.0,
    ),
    Measure(
        name="unembedding_isotropy",
        function=isotropy,
        needs=("matrix", "spectrum"),
        title="Unembedding isotropy",
        meaning="How evenly output embeddings surround the origin: 1 if no principal direction is favoured.",
        direction="higher: no direction favoured",
        better="higher",
        source=f"Arora et al. 2016; {DISENTANGLING}, Eq. 2",
        group="unembedding",
        cost="one pass and d³",
        high=1.0,
    ),
)
