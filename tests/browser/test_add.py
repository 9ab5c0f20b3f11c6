"""What is brought along on Add: scores with a wrong row, vectors beside labels, labelled text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import expect

from cache.store import Store
from tests import labelled, tiny
from tests.own_scores import BEST, SCORED, fill

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.browser.server import App

pytestmark = [pytest.mark.browser]
expect.set_options(timeout=90_000)
HEAD = "checkpoint,benchmark,task,metric,value\n"


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with two tiny encoders."""
    root = tmp_path_factory.mktemp("checkpoints")
    for seed in (1, 2):
        tiny.encoder(root / f"tiny-{seed}", seed=seed)
    return root


@pytest.fixture(scope="module")
def app(start_app: Callable[..., App], checkpoints: Path) -> App:
    """The app over a store with sixteen checkpoints measured here, none with a score."""
    app = start_app([checkpoints])
    fill(Store.open(app.store), scored=0)
    return app


def drop(page: Page, rows: list[str]) -> None:
    """Drop a file of scores, each time under the same name."""
    content = (HEAD + "\n".join(rows)).encode()
    box = page.locator("input[type=file]").first
    box.set_input_files({"name": "mine.csv", "mimeType": "text/csv", "buffer": content})


def test_a_wrong_row_is_named_corrected_and_a_prediction_seen(app: App, page: Page) -> None:
    values = [0.40 + 0.027 * number for number in range(len(SCORED))]
    rows = [f"{name},mine,my_task,accuracy,{value:.3f}" for name, value in zip(SCORED, values, strict=True)]
    wrong = [*rows[:3], rows[3].replace("0.", "48."), *rows[4:]]
    page.goto(f"{app.url}/add?tab=scores")
    drop(page, wrong)
    expect(page.get_by_text("mixes percentages (48.481 in row 4)")).to_be_visible()
    expect(page.get_by_role("button", name="Import 11 scores")).to_be_disabled()
    drop(page, rows)
    expect(page.get_by_text("12 scores of 12 checkpoints, all 12 measured here.")).to_be_visible()
    page.get_by_role("button", name="Import 12 scores").click()
    expect(page.get_by_text("Imported 12 scores.")).to_be_visible()
    page.get_by_role("link", name="See on Shortlist").first.click()
    expect(page.locator("h1")).to_contain_text(f"Fine-tune first: {BEST}")


def test_vectors_beside_labels_are_named_and_measured(app: App, page: Page, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for name, labels in (("words", ["a", "b"] * 30), ("grades", [float(row % 3) for row in range(60)])):
        columns = [f"dim_{column}" for column in range(6)]
        table = pd.DataFrame(rng.normal(size=(60, 6)), columns=columns).assign(grade=labels)
        table.to_csv(tmp_path / f"{name}.csv", index=False)
    page.goto(f"{app.url}/add?tab=vectors")
    files = [tmp_path / "words.csv", tmp_path / "grades.csv"]
    page.locator("input[type=file]").set_input_files(files)
    expect(page.get_by_text("words.csv: column 'grade' left out: no numbers.")).to_be_visible()
    expect(
        page.get_by_text("grades.csv holds whole numbers alone, as an index or a label would.")
    ).to_be_visible()
    page.get_by_role("button", name="Leave 'grade' out").click()
    expect(page.get_by_text("60 vectors × 6")).to_have_count(2)
    page.get_by_label("Name", exact=True).first.fill("my words")
    page.keyboard.press("Enter")
    family = page.get_by_role("combobox", name="Family").first
    family.fill("mine")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Measure 2 files")).to_be_enabled()
    page.get_by_role("button", name="Measure 2 files").click()
    expect(page.get_by_text("2 of 2 done")).to_be_visible()
    store = Store.open(app.store)
    store.ingest()
    rows = store.query(
        "SELECT DISTINCT c.name, c.family, k.d FROM checkpoints c JOIN clouds k USING (subject) "
        "WHERE c.origin = 'uploaded' ORDER BY c.name"
    )
    expected = [("grades", "uploaded vectors", 6), ("my words", "mine", 6)]
    assert list(rows.itertuples(index=False, name=None)) == expected


def test_labels_of_ones_own_rank_two_checkpoints(
    start_app: Callable[..., App], checkpoints: Path, page: Page, tmp_path: Path
) -> None:
    app = start_app([checkpoints])
    page.goto(f"{app.url}/add")
    page.get_by_role("button", name="Clear all").click()
    expect(page.get_by_role("button", name="Measure", exact=True)).to_be_disabled()
    page.get_by_role("button", name="Take all 2").click()
    expect(page.get_by_role("button", name="Measure 2 checkpoints", exact=True)).to_be_enabled()
    expect(page.get_by_text("About 116,500 tokens a model")).to_be_visible()  # nothing moves any more
    page.get_by_text("I have labels: rank by rows of your own").click()
    expect(page.get_by_text("No labelled rows yet")).to_be_visible()
    page.locator("[class*=st-key-labels] input[type=file]").set_input_files(
        labelled.table(tmp_path / "mine.csv", 24)
    )
    expect(page.get_by_text("24 rows")).to_be_visible()
    page.get_by_role("button", name="Measure labels with 2 checkpoints").click()
    expect(page.get_by_text("2 of 2 done")).to_be_visible()
    page.goto(f"{app.url}/?rank_by=logme")
    expect(page.locator("h1")).to_contain_text(re.compile("logme, first: tiny-", re.IGNORECASE))
    for seed in (1, 2):
        expect(page.locator("[role=gridcell]", has_text=f"tiny-{seed}").first).to_be_attached()
