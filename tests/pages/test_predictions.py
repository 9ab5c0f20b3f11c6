"""Trust, Predictions, without a browser: what it shows, restores from a link and sets apart."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from cache import published
from core.charts import predictions as charts_predicted
from core.charts.palette import PALETTE, family_colours
from core.prediction import DEFAULT
from core.reference import held_out
from tests import stores
from tests.pages.reading import text_of
from tests.pages.test_pages import add, opened, words

PAGE = "pages/trust.py"


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published figures, a checkpoint of our own that they cover, and two that they do not."""
    store = stores.new(tmp_path_factory.mktemp("predicted") / "store")
    spread = {"eee": 0.66, "vrm": 0.31, "isoscore": 0.09}
    facts: dict[str, Any] = {"architecture": "ElectraModel", "kind": "encoder", "family": "ELECTRA"}
    add(store, "a" * 32, "our ELECTRA", spread, corpus="ptb+wikitext-2", layers=12, width=768, **facts)
    add(store, "b" * 32, "our MiniLM", spread, corpus="standard-library", layers=6, width=384, **facts)
    add(store, "c" * 32, "our vectors.npy", spread | {"eee": 0.99}, origin="uploaded", family="uploaded")
    store.ingest()
    return store.folder


@pytest.fixture(scope="module")
def best(full: Path) -> AppTest:
    with pytest.MonkeyPatch.context() as patch:
        return opened(full, patch, PAGE)


def test_it_opens_with_the_best_predictor_against_the_mean_baseline(best: AppTest) -> None:
    assert text_of(best.title[0].value) == (
        "A predicted GLUE average is off by about 0.09 on a family not seen before; the mean alone by 0.14"
    )
    assert [(metric.label, metric.value) for metric in best.metric] == [
        ("Leave-one-family-out RMSE", "0.094"),
        ("90 % interval: coverage", "95 %"),
        ("Half an interval", "± 0.15"),
        ("Checkpoints fitted to", "168"),
    ]
    assert best.selectbox(key="by").value == DEFAULT
    assert "by" not in best.query_params  # the default is not written to the address


def test_takeaways_of_the_doubting_paper_stand_where_predictions_are_shown(best: AppTest) -> None:
    told = words(best)
    assert (
        "Tried on encoders of our own" in told
        and "Our MiniLM: a linear regression on EEE, VRM and IsoScore" in told
    )
    assert "Limitations of predictions from geometry" in str([box.label for box in best.expander])
    assert "**Geometry mostly reflects how a model was trained.**" in told
    assert "108 decoders and their losses, not encoders and GLUE" in told


def test_an_unknown_architecture_is_covered_and_what_is_not_covered_says_why(best: AppTest) -> None:
    own, outside = (frame.value for frame in best.dataframe[:2])
    assert list(own["Checkpoint"]) == ["our ELECTRA"]
    why = dict(zip(outside["Checkpoint"], outside["Why"], strict=True))
    assert why["our MiniLM"].startswith("Measured on other text (standard-library)")
    assert why["our vectors.npy"].startswith("Eigenvalue early enrichment 0.99 lies above")


def test_every_predictor_is_in_the_table_with_the_mean_first(best: AppTest) -> None:
    every = best.dataframe[-1].value
    assert len(every) == 45 and every["title"].iloc[0] == "Mean baseline"
    assert set(every["role"].dropna()) == {"new base", "known base"}


def test_a_link_restores_the_papers_own_regression(full: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {"by": "linear+architecture", "measures": ["lsq_cluster_eee"], "predicted": "glue_average"}
    app = opened(full, monkeypatch, PAGE, **asked)
    assert app.multiselect(key="measures").value == ["lsq_cluster_eee"]
    assert app.query_params["by"] == "linear+architecture"
    assert "Mean squared error 0.0174" in words(app)
    app.selectbox(key="by").set_value("mean").run()
    assert not app.exception and app.metric[0].value == "0.142"
    assert not app.multiselect  # the mean reads no measure


def test_another_score_is_predicted_too(full: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(full, monkeypatch, PAGE, predicted="SST-2", by="linear")
    assert text_of(app.title[0].value).startswith("A predicted SST-2 is off by about 0.26")
    assert app.metric[0].value == "0.259"
    assert "GLUE average" not in words(app)  # every sentence is about the score chosen


def test_an_empty_store_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(published, "preload", lambda connection: None)
    app = opened(tmp_path / "bare", monkeypatch, PAGE)
    assert "Nothing to predict from" in words(app) and "come through **Add**" in words(app)


def test_charts_hold_every_row_and_give_a_family_its_colour() -> None:
    rows = pd.DataFrame(
        {
            "name": ["a", "b"],
            "family": ["BERT-small", "RoBERTa-base"],
            "kind": ["perturbed", "non-standard"],
            "covered": ["covers it", "outside"],
            "actual": [0.4, 0.6],
            "predicted": [0.5, 0.55],
            "low": [0.3, 0.4],
            "high": [0.7, 0.7],
            "residual": [0.1, -0.05],
        }
    )
    colours = family_colours(rows["family"])
    told = {"colours": colours, "title": "t", "subtitle": "s"}
    for chart in (
        charts_predicted.against(rows, "glue_average", **told),
        charts_predicted.ranges(rows, "glue_average", mean=0.5, **told),
    ):
        drawn = chart.to_dict()
        assert PALETTE[0] in str(drawn) and PALETTE[2] in str(drawn)
        assert any(len(data) == 2 and "low" in data[0] for data in drawn["datasets"].values())
    table = held_out()
    table = table.assign(family_rmse=table["family_mse"] ** 0.5, test_rmse=table["test_mse"] ** 0.5)
    drawn = charts_predicted.compared(table, title="t", subtitle="s").to_dict()
    assert sorted(len(data) for data in drawn["datasets"].values()) == [1, 2 * len(table) - 1]
