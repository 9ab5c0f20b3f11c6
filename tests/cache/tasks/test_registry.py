"""Kinds of jobs are found in their folder, and nothing else knows which there are."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

import cli
from cache import jobs, tasks, worker
from cache.requests import (
    CellStudy,
    Gap,
    GlueRun,
    Measure,
    Plan,
    Pretrain,
    Request,
    Settings,
    Subject,
    TextSample,
    Vectors,
)
from cache.store import Store
from cache.tasks import Page
from cache.tasks.cell_picture import CellPicture
from cache.tasks.clusters import ClusterStudy
from cache.tasks.evidence import Evidence
from cache.tasks.knnlm import KnnLm
from cache.tasks.label_free import LabelFree
from cache.tasks.labelled import Labelled
from cache.tasks.layers import LayerStudy
from cache.tasks.perplexity import Perplexity
from cache.tasks.push_away import PushAway
from cache.tasks.quantized import Quantized
from cache.tasks.reference_build import ReferenceBuild
from core.errors import InputError
from core.token_sets import load
from tests import TOP, stores
from tests.test_layers import HEAVY, loaded_after

CELLS, SHORTLIST = Page("explore", "Explore", "cells"), Page("shortlist", "Shortlist")
ASKED: list[tuple[Request, str, Page | None, str]] = [  # its verb, the page of its result, its title
    (Measure(), "Measuring", SHORTLIST, "minilm and 1 more"),
    (Measure(Settings(measures="all,cells")), "Measuring", SHORTLIST, "minilm and 1 more"),
    (Measure(Settings(measures="lsq")), "Measuring", CELLS, "minilm and 1 more"),
    (Measure(Settings(measures="of-the-next-version")), "Measuring", SHORTLIST, "minilm and 1 more"),
    (CellStudy(plan=Plan(k=(4, 8))), "Measuring cells of", CELLS, "Number of cells: 2 subjects"),
    (
        Gap(load("digits"), "random:20"),
        "Measuring the token gap of",
        Page("explore", "Explore", "gap"),
        "Token gap of 2 checkpoints: digits against random:20",
    ),
    (
        Evidence("perturbed"),
        "Correlating measures with",
        Page("trust", "Trust", "evidence"),
        "Evidence: minilm",
    ),
    (
        ReferenceBuild("decoders", Settings()),
        "Measuring",
        SHORTLIST,
        "Reference decoders: 2 checkpoints",
    ),
    (
        Labelled("/data/mine.csv"),
        "Measuring labels with",
        SHORTLIST,
        "Labels of mine.csv: all-MiniLM-L6-v2 and 1 more",
    ),
    (
        Perplexity(),
        "Reading text with",
        Page("explore", "Explore", "difficulty"),
        "Perplexity on Python's standard library: all-MiniLM-L6-v2 and 1 more",
    ),
    (
        CellPicture(),
        "Drawing the cells of",
        Page("explore", "Explore", "cells"),
        "Picture of the cells of all-MiniLM-L6-v2 and 1 more",
    ),
    (
        PushAway(),
        "Training on",
        Page("papers", "Papers"),
        "Push-away loss (minutes): minilm, org/model",
    ),
    (
        Quantized(),
        "Quantizing",
        None,
        "Quantized on Python's standard library: all-MiniLM-L6-v2 and 1 more",
    ),
    (
        LayerStudy(),
        "Measuring the layers of",
        Page("explore", "Explore", "difficulty", "layers"),
        "Layers on Python's standard library: all-MiniLM-L6-v2 and 1 more",
    ),
    (
        ClusterStudy(),
        "Measuring clusters with",
        Page("explore", "Explore", "difficulty", "clusters"),
        "Clusters of Python's standard library: all-MiniLM-L6-v2 and 1 more",
    ),
    (
        KnnLm(train="/data/train.txt"),
        "Building the kNN-LM of",
        Page("explore", "Explore", "difficulty", "knnlm"),
        "kNN-LM on train.txt: all-MiniLM-L6-v2 and 1 more",
    ),
    (
        LabelFree(calibration="/data/known.csv"),
        "Estimating the accuracy of",
        Page("explore", "Explore", "difficulty", "label_free"),
        "Accuracy without labels on known.csv: all-MiniLM-L6-v2 and 1 more",
    ),
    (GlueRun(), "Fine-tuning", Page("explore", "Explore"), "GLUE: all-MiniLM-L6-v2 and 1 more"),
    (Pretrain(), "Pre-training", None, "Pre-training: minilm, org/model"),
    (
        TextSample("standard-library", sequences=40),
        "Comparing samples of",
        None,
        "Text: 40 sequences of Python's standard library",
    ),
]
TOY = '''
"""Counts a letter in the names of its subjects."""

from dataclasses import dataclass

from cache.requests import Request
from cache.results import Result
from cache.tasks import Page, Task


@dataclass(frozen=True)
class Count(Request):
    letter: str = "a"


@dataclass(frozen=True)
class Counted(Result):
    subject: str
    count: int


def run(store, subject, request, progress, roots):
    progress("counting", 1, 1, "names")
    if subject.name == "broken":
        raise RuntimeError("no letters")
    return Counted(subject.name, subject.name.count(request.letter))


TASK = Task(
    name="count",
    request=Count,
    run=run,
    verb="Counting letters of",
    title=lambda request, subjects: f"How often {request.letter} stands in {len(subjects)} names",
    page=lambda request: Page("explore", "Explore"),
)
'''


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The module of a kind of job that the product does not have, in the folder where they are found."""
    folder = tmp_path / "tasks"
    folder.mkdir()
    (folder / "count.py").write_text(TOY)
    monkeypatch.setattr(tasks, "__path__", [*tasks.__path__, str(folder)])
    tasks.registry.cache_clear()
    yield tasks.registry()["count"]
    del sys.modules["cache.tasks.count"], tasks.count
    tasks.registry.cache_clear()


