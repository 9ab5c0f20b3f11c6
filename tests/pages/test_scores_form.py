"""Scores and covariates on Add: every problem named first, the import, where it leads, deleting."""

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from cache import tables
from cache.store import Store
from tests import TOP
from tests.own_scores import SCORED, own_store

Open = Callable[..., AppTest]
ROWS = "\n".join(f"{name},{0.4 + number / 40:.3f}" for number, name in enumerate(SCORED))
GOOD = f"checkpoint,my_task (accuracy)\n{ROWS}\n"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Sixteen checkpoints measured here, none with a score."""
    return own_store(tmp_path / "store", scored=0)


@pytest.fixture
def page(store: Store, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The tab over that store, where nobody works."""
    monkeypatch.setattr("cache.worker.ensure_workers", lambda store, limit=None: 0)
    monkeypatch.setenv("LATENT_SHORTLIST_STORE", str(store.folder))
    monkeypatch.setenv("LATENT_SHORTLIST_ROOTS", "")
    page = AppTest.from_file(str(TOP / "app.py"), default_timeout=60).switch_page("pages/add.py")
    page.query_params["tab"] = "scores"
    return page.run()


def shown(page: AppTest) -> str:
    assert not page.exception
    return "\n".join(element.value for element in [*page.markdown, *page.caption]).replace("\\", "")


def drop(page: AppTest, content: str, name: str = "mine.csv") -> AppTest:
    page.file_uploader[0].set_value((name, content.encode(), "text/csv"))
    return page.run()


def imported(store: Store) -> list[float]:
    frame = tables.scores_frame(Store(store.folder))
    return frame.loc[frame["origin"] == "imported", "value"].tolist()


def test_every_problem_is_named_before_anything_is_imported(page: AppTest, store: Store) -> None:
    head = "checkpoint,benchmark,task,metric,value\n"
    rows = f"{SCORED[0]},mine,t,accuracy,0.5\n{SCORED[1]},mine,t,accuracy,91.5\n"
    rows += (
        f"{SCORED[2]},mine,t,accuracy,high\n{SCORED[3]},,t,accuracy,0.5\norg/modl-05,mine,t,accuracy,0.6\n"
    )
    drop(page, head + rows)
    text = shown(page)
    for sentence in (
        "3 things have to be put right before anything is imported; 2 other values can be read.",
        "- mine.csv lacks a benchmark in row 4: fill it in, or leave the row out.",
        "- mine.csv gives high as a value in row 3: give a number.",
        "- mine.csv mixes percentages (91.5 in row 2) with fractions (0.5 in row 1): give all as fractions.",
        "org/modl-05 is not measured here; did you mean org/model-05?",
    ):
        assert sentence in text
    assert page.button(key="import button").disabled and imported(store) == []
    drop(page, head + rows.replace("91.5", "0.915").replace("high", "0.7").replace(",,", ",mine,"))
    assert "5 scores of 5 checkpoints, 4 of 5 measured here." in shown(page)
    page.button(key="import button").click().run()
    assert "Imported 5 scores." in shown(page) and len(imported(store)) == 5


def test_too_few_say_how_many_are_missing_and_enough_lead_on(page: AppTest) -> None:
    drop(page, "\n".join(GOOD.splitlines()[:4]))
    page.button(key="import button").click().run()
    assert "my_task: 3 measured checkpoints have it; 5 more are needed for a prediction." in shown(page)
    assert "See on Shortlist" not in [link.proto.label for link in page.get("page_link")]
    drop(page, GOOD)
    page.button(key="import button").click().run()
    assert "my_task: 12 measured checkpoints have it, so it is predicted for the others." in shown(page)
    links = [link.proto for link in page.get("page_link") if link.proto.label == "See on Shortlist"]
    assert links and all("score=my_task" in link.query_string for link in links)


def test_what_was_imported_is_listed_and_deleted(page: AppTest, store: Store) -> None:
    drop(page, GOOD)
    page.button(key="import button").click().run()
    (table,) = [one for one in page.dataframe if "Source" in one.value]
    assert len(table.value) == 12 and set(table.value["Task"]) == {"my_task"}
    assert page.button(key="imported_delete").disabled
    page.session_state["imported_scores_0"] = {"selection": {"rows": [0, 2], "columns": [], "cells": []}}
    page.run()
    kept = sorted(set(imported(store)) - {table.value["Value"].iloc[0], table.value["Value"].iloc[2]})
    page.button(key="imported_delete").click().run()
    assert sorted(imported(store)) == kept and len(kept) == 10


def test_covariates_have_their_own_template_and_import(page: AppTest, store: Store) -> None:
    page.segmented_control(key="import kind").set_value("covariates").run()
    drop(page, f"checkpoint,training_tokens\n{SCORED[0]},3e11\nnobody,1e9\n")
    assert "mine.csv names checkpoints that the store does not know (nobody)" in shown(page)
    assert page.button(key="import button").disabled
    drop(page, f"checkpoint,training_tokens\n{SCORED[0]},3e11\n")
    page.button(key="import button").click().run()
    assert "Imported 1 covariate." in shown(page)
    frame = tables.covariates_frame(Store(store.folder))
    assert frame.loc[frame["origin"] == "imported", "value"].tolist() == [3e11]


def test_results_that_name_no_checkpoint_are_asked_about(page: AppTest, store: Store) -> None:
    drop(page, '{"results": {"T": {"acc,none": 0.5}}}', "r.json")
    assert "r.json names no checkpoint: choose it below." in shown(page) and "--" not in shown(page)
    page.selectbox(key="import whose asked").set_value(SCORED[0]).run()
    page.button(key="import button").click().run()
    assert imported(store) == [0.5]


def test_a_template_lists_what_is_measured(store: Store) -> None:
    from pages.parts.scores_form import template

    lines = template(store, "scores").decode().splitlines()
    assert lines[0] == "checkpoint,my_task (accuracy)"
    assert {f"{name}," for name in SCORED} <= set(lines) and len(lines) == 17
