"""Names come from files and users: no page shows them as Markdown, no command as control of the terminal, no
table of cells as a formula.
"""

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from streamlit.testing.v1 import AppTest

import cli
from cache import jobs
from cache.requests import Measure, Settings, Vectors
from cache.store import Store
from core.measures import MEASURES
from tests import TOP, stores

PICTURE = "![b](http://evil.example/seen)"
NAME = (
    f"=1+1 {PICTURE} [sign in](http://evil.example) [/x] :red[r] **b** $x$ <img src=x>\x1b[31m\x9b\u202e\x07"
)
PLACES = [
    ("shortlist", ""),
    ("add", ""),
    ("add", "vectors"),
    ("add", "scores"),
    ("add", "fine_tuning"),
    ("explore", ""),
    ("explore", "cells"),
    ("explore", "gap"),
    ("explore", "difficulty"),
    ("trust", ""),
    ("trust", "evidence"),
    ("papers", ""),
]
COMMANDS = [
    ["scores", "list"],
    ["covariates", "list"],
    ["jobs", "list"],
    ["jobs", "watch", "JOB"],
    ["predict"],
    ["predict", "--predictor", "best"],
    ["predict", "--predictor", "eee"],
    ["evidence", "--measure", "eee"],
    ["reference", "list"],
    ["measure", NAME],
    ["gap", NAME, "--domain", "digits"],
    ["jobs", "cancel", NAME],
    ["export", "EXPORT.csv"],
    ["export", "EXPORT.html"],
]
# Fields of elements whose text is Markdown to Streamlit, in the names of its protocol.
MARKDOWN = {"body", "label", "help", "title", "text", "caption", "delta", "placeholder"}
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in which everything that a file may name has a hostile name, the best candidate too."""
    store = stores.new(tmp_path_factory.mktemp("hostile") / "store")
    best = store.query(
        "SELECT m.measure, m.value FROM measurements m JOIN scores s USING (subject) WHERE "
        "s.task = 'glue_average' QUALIFY dense_rank() OVER (ORDER BY s.value DESC, subject) = 1"
    )
    like = store.query(
        "SELECT c.layers, c.width, c.parameters FROM checkpoints c JOIN scores s USING (subject) "
        "WHERE s.task = 'glue_average' ORDER BY s.value DESC, subject LIMIT 1"
    )
    facts = {column: int(value) for column, value in like.iloc[0].dropna().items()}
    names = {f"{place:032x}": f"{NAME} {place}" for place in range(10)}
    for subject, name in names.items():
        store.add(
            "checkpoints",
            [
                facts
                | {"subject": subject, "name": name, "family": NAME, "kind": "encoder", "note": NAME}
                | {"origin": "measured", "source": "folder", "architecture": NAME}
            ],
        )
        cloud = {"cloud": subject, "subject": subject, "corpus": NAME, "sequences": 5000, "position": "all"}
        store.add("clouds", [cloud | {"layer": 4, "n": 116_667, "d": 512, "note": NAME}])
        store.add(
            "measurements",
            [
                {"subject": subject, "cloud": subject, "measure": measure, "parameters": "{}", "seed": 0}
                | {"version": MEASURES[measure].version, "n": 116_667, "d": 512, "origin": "measured"}
                | {"value": value * (1 + int(subject, 16) / 50), "note": NAME}
                for measure, value in best.itertuples(index=False)
                if measure in MEASURES
            ],
        )
        key = {"subject": subject, "name": name, "source": NAME, "origin": "imported"}
        score = {"benchmark": NAME, "task": f"task {PICTURE}", "metric": NAME, "split": NAME, "formed": NAME}
        store.add("scores", [key | score | {"value": int(subject, 16) / 20}])
        store.add("covariates", [key | {"covariate": NAME, "value": int(subject, 16)}])
    store.ingest()
    subject = Vectors(NAME, path="/nowhere/x.npy")
    job = jobs.submit(store, Measure(Settings()), [subject], NAME)
    record = {"state": "failed", "error": NAME, "attempts": 1}
    jobs.record_path(jobs.folder(store, job), 0).write_text(json.dumps(record))
    return store.folder


def markdown(message: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """(field, text) of every field of a message of Streamlit's protocol that is shown as Markdown."""
    if isinstance(message, dict):
        for name, value in message.items():
            yield from markdown(value, name)
    elif isinstance(message, list):
        for value in message:
            yield from markdown(value, key)
    elif isinstance(message, str) and key in MARKDOWN:
        yield key, message


