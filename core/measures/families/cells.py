"""How evenly a cloud fills the cells of a quantizer: `lsq_…` and `pq_…`, all from one assignment each.

Source: Marbut et al. 2024 (arXiv 2406.12159), Section 3.3.2 and appendix, and what their published code
computes where that differs. Each measure is a function of what a quantizer made of the vectors (codes,
codebooks, errors), apart from how it was trained. A cell is the set of vectors that share a code of one
codebook, in all their dimensions, for the product quantizer too.

Not covered: values depend on the quantizer's seed, and on n. They compare only at equal n, M and k.
"""

import math
from collections.abc import Callable

import numpy as np

from core.blocks import Rows, in_order
from core.errors import InputError
from core.measures.entry import GEOMETRY, Group, Measure
from core.measures.quantized import Cells
from core.quantizers import QUANTIZERS


def patchiness(cells: Cells) -> float:
    """(m + V/m − 1)/m with m, V mean and variance of a codebook's counts, averaged (Lloyd's index; Eq. 3)."""
    mean, variance = cells.counts.mean(1), cells.counts.var(1)
    return float(np.mean((mean + variance / mean - 1) / mean))


def patchiness_published(cells: Cells) -> float:
    """As the authors' code computes Eq. 3: V over all M·k counts, m their sum over k, M times the cell mean.

    With p the `patchiness`, n vectors, M codebooks of k: 1 + ((p − 1)·n/k + 1)/(M²·n/k) − 1/(M·n/k).
    """
    mean, variance = cells.counts.sum() / cells.counts.shape[1], cells.counts.var()
    return float((mean + variance / mean - 1) / mean)


def count_variance(cells: Cells) -> float:
    """Variance (ddof 0) of the odds (k − 1)·p/(1 − p), p a cell's share, averaged over codebooks (Eq. 13).

    Raises InputError where one cell holds all vectors: its odds are infinite.
    """
    share = cells.counts / len(cells.codes)
    if share.max() == 1:
        raise InputError(
            "The cell odds variance is infinite: one cell of a codebook holds all vectors; leave it out."
        )
    return float(((share.shape[1] - 1) * share / (1 - share)).var(1).mean())


def count_kl(cells: Cells) -> float:
    """Σ p·ln(p·k) over a codebook's cells, p a cell's share, in nats, averaged over codebooks (Eq. 14)."""
    share = cells.counts / len(cells.codes)
    scaled = np.where(share > 0, share * share.shape[1], 1)
    return float((share * np.log(scaled)).sum(1).mean())


def reconstruction_error(cells: Cells) -> float:
    """Σ‖x − x'‖² / Σ‖x‖² (Eq. 15)."""
    if cells.power == 0:
        raise InputError("The reconstruction error is undefined: all vectors are zero; give others.")
    return float(np.vdot(cells.errors, cells.errors)) / cells.power


def reconstruction_iqr(cells: Cells) -> float:
    """Interquartile range of ‖x − x'‖, divided by the largest of them (appendix)."""
    upper, lower = np.percentile(_unequal(cells.errors, "range"), [75, 25])
    return float((upper - lower) / cells.errors.max())


def reconstruction_skew(cells: Cells) -> float:
    """Adjusted Fisher-Pearson skewness of ‖x − x'‖ (Eq. 5)."""
    from scipy.stats import skew

    return float(skew(_unequal(cells.errors, "skew"), bias=False))


def centroid_variance(cells: Cells) -> float:
    """Variance (ddof 0) of each centroid's squared distance to the nearest other of its codebook.

    The distances are divided by the largest of all M·k (Eq. 6, with squared distances as in their code).
    """
    nearest = np.concatenate([nearest_other(codebook) for codebook in cells.codebooks])
    if nearest.max() == 0:
        raise InputError(
            "The centroid distance variance is undefined: every centroid coincides with another; "
            "lower k or leave it out."
        )
    return float((nearest / nearest.max()).var())


def cluster_eee(cells: Cells) -> float:
    """Mean eigenvalue early enrichment of the cells (Eq. 7), of each distinct vector once.

    Cells of fewer than two distinct vectors are left out; a cell of n ≤ d vectors has n components, as in
    `eee`. The spectrum is that of the smaller of the two products of the centred cell with itself.
    """
    same = _identities(cells.vectors)
    members = [
        part
        for codes, counts in zip(cells.codes.T, cells.counts, strict=True)
        for part in np.split(np.argsort(codes, kind="stable"), np.cumsum(counts)[:-1])
        if len(part) > 1
    ]

    def enrichment(index: np.ndarray) -> float | None:
        if same is not None:
            index = index[np.unique(same[index], return_index=True)[1]]
        return early_enrichment(cells.vectors[index]) if len(index) > 1 else None

    values = []
    for done, value in enumerate(in_order(enrichment, members)):
        if value is not None:
            values.append(value)
        if done % 64 == 0:
            cells.step(done, len(members))
    cells.step(len(members), len(members))
    if not values:
        raise InputError(
            "The cluster early enrichment is undefined: no cell holds two distinct vectors; "
            "lower k or leave it out."
        )
    return float(np.mean(values))


def early_enrichment(vectors: np.ndarray) -> float:
    """`eee` of n distinct vectors (n, d), n ≥ 2, from min(n, d) components."""
    centred = vectors.astype(np.float64)
    centred -= centred.mean(0)
    square = centred @ centred.T if len(centred) <= centred.shape[1] else centred.T @ centred
    spectrum = np.maximum(np.linalg.eigvalsh(square)[::-1], 0)
    size, total = len(spectrum), spectrum.sum()
    area = np.trapezoid(np.cumsum(spectrum)) - total / size * (size * size - 1) / 2
    return float(area / (size * total / 2))


