"""Of what is now computed otherwise, stored values no longer count; of all else, keys stay as they are."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cache.measuring.revisions import revisions
from cache.predictions import overview_of
from cache.store import Store
from cache.tables import one_row_each
from core.checkpoints import tokenizing
from core.checkpoints.resolve import resolve
from core.checkpoints.tokenizing import Loaded
from tests import handmade, stores, tiny


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return stores.new(tmp_path / "store")


def test_keys_have_a_part_more_only_where_vectors_are_computed_otherwise(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, other = (resolve(str(tiny.encoder(tmp_path / name, seed=i))) for i, name in enumerate("ab"))
    assert revisions(store, plain, ["the"], "texts") == ()
    fnet = replace(plain, facts=replace(plain.facts, family="fnet"))
    assert revisions(store, fnet, ["the"], "texts") == ("states",)
    monkeypatch.setattr(Loaded, "note", lambda self, texts: "settled" if texts == ["of"] else None)
    assert revisions(store, other, ["of"], "others") == ("tokens of the files",)
    assert revisions(store, other, ["the"], "texts") == ()
    monkeypatch.setattr(tokenizing, "read_tokenizer", None)  # it is remembered
    assert revisions(store, other, ["of"], "others") == ("tokens of the files",)
    assert revisions(store, plain, ["the"], "texts") == ()


def test_a_checkpoint_without_a_tokenizer_that_can_be_read_has_no_further_part(
    store: Store, tmp_path: Path
) -> None:
    folder = handmade.checkpoint(tmp_path / "made")
    assert revisions(store, resolve(str(folder)), ["the"], "texts") == ()
    (folder / "tokenizer.json").write_text("{")
    assert revisions(store, resolve(str(folder)), ["the"], "texts") == ()


def test_values_of_a_cloud_that_was_computed_again_no_longer_count(store: Store) -> None:
    store.add("checkpoints", [{"subject": "f1", "name": "model", "origin": "measured", "source": "folder"}])
    sample = {"subject": "f1", "corpus": "words.txt", "sequences": 9, "layer": 2, "position": "all"}
    for day, (cloud, text, value) in enumerate([("k1", "t1", 0.2), ("k2", "t2", 0.6), ("k3", "t1", 0.4)]):
        made = {"created_at": datetime(2026, 1, 1 + day, tzinfo=UTC)}
        store.add("clouds", [sample | made | {"cloud": cloud, "sample_fingerprint": text}])
        row = {"subject": "f1", "cloud": cloud, "measure": "eee", "parameters": "{}", "seed": 0, "version": 1}
        store.add("measurements", [row | made | {"value": value, "origin": "measured"}])
    store.ingest()
    for shown in (one_row_each(store), overview_of(store)):
        assert shown.rows.loc["f1", "eee"] == pytest.approx(0.5)  # of t1 the newer, and t2
        assert shown.rows.loc["f1", "samples"] == 2
