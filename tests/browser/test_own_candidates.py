"""The journey of somebody with sixteen measured candidates who brings twelve scores of their own task."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

import cli
from cache.store import Store
from tests.own_scores import BEST, SCORED, fill

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.browser.server import App

pytestmark = [pytest.mark.browser]
expect.set_options(timeout=90_000)


@pytest.fixture(scope="module")
def app(start_app: Callable[..., App]) -> App:
    """The app over a store with sixteen checkpoints measured here, none with a score."""
    app = start_app()
    fill(Store.open(app.store), scored=0)
    return app


def test_scores_of_ones_own_lead_to_a_first_candidate(
    app: App,
    page: Page,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    page.goto(app.url)
    expect(page.locator("h1")).to_contain_text("By dispersion, first: org/new-far")
    file = tmp_path / "mine.csv"
    with file.open("w", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(["checkpoint", "benchmark", "task", "metric", "value"])
        for number, name in enumerate(SCORED):
            writer.writerow([name, "mine", "my_task", "accuracy", 0.40 + 0.027 * number])
    page.goto(f"{app.url}/trust?tab=evidence")
    page.get_by_role("link", name="Bring your own scores and covariates").click()
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Import 12 scores").click()
    expect(page.get_by_text("Imported 12 scores.")).to_be_visible()
    page.get_by_role("link", name="See on Shortlist").first.click()
    expect(page.locator("h1")).to_contain_text(f"Fine-tune first: {BEST}")
    expect(page.get_by_text("12 checkpoints of your own").first).to_be_visible()

    monkeypatch.setenv("LATENT_SHORTLIST_STORE", str(app.store))
    assert cli.main(["predict", BEST, "--score", "my_task", "--reference", "own", "--json"]) == 0
    (result,) = json.loads(capsys.readouterr().out)["results"]
    assert result["low"] < result["predicted"] < result["high"] and result["rank_low"] == 1