def _unequal(errors: np.ndarray, what: str) -> np.ndarray:
    if errors.max() == errors.min():
        raise InputError(
            f"The reconstruction {what} is undefined: all vectors are quantized with the same error; "
            "lower k or leave it out."
        )
    return errors


def nearest_other(codebook: np.ndarray) -> np.ndarray:
    """Squared distance (k,) of each centroid to the nearest other one."""
    centred = codebook.astype(np.float64)
    centred -= centred.mean(0)
    lengths = np.einsum("ij,ij->i", centred, centred)
    distances = lengths[:, None] + lengths - 2 * centred @ centred.T
    np.fill_diagonal(distances, np.inf)
    return np.maximum(distances.min(1), 0)


def _identities(vectors: np.ndarray) -> np.ndarray | None:
    """(n,) numbers, equal for equal vectors; None where no two are equal."""
    weights = np.random.default_rng(0).integers(1, 2**64, vectors.shape[1], np.uint64, endpoint=False) | 1

    def digest(block: slice) -> np.ndarray:
        words = (vectors[block] + np.float32(0)).view(np.uint32)  # −0 becomes 0, as the two are equal
        return (words * weights).sum(1, dtype=np.uint64)  # modulo 2⁶⁴

    digests = np.concatenate(list(in_order(digest, Rows(vectors).blocks(1024))))
    _, first, same, counts = np.unique(digests, return_index=True, return_inverse=True, return_counts=True)
    repeated = np.flatnonzero(counts[same] > 1)
    if not len(repeated):
        return None
    different = repeated[(vectors[repeated] != vectors[first[same[repeated]]]).any(1)]
    same[different] = len(first) + np.arange(len(different))  # vectors whose digests agree by chance
    return same


# Suffix, function, title, meaning, direction, equation, low, high; each exists for both quantizers.
_MEASURES: tuple[tuple[str, Callable[[Cells], float], str, str, str, str, float, float], ...] = (
    (
        "patchiness",
        patchiness,
        "Point patchiness",
        "How unevenly vectors fill the quantizer's cells: about 1 at random, more when they clump.",
        "higher: more clumped",
        "Eq. 3",
        0.0,
        math.inf,
    ),
    (
        "patchiness_published",
        patchiness_published,
        "Point patchiness as published",
        "How unevenly vectors fill the quantizer's cells, on the scale of the paper's own tables.",
        "higher: more clumped",
        "Eq. 3 as their code computes it",
        0.0,
        math.inf,
    ),
    (
        "count_variance",
        count_variance,
        "Cell odds variance",
        "How much the odds of falling into a cell differ from cell to cell.",
        "higher: cells filled less evenly",
        "Eqs. 12 and 13",
        0.0,
        math.inf,
    ),
    (
        "count_kl",
        count_kl,
        "Cell count divergence",
        "How far the shares of the cells are from all being equal, as a Kullback-Leibler divergence in nats.",
        "higher: cells filled less evenly",
        "Eq. 14, against the exact uniform",
        0.0,
        math.inf,
    ),
    (
        "reconstruction_error",
        reconstruction_error,
        "Reconstruction error",
        "Which share of the vectors' squared length is lost when each is replaced by its quantized version.",
        "higher: harder to quantize",
        "Eq. 15",
        0.0,
        math.inf,
    ),
    (
        "reconstruction_iqr",
        reconstruction_iqr,
        "Reconstruction error range",
        "How much the quantization errors of the middle half of the vectors differ, relative to the largest.",
        "higher: cells of more unequal size",
        "Appendix, normalised error magnitude",
        0.0,
        1.0,
    ),
    (
        "reconstruction_skew",
        reconstruction_skew,
        "Reconstruction skew",
        "Which way the quantization errors lean: near 0 for an even cloud, negative for a clustered one.",
        "lower: more clustered",
        "Eq. 5",
        -math.inf,
        math.inf,
    ),
    (
        "centroid_variance",
        centroid_variance,
        "Centroid distance variance",
        "How unevenly the quantizer's cell centres are placed, by the distance to the nearest other.",
        "higher: cell centres placed less evenly",
        "Eq. 6 with squared distances, as their code computes it",
        0.0,
        0.25,
    ),
    (
        "cluster_eee",
        cluster_eee,
        "Cluster early enrichment",
        "How much of the variance inside a cell lies in its first few directions, averaged over the cells.",
        "higher: cells of more elongated shape",
        "Eq. 7",
        0.0,
        1.0,
    ),
)

# Uneven cells, which Marbut et al. 2024, Section 5, find in checkpoints with higher scores.
_UNEVEN = ("patchiness", "patchiness_published", "count_variance", "count_kl")

GROUP = Group(
    "cells",
    "how evenly the cloud fills the cells of a quantizer",
    place=3,
    note="Training a quantizer is random, and values depend on the number of vectors: compare them at equal "
    "n, M and k, over several seeds (`--quantizer-seeds`). `all` leaves them out; ask for `cells`, `lsq` or "
    "`pq`.",
)
ENTRIES = tuple(
    Measure(
        name=f"{quantizer}_{suffix}",
        function=function,
        needs=(f"{quantizer}_codes",),
        title=f"{title} ({quantizer.upper()})",
        meaning=meaning,
        direction=direction,
        better="higher" if suffix in _UNEVEN else "",
        source=f"{GEOMETRY}, {equation}",
        group="cells",
        cost="training",
        low=low,
        high=high,
        estimated=True,
    )
    for quantizer in QUANTIZERS
    for suffix, function, title, meaning, direction, equation, low, high in _MEASURES
)
