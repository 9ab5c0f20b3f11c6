"""Pictures of every page, full and empty, light and dark: `make screenshots`.

Those that the README shows go to docs/screenshots; all go to build/screenshots, which is not committed.
"""

from __future__ import annotations

import html
import io
import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from playwright.sync_api import expect

from cache import jobs, samples
from cache.requests import Gap, Measure, Settings, Subject, Vectors
from cache.store import Store
from cache.tasks.gap import gap_for
from cache.uploads import keep
from cache.worker import work
from tests import page_names
from tests.browser import server

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

IN_README = ("shortlist", "trust", "explore", "add")  # light, full
VIEWS = {"shortlist": "?origin=published&rank_by=predicted"}  # of these, where not the first view
expect.set_options(timeout=120_000)
BUILD, DOCS = server.PROJECT / "build/screenshots", server.PROJECT / "docs/screenshots"
WIDTH, LEAST, MOST = 1360, 860, 2600  # pixels
IN_TERMINAL = ("predict", "--set", "nonstandard", "--predictor", "best")
COLUMNS = 110  # of the terminal


def fill(store: Store) -> None:
    """Measure the installed encoder, with noise and without, and a file; leave a failed job behind."""
    small = Settings(sequences=200)
    file = io.BytesIO()
    np.save(file, np.random.default_rng(0).standard_normal((400, 64)).astype(np.float32))
    file.seek(0)
    upload = keep(store.folder, file, "layer_11.npy")
    vectors = Vectors(upload.name, path=str(upload.path))
    subjects = [Subject("minilm"), vectors, Subject("org/gone")]
    jobs.submit(store, Measure(small), subjects, "all-MiniLM-L6-v2 and 2 more")
    work(store)
    pair = [Subject(name) for name in ("minilm", "minilm+noise:0.1:111")]
    for at in (1000, 2000):
        asked = Measure(replace(small, measures="cells", at=at, quantizer_seeds=2))
        jobs.submit(store, asked, pair, "Cells of two")
    work(store)
    for domain in ("digits", "medical"):
        gap_for(store, "minilm", Gap.of(domain, "everyday"))
    samples.compare(store, "auto", Settings().sequences)


def settle(page: Page, seconds: int = 2, most: int = 60) -> None:
    """Wait until the page has looked the same for so long: charts fade in, tables load their pictures."""
    pictures: list[bytes] = []
    while len(pictures) < most and not (len(pictures) > seconds and len(set(pictures[-seconds - 1 :])) == 1):
        page.wait_for_timeout(1000)
        pictures.append(page.screenshot())


def shoot(browser: Browser, app: server.App, state: str) -> None:
    """Every page of `app` in both themes."""
    for scheme in ("light", "dark"):
        context = browser.new_context(viewport={"width": WIDTH, "height": LEAST}, color_scheme=scheme)
        context.set_default_timeout(120_000)
        page = context.new_page()
        for name in page_names():
            page.goto(f"{app.url}/{name}")
            page.get_by_role("heading", level=1).wait_for()
            page.locator("[data-testid=stStatusWidget]").wait_for(state="detached")
            expect(page.get_by_test_id("stSkeleton")).to_have_count(0)
            expect(page.get_by_test_id("stProgress")).to_have_count(0)  # evidence is computed by a job
            settle(page)
            height = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
            page.set_viewport_size({"width": WIDTH, "height": min(max(int(height), LEAST), MOST)})
            settle(page)
            picture = BUILD / f"{name}-{state}-{scheme}.png"
            page.screenshot(path=picture)
            page.set_viewport_size({"width": WIDTH, "height": LEAST})
            if name in IN_README and (state, scheme) == ("full", "light"):
                if name in VIEWS:
                    page.goto(f"{app.url}/{VIEWS[name]}")
                    page.get_by_test_id("stDataFrame").first.wait_for()
                settle(page)
                page.screenshot(path=DOCS / f"{name}.png")
            print(picture.relative_to(server.PROJECT))
        context.close()


def terminal(browser: Browser, store: Path) -> None:
    """A command of the README with what it prints, as a picture."""
    environment = os.environ | {"COLUMNS": str(COLUMNS), "LATENT_SHORTLIST_STORE": str(store)}
    command = [sys.executable, "cli.py", *IN_TERMINAL]
    printed = subprocess.run(
        command, cwd=server.PROJECT, env=environment, capture_output=True, text=True, check=True
    ).stdout
    page = browser.new_page()
    text = html.escape(f"$ python cli.py {' '.join(IN_TERMINAL)}\n{printed}")
    style = "display: inline-block; margin: 0; padding: 16px; background: #1c2027; color: #e8eaed"
    page.set_content(f'<pre style="{style}; font: 14px/1.4 monospace">{text}</pre>')
    page.locator("pre").screenshot(path=DOCS / "terminal.png")
    page.close()


def main() -> None:
    """Make them all."""
    os.environ["HF_HUB_OFFLINE"] = "1"  # before anything imports huggingface_hub
    for folder in (BUILD, DOCS):
        folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary, server.browser() as browser:
        for state in ("empty", "full"):
            app = server.App(Path(temporary) / state)
            store = Store.open(app.store)
            if state == "full":
                fill(store)
            try:
                shoot(browser, app.start(), state)
                if state == "full":
                    terminal(browser, app.store)
            finally:
                app.stop()


if __name__ == "__main__":
    main()
