"""What a person does, from first start to a result, in a real browser against the real server and workers."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from playwright.sync_api import expect

from cache.store import Store
from core.measures import measure
from tests import tiny
from tests.vector_files import in_every_format

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser, Locator, Page

    from tests.browser.server import App, Watched

pytestmark = [pytest.mark.browser]
expect.set_options(timeout=90_000)  # a loaded machine computes slowly; what is expected stays the same


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with tiny checkpoints."""
    root = tmp_path_factory.mktemp("checkpoints")
    tiny.encoder(root / "tiny-encoder", seed=1)
    tiny.llama(root / "tiny-llama", seed=2)
    return root


@pytest.fixture(scope="module")
def app(start_app: Callable[..., App], checkpoints: Path) -> App:
    """The app as it is on first start, shared by the journeys of this module."""
    return start_app([checkpoints])


def choose(page: Page, *names: str) -> None:
    """On Add: choose checkpoints by name in place of what is chosen."""
    box = page.get_by_role("combobox", name="Checkpoints on this machine")
    expect(box).to_be_visible()
    if (clear := page.get_by_role("button", name="Clear all")).count():
        clear.click()
    expect(page.get_by_role("button", name="Measure", exact=True)).to_be_disabled()
    for name in names:
        box.fill(name)
        page.get_by_role("option", name=name, exact=True).click()
        expect(page.locator(".st-key-folders_add_models").get_by_text(name)).to_be_visible()
        page.keyboard.press("Escape")


def card(page: Page, title: str) -> Locator:
    """The card of a job in the queue."""
    return page.locator("[class*=st-key-job_]", has_text=title).first


def sequences(page: Page, number: int) -> None:
    """On Add: how many sequences of text to read."""
    box = page.get_by_label("Sequences of text", exact=True)
    box.fill(str(number))
    box.press("Enter")
    expect(page.get_by_text(f"Every measure but cells and loss · {number} sequences of")).to_be_visible()


def measured(app: App, name: str) -> dict[str, float]:
    """Measures of the newest subject of that name in the store."""
    store = Store.open(app.store)
    store.ingest()  # `open` leaves it to a worker that is at it
    rows = store.query(
        "SELECT measure, value FROM measurements JOIN checkpoints USING (subject) "
        "WHERE name = ? AND checkpoints.origin <> 'published'",
        [name],
    )
    return dict(zip(rows["measure"], rows["value"], strict=True))


def test_first_start_is_full_and_asks_nothing_of_the_network(app: App, watched: tuple[Page, Watched]) -> None:
    page, seen = watched
    page.goto(app.url)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_role("button", name="Measure MiniLM now")).to_be_enabled()
    page.get_by_text("An example: the published checkpoints, ranked").click()
    expect(page.locator("[data-testid=stDataFrame] canvas").first).to_be_visible()
    for name in ("Add", "Explore", "Shortlist"):
        page.get_by_role("link", name=name).first.click()
        expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert seen.outside == []
    assert seen.errors == []
    assert page.locator("[data-testid=stException]").count() == 0


def test_the_first_request_may_be_for_any_page(start_app: Callable[..., App], page: Page) -> None:
    fresh = start_app()
    begun, computed = time.monotonic(), fresh.processor_seconds
    page.goto(f"{fresh.url}/explore")
    expect(page.get_by_text("n = 181", exact=False).first).to_be_visible()
    taken, computed = time.monotonic() - begun, fresh.processor_seconds - computed
    print(
        f"\nExplore stands {taken:.1f} s after the first request to a fresh store; computed: {computed:.1f} s"
    )
    expect(page.get_by_role("link", name="Shortlist").first).to_be_visible()


