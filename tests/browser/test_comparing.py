"""Own checkpoints from an empty store: measured, compared, passed on by link; cells; a gap with own words."""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests import tiny

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Browser, Locator, Page

    from tests.browser.server import App

pytestmark = [pytest.mark.browser]
expect.set_options(timeout=120_000)
COUNT, SCORED = 11, 8  # checkpoints, and those of them with a score
MOST_CLICKS = 8


@pytest.fixture(scope="module")
def app(start_app: Callable[..., App], tmp_path_factory: pytest.TempPathFactory) -> App:
    """The app on first start, with a root of tiny encoders."""
    root = tmp_path_factory.mktemp("checkpoints")
    for seed in range(COUNT):
        tiny.encoder(root / f"tiny-{seed:02d}", seed=seed)
    return start_app([root])


class Clicks:
    """Clicks on a page, counted."""

    def __init__(self) -> None:
        self.count = 0

    def on(self, target: Locator) -> None:
        target.click()
        self.count += 1


def select(page: Page, row: int) -> None:
    """Select a row of the first table, wherever it stands now."""
    table = page.locator("[data-testid=stDataFrame]").first
    table.scroll_into_view_if_needed()
    page.wait_for_timeout(1500)  # a picture above it may still grow
    table.scroll_into_view_if_needed()
    corner = table.bounding_box()
    assert corner is not None
    page.mouse.click(corner["x"] + 15, corner["y"] + 52 + 34 * row)


def test_the_trial_takes_at_most_eight_clicks_and_leads_to_a_prediction(
    app: App, page: Page, tmp_path: Path
) -> None:
    clicks = Clicks()
    page.goto(app.url)
    clicks.on(page.get_by_role("link", name="Choose checkpoints"))
    clicks.on(page.get_by_role("button", name=f"Take all {COUNT}"))
    box = page.get_by_label("Sequences of text", exact=True)
    box.fill("60")  # typed, so that the test is quick
    box.press("Enter")
    expect(page.get_by_text(re.compile("60 sequences of"))).to_be_visible()
    clicks.on(page.get_by_role("button", name=f"Measure {COUNT} checkpoints"))
    expect(page.get_by_text(f"{COUNT} of {COUNT} done")).to_be_visible()
    file = tmp_path / "mine.csv"
    with file.open("w", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(["checkpoint", "benchmark", "task", "metric", "value"])
        for number in range(SCORED):
            writer.writerow([f"tiny-{number:02d}", "mine", "my_task", "accuracy", 0.4 + 0.03 * number])
    clicks.on(page.get_by_role("tab", name="Scores and covariates"))
    expect(page.get_by_text("CSV, Parquet or JSON").first).to_be_visible()
    page.locator("input[type=file][accept*='.csv']").first.set_input_files(file)
    clicks.count += 1  # the button that opens the file dialog
    clicks.on(page.get_by_role("button", name=f"Import {SCORED} scores"))
    clicks.on(page.get_by_role("link", name="See on Shortlist").first)
    expect(page.locator("h1")).to_contain_text("tiny-")
    expect(page.get_by_role("tab", name="Yours")).to_have_attribute("aria-selected", "true")
    assert clicks.count <= MOST_CLICKS
    print(f"\nThe trial took {clicks.count} clicks.")


def test_three_are_compared_and_a_link_shows_the_same(
    app: App, page: Page, chromium_browser: Browser
) -> None:
    page.goto(f"{app.url}/?rank_by=dispersion&sort=parameters&find=tiny")
    expect(page.get_by_role("tab", name="Yours")).to_be_visible()
    expect(page.locator("[role=gridcell]", has_text="tiny-").first).to_be_attached()
    for row, text in enumerate(("select another to compare", "Side by side", "Side by side")):
        select(page, row)
        expect(page.get_by_text(text).first).to_be_visible()
        expect(page).to_have_url(re.compile(f"(compared=[^&]+(&|$).*){{{row + 1}}}"))
    panel = page.locator(".st-key-comparison")
    expect(panel.locator("strong", has_text="tiny-")).to_have_count(3)
    names = panel.locator("strong", has_text="tiny-").all_inner_texts()
    assert len(names) == 3
    context = chromium_browser.new_context(viewport={"width": 1360, "height": 900})
    other = context.new_page()
    other.goto(page.url)
    expect(other.locator("h1")).to_have_text(page.locator("h1").inner_text())
    for name in names:
        expect(other.locator(".st-key-comparison strong", has_text=name)).to_be_visible()
    context.close()
    history = page.evaluate("history.length")
    page.get_by_role("link", name="Papers").first.click()
    expect(page).to_have_url(re.compile("/papers"))
    assert page.evaluate("history.length") == history + 1  # choices added nothing to it
    page.go_back()
    expect(page.locator(".st-key-comparison strong", has_text=names[0])).to_be_visible()


def test_cells_of_two_checkpoints_are_drawn_side_by_side(app: App, page: Page) -> None:
    page.goto(f"{app.url}/quantized_cells")
    expect(page.locator("h1")).to_have_text("Quantized cells")
    box = page.get_by_role("combobox", name="Checkpoints and vectors")
    page.get_by_role("button", name="Clear all").first.click()
    for name in ("tiny-00", "tiny-01"):
        box.fill(name)
        page.get_by_role("option", name=name).first.click()
        page.keyboard.press("Escape")
    for label, value in (("Sequences of text", "100"), ("Vectors to quantize", "600")):
        field = page.get_by_label(label, exact=True)
        field.fill(value)
        field.press("Enter")
    page.get_by_role("button", name="Quantize 2 of them").click()
    expect(page.get_by_text("Cell occupancy").first).to_be_visible()
    expect(page.locator("[data-testid=stVegaLiteChart]").nth(5)).to_be_visible()
    expect(page).to_have_url(re.compile("tab=cells"))


def test_a_gap_with_own_words_carries_the_name_of_the_list(app: App, page: Page) -> None:
    page.goto(f"{app.url}/token_gap")
    page.get_by_role("combobox", name="Domain").click()
    page.get_by_role("option", name="my own words").click()
    name = page.get_by_label("Name of the list", exact=True)
    name.fill("sea words")
    name.press("Enter")
    words = page.get_by_label("Words, one a line or with spaces between them", exact=True)
    words.fill("the and of to in")
    words.press("Control+Enter")
    box = page.get_by_role("combobox", name="Checkpoints on this machine")
    box.fill("tiny-02")
    page.get_by_role("option", name="tiny-02", exact=True).click()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Measure 1 checkpoint").click()
    expect(page.get_by_text("sea words against").first).to_be_visible()
