"""A quantized cloud: what cell measures share, each part computed when first asked for."""

from collections.abc import Callable
from typing import Any

import numpy as np

from core.blocks import Rows, in_order
from core.errors import InputError
from core.precision import single
from core.quantizers import Quantization


class Cells:
    """A cloud, its codes and codebooks, and what follows from them.

    counts: (M, k) vectors in each cell; errors: (n,) float64, ‖x − x'‖; power: Σ‖x‖².
    """

    def __init__(
        self, vectors: np.ndarray, made: Quantization, step: Callable[[int, int], None] | None = None
    ) -> None:
        """Take vectors, (n, d) float32, and what a quantizer made of them; step(done, total): progress."""
        self.vectors, self.codes, self.codebooks = vectors, made.codes, made.codebooks
        self.step = step or (lambda done, total: None)
        k = len(made.codebooks[0])
        self.counts = np.array([np.bincount(codes, minlength=k) for codes in made.codes.T])
        self._made = made
        self._lengths: tuple[np.ndarray, float] | None = None

    @property
    def errors(self) -> np.ndarray:
        """The error ‖x − x'‖ of each vector, (n,)."""
        return self._pass()[0]

    @property
    def power(self) -> float:
        """Σ‖x‖²."""
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


def to_quantize(vectors: Any) -> np.ndarray:
    """The vectors, (n, d), as a float32 table; raises InputError for what no quantizer can take."""
    rows = Rows(vectors)
    if getattr(vectors, "dtype", None) == np.float64 and single(vectors) is None:
        raise InputError(
            "Quantizers work in float32, which loses digits of these vectors: subtract their mean, or "
            "scale them."
        )
    table = np.ascontiguousarray(rows.take(slice(0, rows.n)), np.float32)
    if not all(in_order(lambda block: bool(np.isfinite(table[block]).all()), rows.blocks())):
        raise InputError("Vectors to quantize must be finite in float32, but some are not; remove those.")
    if all(in_order(lambda block: bool((table[block] == table[0]).all()), rows.blocks())):
        raise InputError(
            f"All {len(table):,} vectors are equal, so that a quantizer has nothing to divide; give others."
        )
    return table
