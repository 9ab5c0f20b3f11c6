"""What several measures share: one pass over the vectors, and the spectra that follow from it.

The pass sums the unit vectors and, where asked for, the vectors and their d × d Gram matrix, in float64.
Vectors are shifted by a provisional mean first: otherwise a large mean would round the covariance away.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float64

from core.blocks import Progress, Rows, in_order
from core.errors import InputError

# Up to so many numbers, or with no more vectors than dimensions, spectra come from a singular value
# decomposition of the vectors themselves: exact to rounding, and cheap enough. Above, from the Gram matrix.
DIRECT_ELEMENTS = 2**20
# Rows worked on at a time: few enough to stay in the processor's cache and to be added up in float32, many
# enough that the work outweighs the calls.
STRIP_ROWS, STRIP_ELEMENTS = 512, 2**18


class NotFiniteError(InputError):
    """A row of a cloud, counted from 0, that holds NaN or infinite values."""

    def __init__(self, row: int) -> None:
        super().__init__(f"Row {row} holds NaN or infinite values; remove or repair such vectors.")
        self.row = row


@dataclass(frozen=True)
class Moments:
    """Sums over the n rows of a cloud, in float64."""

    zeros: int  # vectors of length 0
    unit_sum: Float64[np.ndarray, " d"]  # Σ x/‖x‖ over the vectors of length > 0
    mean: Float64[np.ndarray, " d"] | None
    covariance: Float64[np.ndarray, "d d"] | None  # Σ (x − mean)(x − mean)ᵀ / n


@dataclass(frozen=True)
class Principal:
    """Principal components, as a PCA gives them: k = d, or min(n, d) where n ≤ d."""

    mean: Float64[np.ndarray, " d"]
    variances: Float64[np.ndarray, " k"]  # descending, divided by n
    axes: Float64[np.ndarray, "k d"]  # unit vectors, one a row


class Cloud:
    """n vectors in d dimensions and what measures of them share, each computed when first asked for."""

    def __init__(
        self, vectors: Any, *, spectra: bool = True, seed: int = 0, progress: Progress | None = None
    ) -> None:
        """Take the vectors, (n, d), an array or a tensor; without `spectra` no Gram matrix is summed.

        seed: of whatever a measure samples.
        """
        self.rows = Rows(vectors)
        self.seed = seed
        self.n, self.d = self.rows.n, self.rows.d
        self.direct = self.n <= self.d or self.n * self.d <= DIRECT_ELEMENTS
        self._gram = spectra and not self.direct
        self._progress = progress

    def report(self, stage: str, done: int, total: int, unit: str) -> None:
        """Tell the caller how far a stage is; the caller may raise to cancel."""
        if self._progress is not None:
            self._progress(stage, done, total, unit)

    @cached_property
    def moments(self) -> Moments:
        """The sums of one pass. Raises InputError if a number is not finite."""
        n, d = self.n, self.d
        shift = self._provisional_mean() if self._gram else np.zeros(d)
        strip = min(STRIP_ROWS, max(STRIP_ELEMENTS // d, 1))

        def sums(block: slice) -> tuple[int, np.ndarray, np.ndarray, np.ndarray]:
            source = self.rows.take(block)
            shifted = np.empty((len(source), d) if self._gram else (0, d))
            zeros, unit_sum, total = 0, np.zeros(d), np.zeros(d)
            for start in range(0, len(source), strip):
                rows = source[start : start + strip]
                lengths, same = _lengths(rows.astype(self.rows.working, copy=False), block.start + start)
                if lengths.min() == 0:
                    zeros += int(np.count_nonzero(lengths == 0))
                    lengths[lengths == 0] = np.inf
                unit_sum += (1 / lengths) @ same
                if self._gram:
                    total += np.subtract(rows, shift, out=shifted[start : start + strip]).sum(axis=0)
            return zeros, unit_sum, total, shifted.T @ shifted if self._gram else shifted

        zeros, unit_sum, total = 0, np.zeros(d), np.zeros(d)
        gram = np.zeros((d, d) if self._gram else (0, d))
        blocks = self.rows.blocks()
        for block, part in zip(blocks, in_order(sums, blocks), strict=True):
            zeros += part[0]
            unit_sum += part[1]
            total += part[2]
            gram += part[3]
            self.report("reading vectors", block.stop, n, "vectors")
        if not self._gram:
            return Moments(zeros, unit_sum, None, None)
        offset = total / n
        return Moments(zeros, unit_sum, shift + offset, gram / n - np.outer(offset, offset))

    def _provisional_mean(self) -> np.ndarray:
        """A vector near the mean; where all vectors are equal it is that vector, to the bit."""
        some = self.rows.take(np.linspace(0, self.n - 1, min(self.n, 1024)).astype(int)).astype(np.float64)
        with np.errstate(invalid="ignore"):
            mean = some[0] + (some - some[0]).mean(axis=0)
        return np.where(np.isfinite(mean), mean, 0)

    def centred(self) -> tuple[Float64[np.ndarray, " d"], Float64[np.ndarray, "n d"]]:
        """The mean and a float64 copy of all vectors minus it; exactly 0 where all vectors are equal."""
        rows = self._double()
        first = rows[0].copy()
        rows -= first
        offset = rows.mean(axis=0)
        rows -= offset
        return first + offset, rows

    @cached_property
    def principal(self) -> Principal:
        """Mean, variances and axes of the principal components."""
        moments = self.moments
        if moments.covariance is None or moments.mean is None:
            mean, centred = self.centred()
            _, singular, axes = np.linalg.svd(centred, full_matrices=False)
            return Principal(mean, singular**2 / self.n, axes)
        variances, vectors = np.linalg.eigh(moments.covariance)
        return Principal(moments.mean, np.maximum(variances[::-1], 0), vectors.T[::-1].copy())

    @cached_property
    def singular_values(self) -> Float64[np.ndarray, " k"]:
        """Singular values of the vectors (not centred), descending, k = min(n, d) or d.

        From the Gram matrix a singular value below √(d·ε) of the largest (ε = 2.2e-16; 3.4e-7 for d = 512)
        cannot be told from 0 and is given as 0. Rounding of float32 vectors blurs those below 1e-7 anyway.
        """
        gram = self._raw_gram()
        if gram is None:
            return np.linalg.svd(self._double(), compute_uv=False)
        squares = np.linalg.eigvalsh(gram)[::-1]
        return np.sqrt(np.where(squares > self.d * np.finfo(np.float64).eps * squares[0], squares, 0))

    @cached_property
    def raw_axes(self) -> Float64[np.ndarray, "k d"]:
        """Right singular vectors of the vectors (not centred), one a row: unit eigenvectors of XᵀX."""
        gram = self._raw_gram()
        if gram is None:
            return np.linalg.svd(self._double(), full_matrices=False)[2]
        return np.linalg.eigh(gram)[1].T[::-1].copy()

    def _raw_gram(self) -> Float64[np.ndarray, "d d"] | None:
        """Σ xxᵀ, or None where spectra come from the vectors themselves."""
        mean, covariance = self.moments.mean, self.moments.covariance
        if mean is None or covariance is None:
            return None
        return self.n * (covariance + np.outer(mean, mean))

    def _double(self) -> Float64[np.ndarray, "n d"]:
        """A float64 copy of all vectors."""
        return self.rows.take(slice(0, self.n)).astype(np.float64)


def _lengths(rows: np.ndarray, start: int) -> tuple[np.ndarray, np.ndarray]:
    """Lengths of rows, (k,), and the rows, in float64 where their squares would not fit float32.

    Raises InputError for a row without a finite length, counted from `start`.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        squares = np.vecdot(rows, rows)
        if rows.dtype == np.float32 and not (squares.min() > 1e-30 and squares.max() < 1e30):
            rows = rows.astype(np.float64)
            squares = np.vecdot(rows, rows)
    if not np.isfinite(squares.max()):
        row = int(np.argmin(np.isfinite(squares)))
        if np.isfinite(rows[row]).all():
            raise InputError(
                f"Row {start + row} holds numbers whose squares overflow; scale the vectors down."
            )
        raise NotFiniteError(start + row)
    return np.sqrt(squares), rows