def test_a_shared_link_restores_the_view_of_explore(app: App, page: Page, chromium_browser: Browser) -> None:
    page.goto(f"{app.url}/explore")
    page.get_by_role("combobox", name="x axis").click()
    page.get_by_role("option", name="IsoScore", exact=True).click()
    page.get_by_role("combobox", name="Line").focus()
    page.keyboard.press("ArrowDown")
    page.get_by_role("option", name="One per family").click()
    expect(page).to_have_url(re.compile("lines=family"))
    title = page.get_by_role("heading", level=1)
    expect(title).to_contain_text("IsoScore")
    context = chromium_browser.new_context()
    other = context.new_page()
    other.goto(page.url)
    expect(other.get_by_role("heading", level=1)).to_have_text(title.inner_text())
    expect(other.get_by_role("combobox", name="x axis")).to_have_value("IsoScore")
    expect(other.get_by_role("combobox", name="Line")).to_have_value("One per family")
    context.close()


def test_a_checkpoint_is_measured_while_the_page_answers(app: App, page: Page) -> None:
    page.goto(f"{app.url}/add")
    choose(page, "tiny-encoder", "tiny-llama")
    sequences(page, 60)
    page.get_by_role("button", name="Measure 2 checkpoints").click()
    job = card(page, "tiny-encoder and 1 more")
    expect(job.get_by_role("button", name="Cancel all")).to_be_visible()
    page.get_by_label("Ids on the Hugging Face hub, one a line", exact=True).fill("org/model")
    page.keyboard.press("Control+Enter")  # another widget answers meanwhile
    expect(page.get_by_text("There is no folder org/model, and the hub is off")).to_be_visible()
    expect(job.get_by_text("2 of 2 done")).to_be_visible()
    for name in ("tiny-encoder", "tiny-llama"):
        assert {"eee", "unembedding_isotropy"} <= set(measured(app, name))
    job.get_by_role("link", name="See on Shortlist").first.click()
    page.get_by_label("Find", exact=True).fill("tiny-llama")
    page.keyboard.press("Enter")
    expect(page.locator("[role=gridcell]", has_text="tiny-llama").first).to_be_attached()


@pytest.mark.real
def test_the_installed_encoder_is_one_button_away(
    start_app: Callable[..., App], page: Page, minilm: Path
) -> None:
    app = start_app()
    page.goto(f"{app.url}/add")
    expect(page.get_by_text("all-MiniLM-L6-v2, installed with this app").first).to_be_visible()
    sequences(page, 60)
    page.get_by_role("button", name="Measure 1 checkpoint").click()
    job = card(page, "all-MiniLM-L6-v2")
    expect(job.get_by_role("progressbar").first).to_be_visible()
    expect(job.get_by_text("1 of 1 done")).to_be_visible()
    assert "eee" in measured(app, "all-MiniLM-L6-v2")


def test_the_same_vectors_in_five_formats_are_measured_once(app: App, page: Page) -> None:
    vectors = np.random.default_rng(0).standard_normal((60, 8)).astype(np.float32)
    files = [
        {"name": name, "mimeType": "application/octet-stream", "buffer": content}
        for name, content in in_every_format(vectors).items()
    ]
    page.goto(f"{app.url}/add?tab=vectors")
    page.locator("input[type=file][accept*='.npy']").set_input_files(files)
    expect(page.get_by_text("60 vectors × 8")).to_have_count(5)
    page.get_by_role("button", name="Measure 1 file").click()
    expect(card(page, "cloud").get_by_text("1 of 1 done")).to_be_visible()
    result = measured(app, "cloud")
    assert result["dispersion"] == pytest.approx(measure(vectors, ["dispersion"])["dispersion"], rel=1e-6)


@pytest.mark.real
def test_a_killed_worker_and_a_refresh_lose_nothing(
    start_app: Callable[..., App], page: Page, minilm: Path
) -> None:
    app = start_app(LATENT_SHORTLIST_WORKERS="1")
    page.goto(f"{app.url}/add")
    sequences(page, 150)
    page.get_by_role("button", name="Measure 1 checkpoint").click()
    expect(page.get_by_text(" of 150 sequences")).to_be_visible()
    assert app.kill_workers()
    page.reload()
    expect(card(page, "all-MiniLM-L6-v2").get_by_text("1 of 1 done")).to_be_visible()
    assert "eee" in measured(app, "all-MiniLM-L6-v2")
