"""Measures of labels of a checkpoint by its name, without a store: for benchmarks over many checkpoints."""

import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.blocks import Progress
from core.checkpoints.resolve import resolve
from core.hidden_states.pooled import extract_layers
from core.measures.labelled import NAMES, estimate
from core.measures.labels import Labels, labels_of

if TYPE_CHECKING:
    import pandas as pd


def estimate_checkpoint(
    checkpoint: str,
    texts: list[str],
    labels: Labels | Sequence[Any],
    *,
    pairs: list[str] | None = None,
    names: Iterable[str] = NAMES,
    at: Sequence[int | str] | None = None,
    max_length: int | None = None,
    device: str = "auto",
    seed: int = 0,
    progress: Progress | None = None,
) -> "pd.DataFrame":
    """The measures of every layer of a checkpoint and of the mean over its layers.

    Arguments:
        checkpoint: a folder, a hub id, `minilm`, or one of them with a recipe. texts: one a row; pairs: the
            second text of each. labels: one a row, see `core.measures.labels.labels_of`.
        names: of measures of labels; at: of which layers, see `core.measures.labelled.estimate`.
        max_length, device: see `core.hidden_states.extraction.extract`.

    Returns: the table of `core.measures.labelled.estimate` with `checkpoint` and `extraction`: seconds that
    loading the model and reading the text took, the same in each row.
    Raises InputError for labels (before a checkpoint is looked for) and for a checkpoint that cannot be used.
    """
    checked = labels if isinstance(labels, Labels) else labels_of(labels)
    found = resolve(checkpoint)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "layers.npy"
        started = time.perf_counter()
        extract_layers(
            found, texts, file, pairs=pairs, max_length=max_length, device=device, progress=progress
        )
        seconds = time.perf_counter() - started
        table = estimate(np.load(file, mmap_mode="r"), checked, names, at=at, seed=seed, progress=progress)
    return table.assign(checkpoint=checkpoint, extraction=seconds)
