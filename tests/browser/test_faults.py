"""Faults that visitors met, each as they met it; what mends it has its own test beside the code."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from cache import jobs
from cache.requests import Measure, Subject
from cache.store import Store
from core.measures import MEASURES
from tests.pages.test_pages import add

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.browser.server import App

pytestmark = [pytest.mark.browser]
expect.set_options(timeout=90_000)
SPREAD = {"eee": 0.66, "vrm": 0.31, "isoscore": 0.09}
BERT = {"family": "BERT", "architecture": "BertModel", "kind": "encoder", "layers": 12, "width": 768}


@pytest.fixture(scope="module")
def app(start_app: Callable[..., App]) -> App:
    """The app over a store with the published figures, two checkpoints measured here and a cancelled job."""
    app = start_app()
    store = Store.open(app.store)
    cells = {name: 1.0 for name, measure in MEASURES.items() if measure.group == "cells" and measure.computed}
    for letter, name in (("a", "first of ours"), ("b", "second of ours")):
        add(store, letter * 32, name, SPREAD, corpus="ptb+wikitext-2", **BERT)
    # The first again, on fewer sequences, for cells alone; and its vocabulary, which is no cloud.
    add(store, "a" * 32, "first of ours", cells, corpus="ptb+wikitext-2", cloud="few", sequences=2000, **BERT)
    add(store, "a" * 32, "first of ours", {"unembedding_isotropy": 0.5}, cloud="", n=30_522, **BERT)
    store.ingest()
    job = jobs.submit(store, Measure(), [Subject("org/gone")], title="Refused")
    jobs.cancel(store, job)
    (jobs.folder(store, f".{job}") / "in the way").mkdir(parents=True)  # so that removing it, a rename, fails
    (jobs.folder(store, job) / "cancelled").unlink()
    (jobs.folder(store, job) / "cancelled").mkdir()  # and so does resuming it, which unlinks this
    return app


def visit(page: Page, app: App, path: str) -> None:
    """Open a page and wait until it stands."""
    page.goto(f"{app.url}/{path}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.locator("[data-testid=stStatusWidget]").wait_for(state="detached")


def rows(page: Page, table: int = 0) -> list[str]:
    """The names in a table of Shortlist as far as it is drawn."""
    grid = page.locator("[data-testid=stDataFrame]").nth(table)
    expect(grid.locator("[role=gridcell]").first).to_be_attached()
    return grid.locator("[role=row] [role=gridcell]").all_text_contents()


def test_evidence_presses_no_button_of_add(app: App, page: Page) -> None:
    visit(page, app, "trust?tab=evidence")
    box = page.get_by_role("combobox", name="A closer look at")
    expect(box).to_be_visible()  # once a worker has computed the evidence
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)
    box.focus()
    page.keyboard.press("ArrowDown")
    page.get_by_role("option", name="Vasicek ratio MSE", exact=True).click()
    expect(page).to_have_url(f"{app.url}/trust?tab=evidence&measure=vrm")
    before = len(jobs.list_jobs(Store.open(app.store)))
    page.get_by_role("link", name="Add", exact=True).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Add models, vectors and scores")
    page.locator("[data-testid=stStatusWidget]").wait_for(state="detached")
    assert len(jobs.list_jobs(Store.open(app.store))) == before


def test_cells_at_other_sequences_leave_a_checkpoint_on_shortlist(app: App, page: Page) -> None:
    visit(page, app, "?find=first+of+ours")
    expect(page.get_by_role("heading", level=1)).to_contain_text("first of ours: predicted GLUE average")
    expect(page.locator("[role=gridcell]", has_text="first of ours").first).to_be_attached()


def test_own_models_without_cells_are_compared_in_a_picture(app: App, page: Page) -> None:
    visit(page, app, "?origin=measured")
    for place, cards in ((0, 0), (1, 2)):
        corner = page.locator("[data-testid=stDataFrame]").first.bounding_box()
        assert corner is not None
        page.mouse.click(corner["x"] + 15, corner["y"] + 52 + 34 * place)
        expect(page.get_by_text("select another to compare")).to_have_count(1 - place)
        expect(page.locator(".st-key-comparison [class*=st-key-compare_out-]")).to_have_count(cards)
    picture = page.locator("[data-testid=stVegaLiteChart]").first
    expect(picture).to_be_visible()
    expect(page.get_by_text("Side by side", exact=True)).to_be_visible()
    box = picture.bounding_box()
    assert box is not None and box["height"] > 32 * len(SPREAD) + 120  # the strips, and title and axis beside
    expect(page.get_by_text("9,000 vectors")).to_have_count(2)
    expect(page.get_by_text("30,522 vectors")).to_have_count(0)


@pytest.mark.parametrize(("rows_of", "count"), [("", 2), ("&origin=published", 3)])
def test_the_heading_of_shortlist_names_its_first_rows(
    app: App, page: Page, rows_of: str, count: int
) -> None:
    visit(page, app, f"?score=glue_average_8_tasks{rows_of}")
    title = page.get_by_role("heading", level=1).inner_text()
    names = title.partition(": ")[2].split(" · ")
    assert len(names) == count
    assert [cell for cell in rows(page) if cell in names] == names


def test_a_store_that_cannot_be_written_is_said_in_one_sentence(app: App, page: Page) -> None:
    visit(page, app, "add")
    for button in ("Resume", "Remove"):
        page.get_by_role("button", name=button, exact=True).click()
        expect(page.get_by_text("cannot be written (")).to_have_count(1)
        expect(page.get_by_test_id("stException")).to_have_count(0)


def test_shortlist_has_an_address_of_its_own(app: App, page: Page, start_app: Callable[..., App]) -> None:
    for server in (app, start_app()):  # the latter's first request
        page.goto(f"{server.url}/shortlist?family=BERT-small&size=small")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page.get_by_text("Page not found")).to_have_count(0)
        expect(page.get_by_role("combobox", name="Parameters")).to_have_value("Below 30M")
        expect(page).to_have_url(f"{server.url}/?family=BERT-small&size=small")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("add_models?tab=scores", "add?tab=scores"),
        ("predicted_scores?by=linear", "trust?by=linear"),
        ("evidence?outcome=SST-2&of=perturbed", "trust?tab=evidence&predicted=SST-2&of=perturbed"),
        ("findings?finding=figure-3", "papers?finding=figure-3"),
    ],
)
def test_earlier_addresses_lead_on_with_their_parameters(app: App, page: Page, old: str, new: str) -> None:
    page.goto(f"{app.url}/{old}")
    expect(page).to_have_url(f"{app.url}/{new}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page).to_have_title(f"{new.partition('?')[0].capitalize()} · Latent Shortlist")


def test_shortlist_offers_one_csv_and_reasons_by_the_keyboard(app: App, page: Page) -> None:
    visit(page, app, "?origin=measured")
    page.locator("[data-testid=stDataFrame]").first.hover()
    expect(page.get_by_label(re.compile("^Search: Checkpoints ranked")).first).to_be_visible()
    for button in page.get_by_label(re.compile("^Download as CSV: Checkpoints ranked")).all():
        expect(button).to_be_hidden()
    expect(page.get_by_role("button", name="CSV")).to_be_visible()
    page.get_by_role("button", name="Rows").press("Enter")
    page.get_by_role("button", name="Why?", exact=True).press("Enter")
    expect(page.get_by_role("dialog", name="How far to trust this row")).to_be_visible()


def test_an_order_by_a_heading_is_in_the_link(app: App, page: Page) -> None:
    visit(page, app, "?origin=measured")
    corner = page.locator("[data-testid=stDataFrame]").first.bounding_box()
    assert corner is not None
    for order in ("", "&order=up"):
        page.mouse.click(corner["x"] + 160, corner["y"] + 17)  # headings are drawn, so found by their place
        expect(page).to_have_url(re.compile(f"sort=[a-z_]+{order}$"))
        page.locator("[data-testid=stStatusWidget]").wait_for(state="detached")
        page.wait_for_timeout(1500)  # until the table in its new order has taken the place of the old one


def test_a_rectangle_of_the_scatter_chart_is_in_the_link(app: App, page: Page) -> None:
    visit(page, app, "explore")
    chart = page.locator("[data-testid=stVegaLiteChart]").first
    page.wait_for_timeout(1000)  # until it has faded in
    corner = chart.bounding_box()
    assert corner is not None
    page.mouse.move(corner["x"] + 150, corner["y"] + 180)
    page.mouse.down()
    page.mouse.move(corner["x"] + 300, corner["y"] + 300, steps=8)
    page.mouse.up()
    inside = page.get_by_text(re.compile(r"\d+ of \d+ in the rectangle"))
    expect(inside).to_be_visible()
    expect(page).to_have_url(re.compile("(brush=[^&]+(&|$)){4}"))
    text = inside.inner_text()
    page.reload()
    expect(page.get_by_text(text)).to_be_visible()