@pytest.mark.parametrize(("request_", "verb", "page", "title"), ASKED)
def test_each_kind_has_its_verb_its_page_and_its_title(
    request_: Request, verb: str, page: Page | None, title: str
) -> None:
    task = tasks.task_of(request_)
    subjects = [Subject("minilm"), Subject("org/model")]
    assert (task.verb, task.page(request_), task.title(request_, subjects)) == (verb, page, title)


def test_all_kinds_are_looked_at_and_their_pages_are_in_the_navigation() -> None:
    assert {type(asked) for asked, *_ in ASKED} == {task.request for task in tasks.registry().values()}
    navigation = (TOP / "app.py").read_text()
    named = dict(re.findall(r'\("(\w+)", "([^"]+)", "\w+", ', navigation))
    pages = {page for _, _, page, _ in ASKED if page}
    assert len(pages) == 11
    assert {page.file: page.title for page in pages}.items() <= named.items()


def test_a_page_is_addressed_by_its_tab_and_its_view() -> None:
    assert CELLS.address == {"tab": "cells"} and SHORTLIST.address == {}
    layers = Page("explore", "Explore", "difficulty", "layers")
    assert layers.address == {"tab": "difficulty", "difficulty": "layers"}


def test_subjects_are_called_as_people_call_them() -> None:
    assert tasks.called(Subject("minilm")) == "all-MiniLM-L6-v2"
    assert tasks.called(Vectors("cloud.npy", path="/data/cloud.npy")) == "cloud.npy"
    assert tasks.registry()["text_sample"].called(Subject("ptb+wikitext-2")) == (
        "How far the text sample stands for the whole (PTB + WikiText-2)"
    )


def test_the_registry_is_light() -> None:
    assert loaded_after("from cache import tasks\nassert len(tasks.registry()) > 5") & HEAVY == set()


def compared(text: str) -> list[str]:
    """Where a program asks what kind something is by a string."""
    return re.findall(r"""\bkind(?:["']\])? (?:==|!=|in \(|in \[|in \{).*|match \S*\bkind\b.*""", text)


def test_no_string_says_what_a_job_does() -> None:
    files = [TOP / "app.py", TOP / "cli.py"]
    files += [file for room in ("cache", "commands", "pages") for file in (TOP / room).rglob("*.py")]
    assert len(files) > 50
    assert {file.name: result for file in files if (result := compared(file.read_text()))} == {}
    for text in ('subject.kind == "gap"', 'piece["kind"] != x', 'kind in ("a", "b")', "match one.kind:"):
        assert len(compared(text)) == 1
    assert compared("the kind in question; kinds = []; kind: str = 1") == []


def test_a_new_kind_of_job_is_one_module(
    toy: tasks.Task, tmp_path: Path, monkeypatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Submitted, carried out, listed and shown with its own words, though nothing else names it."""
    store = stores.new(tmp_path / "store")
    monkeypatch.setattr(worker, "LINGER", 0.05)
    job = jobs.submit(store, toy.request(letter="n"), [Subject("banana"), Subject("broken")])
    worker.work(store)
    done = jobs.get(store, job)
    assert (done.title, done.state) == ("How often n stands in 2 names", "failed")
    assert [piece.request for piece in done.pieces] == [toy.request(letter="n")] * 2
    results, ((failure),) = jobs.outcome(store, done)
    assert results == [{"subject": "banana", "count": 2}]
    assert failure["error"].startswith(
        "Counting letters of broken failed unexpectedly (RuntimeError: no letters)"
    )
    assert cli.main(["jobs", "list", "--json", "--store", str(store.folder)]) == 0
    (listed,) = json.loads(capsys.readouterr().out)["jobs"]
    assert [piece["state"] for piece in listed["pieces"]] == ["done", "failed"]

    monkeypatch.setenv("LATENT_SHORTLIST_STORE", str(store.folder))
    monkeypatch.setattr(worker, "_start", lambda *asked, **more: None)
    page = AppTest.from_file(str(TOP / "app.py"), default_timeout=60)
    page.switch_page("pages/add.py").run()
    assert not page.exception
    assert [link.proto.label for link in page.get("page_link")] == ["See on Explore"]
    shown = " ".join(element.value for element in page.markdown)
    assert "**How often n stands in 2 names**" in shown
    assert "Counting letters of broken failed unexpectedly" in shown.replace("\\", "")


def test_a_toy_is_gone_with_its_folder(tmp_path: Path) -> None:
    assert "count" not in tasks.registry()


def test_what_cannot_be_done_is_not_queued(tmp_path: Path) -> None:
    store: Store = stores.new(tmp_path / "store")
    impossible = [
        (CellStudy(Settings(measures="eee")), "A study of cells measures cells only"),
        (GlueRun(("RTE",), protocol={"epochs": 0.0}), "Fine-tuning needs a task, epochs"),
        (GlueRun(("RTE",), protocol={"epochs": "many"}), "Fine-tuning cannot follow this protocol"),
    ]
    for request, sentence in impossible:
        with pytest.raises(InputError, match=f"^{sentence}"):
            jobs.submit(store, request, [Subject("minilm")])
    assert jobs.list_jobs(store) == []
