"""The chip on every page: what is being computed, seen also by a tab that did not start it."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from cache import jobs
from cache.requests import Measure, Subject
from core.wording.jobs import chip
from pages.parts.job_chip import said
from tests import TOP, stores


@pytest.mark.parametrize(
    ("running", "waiting", "seconds", "words"),
    [
        (0, 0, None, ""),
        (2, 0, 40.4, "2 running · 40 s"),
        (1, 3, 600, "1 running · 10 min · 3 waiting"),
        (0, 1, None, "1 waiting"),
    ],
)
def test_it_says_how_many_and_for_how_long(running: int, waiting: int, seconds: float, words: str) -> None:
    assert chip(running, waiting, seconds) == words


def chips(app: AppTest) -> list[str]:
    """What the chip says, if it is there; its link has an icon that no other has."""
    links = [link.proto for link in app.get("page_link")]
    return [link.label for link in links if link.icon == ":material/hourglass_top:"]


def test_a_second_tab_notices_jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cache.worker.ensure_workers", lambda store, limit=None: 0)
    store = stores.new(tmp_path / "store")
    monkeypatch.setenv("LATENT_SHORTLIST_STORE", str(store.folder))
    monkeypatch.setenv("LATENT_SHORTLIST_ROOTS", "")
    app = AppTest.from_file(str(TOP / "app.py"), default_timeout=90).run()
    assert chips(app) == []
    job = jobs.submit(store, Measure(), [Subject("org/one"), Subject("org/two")])
    assert chips(app.run()) == ["2 waiting"]
    jobs.cancel(store, job)
    assert chips(app.run()) == [] and said(jobs.list_jobs(store), 0) == ""
