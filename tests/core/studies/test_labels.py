"""Measures of labels by a checkpoint's name: the table of its layers, with seconds."""

from pathlib import Path

import numpy as np
import pytest

from core.checkpoints.resolve import resolve
from core.errors import InputError
from core.hidden_states.pooled import extract_layers
from core.measures.labelled import NAMES, estimate
from core.studies.labels import estimate_checkpoint
from tests import tiny

TEXTS = tiny.sentences(60, longest=9)
LABELS = ["long" if len(text.split()) > 4 else "short" for text in TEXTS]


def test_the_table_is_that_of_the_checkpoints_layers(tmp_path: Path) -> None:
    folder = str(tiny.encoder(tmp_path / "encoder"))
    table = estimate_checkpoint(folder, TEXTS, LABELS)
    assert table["layer"].drop_duplicates().tolist() == [0, 1, 2, "mean"]
    assert len(table) == 4 * len(NAMES) and set(table["checkpoint"]) == {folder}
    assert table["extraction"].nunique() == 1 and (table[["seconds", "extraction"]] > 0).all(axis=None)
    extract_layers(resolve(folder), TEXTS, tmp_path / "layers.npy")
    same = estimate(np.load(tmp_path / "layers.npy"), LABELS)
    assert table["value"].tolist() == same["value"].tolist()
    pairs = estimate_checkpoint(folder, TEXTS, LABELS, pairs=TEXTS, names=["logme"])
    assert len(pairs) == 4 and set(pairs["value"]).isdisjoint(table["value"])


def test_labels_are_checked_before_a_checkpoint_is_looked_for() -> None:
    with pytest.raises(InputError) as refusal:
        estimate_checkpoint("no-such/model", TEXTS, ["long"] * 60)
    assert str(refusal.value) == "label is long in all 60 rows: give rows of at least two classes."
