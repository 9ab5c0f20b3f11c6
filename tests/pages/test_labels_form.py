"""The form for labelled rows: what is found in a file, what is missing, and what is queued."""

import io
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from cache import jobs
from cache.requests import Subject
from cache.store import Store
from cache.tasks.labelled import Labelled, measure_labels
from core.hidden_states import pooled
from tests import TOP, handmade, labelled, stores

Open = Callable[[], AppTest]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return stores.new(tmp_path / "store")


@pytest.fixture
def open_page(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Open Add over a store in which nothing was measured and nobody works."""
    monkeypatch.setattr("cache.worker.ensure_workers", lambda store, limit=None: 0)
    monkeypatch.setenv("LATENT_SHORTLIST_STORE", str(store.folder))
    monkeypatch.setenv("LATENT_SHORTLIST_ROOTS", str(tmp_path / "checkpoints"))
    (tmp_path / "checkpoints").mkdir()

    def open_it() -> AppTest:
        page = AppTest.from_file(str(TOP / "app.py"), default_timeout=60)
        return page.switch_page("pages/add.py").run()

    return open_it


def texts(page: AppTest) -> str:
    assert not page.exception
    return "\n".join(element.value for element in [*page.markdown, *page.caption]).replace("\\", "")


def upload(page: AppTest, name: str, content: bytes) -> AppTest:
    page.file_uploader(key="labels_upload").upload(name, content)
    return page.run()


def boxes(page: AppTest) -> dict[str, Any]:
    """What the choices of columns hold: text, pair, label, kind."""
    elements: list[Any] = [*page.selectbox, *page.segmented_control]
    return {one.key.split("_")[1]: one for one in elements if one.key and one.key.startswith("labels_")}


def table(frame: pd.DataFrame) -> bytes:
    file = io.BytesIO()
    frame.to_csv(file, index=False)
    return file.getvalue()


def test_without_a_file_one_sentence_says_what_to_do(open_page: Open) -> None:
    page = open_page()
    assert "No labelled rows yet: drop a CSV, Parquet or JSON Lines file above." in texts(page)
    assert "labels_submit" not in [button.key for button in page.button]


def test_a_file_is_looked_at_and_queued(open_page: Open, store: Store, tmp_path: Path) -> None:
    content = labelled.table(tmp_path / "mine.csv").read_bytes()
    page = upload(open_page(), "mine.csv", content)
    chosen = {name: box.value for name, box in boxes(page).items()}
    assert chosen == {"text": "text", "pair": "none", "label": "label", "kind": "auto"}
    tables = [element.value for element in page.dataframe]
    assert any(list(one.columns) == ["text", "label"] and len(one) == 3 for one in tables)
    (counts,) = [one for one in tables if list(one.columns) == ["Class", "Rows", "Share"]]
    assert dict(zip(counts["Class"], counts["Rows"], strict=True)) == {"a": 20, "b": 20, "c": 20}
    assert page.button(key="labels_submit").label == "Measure labels with 1 checkpoint"
    page.button(key="labels_submit").click().run()
    assert not page.exception
    (job,) = jobs.list_jobs(store)
    (piece,) = job.pieces
    assert (job.title, piece.subject.name) == ("Labels of mine.csv: all-MiniLM-L6-v2", "minilm")
    assert isinstance(piece.request, Labelled)
    assert (piece.request.text, piece.request.text_pair, piece.request.label) == ("text", None, "label")
    assert Path(piece.request.file).read_bytes() == content  # kept beside the store, by its name
    assert Path(piece.request.file).is_relative_to(store.folder)


def test_columns_that_cannot_be_guessed_are_asked_for(open_page: Open) -> None:
    rows = pd.DataFrame({"one": [f"a {row}" for row in range(30)], "two": [f"b {row}" for row in range(30)]})
    page = upload(open_page(), "pairs.csv", table(rows.assign(grade=[row / 7 for row in range(30)])))
    assert (boxes(page)["text"].value, boxes(page)["label"].value) == (None, None)
    assert "Choose the columns of text and label." in texts(page)
    boxes(page)["text"].set_value("one")
    boxes(page)["pair"].set_value("two")
    page = boxes(page)["label"].set_value("grade").run()
    assert "**30 rows**, numbers" in texts(page)
    assert not page.button(key="labels_submit").disabled
    page = page.multiselect(key="folders_add_models").set_value([]).run()
    assert page.button(key="labels_submit").disabled


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "mine.csv",
            b"text,label\n" + b"a b,yes\n",
            "label has too few rows, 1: give at least 20, better 200.",
        ),
        ("cut.parquet", b"PAR1", "cut.parquet cannot be read as a table"),
        (
            "one.csv",
            b"text,label\n" + b"".join(b"text %d,yes\n" % row for row in range(30)),
            "label is yes in all 30 rows: give rows of at least two classes.",
        ),
    ],
)
def test_what_cannot_be_used_is_said_and_nothing_can_be_queued(
    open_page: Open, name: str, content: bytes, message: str
) -> None:
    page = upload(open_page(), name, content)
    assert message in texts(page)
    assert "labels_submit" not in [button.key for button in page.button]


def test_what_was_measured_on_these_labels_stands_below_best_first(
    open_page: Open, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pooled, "extract_layers", labelled.extract_layers)
    file = labelled.table(tmp_path / "mine.csv")
    for seed in range(2):
        folder = handmade.checkpoint(tmp_path / f"model-{seed}", seed)
        measure_labels(store, Subject(str(folder)), Labelled(str(file)))
    page = upload(open_page(), "renamed.csv", file.read_bytes())
    (shown,) = [one.value for one in page.dataframe if "LogME" in one.value.columns]
    assert sorted(name[-7:] for name in shown["Checkpoint"]) == ["model-0", "model-1"]
    values = [float(cell.split(" ± ")[0].replace("−", "-")) for cell in shown["LogME"]]
    assert values == sorted(values, reverse=True)
    shutil.rmtree(store.folder / "labelled")
    assert not upload(page, "other.csv", labelled.table(tmp_path / "o.csv", shift=1).read_bytes()).exception
