"""A labelled text for tests, and an extractor of every layer that runs no model."""

import csv
from pathlib import Path
from typing import Any

import numpy as np

from core.hidden_states.pooled import Pooled

D, LAST = 6, 2  # width, and the number of the last layer


def table(path: Path, rows: int = 60, *, shift: int = 0) -> Path:
    """A CSV of columns text and label, of three classes; shift: gives the rows other labels."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        writer.writerows([f"text number {row}", "abc"[(row + shift) % 3]] for row in range(rows))
    return path


def extract_layers(
    checkpoint: Any, texts: list[str], out: Path, *, pairs: list[str] | None = None, **options: Any
) -> Pooled:
    """Vectors drawn from the checkpoint's fingerprint, the text and the layer; layer 1 knows the labels."""
    rows = np.lib.format.open_memmap(out, mode="w+", dtype=np.float32, shape=(LAST + 1, len(texts), D))
    for row, text in enumerate(texts):
        seed = int(checkpoint.fingerprint[:8], 16) + sum(text.encode())
        rows[:, row] = np.random.default_rng(seed).normal(size=(LAST + 1, D))
        rows[1, row, 0] += 4 * (int(text.split()[-1]) % 3)
    rows.flush()
    options["progress"]("hidden states", len(texts), len(texts), "tokens")
    return Pooled(len(texts), D, LAST, 3 * len(texts), options["precision"], "cpu", 0.1)
