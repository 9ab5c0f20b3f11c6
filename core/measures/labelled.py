"""Vectors with a label each: what the measures that read both share, and one call for all of them.

`Labelled` computes once what several measures need; `estimate` runs them on every layer of a checkpoint.
"""

import math
import time
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import InputError
from core.measures.entry import Measured
from core.measures.labels import Labels, labels_of
from core.measures.registry import MEASURES

if TYPE_CHECKING:
    import pandas as pd
    from jaxtyping import Float

    from core.blocks import Progress

NAMES = tuple(name for name, measure in MEASURES.items() if "labels" in measure.needs)
GROUP = "labelled"
HALVES = 20
MEAN = "mean"  # the layer that stands for the mean over all hidden states of a model


def select_labelled(names: str) -> list[str]:
    """Names of measures of labels: all for "all" or the group's name, else those named, in their order.

    Raises InputError for a name that is no such measure.
    """
    asked = [name.strip() for name in names.split(",") if name.strip()]
    for name in asked:
        if name not in (*NAMES, GROUP, "all"):
            raise InputError(f"{name} is no measure of labels: with labels give all, or {', '.join(NAMES)}.")
    if not asked:
        raise InputError(f"No measure was named; give all, or {', '.join(NAMES)}.")
    return list(NAMES) if {GROUP, "all"} & set(asked) else list(dict.fromkeys(asked))


class Labelled:
    """n vectors in d dimensions with a label each, and what measures of them share.

    Raises InputError where there is not a label for each vector, or a number is not finite.
    """

    def __init__(self, vectors: Any, labels: Labels, *, seed: int = 0) -> None:
        self.features: Float[np.ndarray, "n d"] = np.asarray(vectors, dtype=np.float64)
        self.labels, self.seed = labels, seed
        if self.features.ndim != 2 or len(self.features) != len(labels):
            raise InputError(
                f"{len(labels):,} labels and vectors of shape {self.features.shape} do not belong together: "
                "give a vector for each label."
            )
        if not np.isfinite(self.features).all():
            raise InputError("Some vectors hold NaN or infinite values: leave those rows out.")
        self.n, self.d = self.features.shape

    @cached_property
    def targets(self) -> "Float[np.ndarray, 'n c']":
        """The labels as columns: for each class 1 in its rows and 0 elsewhere; numbers as they are."""
        if not self.labels.classes:
            return self.labels.values[:, None]
        return np.eye(len(self.labels.classes))[self.labels.values]

    @cached_property
    def decomposition(self) -> "tuple[Float[np.ndarray, 'n k'], Float[np.ndarray, ' k']]":
        """Left singular vectors and singular values of the vectors, not centred; k = min(n, d)."""
        from scipy.linalg import svd

        left, singular, _ = svd(self.features, full_matrices=False)
        return left, singular

    @cached_property
    def rotated(self) -> "Float[np.ndarray, 'n k']":
        """The vectors in coordinates of their own span: all lengths and angles are kept."""
        left, singular = self.decomposition
        return left * singular

    @cached_property
    def halves(self) -> "list[np.ndarray]":
        """HALVES random halves of the rows, without replacement; of each class one half."""
        rng = np.random.default_rng(self.seed)
        codes = self.labels.values if self.labels.classes else np.zeros(self.n, np.int64)
        drawn = []
        for _ in range(HALVES):
            order = rng.permutation(self.n)
            # Each row's place within its class, in the order drawn; odd classes are rounded either way.
            sorted_order = order[np.argsort(codes[order], kind="stable")]
            odd = rng.integers(2)
            drawn.append(np.sort(sorted_order[odd::2]))
        return drawn


def measure_labelled(
    vectors: Any, labels: Labels, names: Iterable[str] = NAMES, *, seed: int = 0
) -> tuple[dict[str, Measured], dict[str, str], dict[str, float]]:
    """Measures of vectors with labels.

    Arguments:
        vectors: (n, d), one a label. names: of NAMES. seed: of halves and folds.

    Returns: (name → value, name → why it has none, name → seconds). What several measures share counts for
    the first of them.
    Raises InputError for vectors that do not fit the labels or are not finite.
    """
    from threadpoolctl import threadpool_limits

    labelled = Labelled(vectors, labels, seed=seed)
    values: dict[str, Measured] = {}
    undefined: dict[str, str] = {}
    seconds: dict[str, float] = {}
    with threadpool_limits(1, user_api="blas"):
        for name in names:
            started = time.perf_counter()
            try:
                values[name] = MEASURES[name].function(labelled)
            except InputError as error:
                undefined[name] = str(error)
            seconds[name] = time.perf_counter() - started
    return values, undefined, seconds


def estimate(
    layers: "Float[np.ndarray, 'l n d']",
    labels: Labels | Sequence[Any],
    names: Iterable[str] = NAMES,
    *,
    at: Sequence[int | str] | None = None,
    seed: int = 0,
    progress: "Progress | None" = None,
) -> "pd.DataFrame":
    """The measures of every layer of a checkpoint and of the mean over its layers, without a store.

    Arguments:
        layers: the vector of each row at each of the layers 0 to L. labels: one a row.
        names: of NAMES. at: only at these layers, -1 for the last, MEAN for the mean; None: at all of them.
        progress: called with stage, done, total, unit.

    Returns: a row a layer and measure: layer (0 … L, then "mean"), measure, value (NaN: undefined),
    standard_error, seconds, note (of the value, or why there is none).
    """
    import pandas as pd

    checked = labels if isinstance(labels, Labels) else labels_of(labels)
    names = list(names)
    rows: list[dict[str, Any]] = []
    every: list[int | str] = [*range(len(layers)), MEAN]
    chosen = every if at is None else [one if one == MEAN else every[:-1][int(one)] for one in at]
    for layer in chosen:
        if progress is not None:
            progress("measures of labels", len(rows) // max(len(names), 1), len(chosen), "layers")
        vectors = at_layer(layers, layer)
        values, undefined, seconds = measure_labelled(vectors, checked, names, seed=seed)
        for name in names:
            one = values.get(name, Measured(math.nan, None, undefined.get(name)))
            rows.append(
                {
                    "layer": layer,
                    "measure": name,
                    "value": one.value,
                    "standard_error": math.nan if one.standard_error is None else one.standard_error,
                    "seconds": seconds[name],
                    "note": one.note or "",
                }
            )
    return pd.DataFrame(rows)


def at_layer(layers: "Float[np.ndarray, 'l n d']", layer: int | str) -> "Float[np.ndarray, 'n d']":
    """The vectors of one layer, or MEAN: their mean over all layers, the embeddings among them."""
    if layer == MEAN:
        return np.asarray(layers).mean(axis=0, dtype=np.float64)
    return layers[int(layer)]
