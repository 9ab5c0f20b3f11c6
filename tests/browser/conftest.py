"""Fixtures for the journeys: a server with an empty store, one browser, one watched page a test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser import server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="session")
def chromium_browser() -> Iterator[Browser]:
    """One Chromium for the whole session."""
    if server.chromium() is None:
        pytest.skip("no Chromium is installed (Debian: apt-get install chromium)")
    with server.browser() as running:
        yield running


@pytest.fixture(scope="module")
def start_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., server.App]]:
    """Start servers, each with an empty store and HOME; all are ended when the module's tests are done."""
    running: list[server.App] = []

    def start(roots: list[Path] | None = None, **environment: str) -> server.App:
        app = server.App(tmp_path_factory.mktemp("app"), roots or [], environment)
        running.append(app)
        return app.start()

    yield start
    for app in running:
        app.stop()


@pytest.fixture
def watched(chromium_browser: Browser) -> Iterator[tuple[Page, server.Watched]]:
    """A fresh page, with what it asked for outside and what went wrong in it."""
    context = chromium_browser.new_context(viewport={"width": 1360, "height": 900})
    context.set_default_timeout(30_000)
    seen = server.watch(context)
    yield context.new_page(), seen
    context.close()


@pytest.fixture
def page(watched: tuple[Page, server.Watched]) -> Page:
    """A fresh page."""
    return watched[0]
