"""A checkpoint has one fingerprint once its weights are read, and those it had before can be told then."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.checkpoints.fingerprints import provisional
from core.checkpoints.resolve import resolve, resolve_remote, resolve_unread
from tests import fake_hub, tiny


@pytest.fixture(scope="module", params=[None, "40KB"], ids=["one file", "shards"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.llama(tmp_path_factory.mktemp("model") / "little", shard=request.param)


@pytest.fixture
def hub(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[fake_hub.FakeHub]:
    with fake_hub.serving() as running:
        running.connect(monkeypatch, tmp_path / "cache")
        running.add("org/model", model)
        yield running


def test_that_of_an_unread_folder_is_known_once_it_is_read(model: Path) -> None:
    quick, full = resolve_unread(str(model)), resolve(str(model))
    assert quick.provisional and not full.provisional
    assert quick.fingerprint in provisional(model, None)
    assert full.fingerprint not in provisional(model, None)


def test_that_of_weights_on_the_hub_is_known_once_they_are_downloaded(hub: fake_hub.FakeHub) -> None:
    there = resolve_remote("org/model")
    sent = hub.sent
    here = resolve("org/model")
    assert hub.sent > sent and there.provisional and not here.provisional
    assert there.fingerprint in provisional(here.folder, here.revision)
    assert resolve_unread(str(here.folder)).fingerprint in provisional(here.folder, here.revision)


def test_however_they_came_here(hub: fake_hub.FakeHub, model: Path, tmp_path: Path) -> None:
    there = resolve_remote("org/model").fingerprint
    copy = Path(shutil.copytree(model, tmp_path / "copy"))
    digests: dict[str, str] = {}
    assert there in provisional(copy, None, digests)
    assert any(key.startswith("sha256|") for key in digests)
    (copy / "config.json").write_text((copy / "config.json").read_text().replace('"llama"', '"mistral"'))
    assert there not in provisional(copy, None, digests)


def test_where_the_hub_states_no_digest_the_commit_stands_for_the_weights(
    hub: fake_hub.FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stating_none(name: str, commit: str, path: str, *rest: object) -> object:
        file = remote(name, commit, path, *rest)
        file.digest = None
        return file

    from core.hub import remote as module

    remote = module._remote
    monkeypatch.setattr(module, "_remote", stating_none)
    there = resolve_remote("org/model")
    here = resolve("org/model")
    assert there.fingerprint in provisional(here.folder, here.revision)
    assert there.fingerprint not in provisional(here.folder, None)


def test_a_folder_whose_weights_were_read_has_its_own(model: Path) -> None:
    digests: dict[str, str] = {}
    full = resolve(str(model), digests=digests)
    assert resolve_unread(str(model), digests=digests) == full
