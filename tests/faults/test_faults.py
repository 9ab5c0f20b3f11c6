"""A few trials of each kind; `python -m tests.faults` runs many."""

from pathlib import Path

import pytest

from cache import store as stores_module
from tests.faults.trials import KINDS, trial


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", [0, 1])
def test_nothing_is_lost_doubled_or_changed(kind: str, seed: int, tmp_path: Path) -> None:
    outcome = trial(kind, seed, tmp_path)
    assert outcome.found == outcome.expected > 1


def test_a_loss_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def lose(connection, pending, tables):
        return 0, list(pending)

    monkeypatch.setattr(stores_module, "take_in", lose)
    outcome = trial("clock_back", 0, tmp_path)
    assert outcome.found < outcome.expected
