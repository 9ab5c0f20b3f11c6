"""Stars and notes: the last one counts, one is set without the other, and they are a checkpoint's own."""

from pathlib import Path

from cache.marks import MOST, mark, marks
from tests import stores


def test_a_mark_is_kept_and_changed_by_half(tmp_path: Path) -> None:
    store = stores.new(tmp_path / "store")
    assert marks(store).empty
    mark(store, "a" * 32, starred=True)
    mark(store, "a" * 32, note="  first  ")
    mark(store, "published:BERT", note="x" * (MOST + 9))
    found = marks(store)
    assert found.loc["a" * 32].tolist() == [True, "first"]
    assert found.loc["published:BERT"].tolist() == [False, "x" * MOST]
    mark(store, "a" * 32, starred=False)
    assert marks(store).loc["a" * 32].tolist() == [False, "first"]


def test_a_mark_of_a_provisional_fingerprint_is_the_checkpoints_own(tmp_path: Path) -> None:
    store = stores.new(tmp_path / "store")
    mark(store, "p" * 32, starred=True)
    store.add("aliases", [{"provisional": "p" * 32, "subject": "a" * 32}])
    store.ingest()
    assert marks(store).index.tolist() == ["a" * 32]
