"""A valid checkpoint folder with one thing changed: values of plain transformers, a note, or a refusal."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from core.checkpoints import loading
from tests import tiny
from tests.folder_faults import comparing
from tests.folder_faults.changes import KINDS, Change, make
from tests.folder_faults.comparing import Plain, Result
from tests.folder_faults.drawing import run


def test_no_change_gives_another_value_without_a_word(tmp_path: Path) -> None:
    kinds: set[str] = set()
    outcomes: Counter[str] = Counter()
    apart = []

    def seen(name: str, change: Change, value: str, result: Result) -> None:
        kinds.add(change.kind)
        outcomes[result.outcome] += 1
        if result.outcome == "apart":
            apart.append((name, change, value, result.reason))

    run(40, tmp_path, seen)
    assert apart == []
    assert kinds == set(KINDS) and outcomes["equal"] > 20 and outcomes["refused"] > 10


def changed(place: Path, change: Change) -> Path:
    folder = tiny.llama(place / "llama")
    make(change, folder, place / "changed", {"llama": folder})
    return place / "changed"


def test_other_states_are_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = changed(tmp_path, Change("dropped", "model.layers.0.self_attn.q_proj.weight", None))
    assert comparing.states(folder, Plain(folder)).outcome == "refused"
    monkeypatch.setattr(loading, "_missing", lambda report: [])
    assert comparing.states(folder, Plain(folder)).outcome == "apart"


def test_another_matrix_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = changed(tmp_path, Change("scaled", "lm_head.weight", 3.0))
    assert comparing.matrix(folder, Plain(folder)).outcome == "equal"
    monkeypatch.setattr(comparing, "read_matrix", lambda at: np.zeros(at.shape, np.float32))
    assert comparing.matrix(folder, Plain(folder)).outcome == "apart"
