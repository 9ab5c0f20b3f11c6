"""Shortlist, Trust and `predict` give one value, interval and rank for one checkpoint."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import typer

import cli
from core.prediction import DEFAULT, PREDICTORS
from tests import stores
from tests.pages.test_pages import add, opened

OURS = {"our ELECTRA": 0.66, "our BERT": 0.61, "our MiniLM": 0.71, "our other BERT": 0.68}
SPREAD = ["eee", "vrm", "isoscore"]


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published figures and four checkpoints of our own without a known score."""
    store = stores.new(tmp_path_factory.mktemp("one") / "store")
    for number, (name, eee) in enumerate(OURS.items()):
        facts: dict[str, Any] = {"architecture": "BertModel", "kind": "encoder", "family": "BERT"}
        values = {"eee": eee, "vrm": 0.31, "isoscore": 0.09, "lsq_patchiness_published": 1.05}
        text = "standard-library" if "MiniLM" in name else "ptb+wikitext-2"
        add(store, f"{number}" * 32, name, values, corpus=text, layers=12, width=768, **facts)
    store.ingest()
    return store.folder


def of_the_command(capsys: pytest.CaptureFixture[str], *arguments: str) -> pd.DataFrame:
    assert cli.main(["predict", *arguments, "--json"]) == 0
    results = json.loads(capsys.readouterr().out)["results"]
    return pd.DataFrame(results).set_index("name")[["predicted", "low", "high", "rank"]].astype(float)


@pytest.mark.parametrize(
    ("predictor", "measures"), [("best", []), ("mean", []), ("linear", SPREAD), ("linear+architecture", [])]
)
def test_pages_and_command_give_one_answer(
    full: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    predictor: str,
    measures: list[str],
) -> None:
    asked = ["--predictor", predictor, *(["--measures", ",".join(measures)] if measures else [])]
    tabs = [
        [frame.value.set_index("name") for frame in app.dataframe if "predicted" in frame.value]
        for app in (
            opened(full, monkeypatch, predictor=predictor, predict_from=measures, tab=tab)
            for tab in ("yours", "published")
        )
    ]
    page = pd.concat([table["predicted"] for tables in tabs for table in tables])
    command = of_the_command(capsys, *asked)
    assert sorted(page.index) == sorted(command.index) and len(page) >= 184
    columns = ["predicted", "low", "high"]
    command[columns] = command[columns].clip(0, 1)  # a page cuts the value to what a score can be
    expected = command.loc[page.index, "predicted"].to_numpy()
    assert page.to_numpy(float) == pytest.approx(expected, nan_ok=True)

    scores = opened(full, monkeypatch, "pages/trust.py", by=predictor, measures=measures)
    shown = pd.concat([f.value for f in scores.dataframe if "Checkpoint" in f.value]).set_index("Checkpoint")
    ours = command.loc[shown.index]
    assert set(OURS) & set(command.index) <= set(shown.index) and len(set(OURS) & set(shown.index)) >= 3
    assert shown[["Predicted", "From", "To"]].to_numpy() == pytest.approx(ours[columns].to_numpy())
    assert shown["Rank"].to_numpy(float) == pytest.approx(ours["rank"].to_numpy(), nan_ok=True)
    candidates = list(tabs[0][0].index)
    assert candidates and set(candidates) <= set(OURS)
    assert list(ours.loc[candidates, "rank"].sort_values().index) == candidates


def test_one_predictor_is_the_default_everywhere() -> None:
    command = typer.main.get_command(cli.app).commands["predict"]  # type: ignore[attr-defined]
    (option,) = [parameter for parameter in command.params if parameter.name == "predictor"]
    assert option.default == DEFAULT and DEFAULT in PREDICTORS
    assert all(name in option.help for name in PREDICTORS)
