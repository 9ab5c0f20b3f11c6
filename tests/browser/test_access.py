"""Every page for everybody: axe-core's rules, narrow screens, paper, jobs of another tab."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import axe_playwright_python
import pytest
from playwright.sync_api import expect

from cache import jobs
from cache.requests import Measure, Subject
from cache.store import Store
from tests import page_names
from tests.pages.test_pages import add

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.browser.server import App

pytestmark = [pytest.mark.browser]
expect.set_options(timeout=90_000)
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
APART = {  # what no page can mend, by selector
    "[class*=brush_brush]": "svg-img-alt: Vega gives the brush of a chart no name; the chart has one",
}
VIEWS = [*page_names(), "trust?tab=evidence", "add?tab=vectors", "add?tab=scores"]
VIEWS += [f"explore?tab=difficulty&difficulty={view}" for view in ("label_free", "knnlm")]


@pytest.fixture(scope="module")
def app(start_app: Callable[..., App]) -> App:
    """The app over a store with the published figures and one checkpoint of one's own."""
    app = start_app()
    store = Store.open(app.store)
    spread = {"eee": 0.66, "vrm": 0.31, "isoscore": 0.09}
    about = {"family": "BERT", "architecture": "BertModel", "kind": "encoder", "layers": 12, "width": 768}
    add(store, "a" * 32, "first of ours", spread, corpus="ptb+wikitext-2", **about)
    store.ingest()
    return app


def visit(page: Page, app: App, path: str) -> None:
    """Open a page and wait until it stands, with what jobs compute for it."""
    page.goto(f"{app.url}/{path}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.locator("[data-testid=stStatusWidget]").wait_for(state="detached")
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)
    expect(page.get_by_test_id("stProgress")).to_have_count(0)
    page.wait_for_timeout(500)  # what fades in


def violations(page: Page) -> list[tuple[str, Any]]:
    """(rule, what breaks it) by axe-core, of levels A and AA."""
    page.evaluate(AXE)
    asked = [{"exclude": list(APART)}, {"runOnly": RULES}]
    found = page.evaluate("([where, what]) => axe.run(where, what)", asked)
    return [(one["id"], node["html"][:300]) for one in found["violations"] for node in one["nodes"]]


@pytest.mark.parametrize("path", VIEWS)
def test_no_rule_of_axe_is_broken_in_either_theme(app: App, page: Page, path: str) -> None:
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        visit(page, app, path)
        assert violations(page) == []


def test_the_check_can_fail(app: App, page: Page) -> None:
    visit(page, app, "papers")
    page.evaluate("document.querySelector('h1').innerHTML = '<img src=\"data:,\">'")
    assert "image-alt" in {rule for rule, _ in violations(page)}


@pytest.mark.parametrize("path", VIEWS)
def test_headings_are_in_order(app: App, page: Page, path: str) -> None:
    visit(page, app, path)
    shown = "[...document.querySelectorAll('h1,h2,h3,h4')].filter(heading => heading.checkVisibility())"
    levels = page.evaluate(f"{shown}.map(heading => +heading.tagName[1])")
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(level <= before + 1 for before, level in pairwise(levels)), levels


@pytest.mark.parametrize("path", VIEWS)
def test_no_page_scrolls_sideways(app: App, page: Page, path: str) -> None:
    visit(page, app, path)
    for width, height in ((1360, 900), (1024, 768), (420, 900)):
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(1000)
        main = page.get_by_test_id("stMain")
        assert main.evaluate("main => main.scrollWidth - main.clientWidth") <= 0, f"at {width} px"
    page.set_viewport_size({"width": 1024, "height": 768})
    if "?" not in path:
        expect(page.get_by_role("link", name="Papers", exact=True).first).to_be_visible()


def test_a_page_is_printed_whole(app: App, page: Page, tmp_path: Path) -> None:
    visit(page, app, "papers")
    expect(page.get_by_role("heading", name="Agreement with the print")).to_be_attached()
    page.emulate_media(media="print")
    paper = page.pdf(path=tmp_path / "papers.pdf", format="A4", print_background=True)
    pages = re.findall(rb"/Type /Pages\n/Count (\d+)", paper)  # of the document, and of parts of it
    assert max(map(int, pages)) > 3  # not the first screen alone
    page.set_viewport_size({"width": 794, "height": 1123})  # A4 at 96 pixels an inch
    page.wait_for_timeout(1000)
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 794
    expect(page.get_by_test_id("stHeader")).to_be_hidden()


def test_a_second_tab_notices_jobs_of_another(start_app: Callable[..., App], page: Page) -> None:
    app = start_app()
    visit(page, app, "papers")
    chip = page.locator(".st-key-open_jobs_chip")
    expect(chip).to_have_count(0)
    store = Store.open(app.store)
    job = jobs.submit(store, Measure(), [Subject("org/one"), Subject("org/two")])
    expect(
        chip.get_by_text("2 waiting").first
    ).to_be_visible()  # drawn twice: with its tooltip, and for touch
    jobs.cancel(store, job)
    expect(chip).to_have_count(0)
