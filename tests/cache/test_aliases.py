"""A checkpoint is one row everywhere, whether it was first seen unread, on the hub, or read through."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from cache.checkpoints import subject_of
from cache.gap_rows import measured, tied_pairs
from cache.predictions import overview_of
from cache.requests import Gap, Settings, Subject
from cache.store import Store
from cache.tables import export_frame
from cache.tasks import gap as gaps
from cache.tasks.gap import gap_for
from cache.tasks.measure import measure_subject
from tests import fake_hub, stores, tiny

GAP = Gap.of("digits", "function")
SETTINGS = Settings(measures="unembedding_isotropy")  # needs no text and no model


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setattr(gaps, "SMALL", 0)  # every checkpoint is too large to be read through for a gap
    return stores.new(tmp_path / "store")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.llama(tmp_path_factory.mktemp("models") / "little")


@pytest.fixture
def hub(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[fake_hub.FakeHub]:
    with fake_hub.serving() as running:
        running.connect(monkeypatch, tmp_path / "cache")
        running.add("org/model", model)
        yield running


def assert_one(store: Store, fingerprint: str, name: str) -> None:
    """One row with both its measure and its gap, in the overview, the gaps and the export."""
    own = store.query("SELECT subject, name FROM checkpoints WHERE origin = 'measured'")
    assert own.to_numpy().tolist() == [[fingerprint, name]]
    rows = overview_of(store).rows
    assert rows[rows["origin"] == "measured"].index.tolist() == [fingerprint]
    assert rows.loc[fingerprint, "unembedding_isotropy"] > 0
    assert measured(store)["subject"].tolist() == [fingerprint]
    exported = export_frame(store).query("origin == 'measured'")
    assert set(exported["subject"]) == {fingerprint}
    assert set(exported["quantity"]) == {"unembedding_isotropy", "gap_cosine", "gap_euclidean"}


def assert_known(store: Store, name: str, fingerprint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asking for the gap again, or for the measure, computes nothing and names the own fingerprint."""
    monkeypatch.setattr(gaps, "word_gap", None)
    again = gap_for(store, name, GAP)
    assert (again.cached, again.fingerprint) == (True, fingerprint)
    measures = measure_subject(store, Subject(name), SETTINGS)
    assert (measures.cached, measures.fingerprint) == (True, fingerprint)


def test_an_unread_folder_that_is_then_measured(store, model, monkeypatch) -> None:
    quick = gap_for(store, str(model), GAP)
    full = measure_subject(store, Subject(str(model)), SETTINGS)
    assert quick.fingerprint != full.fingerprint
    assert_one(store, full.fingerprint, "little")
    assert_known(store, str(model), full.fingerprint, monkeypatch)


def test_a_hub_id_read_by_ranges_that_is_then_downloaded(store, hub, tmp_path, monkeypatch) -> None:
    there = gap_for(store, "org/model", GAP)
    assert not list((tmp_path / "cache").rglob("*.safetensors"))
    here = measure_subject(store, Subject("org/model"), SETTINGS)
    assert list((tmp_path / "cache").rglob("*.safetensors"))
    assert there.fingerprint != here.fingerprint
    assert_one(store, here.fingerprint, "org/model")
    assert_known(store, "org/model", here.fingerprint, monkeypatch)


def test_a_downloaded_checkpoint_whose_gap_is_then_read_by_ranges(store, hub, monkeypatch) -> None:
    here = measure_subject(store, Subject("org/model"), SETTINGS)
    there = gap_for(store, "org/model", GAP)
    assert (there.cached, there.fingerprint) == (False, here.fingerprint)
    assert_one(store, here.fingerprint, "org/model")
    assert_known(store, "org/model", here.fingerprint, monkeypatch)


def test_a_folder_that_came_from_the_hub_by_other_means(store, hub, model, monkeypatch) -> None:
    gap_for(store, "org/model", GAP)
    full = measure_subject(store, Subject(str(model)), SETTINGS)
    assert_one(store, full.fingerprint, "little")
    assert_known(store, "org/model", full.fingerprint, monkeypatch)


def test_two_copies_of_a_folder_are_one_once_both_are_read(store, model, tmp_path, monkeypatch) -> None:
    copy = str(shutil.copytree(model, tmp_path / "copy"))
    first, second = (gap_for(store, name, GAP) for name in (str(model), copy))
    assert first.fingerprint != second.fingerprint  # which nobody can know without reading them
    assert tied_pairs(store, [first, second], "cosine") == [(0, 1)]
    one = measure_subject(store, Subject(str(model)), SETTINGS)
    assert len(measured(store)) == 2
    other = measure_subject(store, Subject(copy), SETTINGS)
    assert (other.cached, other.fingerprint) == (True, one.fingerprint)
    assert_one(store, one.fingerprint, "little")
    assert tied_pairs(store, [first, second], "cosine") == [(0, 1)]  # by the fingerprints of before
    for name in (str(model), copy):
        assert_known(store, name, one.fingerprint, monkeypatch)


def test_a_changed_file_at_the_same_place_is_another_checkpoint(store, model, tmp_path) -> None:
    place = shutil.copytree(model, tmp_path / "place")
    first = measure_subject(store, Subject(str(place)), SETTINGS)
    tiny.llama(place, seed=9)
    assert gap_for(store, str(place), GAP).fingerprint != first.fingerprint
    assert len(overview_of(store).rows.query("origin == 'measured'")) == 1
    assert len(store.query("SELECT * FROM checkpoints WHERE origin = 'measured'")) == 2


def test_aliases_are_added_once(store, model) -> None:
    full = measure_subject(store, Subject(str(model)), SETTINGS)
    state = store.state()
    expected = store.query("SELECT * FROM aliases")
    assert set(expected["subject"]) == {full.fingerprint}
    assert all(subject_of(store, name) == full.fingerprint for name in expected["provisional"])
    measure_subject(store, Subject(str(model)), SETTINGS)
    assert store.state() == state


def test_a_variant_has_no_alias(store, tmp_path) -> None:
    base = tiny.encoder(tmp_path / "bert")
    measure_subject(store, Subject(f"{base}+shuffled:111"), SETTINGS)
    assert store.query("SELECT * FROM aliases").empty
