"""Vectors read a block of rows at a time, whatever holds them; blocks worked on in parallel, summed in order.

Nothing here copies the whole input: float16 and bfloat16 tables, memory-mapped files and tensors on a GPU are
converted one block at a time.
"""

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np

from core.errors import InputError

THREADS = min(os.cpu_count() or 1, 8)
BLOCK_ELEMENTS = 2**21  # 16 MiB in float64
# Up to so many numbers all arithmetic is in float64. Above, what would double the time is in float32 within a
# small block: directions (moves `dispersion` by less than 1e-8, or 1e-6 where all vectors are alike) and
# principal scores (moves `vrm` by less than 1e-6). Sums over blocks and covariances always are in float64.
DOUBLE_ELEMENTS = 2**22

Progress = Callable[[str, int, int, str], None]  # stage, done, total, unit; may raise to cancel
T = TypeVar("T")


class Rows:
    """A table of n vectors in d dimensions that hands out blocks of its rows as NumPy arrays."""

    def __init__(self, vectors: Any) -> None:
        """Take a table of shape (n, d) and any floating type: a NumPy array (also memory-mapped), a torch
        tensor, or what states its `shape` and `dtype` and gives the rows of a slice or an array of numbers.

        Raises InputError for another shape, another type, or fewer than two vectors.
        """
        self._is_tensor = hasattr(vectors, "detach")
        given = vectors if hasattr(vectors, "dtype") else np.asanyarray(vectors)
        self._table = table = given.detach() if self._is_tensor else given
        shape = tuple(int(size) for size in table.shape)
        if len(shape) != 2 or 0 in shape:
            raise InputError(
                f"Vectors must form a table of shape (n, d), one vector a row, but these have shape {shape}; "
                "reshape them."
            )
        floating = table.is_floating_point() if self._is_tensor else table.dtype.kind == "f"
        if not floating:
            raise InputError(
                f"Vectors must be floating-point numbers, but these are {table.dtype}; convert them."
            )
        if shape[0] < 2:
            raise InputError(
                "At least two vectors are needed to measure a cloud, but there is one; add vectors."
            )
        self.n, self.d = shape
        self._double = str(table.dtype).endswith(("float64", "longdouble", "float128"))
        single = self.n * self.d > DOUBLE_ELEMENTS and not self._double
        self.working: type[np.floating] = np.float32 if single else np.float64

    def take(self, index: slice | np.ndarray) -> np.ndarray:
        """The rows of a slice or of integer indices, (k, d); tensors come as float32 or float64."""
        if not self._is_tensor:
            return self._table[index]
        block = self._table[index].cpu()
        return (block if self._double else block.float()).numpy()

    def blocks(self, rows: int | None = None) -> list[slice]:
        """Consecutive slices that cover all rows; by default of about BLOCK_ELEMENTS numbers each."""
        rows = rows or max(BLOCK_ELEMENTS // self.d, self.d // 2, 1)
        return [slice(start, min(start + rows, self.n)) for start in range(0, self.n, rows)]


def in_order(work: Callable[[Any], T], items: Sequence[Any]) -> Iterator[T]:
    """work(item) for each item, computed by several threads, yielded in the order of the items.

    Sums over the results are therefore the same bits on any number of cores.
    """
    pending: deque[Future[T]] = deque()
    with ThreadPoolExecutor(THREADS) as pool:
        try:
            for item in items:
                pending.append(pool.submit(work, item))
                if len(pending) > THREADS:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()
