"""`cli.py study perplexity`: one line of JSON, a table for people, a job."""

import json
from pathlib import Path

import pytest

import cli
from tests import stores, tiny


@pytest.fixture
def arguments(tmp_path: Path) -> list[str]:
    file = tmp_path / "words.txt"
    file.write_text("\n".join(tiny.sentences(300, longest=20)))
    store = stores.new(tmp_path / "store").folder
    sizes = ["--segments", "60", "--length", "20", "--bin", "10", "--bins", "4", "--contexts", "8"]
    checkpoint = str(tiny.gpt2(tmp_path / "small-gpt2"))
    return ["study", "perplexity", checkpoint, "--corpus", str(file), *sizes, "--store", str(store)]


def test_json_has_points_intervals_and_sentences(arguments, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([*arguments, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    (result,), failures = document["results"], document["failures"]
    assert failures == [] and result["segments"] == 60
    assert [one["tokens"] for one in (result["whole"], *result["contexts"])] == [20, 8]
    assert len(result["whole"]["points"]) == 6 and result["whole"]["picked"]["n"] == 4
    assert len(result["sentences"]) == 2


def test_people_see_the_bins(arguments, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(arguments) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "small-gpt2 on words.txt: 60 segments of 20 tokens, perplexity" in shown
    assert "neither which of two checkpoints is better" in shown


def test_a_job_is_queued_and_a_bad_list_refused(arguments, capsys, monkeypatch) -> None:
    monkeypatch.setattr("cache.worker.ensure_workers", lambda store: None)
    assert cli.main([*arguments, "--detach", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["jobs"]) == 1
    assert cli.main([*arguments, "--contexts", "8,x"]) == 1
    assert "--contexts takes numbers with commas between them" in capsys.readouterr().err
