"""How evenly a cloud fills the cells of a quantizer: `lsq_…` and `pq_…`, all from one assignment each.

Source: Marbut et al. 2024 (arXiv 2406.12159), Section 3.3.2 and appendix, and what their published code
computes where that differs. Each measure is a function of what a quantizer made of the vectors (codes,
codebooks, errors), apart from how it was trained. A cell is the set of vectors that share a code of one
codebook, in all their dimensions, for the product quantizer too.

Not covered: values depend on the quantizer's seed, and on n. They compare only at equal n, M and k.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from core.blocks import Rows, in_order
from core.errors import InputError
from core.measures.registry import Measured

if TYPE_CHECKING:
    from core.blocks import Progress
    from core.quantizers import Quantization

M, K = 4, 256


def compute(
    vectors: Any,
    names: Iterable[str],
    *,
    seed: int = 0,
    M: int = M,
    k: int = K,
    engine: str = "own",
    progress: "Progress | None" = None,
    undefined: dict[str, str] | None = None,
    look: "Callable[[str, Cells], None] | None" = None,
) -> dict[str, Measured]:
    """Cell measures of a cloud; each quantizer that the names ask for is trained once.

    Arguments:
        vectors: (n, d), one vector a row: a floating-point NumPy array, also memory-mapped, or torch tensor;
            quantized in float32, of which a copy is made unless they are float32 already.
        names: "lsq_" or "pq_" and a key of MEASURED.
        seed: of the quantizer. The seed-to-seed spread belongs to the value: measure several.
        M, k: codebooks, and centroids in each.
        engine: "own", or "faiss" for the reference.
        progress: called as progress(stage, done, total, unit); may raise to cancel.
        undefined: filled with name → why, where a measure or a quantizer cannot be; None: that is raised.
        look: called as look("lsq" or "pq", cells) with each quantized cloud, for more than its measures.

    Returns: name → value, whose note holds engine, schedule, M, k, n and seed.
    Raises InputError for sizes that cannot be, and for a measure undefined on these vectors.
    """
    from threadpoolctl import threadpool_limits

    from core import quantizers

    names = list(names)
    try:
        table = _float32(vectors)
    except InputError as error:
        _refuse(undefined, names, error)
        return {}
    found: dict[str, Measured] = {}
    note = (
        f"quantizer trained and applied on all {len(table):,} vectors, M = {M}, k = {k}, seed {seed}, "
        f"engine {engine}, schedule {quantizers.SCHEDULE}"
    )
    with threadpool_limits(1, user_api="blas"):
        for quantizer in quantizers.QUANTIZERS:
            wanted = [name for name in names if name.startswith(f"{quantizer}_")]
            if not wanted:
                continue
            step = partial(_report, progress, f"training {quantizer.upper()}", "rounds")
            try:
                made = quantizers.quantize(quantizer, table, M=M, k=k, seed=seed, engine=engine, step=step)
            except InputError as error:
                _refuse(undefined, wanted, error)
                continue
            cells = Cells(table, made, partial(_report, progress, f"cells of {quantizer.upper()}", "cells"))
            for name in wanted:
                try:
                    value = MEASURED[name.removeprefix(f"{quantizer}_")](cells)
                except InputError as error:
                    _refuse(undefined, [name], error)
                else:
                    found[name] = Measured(value, note=note)
            if look:
                look(quantizer, cells)
    return {name: found[name] for name in names if name in found}


def _refuse(undefined: dict[str, str] | None, names: list[str], error: InputError) -> None:
    """Note why the names have no value, or raise it where nobody takes the note."""
    if undefined is None:
        raise error
    undefined.update(dict.fromkeys(names, str(error)))


class Cells:
    """A quantized cloud: what the measures are functions of, each part computed when first asked for.

    counts: (M, k) vectors in each cell; errors: (n,) float64, ‖x − x'‖; power: Σ‖x‖².
    """

    def __init__(
        self, vectors: np.ndarray, made: "Quantization", step: Callable[[int, int], None] | None = None
    ) -> None:
        self.vectors, self.codes, self.codebooks = vectors, made.codes, made.codebooks
        self.step = step or (lambda done, total: None)
        k = len(made.codebooks[0])
        self.counts = np.array([np.bincount(codes, minlength=k) for codes in made.codes.T])
        self._made = made
        self._lengths: tuple[np.ndarray, float] | None = None

    @property
    def errors(self) -> np.ndarray:
        return self._pass()[0]

    @property
    def power(self) -> float:
        return self._pass()[1]

    def _pass(self) -> tuple[np.ndarray, float]:
        if self._lengths is None:

            def lengths(block: slice) -> tuple[np.ndarray, float]:
                exact = self.vectors[block].astype(np.float64)
                power = float(np.vdot(exact, exact))
                exact -= self._made.reconstruct(block)
                return np.sqrt(np.einsum("ij,ij->i", exact, exact)), power

            blocks = Rows(self.vectors).blocks(1024)
            errors, powers = zip(*in_order(lengths, blocks), strict=True)
            self._lengths = np.concatenate(errors), sum(powers)
        return self._lengths


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


MEASURED: dict[str, Callable[[Cells], float]] = {
    "patchiness": patchiness,
    "patchiness_published": patchiness_published,
    "count_variance": count_variance,
    "count_kl": count_kl,
    "reconstruction_error": reconstruction_error,
    "reconstruction_iqr": reconstruction_iqr,
    "reconstruction_skew": reconstruction_skew,
    "centroid_variance": centroid_variance,
    "cluster_eee": cluster_eee,
}


def _float32(vectors: Any) -> np.ndarray:
    """The vectors as a float32 table; raises InputError for what no quantizer can take."""
    rows = Rows(vectors)
    table = np.ascontiguousarray(rows.take(slice(0, rows.n)), np.float32)
    if not all(in_order(lambda block: bool(np.isfinite(table[block]).all()), rows.blocks())):
        raise InputError("Vectors to quantize must be finite in float32, but some are not; remove those.")
    if all(in_order(lambda block: bool((table[block] == table[0]).all()), rows.blocks())):
        raise InputError(
            f"All {len(table):,} vectors are equal, so that a quantizer has nothing to divide; give others."
        )
    return table


def _report(progress: "Progress | None", stage: str, unit: str, done: int, total: int) -> None:
    if progress:
        progress(stage, done, total, unit)


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
