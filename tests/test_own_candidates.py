"""The trials of somebody with candidates of their own: without any score, and with twelve."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import cli
from tests.own_scores import BEST, CANDIDATES, SCORED, own_store
from tests.pages.reading import text_of
from tests.pages.test_pages import opened, words


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return own_store(tmp_path_factory.mktemp("scored") / "store").folder


def predicted(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert cli.main(["predict", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_without_a_score_the_candidates_are_ranked_by_a_measure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = own_store(tmp_path / "store", scored=0)
    app = opened(store.folder, monkeypatch)
    table = app.dataframe[0].value
    assert text_of(app.title[0].value) == "By dispersion, first: org/new-far · org/model-11 · org/new-high"
    assert app.selectbox(key="rank_by").value == "dispersion" and len(table) == 16
    assert table["by"].is_monotonic_decreasing
    app.selectbox(key="rank_by").set_value("predicted").run()
    assert not app.exception and text_of(app.title[0].value) == "No candidate that the reference covers"
    assert len(app.dataframe[0].value) == 16  # outside what the reference covers, each with its reasons


def test_the_command_line_ranks_by_a_measure_with_its_evidence(
    scored: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("--score", "my_task", "--rank-by", "dispersion", "--store", str(scored))
    document = predicted(capsys, *asked)
    names = [result["name"] for result in document["results"] if result["candidate"]]
    assert names == sorted(CANDIDATES, key=CANDIDATES.__getitem__, reverse=True)
    assert [result["rank"] for result in document["results"][:4]] == [1, 2, 3, 4]
    assert sum(result["actual"] is not None for result in document["results"]) == 12
    evidence = document["ranked_by"]
    assert evidence["reference"] == "own" and evidence["evidence"]["n"] == 12
    assert evidence["evidence"]["rho"] > 0.9 and evidence["kendall"] > 0.8
    assert cli.main(["predict", *asked]) == 0
    assert evidence["sentence"].split(";")[0] in " ".join(capsys.readouterr().out.split())
    assert cli.main(["predict", *asked, "--set", "nonstandard"]) == 1
    assert "--rank-by predicts nothing: leave out --set and --measures." in capsys.readouterr().err


def test_twelve_scores_predict_the_others_on_the_command_line_and_on_the_page(
    scored: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    app = opened(scored, monkeypatch)
    document = predicted(capsys, "--score", "my_task", "--reference", "own")
    command = pd.DataFrame(document["results"]).set_index("name")
    others = command.drop(index=SCORED)
    assert set(others.index) == set(CANDIDATES) and others[["predicted", "low", "high"]].notna().all(
        axis=None
    )
    assert document["model"]["reference"] == "own" and document["model"]["chosen"] == "line:dispersion"
    assert app.selectbox(key="score").value == "my_task"
    assert text_of(app.title[0].value).startswith(f"Fine-tune first: {BEST}")
    page = pd.concat([table.value.set_index("name") for table in app.dataframe if "predicted" in table.value])
    assert set(page.index) == set(command.index)
    assert page["predicted"].to_numpy() == pytest.approx(command.loc[page.index, "predicted"].to_numpy())
    best = command.loc[BEST]
    assert app.dataframe[0].value.set_index("name").loc[BEST, "chance"] == round(100 * best["chance"])
    assert "12 checkpoints of your own" in words(app) and "Kendall's τ" in words(app)


def test_the_table_in_a_terminal_is_about_ones_own_candidates(
    scored: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert cli.main(["predict", "--score", "my_task", "--reference", "own", "--store", str(scored)]) == 0
    lines = capsys.readouterr().out.splitlines()
    first = [line.split()[:2] for line in lines[2:5]]  # the three that the reference covers
    assert first == [[BEST, "1"], ["org/new-middle", "2"], ["org/new-low", "3"]]
    assert sum(line.startswith("org/") for line in lines) == 16 and not any("BERT" in line for line in lines)
    assert cli.main(["predict", "--score", "my_task", "--predictor", "mean", "--store", str(scored)]) == 0
    text = capsys.readouterr().out
    assert "Published checkpoints are not shown here: " in text and "BERT" not in text


def test_a_score_that_few_have_says_how_many_are_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    store = own_store(tmp_path / "store", scored=5)
    monkeypatch.setenv("LATENT_SHORTLIST_STORE", str(store.folder))
    assert cli.main(["predict", "--score", "my_task"]) == 1
    assert "import 3 more scores" in capsys.readouterr().err
    app = opened(store.folder, monkeypatch, score="my_task")
    assert text_of(app.title[0].value).startswith(
        "By dispersion, first: "
    ) and "import 3 more scores" in text_of(words(app))


def test_what_was_measured_otherwise_is_listed_with_the_button_that_repairs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = own_store(tmp_path / "store", few=BEST)
    app = opened(store.folder, monkeypatch)
    (table,) = [frame.value for frame in app.dataframe if "usual" in frame.value]
    assert table[["what", "own", "usual"]].to_numpy().tolist() == [["sequences", "100", "1,000"]]
    assert [button.key for button in app.button if button.key == "alike_measure"]
