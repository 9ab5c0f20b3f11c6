"""Text difficulty's accuracy without labels, from a file on this machine to the exported queries."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests import tiny

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.browser.server import App

pytestmark = [pytest.mark.browser]
expect.set_options(timeout=120_000)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny decoder and questions that it answered rightly or wrongly."""
    root = tmp_path_factory.mktemp("checkpoints")
    tiny.gpt2(root / "small-gpt2")
    with (root / "known.csv").open("w", newline="") as file:
        rows = [(text, len(text) % 2) for text in tiny.sentences(60, longest=20)]
        csv.writer(file).writerows([("text", "correct"), *rows])
    return root


def test_a_file_is_pointed_to_studied_and_its_queries_are_exported(
    start_app: Callable[..., App], root: Path, page: Page
) -> None:
    app = start_app([root])
    page.goto(f"{app.url}/explore?tab=difficulty")
    page.get_by_role("radio", name="Layer for kNN-LM").click()
    expect(page.get_by_text("The most dispersed of 7 keys was not the best")).to_be_visible()
    page.get_by_role("radio", name="Accuracy without labels").click()
    expect(page.get_by_text("Nearest to the labels is the accuracy of the calibration")).to_be_visible()
    expect(page.locator("[data-testid=stVegaLiteChart]")).to_be_visible()
    page.get_by_text("Estimate the accuracy of checkpoints of yours").click()
    page.get_by_role("button", name="Take all 1").click()
    expect(page.get_by_text("small-gpt2", exact=True).first).to_be_visible()
    box = page.get_by_label("Questions with known answers: or the path of a file on this machine")
    box.fill(str(root / "known.csv"))
    box.press("Enter")
    expect(page.get_by_role("combobox", name="Answer correct")).to_be_visible()
    page.get_by_role("button", name="Estimate the accuracy", exact=True).click()
    expect(page.get_by_role("heading", name="The 60 calibration queries")).to_be_visible()
    with page.expect_download() as started:
        page.get_by_role("button", name="Queries as CSV").click()
    with started.value.path().open(newline="") as file:
        rows = list(csv.DictReader(file))
    changes = [float(row["change"]) for row in rows]
    assert len(rows) == 60 and changes == sorted(changes) and changes[0] < 0 < changes[-1]
