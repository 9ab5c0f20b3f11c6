"""`cli.py study layers`: decoders before and after training, encoders without perplexity."""

import json
from pathlib import Path

import pytest

import cli
from tests import stores, tiny


@pytest.fixture
def options(tmp_path: Path) -> list[str]:
    file = tmp_path / "words.txt"
    file.write_text("\n".join(tiny.sentences(200, longest=20)))
    store = stores.new(tmp_path / "store").folder
    sizes = ["--segments", "40", "--length", "20", "--bin", "8", "--bins", "5"]
    return ["--corpus", str(file), *sizes, "--store", str(store)]


def test_a_decoder_stands_behind_its_reinitialised_copy(tmp_path: Path, options, capsys) -> None:
    checkpoint = str(tiny.llama(tmp_path / "small-llama"))
    assert cli.main(["study", "layers", checkpoint, "--untrained", *options, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    copy, trained = document["results"]
    assert copy["subject"].endswith("+reinitialised:111") and copy["loss"] != trained["loss"]
    assert [layer["layer"] for layer in trained["layers"]] == [0, 1, 2]
    assert trained["layers"][2]["correlations"]["alpha_req"]["n"] == 5
    assert len(document["sentences"]) == 11 and document["sentences"][-1].startswith("From small-llama+re")
    assert cli.main(["study", "perplexity", checkpoint, *options, "--json"]) == 0
    (same_pass,) = json.loads(capsys.readouterr().out)["results"]
    assert same_pass["cached"] and same_pass["loss"] == trained["loss"]


def test_an_encoder_has_values_alone(tmp_path: Path, options, capsys) -> None:
    checkpoint = str(tiny.encoder(tmp_path / "small-bert"))
    assert cli.main(["study", "layers", checkpoint, *options]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "small-bert predicts nothing, so its layers are not set against perplexity." in shown
