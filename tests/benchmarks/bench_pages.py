"""Time to the first visit of each page with 1,200 checkpoints in the store, as a ratio to an empty page.

Both are loaded by one Chromium in the same run, the pages of a server that has answered one request and
computed ahead (`cache.ahead`), which is timed first. A page stands once its title is there and nothing of it
is being computed, but for what a job computes beside it. Processor seconds are the server's: other work on
the machine does not lengthen them as it does the time elapsed.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cache.store import Store
from core.measures import MEASURES
from tests import page_names
from tests.browser import server

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHECKPOINTS = 1200
ROUNDS = 3  # of the empty page
MOST = 2.0  # seconds that no page may take on an idle machine
EMPTY = "import streamlit as st\n\nst.title('Empty')\n"
VIEWS = ("trust?tab=evidence", "explore?tab=cells", "explore?tab=gap", "?origin=measured")


def fill(store: Store) -> None:
    """Checkpoints with every measure of spread and a score each, in thirty families."""
    rng = np.random.default_rng(0)
    names = [name for name, measure in MEASURES.items() if measure.group in ("dispersion", "spread")]
    subjects = [f"{number:032x}" for number in range(CHECKPOINTS)]
    values = rng.uniform(0.2, 0.8, (CHECKPOINTS, len(names)))
    about = {"origin": "measured", "kind": "encoder", "layers": 12, "width": 768}
    cloud = {"corpus": "ptb+wikitext-2", "position": "all", "n": 9000, "sequences": 5000, "layer": 12}
    store.add(
        "checkpoints",
        [
            {"subject": subject, "name": f"org/model-{number}", "family": f"family {number % 30}", **about}
            | {"parameters": int(rng.integers(1e6, 1e9))}
            for number, subject in enumerate(subjects)
        ],
    )
    store.add("clouds", [{"cloud": f"{subject}0", "subject": subject, **cloud} for subject in subjects])
    common = {"parameters": "{}", "seed": 0, "version": 1, "origin": "measured", "n": 9000}
    store.add(
        "measurements",
        [
            {"subject": subject, "cloud": f"{subject}0", "measure": name, "value": float(value), **common}
            for subject, row in zip(subjects, values, strict=True)
            for name, value in zip(names, row, strict=True)
        ],
    )
    store.ingest()


def seconds(browser: Browser, url: str) -> float:
    """From the request to a page that stands, in a browser that knows nothing of it."""
    context = browser.new_context(viewport={"width": 1360, "height": 900})
    context.set_default_timeout(120_000)
    page = context.new_page()
    begun = time.perf_counter()
    page.goto(url)
    page.get_by_role("heading", level=1).first.wait_for()
    page.locator("[data-testid=stStatusWidget]").wait_for(state="detached")
    page.locator("[data-testid=stSkeleton]").first.wait_for(state="detached")
    taken = time.perf_counter() - begun
    context.close()
    return taken


def at_rest(app: server.App) -> float:
    """Processor seconds of a server once it computes nothing any more."""
    before = -1.0
    while (now := app.processor_seconds) > before + 0.1:
        before = now
        time.sleep(3)
    return now


def main() -> None:
    """Print one line a page."""
    with tempfile.TemporaryDirectory() as folder, server.browser() as browser:
        (Path(folder) / "empty.py").write_text(EMPTY)
        empty = server.App(Path(folder) / "empty", script=str(Path(folder) / "empty.py")).start()
        app = server.App(Path(folder) / "full")
        fill(Store.open(app.store))
        app.start()
        try:
            seconds(browser, empty.url)
            seconds(browser, f"{app.url}/add")
            print(f"{'computed ahead':24} {at_rest(app):5.2f} processor seconds with the server's start")
            nothing = float(np.median([seconds(browser, empty.url) for _ in range(ROUNDS)]))
            print(f"{'an empty page':24} {nothing:5.2f} s")
            for path in dict.fromkeys([*page_names(), *VIEWS]):
                before = at_rest(app)
                taken = seconds(browser, f"{app.url}/{path}")
                slow = "" if taken <= MOST else f"  more than {MOST:g} s"
                print(
                    f"{path:24} {taken:5.2f} s, {taken / nothing:4.1f} times an empty page, "
                    f"{app.processor_seconds - before:5.2f} processor seconds{slow}",
                    flush=True,
                )
        finally:
            app.stop()
            empty.stop()


if __name__ == "__main__":
    main()
