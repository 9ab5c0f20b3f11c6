"""Papers on an empty and a full store: the gallery, one finding large, the command beside it."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

import cli
from cache import published
from core.studies import estimators, training_tables
from core.studies.own_study import shipped
from core.studies.own_study_pictures import pictures
from core.studies.size_and_loss import size_and_loss
from core.wording import estimators as labels
from core.wording.latent_geometry import IDS
from pages.parts.push_away_view import TITLE as PUSH_AWAY
from tests import TOP, stores

ALL = "What published studies found, drawn from their data"
APP = str(TOP / "app.py")
SHIPPED_TRAINING = int(not training_tables.shipped("push_away").empty)  # the curves of one setting


def opened(folder: Path, monkeypatch: pytest.MonkeyPatch, *, every: bool = False, **query: Any) -> AppTest:
    """The page on the store in `folder`, as if `query` stood in the address; every: with all figures."""
    monkeypatch.setattr("cache.worker.ensure_workers", lambda store, limit=None: 0)
    monkeypatch.setenv("LATENT_SHORTLIST_STORE", str(folder))
    app = AppTest.from_file(APP, default_timeout=90).switch_page("pages/papers.py")
    for key, value in query.items():
        app.query_params[key] = value
    app.session_state["draw_every_figure"] = every
    app.run()
    assert not app.exception
    return app


def words(app: AppTest) -> str:
    """All text of the page."""
    kinds = (app.title, app.header, app.subheader, app.markdown, app.caption)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    stores.new(tmp_path / "store")
    return tmp_path / "store"


def test_the_gallery_shows_every_figure_and_table_in_order(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(store, monkeypatch, every=True)
    assert [heading.value.split("]")[0] for heading in app.subheader] == [
        f":gray[{label}" for label in IDS.values()
    ]
    assert [heading.value for heading in app.header][1:] == [
        "Our own repetition, on a small scale",
        labels.TITLE,
        PUSH_AWAY,
        "Agreement with the print",
    ]
    links = [line for line in app.markdown[0].value.splitlines() if "](#" in line]
    assert len(links) == len(IDS) - 1 + 4 and "(#agreement)" in links[-1]
    sentence = words(app)
    assert "48 of 66 numbers printed in the paper come out of its data, 13 do not" in sentence
    assert "Mean squared error 0.089, against 0.046 of the mean baseline" in sentence
    assert "**What this does not show.**" in sentence and "nan" not in sentence
    of_paper, of_ours = 1 + 1 + 2 + 1 + 4 + 1 + 1 + 8 + 8 + 3, len(pictures(shipped()))
    of_labels, of_training = 2, SHIPPED_TRAINING
    assert len(app.get("vega_lite_chart")) == of_paper + of_ours + of_labels + of_training and of_ours > 0
    assert "8 have the same sign in our small encoder" in sentence


def test_figures_are_drawn_on_demand(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(store, monkeypatch)
    assert len(app.get("vega_lite_chart")) == 1 + len(pictures(shipped())) + 2 + SHIPPED_TRAINING
    assert not app.table


def test_the_tables_mark_what_differs(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, text = (table.value for table in opened(store, monkeypatch, every=True).table)
    assert len(first) == 5 and len(second) == 19 and len(text) == 24
    marked = first.set_index("Measure").loc["RS"]
    assert list(marked) == ["0.461", "0.462 ≈", "−0.574", ":red[**+0.574 ≠**]", "0.039", "0.039"]
    assert second.set_index("Measure").loc["VRM", "MSE, non-standard: printed"] == "–"
    assert ":red[**58 ≠**]" in set(text["From the data"])


def test_it_needs_no_published_figures_in_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(published, "preload", lambda connection: None)
    app = opened(tmp_path / "bare", monkeypatch)
    assert app.title[0].value == ALL


@pytest.mark.parametrize("name", IDS)
def test_a_link_shows_one_finding_large(store: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    app = opened(store, monkeypatch, finding=name)
    assert not app.subheader and app.title[0].value
    assert f"{IDS[name]}. Data: Marbut et al. 2024, arXiv 2406.12159" in words(app)
    assert app.query_params["finding"] == name
    downloads = [button.label for button in app.get("download_button")]
    assert downloads == (["PNG", "SVG"] if name.startswith("figure") else [])


def test_buttons_lead_from_the_gallery_to_a_finding_to_its_neighbour_and_back(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(store, monkeypatch)
    app.button(key="large-figure-5").click().run()
    assert app.title[0].value == "Patchiness misses 7 of the 13 non-standard models by more than 0.2"
    next(button for button in app.button if button.label == "Next").click().run()
    assert app.query_params["finding"] == "table-1"
    next(button for button in app.button if button.label == "All findings").click().run()
    assert not app.exception and app.title[0].value == ALL
    assert "finding" not in app.query_params


def test_an_unknown_finding_in_the_address_shows_all(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(store, monkeypatch, finding="figure-2")
    assert app.title[0].value == ALL


def test_the_command_prints_each_number_and_what_differs(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["study", "paper"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "Table 1 of arXiv 2406.12159" in out and "−0.574 +0.574 differs" in out
    assert "RS, r, RoBERTa: The data give +0.574: the same size, the opposite sign." in out
    assert out.endswith(
        "48 the same to the printed digits 30 not legible in the copy of the paper at hand 13 different "
        "5 off by one in the last printed digit"
    )


def test_the_commands_json_is_one_line_of_strict_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["study", "paper", "--json"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    result = json.loads(line, parse_constant=pytest.fail)
    assert result["verdicts"] == {"same": 48, "illegible": 30, "differs": 13, "last digit": 5}
    row = next(row for row in result["comparisons"] if (row["row"], row["column"]) == ("EEE", "mse"))
    assert (row["table"], row["printed"], row["verdict"]) == ("Table 1", "0.054", "differs")
    assert row["ours"] == pytest.approx(0.02287, abs=5e-6)
    assert next(row for row in result["comparisons"] if row["row"] == "VRM")["difference"] is None


def of_estimators(app: AppTest) -> list[pd.DataFrame]:
    """The tables of estimators on the page, in their order."""
    return [one.value for one in app.dataframe if one.value.columns[0] == "Estimator"]


def test_labels_or_none_stands_beside_size_and_loss(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(store, monkeypatch)
    summary = estimators.shipped()
    assert labels.TITLE in words(app) and f"**{labels.headline(summary)}.**" in words(app)
    for line in labels.sentences(summary) + labels.on_size_and_loss(size_and_loss()):
        assert line in words(app)
    bases = list(dict.fromkeys(summary["base"]))
    for base, shown in zip(bases, of_estimators(app), strict=True):
        assert shown.equals(labels.table(summary, base))
    linked = opened(store, monkeypatch, tasks="STS-B")
    for base, shown in zip(bases, of_estimators(linked), strict=True):
        assert shown.equals(labels.table(summary, base, "STS-B"))
