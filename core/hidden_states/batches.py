"""How sequences are cut into batches for forward passes, and run on the threads of this machine."""

from collections.abc import Callable, Generator, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

_MOST_WORKERS = 8  # more would wait for one another between the matrix products


@dataclass(frozen=True)
class Budget:
    """`most`: tokens in a batch. `enough`: tokens under which a batch takes in sequences a little shorter."""

    most: int
    enough: int


BUDGETS = {"cpu": Budget(2048, 512), "cuda": Budget(16384, 8192)}


def batches(lengths: np.ndarray, budget: Budget) -> Iterator[np.ndarray]:
    """Indices of sequences, batch by batch, the longest first so that too little memory shows at once."""
    order = [int(i) for i in np.argsort(-lengths, kind="stable") if lengths[i]]
    batch: list[int] = []
    for index in order:
        if batch:
            width, length = int(lengths[batch[0]]), int(lengths[index])
            fits = (len(batch) + 1) * width <= budget.most
            small = len(batch) * width < budget.enough and length >= 0.9 * width
            if not (fits and (length == width or small)):
                yield np.array(batch)
                batch = []
        batch.append(index)
    yield np.array(batch)


def pad(ids: np.ndarray, starts: np.ndarray, batch: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Ids (b, t) of a batch, padded on the right, and the mask (b, t) of the real ones (None: all are)."""
    lengths = starts[batch + 1] - starts[batch]
    kept = np.arange(lengths.max()) < lengths[:, None]  # (b, t)
    padded = np.zeros(kept.shape, dtype=np.int32)
    padded[kept] = np.concatenate([ids[starts[i] : starts[i + 1]] for i in batch])
    return padded, None if kept.all() else kept.astype(np.int64)


@contextmanager
def threads_for(device: str) -> Iterator[int]:
    """How many threads to work in; meanwhile each of them, and this one, computes alone.

    On a CPU two threads with a batch each do more than two threads on one batch: none waits for the other at
    the end of every operator, which is what costs most where other processes run too.
    """
    import torch

    threads = torch.get_num_threads()
    workers = min(threads, _MOST_WORKERS) if device == "cpu" else 1
    torch.set_num_threads(threads // workers)
    try:
        yield workers
    finally:
        torch.set_num_threads(threads)


def each(
    work: Callable[[np.ndarray], int], batches: Iterator[np.ndarray], workers: int, share: int = 1
) -> Generator[int, None, None]:
    """Results of `work` as they are ready, from as many threads, with few batches waiting at any time.

    share: how many times the processors of the calling thread each of them computes on.
    """
    import torch

    threads = (torch.get_num_threads() * share,)  # a new thread would start with all processors
    waiting: set[Future[int]] = set()
    with ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=threads) as pool:
        try:
            for batch in batches:
                waiting.add(pool.submit(work, batch))
                if len(waiting) >= 2 * workers:
                    done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                    yield from (future.result() for future in done)
            yield from (future.result() for future in waiting)
        finally:
            pool.shutdown(cancel_futures=True)
