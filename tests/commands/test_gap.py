"""`cli.py gap`: a ranking for people, one JSON line for programs, one sentence a failure."""

import json
import shutil
from pathlib import Path

import pytest

import cli
from cache import jobs
from cache.store import Store
from core.checkpoints import output_embedding as weights
from tests import stores, tiny


@pytest.fixture(scope="module")
def ten(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten checkpoints that differ by one fine-tuned tensor each: their output matrix."""
    from safetensors.numpy import load_file, save_file

    folder = tmp_path_factory.mktemp("family")
    base = tiny.llama(folder / "model-0")
    for number in range(1, 10):
        made = shutil.copytree(base, folder / f"model-{number}")
        tensors = load_file(made / "model.safetensors")
        tensors["lm_head.weight"][:, 0] += number / 4
        save_file(tensors, made / "model.safetensors", metadata={"format": "pt"})
    return folder


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Run one command on a store of its own: (status, standard output, standard error)."""
    stores.new(tmp_path / "store")

    def run_it(*arguments: str) -> tuple[int, str, str]:
        status = cli.main([*arguments, "--store", str(tmp_path / "store")])
        shown = capsys.readouterr()
        return status, shown.out, shown.err

    return run_it


def test_ten_checkpoints_are_ranked_in_one_command_and_read_once(
    run, ten: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ("gap", str(ten), "--domain", "digits", "--reference", "function", "--json")
    status, out, _ = run(*asked)
    first = json.loads(out)
    assert status == 0
    assert [Path(result["subject"]).name for result in first["results"]] == [f"model-{n}" for n in range(10)]
    gaps = [result["cosine"]["gap"] for result in first["results"]]
    assert gaps == sorted(gaps, reverse=True)  # a common shift of all rows narrows their directions
    assert len({result["fingerprint"] for result in first["results"]}) == 10
    rows = Store(tmp_path / "store").query("SELECT * FROM measurements WHERE measure = 'gap_cosine'")
    assert sorted(rows["value"], reverse=True) == gaps
    monkeypatch.setattr(weights, "read_rows", None)
    again = json.loads(run(*asked)[1])
    assert all(result["cached"] for result in again["results"])
    assert sum(result["bytes_read"] + result["requests"] for result in again["results"]) == 0
    assert [result["cosine"] for result in again["results"]] == [
        result["cosine"] for result in first["results"]
    ]


def test_people_see_a_ranking_and_what_is_tied(run, ten: Path) -> None:
    status, out, _ = run("gap", str(ten / "model-9"), str(ten / "model-0"), "--reference", "function")
    assert status == 0
    lines = out.splitlines()
    assert lines[0].strip() == "Token gap of digits against function, by cosine distance"
    assert [line.split()[:2] for line in lines if line.split()[1:2] in (["model-0"], ["model-9"])] == [
        ["1", "model-0"],
        ["2", "model-9"],
    ]
    assert "0 of 2 from the store." in out


def test_a_failure_does_not_hide_the_others(run, ten: Path, tmp_path: Path) -> None:
    words = tmp_path / "mine.txt"
    words.write_text("a\nb\nc\n")
    status, out, err = run(
        "gap",
        str(tmp_path / "none"),
        str(ten / "model-1"),
        "--domain",
        str(words),
        "--reference",
        "random:20",
        "--json",
    )
    outcome = json.loads(out)
    assert status == 1
    assert [entry["domain"] for entry in outcome["results"]] == ["mine"]
    assert outcome["failures"] == [
        {
            "subject": str(tmp_path / "none"),
            "error": f"There is no folder {tmp_path / 'none'}: give a checkpoint's folder, a hub id like "
            "org/model, or minilm.",
        }
    ]
    assert outcome["failures"][0]["error"] in err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("gap",), "Nothing to measure: name checkpoints, a folder of them, or --made-from MODEL.\n"),
        (
            ("gap", "minilm", "--domain", "random:9"),
            "random:9 can be a reference only: give a token set or a file as the domain.\n",
        ),
        (
            ("gap", "--made-from", "org/model"),
            "The hub cannot be searched while it is off (HF_HUB_OFFLINE is set): unset it, or give "
            "folders.\n",
        ),
    ],
)
def test_mistakes_are_one_sentence(run, arguments: tuple[str, ...], sentence: str) -> None:
    assert run(*arguments) == (1, "", sentence)


def test_detached_gaps_are_a_job(run, ten: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cache.worker.ensure_workers", lambda store: 0)
    status, out, _ = run("gap", str(ten), "--detach", "--json")
    job = jobs.get(Store(tmp_path / "store"), json.loads(out)["job"])
    assert status == 0
    assert job.title == "Token gap of 10 checkpoints: digits against everyday"
    assert all(piece.state == "queued" for piece in job.pieces)


def test_the_sets_are_listed(run) -> None:
    status, out, _ = run("gap", "--sets", "--json")
    assert status == 0
    assert {"digits", "python", "everyday"} < {entry["name"] for entry in json.loads(out)}
    assert "IUPAC" in run("gap", "--sets")[1]
