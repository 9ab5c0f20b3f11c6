"""`cli.py reference`: what it lists, and what it would do."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import cli
from cache import jobs, worker
from cache.store import Store
from commands.reference import count
from tests import TOP, fake_hub, stores, tiny
from tests.fake_hub import FakeHub


@pytest.fixture
def store(tmp_path: Path) -> str:
    return str(stores.new(tmp_path / "store").folder)


def test_the_list_says_how_far_each_reference_is_measured(
    store: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["reference", "list", "--json", "--store", store]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["hub_off"] is True
    counts = {one["name"]: (one["checkpoints"], one["measured"]) for one in document["references"]}
    assert counts == {"perturbed": (168, 168), "encoders": (104, 0), "decoders": (61, 0), "own": (0, 0)}
    assert document["references"][2]["rest"] == {
        "checkpoints": 61,
        "sized": 61,
        "stated": 0,
        "bytes": 2 * document["references"][2]["parameters"],
    }
    assert cli.main(["reference", "list", "--store", store]) == 0
    printed = capsys.readouterr().out
    assert "HF_HUB_OFFLINE" in printed and "decoders" in printed


NAMES = ["EleutherAI/pythia-70m-deduped", "openai-community/gpt2", "EleutherAI/pythia-160m-deduped"]
BUILD = ["reference", "build", "decoders", "--max-parameters", "200M"]
SETTINGS = ["--corpus", str(TOP / "README.md"), "--sequences", "20", "--measures", "eee"]


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    with fake_hub.serving() as hub:
        hub.connect(monkeypatch, tmp_path / "hub")
        for number, name in enumerate(NAMES):
            hub.add(name, tiny.llama(tmp_path / "models" / str(number), seed=number))
        yield hub


def test_a_dry_run_says_what_would_come_and_downloads_nothing(
    store: str, hub: FakeHub, capsys: pytest.CaptureFixture[str]
) -> None:
    hub.close(NAMES[1])
    assert cli.main([*BUILD, "--dry-run", "--json", "--store", store]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["checkpoints"], document["lacking"], document["hub_off"]) == (61, 61, False)
    planned = {one["name"]: one for one in document["to_measure"]}
    assert set(planned) == set(NAMES) and planned[NAMES[1]]["problem"]
    assert document["download"] == {
        "checkpoints": 2,
        "sized": 2,
        "stated": 2,
        "bytes": planned[NAMES[0]]["bytes"] + planned[NAMES[2]]["bytes"],
    }
    assert not any("resolve" in path for _, path, _ in hub.requests)
    assert jobs.list_jobs(Store.open(Path(store))) == []


def test_with_the_hub_off_it_says_what_it_would_do(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([*BUILD, "--dry-run", "--store", store]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "about 708 MB for 3 checkpoints" in printed and "HF_HUB_OFFLINE" in printed
    assert cli.main([*BUILD, "--store", store]) == 1
    assert "HF_HUB_OFFLINE" in capsys.readouterr().err
    assert jobs.list_jobs(Store.open(Path(store))) == []


def test_the_same_command_goes_on_with_the_job_it_made(
    store: str, hub: FakeHub, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "ensure_workers", lambda store, limit=None: 0)
    command = [*BUILD, *SETTINGS, "--store", store, "--detach", "--json"]
    assert cli.main(command) == 0
    first = json.loads(capsys.readouterr().out)
    assert cli.main(command) == 0
    assert json.loads(capsys.readouterr().out) == first
    (job,) = jobs.list_jobs(Store.open(Path(store)))
    assert {piece.subject.name for piece in job.main} == set(NAMES)
    monkeypatch.setattr(worker, "LINGER", 0.05)
    worker.work(Store.open(Path(store)))
    assert jobs.get(Store.open(Path(store)), job.id).state == "done"
    assert cli.main(command) == 0
    assert json.loads(capsys.readouterr().out) == {"job": None}
    assert cli.main(["reference", "list", "--json", "--store", store]) == 0
    listed = json.loads(capsys.readouterr().out)["references"][2]
    assert (listed["measured"], listed["measures"]) == (3, {"eee": 3})


@pytest.mark.parametrize(
    ("text", "expected"), [("500M", 500_000_000), ("1.5b", 1_500_000_000), ("1e9", 1_000_000_000)]
)
def test_a_number_of_parameters_is_read_as_people_write_it(text: str, expected: int) -> None:
    assert count(text) == expected


def test_mistakes_are_one_sentence(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, message in (
        (["perturbed"], "There is no reference perturbed whose checkpoints are on the hub"),
        (["decoders", "--max-parameters", "many"], "--max-parameters takes a number such as 500M"),
        (["decoders", "--measures", "eeee"], "There is no measure called 'eeee'"),
        (["decoders", "--disk-budget", "0"], "A disk budget of nothing holds no weights"),
    ):
        assert cli.main(["reference", "build", *arguments, "--store", store]) == 1
        assert capsys.readouterr().err.startswith(message)
