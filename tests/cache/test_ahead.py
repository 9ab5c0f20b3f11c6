"""What pages show at first is there before they ask, and no fault in it keeps the rest from being there."""

import threading
from pathlib import Path

import pytest

from cache import ahead, predictions, relations
from cache.store import Store
from core.errors import InputError
from core.prediction import candidates
from tests import stores
from tests.pages.test_every_page import opened


def refuse(*args: object, **kwargs: object) -> object:
    raise AssertionError("computed when a page asked")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """The published checkpoints, and one of one's own that needs a ranking by a measure."""
    store = stores.new(tmp_path / "store")
    about = {"name": "mine", "family": "mine", "origin": "measured", "kind": "encoder"}
    store.add("checkpoints", [{"subject": "a" * 32, **about}])
    common = {"parameters": "{}", "seed": 0, "version": 1, "origin": "measured", "n": 9000}
    store.add(
        "measurements",
        [
            {"subject": "a" * 32, "cloud": "b" * 32, "measure": name, "value": 0.4, **common}
            for name in ("eee", "isoscore", "vrm", "dispersion")
        ],
    )
    store.ingest()
    return store


@pytest.mark.parametrize("page", ["shortlist", "trust", "explore"])
def test_pages_find_what_they_show_at_first(page: str, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    ahead.compute(store)
    monkeypatch.setattr(predictions, "predictions_for", refuse)
    monkeypatch.setattr(relations, "Relation", refuse)
    for name in ("shortlist", "shortlist_by"):
        monkeypatch.setattr(f"core.prediction.shortlist.{name}", refuse)
    monkeypatch.setattr("core.prediction.by_measure.rank_evidence", refuse)
    opened(Path(__file__).parents[2], page, store.folder, monkeypatch)


def test_a_fault_keeps_nothing_else_from_being_computed(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    done: list[str] = []

    def refused() -> None:
        raise InputError("Not this.")

    def faulty() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(ahead, "steps", lambda store: [refused, faulty, lambda: done.append("last")])
    ahead.compute(store)
    assert done == ["last"]
    (message,) = (record.message for record in caplog.records)
    assert message.startswith("Not computed ahead: ") and "faulty" in message


def test_what_the_store_has_outgrown_is_not_finished(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    def grow() -> None:
        store.add("checkpoints", [{"subject": "s", "name": "s", "origin": "measured"}])
        store.ingest()

    monkeypatch.setattr(ahead, "steps", lambda store: [grow, lambda: done.append("last")])
    ahead.compute(store)
    assert done == []


def test_each_state_of_the_store_is_computed_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    states: list[str] = []
    seen = threading.Event()

    def note(store: Store) -> None:
        states.append(store.state())
        seen.set()

    monkeypatch.setattr(ahead, "EVERY", 0.01)
    monkeypatch.setattr(ahead, "compute", note)
    thread = ahead.start(store)
    assert seen.wait(10)
    seen.clear()
    assert not seen.wait(0.1)
    store.add("checkpoints", [{"subject": "s", "name": "s", "origin": "measured"}])
    store.ingest()
    assert seen.wait(10)
    store.folder.rename(store.folder.with_name("gone"))  # ends it
    thread.join(10)
    assert not thread.is_alive() and len(set(states)) == len(states) == 2


def test_the_same_fit_is_not_made_twice(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    first = predictions.predictions_for(predictions.overview_of(store), "glue_average", "best")
    store.add("checkpoints", [{"subject": "s", "name": "s", "origin": "measured"}])  # without measures
    store.ingest()
    monkeypatch.setattr(candidates, "_estimator", refuse)
    again = predictions.predictions_for(predictions.overview_of(store), "glue_average", "best")
    assert again.rows["predicted"].equals(first.rows["predicted"])
