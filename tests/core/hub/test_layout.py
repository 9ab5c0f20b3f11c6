"""A repository whose checkpoint lies in a folder of its own is followed, read whole or by ranges."""

import json
from pathlib import Path

import pytest

from core.checkpoints.output_embedding import output_embedding, read_rows
from core.checkpoints.resolve import resolve, resolve_remote
from core.errors import InputError
from core.hub import snapshot
from core.hub.layout import prefix_of
from core.hub.listing import listing
from tests import tiny
from tests.fake_hub import FakeHub, serving

MODULES = [
    {"path": "0_Transformer", "type": "sentence_transformers.models.Transformer"},
    {"path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
]


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with serving() as served:
        served.connect(monkeypatch, tmp_path / "cache")
        yield served


@pytest.fixture
def folder(tmp_path: Path, hub: FakeHub) -> Path:
    outer = tmp_path / "st"
    tiny.encoder(outer / "0_Transformer")
    (outer / "1_Pooling").mkdir()
    (outer / "1_Pooling" / "config.json").write_text("{}")
    (outer / "modules.json").write_text(json.dumps(MODULES))
    hub.add("org/st", outer)
    return outer


def test_it_is_the_checkpoint_of_the_folder_inside(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    here = resolve(str(folder))
    there = resolve("org/st")
    assert (there.name, there.source, there.fingerprint) == ("org/st", "hub", here.fingerprint)
    assert there.revision and there.folder.name == "0_Transformer"
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    again = resolve("org/st")
    assert (again.folder, again.revision) == (there.folder, there.revision)


def test_its_rows_are_read_by_ranges(folder: Path) -> None:
    remote = resolve_remote("org/st")
    rows = read_rows(output_embedding(remote), [3, 5]).vectors
    assert (rows == read_rows(output_embedding(resolve(str(folder))), [3, 5]).vectors).all()


def test_its_files_are_listed_downloaded_and_kept(folder: Path, tmp_path: Path) -> None:
    listed = listing("org/st")
    assert listed.config == "0_Transformer/config.json" and "1_Pooling/config.json" not in listed.sizes
    assert listed.small_bytes < listed.bytes
    assert snapshot.downloaded(listed) is None
    place = snapshot.download(listed, tmp_path / "own", check=lambda *_: None, progress=lambda arrived: None)
    assert resolve(str(place)).fingerprint == resolve(str(folder)).fingerprint
    assert snapshot.keep(listed, tmp_path / "own") == snapshot.downloaded(listed)


def test_a_repository_without_a_transformer_is_refused(hub: FakeHub) -> None:
    hub.add("org/none", {"modules.json": json.dumps(MODULES[1:]).encode()})
    with pytest.raises(InputError, match=r"^org/none on the hub is not a checkpoint: it has no config\.json"):
        resolve("org/none")
    damaged = lambda file: "/nonexistent"  # noqa: E731
    assert prefix_of(["modules.json"], damaged) == ""
    assert prefix_of(["config.json", "modules.json"], damaged) == ""
