"""`cli.py reference`: what it lists, and what it would do."""

import json
from pathlib import Path

import pytest

import cli
from tests import stores


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
