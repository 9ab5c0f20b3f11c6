"""How evenly a cloud uses its directions: `eee`, `vrm`, `isoscore` and `effective_rank`.

Sources: Marbut et al. 2024 (arXiv 2406.12159), Eqs. 2 and 8 to 11, and what their published code computes
where that differs; Rudman et al. 2022 (IsoScore); Roy and Vetterli 2007 (effective rank).
"""

import math
from typing import TYPE_CHECKING

import numpy as np

from core.blocks import in_order
from core.errors import InputError
from core.measures.entry import DISENTANGLING, GEOMETRY, ROY, Group, Measure, Measured

if TYPE_CHECKING:
    from core.measures.cloud import Cloud, Principal


def eee(cloud: "Cloud") -> Measured:
    """Eigenvalue early enrichment (Eq. 2), from 0 (all directions alike) to ((k − 1)/k)² (a line).

    With the variances λ of the k principal components, descending: the trapezoid area over 0..k−1 between
    cumsum(λ) and cumsum(mean λ), divided by k·Σλ/2. Not rounded; the authors' code rounds to 4 digits.
    As in their code k = min(n, d), which the note says where n ≤ d.
    """
    variances = _spread_variances(cloud, "eee").variances
    area = float(np.trapezoid(np.cumsum(variances) - np.cumsum(np.full_like(variances, variances.mean()))))
    return Measured(area / (len(variances) * float(variances.sum()) / 2), note=_few(cloud))


def isoscore(cloud: "Cloud") -> Measured:
    """IsoScore (PR − 1)/(d − 1), PR = (Σλ)²/Σλ² the participation ratio of the covariance's eigenvalues λ.

    Algebraically the same as Eqs. 10 and 11 and the authors' package. Raises InputError for d = 1.
    """
    if cloud.d < 2:
        raise InputError(
            "isoscore compares dimensions and needs two, but these vectors have one; leave it out."
        )
    variances = _spread_variances(cloud, "isoscore").variances
    shares = variances / variances.sum()
    return Measured((1 / float(shares @ shares) - 1) / (cloud.d - 1))


def vrm(cloud: "Cloud") -> Measured:
    """Vasicek ratio MSE (Eqs. 8, 9): mean over principal components of (1 − e^H/√(2πe))².

    H is the differential entropy (`entropy`) of a component's scores, after scaling all of them so that their
    total variance is d. The authors' code takes the ratio of the exponentials, Eq. 9 that of the entropies:
    this follows the code, which made their tables. Their code scales to the variance of an unseeded normal
    sample: this takes its expectation, d. Where n ≤ d there are min(n, d) components, which the note says.
    A component along which many vectors coincide has H = −∞ and contributes 1; the note counts those too.
    Raises InputError for fewer than 5 vectors.
    """
    from core.measures.entropy import SMALLEST

    if cloud.n < SMALLEST:
        raise InputError(
            f"vrm needs {SMALLEST} vectors, but there are {cloud.n}; add vectors or leave vrm out."
        )
    principal = _spread_variances(cloud, "vrm")
    total = float(principal.variances.sum())
    logs = _entropies(cloud, principal, math.sqrt(total)) + math.log(cloud.d / total) / 2
    ratios = np.exp(logs) / math.sqrt(2 * math.pi * math.e)
    tied = int(np.isneginf(logs).sum())
    ties = f"scores coincide along {tied} of {len(logs)} components, whose entropy is minus infinity"
    notes = [note for note in (_few(cloud), ties if tied else None) if note]
    return Measured(float(np.mean((1 - ratios) ** 2)), note="; ".join(notes) or None)


def effective_rank(cloud: "Cloud") -> Measured:
    """exp of the Shannon entropy of σ_k/Σσ, σ the singular values of the vectors, not centred.

    Raises InputError if all vectors are zero.
    """
    singular = cloud.singular_values
    if singular[0] == 0:
        raise InputError(
            f"effective_rank is undefined: all {cloud.n:,} vectors are zero; give others or leave it out."
        )
    kept = singular[singular > 0]
    shares = kept / kept.sum()
    lost = len(singular) - len(kept)
    limit = math.sqrt(cloud.d * np.finfo(np.float64).eps)
    note = (
        f"{lost} singular values below {limit:.1e} of the largest count as zero"
        if lost and not cloud.direct
        else None
    )
    return Measured(math.exp(-float(shares @ np.log(shares))), note=note)


