"""`study labels`: the shipped summary, and one computed from checkpoints."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import cli
from core.measures.labelled import NAMES
from core.studies import estimators, labelled_study, own_study
from tests import glue_files


def run(*words: object) -> str:
    """What the command prints."""
    outcome = CliRunner().invoke(cli.app, ["study", "labels", *map(str, words)])
    assert outcome.exit_code == 0, outcome.output
    return outcome.stdout


def estimate_checkpoint(checkpoint: str, texts: list[str], labels: object, **options: object) -> pd.DataFrame:
    """Values drawn from the checkpoint's name, as the real one shapes them."""
    rng = np.random.default_rng(sum(checkpoint.encode()))
    rows = [{"layer": layer, "measure": name} for layer in ("mean", 2) for name in NAMES]
    return pd.DataFrame(rows).assign(
        value=rng.normal(size=len(rows)), standard_error=0.1, seconds=0.5, extraction=1.5
    )


def test_without_options_the_shipped_summary_is_printed() -> None:
    document = json.loads(run("--json"))
    assert len(document["estimators"]) == len(estimators.shipped())
    assert len(document["size_and_loss"]) == 24 and "All decoders" in " ".join(document["sentences"])
    assert run().startswith(document["headline"][:40])


def test_values_and_summary_are_computed_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for task in estimators.AVERAGED:
        glue_files.write(tmp_path / "glue", task)
    (tmp_path / "small" / "masked-words").mkdir(parents=True)
    monkeypatch.setattr("core.studies.labels.estimate_checkpoint", estimate_checkpoint)
    monkeypatch.setattr("commands.study.labels.corpora_folder", lambda: None)
    monkeypatch.setattr(estimators, "DRAWS", 20)
    few = own_study.members("small", tmp_path / "small")[:5]
    monkeypatch.setattr(own_study, "members", lambda part, folder: few)
    words = ("--data", tmp_path / "glue", "--checkpoints", tmp_path / "small", "--part", "small")
    document = json.loads(run(*words, "--save", tmp_path / "out", "--json"))
    values = labelled_study.read(tmp_path / "out" / "own_labels.csv")
    assert set(values["label"]) == {member.label for member in few} and len(values) == 5 * 4 * 8
    kept = pd.read_csv(tmp_path / "out" / "own_estimators.csv")
    assert len(kept) == len(document["estimators"]) > 0 and set(kept["n"]) == {5}
