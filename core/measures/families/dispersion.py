"""How far apart the vectors of a cloud are on average, by angle and by Euclidean distance.

Source: "On the predictive power of representation dispersion in language models", Section 2.1.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from core.blocks import in_order
from core.errors import InputError
from core.measures.entry import DISENTANGLING, DISPERSION, Group, Measure, Measured

if TYPE_CHECKING:
    from core.measures.cloud import Cloud

EXACT_VECTORS = 8192  # up to so many vectors all pairs are measured
SAMPLED_PAIRS = 2**18
BLOCK = 1024


def mean_cosine_similarity(cloud: "Cloud") -> Measured:
    """Mean over pairs i < j of cos(x_i, x_j), in closed form: (‖Σ x̂‖² − n) / (n(n − 1)), x̂ = x/‖x‖.

    A zero vector has no direction: it is left out, and the note counts it.
    Raises InputError with fewer than two vectors that are not zero.
    """
    zeros, unit_sum = cloud.moments.zeros, cloud.moments.unit_sum
    n = cloud.n - zeros
    if n < 2:
        raise InputError(
            f"A cosine needs two vectors that are not zero, but {zeros} of {cloud.n} are zero; add vectors."
        )
    value = min(max((float(unit_sum @ unit_sum) - n) / (n * (n - 1)), -1.0), 1.0)
    note = f"{zeros:,} of {cloud.n:,} vectors are zero, have no direction and are left out" if zeros else None
    return Measured(value, note=note)


def dispersion(cloud: "Cloud") -> Measured:
    """Mean over pairs i < j of 1 − cos(x_i, x_j); zero vectors as in `mean_cosine_similarity`."""
    similarity = mean_cosine_similarity(cloud)
    return Measured(1 - similarity.value, note=similarity.note)


def dispersion_euclidean(cloud: "Cloud") -> Measured:
    """Mean over pairs i < j of ‖x_i − x_j‖: of all pairs up to 8,192 vectors, above of a sample of 262,144.

    The sample is drawn evenly and independently from all pairs by the cloud's seed: unbiased, with the
    standard error of a mean.
    """
    if cloud.n <= EXACT_VECTORS:
        total = sum(_block_sums(cloud))
        return Measured(total / (cloud.n * (cloud.n - 1) / 2))
    random = np.random.default_rng(cloud.seed)
    first = random.integers(cloud.n, size=SAMPLED_PAIRS)
    second = (first + random.integers(1, cloud.n, size=SAMPLED_PAIRS)) % cloud.n

    def distances(pairs: slice) -> np.ndarray:
        difference = cloud.rows.take(first[pairs]).astype(np.float64)
        difference -= cloud.rows.take(second[pairs])
        return np.sqrt(np.vecdot(difference, difference))

    sample = np.empty(SAMPLED_PAIRS)
    size = max(2**18 // cloud.d, 1)
    parts = [slice(start, min(start + size, SAMPLED_PAIRS)) for start in range(0, SAMPLED_PAIRS, size)]
    for part, values in zip(parts, in_order(distances, parts), strict=True):
        sample[part] = values
        cloud.report("sampling pairs", part.stop, SAMPLED_PAIRS, "pairs")
    error = float(sample.std(ddof=1)) / SAMPLED_PAIRS**0.5
    note = f"mean over {SAMPLED_PAIRS:,} random pairs, seed {cloud.seed}"
    return Measured(float(sample.mean()), error, note)


def _block_sums(cloud: "Cloud") -> Iterator[float]:
    """Sums of ‖x_i − x_j‖ over the pairs i < j, a block of pairs at a time.

    ‖a − b‖² = ‖a‖² + ‖b‖² − 2a·b loses the digits of close pairs; those are computed from the difference.
    """
    _, rows = cloud.centred()
    squares = np.vecdot(rows, rows)
    blocks = cloud.rows.blocks(BLOCK)
    tiles = [(a, b) for a in blocks for b in blocks if a.start <= b.start]

    def tile_sum(tile: tuple[slice, slice]) -> float:
        a, b = tile
        scale = squares[a, None] + squares[b]
        distance = scale - 2 * (rows[a] @ rows[b].T)
        close = np.argwhere((distance <= 1e-4 * scale) & (scale > 0))
        if a == b:
            close = close[close[:, 0] < close[:, 1]]
            distance = np.triu(distance, 1)
        distance = np.sqrt(np.maximum(distance, 0, out=distance), out=distance)
        for start in range(0, len(close), BLOCK):
            i, j = close[start : start + BLOCK].T
            distance[i, j] = np.linalg.norm(rows[a][i] - rows[b][j], axis=1)
        return float(distance.sum())

    for done, value in enumerate(in_order(tile_sum, tiles), start=1):
        cloud.report("measuring pairs", done, len(tiles), "blocks of pairs")
        yield value


GROUP = Group(
    "dispersion",
    "how far apart two vectors are on average",
    place=1,
    note="Euclidean dispersion is in the units of the vectors, so that it does not compare between models; "
    "the others look at directions alone.",
)
ENTRIES = (
    Measure(
        name="dispersion",
        function=dispersion,
        needs=("directions",),
        title="Dispersion",
        meaning="How differently two vectors point on average: the mean cosine distance over all pairs.",
        direction="higher: directions spread more widely",
        better="higher",
        source=f"{DISPERSION}, Section 2.1",
        group="dispersion",
        cost="one pass",
        high=2.0,
    ),
    Measure(
        name="dispersion_euclidean",
        function=dispersion_euclidean,
        needs=("pairs",),
        title="Euclidean dispersion",
        meaning="How far apart two vectors lie on average, in the units of the vectors themselves.",
        direction="higher: points lie farther apart",
        better="higher",
        source=f"{DISPERSION}, Section 3.2",
        group="dispersion",
        cost="pairs",
        estimated=True,
    ),
    Measure(
        name="mean_cosine_similarity",
        function=mean_cosine_similarity,
        needs=("directions",),
        title="Mean cosine similarity",
        meaning="How much two vectors point the same way on average: 1 minus the dispersion.",
        direction="higher: directions crowd into a narrower cone",
        better="lower",
        source=f"{DISENTANGLING}, Section 2",
        group="dispersion",
        cost="one pass",
        low=-1.0,
        high=1.0,
    ),
)
