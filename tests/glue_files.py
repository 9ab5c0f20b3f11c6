"""Small GLUE-like Parquet files, made up: the label can be told from a word."""

from pathlib import Path

import numpy as np
import pandas as pd

from core.fine_tuning.glue import TASKS

WORDS = "the of and to in is was for on that with as by at it from an be are he".split()  # noqa: SIM905


def write(folder: Path, task: str, train: int = 64, dev: int = 32) -> Path:
    """Files of one task in `folder`, which is returned; as in the hub's set, columns but for their names."""
    rng = np.random.default_rng(len(task))
    folder.mkdir(parents=True, exist_ok=True)
    for split, count in (("train", train), ("dev", dev)):
        labels = rng.uniform(0, 5, count) if TASKS[task].classes == 1 else rng.integers(0, 2, count)
        texts = [
            " ".join(rng.choice(WORDS, rng.integers(3, 12))) + (" he" if label >= 1 else " an")
            for label in labels
        ]
        pair = len(TASKS[task].columns) > 1
        second = [" ".join(rng.choice(WORDS, 4)) for _ in range(count)] if pair else None
        frame = pd.DataFrame({"sentence1": texts, "sentence2": second, "label": labels})
        frame.to_parquet(folder / f"{task}.{split}.parquet")
    return folder
