"""What patchiness sees, as curves small enough to keep: cell occupancy, centroid distances, errors.

The measures of arXiv 2406.12159 each boil such a curve down to one number. Occupancy is what `patchiness`,
`count_variance` and `count_kl` are made of, centroid distances `centroid_variance`, errors the rest.
"""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from core.measures.quantized import Cells

BINS = 80


@dataclass(frozen=True)
class Curves:
    """A quantized cloud in pictures.

    occupancy: M lists of k counts, fullest cell first; they sum to n each.
    nearest: M lists of k squared distances of a centroid to the nearest other of its codebook, divided by the
        largest of all M·k, largest first (Eq. 6); empty where every centroid coincides with another.
    edges, shares: BINS + 1 edges of ‖x − x'‖ / √(mean ‖x‖²), and the share of vectors in each bin.
    median, spread: of those errors, the spread being the interquartile range.
    """

    n: int
    d: int
    M: int
    k: int
    occupancy: list[list[int]]
    nearest: list[list[float]]
    edges: list[float]
    shares: list[float]
    median: float
    spread: float

    @classmethod
    def of(cls, cells: "Cells") -> "Curves":
        """The curves of a quantized cloud that is not all zeros."""
        from core.measures.families.cells import nearest_other

        n, d = cells.vectors.shape
        nearest = np.sort([nearest_other(codebook) for codebook in cells.codebooks])[:, ::-1]
        largest = nearest.max()
        errors = cells.errors / np.sqrt(cells.power / n)
        counts, edges = np.histogram(errors, BINS)
        low, middle, high = np.percentile(errors, [25, 50, 75])
        M, k = cells.counts.shape
        return cls(
            n=n,
            d=d,
            M=M,
            k=k,
            occupancy=np.sort(cells.counts)[:, ::-1].tolist(),
            nearest=[] if largest == 0 else _short(nearest / largest),
            edges=_short(edges),
            shares=_short(counts / n),
            median=float(middle),
            spread=float(high - low),
        )

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    @property
    def emptiest_share(self) -> float:
        """The share of vectors in the emptier half of the cells: 0.5 where all are filled alike."""
        counts = np.array(self.occupancy)
        return float(counts[:, self.k // 2 :].sum() / counts.sum())

    @property
    def fullest_share(self) -> float:
        """The share of vectors in the fullest tenth of the cells (rounded up)."""
        counts = np.array(self.occupancy)
        return float(counts[:, : -(-self.k // 10)].sum() / counts.sum())

    @property
    def empty(self) -> int:
        """How many of the M·k cells hold no vector."""
        return int((np.array(self.occupancy) == 0).sum())


def _short(values: np.ndarray) -> list:
    """As lists, to four significant digits: more cannot be seen."""
    rounded = np.vectorize(lambda value: float(f"{value:.4g}"))(values)
    return rounded.tolist()