def elements(app: AppTest) -> Iterator[tuple[str, str, str]]:
    """(element, field, text) of everything on a page but tables and charts, which show text as it is."""
    blocks = [app._tree]
    while blocks:
        node = blocks.pop()
        blocks += getattr(node, "children", {}).values()
        kind = getattr(node, "type", "")
        proto = getattr(node, "proto", None)
        if proto is None or kind in ("arrow_data_frame", "arrow_vega_lite_chart", "text_input", "html"):
            continue
        if getattr(proto, "DESCRIPTOR", None) is not None:
            yield from ((kind, *found) for found in markdown(MessageToDict(proto)))


@pytest.mark.parametrize(("page", "tab"), PLACES)
def test_no_page_shows_a_name_as_markdown(
    page: str, tab: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cache.worker.ensure_workers", lambda store, limit=None: 0)
    monkeypatch.setenv("LATENT_SHORTLIST_STORE", str(folder))
    monkeypatch.setenv("LATENT_SHORTLIST_ROOTS", "")
    app = AppTest.from_file(str(TOP / "app.py"), default_timeout=120)
    if page != "shortlist":
        app.switch_page(f"pages/{page}.py")
    if tab:
        app.query_params["tab"] = tab
    app.run()
    assert not app.exception
    shown = list(elements(app))
    assert len(shown) > 10
    wrong = [found for found in shown if PICTURE in found[2] or "[sign in](" in found[2]]
    assert wrong == []


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: " ".join(words)[:30].replace(NAME[:10], "NAME"))
def test_no_command_lets_a_name_control_the_terminal(
    words: list[str], folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch
) -> None:
    monkeypatch.setattr("cache.worker.ensure_workers", lambda store, limit=None: 0)
    monkeypatch.chdir(tmp_path)
    (job,) = (job.id for job in jobs.list_jobs(Store(folder)) if job.title == NAME)
    for more in ([], ["--json"]):
        cli.main([job if word == "JOB" else word for word in words] + ["--store", str(folder), *more])
        printed = capsys.readouterr()
        assert "Failed unexpectedly" not in printed.err
        assert CONTROLS.findall(printed.out + printed.err) == []


def test_no_cell_of_an_export_is_a_formula(folder: Path, tmp_path: Path) -> None:
    assert cli.main(["export", str(tmp_path / "all.csv"), "--store", str(folder)]) == 0
    with (tmp_path / "all.csv").open(newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert any(cell.startswith(f"'{NAME}") for cell in cells)
    assert [cell for cell in cells if cell[:1] in ("=", "+", "@", "\t", "\r")] == []


def test_the_page_that_is_exported_shows_names_as_text(folder: Path, tmp_path: Path) -> None:
    assert cli.main(["export", str(tmp_path / "all.html"), "--store", str(folder)]) == 0
    text = (tmp_path / "all.html").read_text()
    assert "&lt;img src=x&gt;" in text and "<img" not in text


def test_the_search_for_markdown_finds_it(folder: Path) -> None:
    script = (
        f"import streamlit as st\nst.button({PICTURE!r})\nst.markdown({PICTURE!r})\nst.title({PICTURE!r})"
    )
    app = AppTest.from_string(script).run()
    assert sorted(kind for kind, _, text in elements(app) if PICTURE in text) == [
        "button",
        "markdown",
        "title",
    ]
    assert Store(folder).query("SELECT count(*) FROM checkpoints WHERE name LIKE '%evil%'").iloc[0, 0] == 10