def effective_rank_ratio(cloud: "Cloud") -> Measured:
    """`effective_rank` / min(n, d), in (0, 1]."""
    rank = effective_rank(cloud)
    return Measured(rank.value / min(cloud.n, cloud.d), note=rank.note)


def _spread_variances(cloud: "Cloud", name: str) -> "Principal":
    """The principal components; raises InputError where none of them has any variance."""
    principal = cloud.principal
    if principal.variances.sum() == 0:
        raise InputError(
            f"{name} is undefined for a cloud without spread: all {cloud.n:,} vectors are equal; "
            "leave it out."
        )
    return principal


def _few(cloud: "Cloud") -> str | None:
    """The note for a cloud with no more vectors than dimensions."""
    if cloud.n > cloud.d:
        return None
    return f"from {cloud.n} principal components: there are only {cloud.n} vectors in {cloud.d} dimensions"


def _entropies(cloud: "Cloud", principal: "Principal", deviation: float) -> np.ndarray:
    """Entropy (k,) of the scores on each principal component, a quarter of the components at a time.

    `deviation` is the square root of the total variance: scores are known to its rounding, and no better.
    """
    from core.measures.entropy import entropy

    rows, count = cloud.rows, len(principal.axes)
    dtype = rows.working
    mean, axes = principal.mean.astype(dtype), principal.axes.astype(dtype)
    resolution = 4 * float(np.finfo(dtype).eps) * deviation
    step = max(cloud.d // 4, 1)
    scores = np.empty((step, cloud.n), dtype)  # a component a row, so that sorting runs through memory
    entropies = np.empty(count)
    for start in range(0, count, step):
        chosen = axes[start : start + step]

        def project(block: slice, chosen: np.ndarray = chosen) -> None:
            centred = np.subtract(rows.take(block), mean, dtype=dtype)
            scores[: len(chosen), block] = chosen @ centred.T

        def sorted_entropy(component: int) -> float:
            scores[component].sort()
            return entropy(scores[component], resolution)

        for _ in in_order(project, rows.blocks()):
            cloud.report("entropy", start, count, "components")
        entropies[start : start + len(chosen)] = list(in_order(sorted_entropy, range(len(chosen))))
        cloud.report("entropy", start + len(chosen), count, "components")
    return entropies


GROUP = Group(
    "spread",
    "how evenly the cloud uses its directions",
    place=2,
    note="All but the effective rank look at the centred cloud.",
)
ENTRIES = (
    Measure(
        name="eee",
        function=eee,
        needs=("spectrum",),
        title="Eigenvalue early enrichment",
        meaning="How much of the cloud's variance lies in a few directions instead of evenly in all.",
        direction="higher: variance sits in fewer directions",
        better="lower",
        source=f"{GEOMETRY}, Eq. 2",
        group="spread",
        cost="one pass and d³",
        high=1.0,
    ),
    Measure(
        name="vrm",
        function=vrm,
        needs=("spectrum",),
        title="Vasicek ratio MSE",
        meaning="How far the cloud is from a bell shape of the same size along each principal direction.",
        direction="higher: less like an even bell-shaped cloud",
        better="lower",
        source=f"{GEOMETRY}, Eqs. 8 and 9 as their code computes them",
        group="spread",
        cost="one pass and d³",
    ),
    Measure(
        name="isoscore",
        function=isoscore,
        needs=("spectrum",),
        title="IsoScore",
        meaning="The share of its dimensions the cloud uses evenly: 0 for a line, 1 when all are used alike.",
        direction="higher: more dimensions used evenly",
        better="higher",
        source=f"Rudman et al. 2022; {GEOMETRY}, Eqs. 10 and 11",
        group="spread",
        cost="one pass and d³",
        high=1.0,
    ),
    Measure(
        name="effective_rank",
        function=effective_rank,
        needs=("spectrum",),
        title="Effective rank",
        meaning="How many directions the vectors effectively use, as seen from the origin.",
        direction="higher: more directions in use",
        better="higher",
        source=f"{ROY}; {DISENTANGLING}, Eq. 1",
        group="spread",
        cost="one pass and d³",
        low=1.0,
    ),
    Measure(
        name="effective_rank_ratio",
        function=effective_rank_ratio,
        needs=("spectrum",),
        title="Effective rank ratio",
        meaning="The effective rank as a share of the largest it could be for a cloud of this size.",
        direction="higher: a larger share of the directions in use",
        better="higher",
        source=f"{ROY}; {DISENTANGLING}, Eq. 1",
        group="spread",
        cost="one pass and d³",
        high=1.0,
    ),
)
