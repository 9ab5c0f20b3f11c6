"""`cli.py study knnlm`: one line of JSON, a table for people, a job."""

import json
from pathlib import Path

import pandas as pd
import pytest

import cli
from tests import stores, tiny


@pytest.fixture
def arguments(tmp_path: Path) -> list[str]:
    words = ["study", "knnlm", str(tiny.llama(tmp_path / "small-llama"))]
    for seed, name in enumerate(("train", "validation", "test")):
        file = tmp_path / f"{name}.txt"
        file.write_text("\n".join(tiny.sentences(60, seed=seed, longest=20)))
        words += [f"--{name}", str(file)]
    sizes = ["--train-tokens", "600", "--tokens", "200", "--length", "20", "--neighbours", "8"]
    return [*words, *sizes, "--store", str(stores.new(tmp_path / "store").folder)]


def test_json_has_every_key_and_sentences_and_people_see_a_table(
    arguments, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*arguments, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    (result,), failures = document["results"], document["failures"]
    assert failures == [] and len(result["keys"]) == 7 and not result["cached"]
    assert len(result["sentences"]) == 4 and "of 7 keys was" in result["sentences"][0]
    table = Path(arguments[2]).parent / "keys.csv"
    assert cli.main([*arguments, "--save", str(table)]) == 0
    saved = pd.read_csv(table)
    assert saved["perplexity"].tolist() == pytest.approx(
        [result["plain"]["perplexity"], *(key["perplexity"] for key in result["keys"])], rel=1e-5
    )
    assert set(saved["checkpoint"]) == {"small-llama"} and set(saved["train"]) == {"train.txt"}
    shown = " ".join(capsys.readouterr().out.split())
    assert "small-llama: 570 tokens of train.txt, 8 neighbours; perplexity on 190 tokens of test.txt" in shown
    assert all(sentence in shown for sentence in result["sentences"])
    assert "attention of block 2" in shown and "One checkpoint, one training text" in shown


def test_a_job_is_queued_and_one_text_for_two_purposes_refused(arguments, capsys, monkeypatch) -> None:
    monkeypatch.setattr("cache.worker.ensure_workers", lambda store: None)
    assert cli.main([*arguments, "--detach", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["job"]
    test = arguments[arguments.index("--test") + 1]
    assert cli.main([*arguments, "--validation", test]) == 1
    assert "must be chosen on another text than the test text" in capsys.readouterr().err
