"""kNN-LM's arithmetic: neighbours among the keys of a training text, and their tokens as a prediction.

Source: Khandelwal et al. 2020, "Generalization through Memorization", arXiv 1911.00172. With d the squared
Euclidean distance of a key, p_kNN(y) is proportional to the sum of exp(−d/T) over the nearest keys that are
followed by y, and p(y) = λ·p_kNN(y) + (1 − λ)·p_LM(y). λ and T are chosen on a validation text from grids; T
in units of the mean squared distance of neighbours there, since layers differ in length.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

FLAT_UP_TO = 200_000  # keys; above, an inverted file that is searched in part
WEIGHTS = np.arange(0, 100) / 100  # λ
TEMPERATURES = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)  # of the mean squared distance
PROBED = 32  # of the cells of an inverted file
_RECALLED = 200  # queries that recall is measured on
_AT_ONCE = 1024  # queries


class Datastore:
    """Keys and the token that follows each, searched with FAISS."""

    def __init__(
        self, keys: np.ndarray, tokens: np.ndarray, *, flat_up_to: int = FLAT_UP_TO, seed: int = 0
    ) -> None:
        """keys: (n, d) float32; tokens: (n,). Exact up to `flat_up_to` keys, else by an inverted file of
        4·√n cells, PROBED of which are searched; seed: of its cells.
        """
        import faiss

        self._keys, self._tokens = np.ascontiguousarray(keys, np.float32), tokens
        n, d = keys.shape
        self.exact = n <= flat_up_to
        self._index: Any
        if self.exact:
            self._index = faiss.IndexFlatL2(d)
        else:
            cells = int(4 * n**0.5)
            self._index = faiss.IndexIVFFlat(faiss.IndexFlatL2(d), d, cells)
            self._index.cp.seed = seed + 1
            self._index.nprobe = min(PROBED, cells)
            train = np.random.default_rng(seed).permutation(n)[: 64 * cells]
            self._index.train(self._keys[np.sort(train)])
        self._index.add(self._keys)

    def neighbours(
        self, queries: np.ndarray, count: int, tell: Callable[[int, int], None] | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Squared distances and tokens of the `count` nearest keys of (q, d) queries, both (q, k), nearest
        first; k is smaller where there are fewer keys. What an inverted file does not find has distance inf
        and token −1. tell: tell(done, queries) after each part; may raise to stop.
        """
        q, k = len(queries), min(count, len(self._keys))
        distances, tokens = np.empty((q, k), np.float32), np.empty((q, k), np.int64)
        for start in range(0, q, _AT_ONCE):
            part = slice(start, min(start + _AT_ONCE, q))
            found, rows = self._index.search(np.ascontiguousarray(queries[part], np.float32), k)
            distances[part] = np.where(rows < 0, np.inf, np.maximum(found, 0))
            tokens[part] = np.where(rows < 0, -1, self._tokens[rows])
            if tell is not None:
                tell(part.stop, q)
        return distances, tokens

    def recall(self, queries: np.ndarray, count: int, seed: int = 0) -> float | None:
        """The share of the nearest keys that the search finds, over 200 queries; None where it is exact."""
        if self.exact:
            return None
        import faiss

        rows = np.sort(np.random.default_rng(seed).permutation(len(queries))[:_RECALLED])
        chosen, k = np.ascontiguousarray(queries[rows], np.float32), min(count, len(self._keys))
        _, found = self._index.search(chosen, k)
        _, nearest = faiss.knn(chosen, self._keys, k)
        return float(np.mean([len(np.intersect1d(*pair)) / k for pair in zip(found, nearest, strict=True)]))


@dataclass(frozen=True)
class Tuned:
    """λ and T chosen on a validation text, and the mean loss there, nats a token."""

    weight: float
    temperature: float
    loss: float


def neighbour_probability(distances: np.ndarray, same: np.ndarray, temperature: float) -> np.ndarray:
    """p_kNN of the token that followed, (q,).

    distances: (q, k), squared. same: (q, k), whether a neighbour's token is that which followed.
    """
    relative = distances.astype(np.float64)
    relative -= relative.min(axis=1, keepdims=True)
    weights = np.exp(-relative / temperature)
    return (weights * same).sum(axis=1) / weights.sum(axis=1)


def interpolated(losses: np.ndarray, probability: np.ndarray, weight: float) -> np.ndarray:
    """Losses of λ·p_kNN + (1 − λ)·p_LM, (q,), nats.

    losses: (q,), of the language model. probability: (q,), p_kNN. weight: λ, from 0 up to but not 1.
    """
    if weight == 0:
        return losses.copy()
    with np.errstate(divide="ignore"):
        near = math.log(weight) + np.log(probability)
    return -np.logaddexp(near, math.log1p(-weight) - losses)


def tuned(losses: np.ndarray, distances: np.ndarray, same: np.ndarray) -> Tuned:
    """The λ and T of the grids with the least mean loss; of equal ones the smallest λ, then T."""
    finite = distances[np.isfinite(distances)]
    scale = float(finite.mean()) or 1.0
    found = []
    for factor in TEMPERATURES:
        probability = neighbour_probability(distances, same, factor * scale)
        found += [
            (float(interpolated(losses, probability, weight).mean()), float(weight), factor * scale)
            for weight in WEIGHTS
        ]
    loss, weight, temperature = min(found)
    return Tuned(weight, temperature, loss)
