"""Every page opens, whatever the store holds; a new one is a file in pages/ and a line in app.py."""

import ast
import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from cache import published
from cache.store import Store
from tests import TOP, page_names, stores
from tests.pages.test_pages import words

FIRST = "shortlist"  # stands at the root of the address
TOY = """import streamlit as st

from pages.parts.common import open_store

store = open_store()
st.title(f"A toy with {len(store.query('SELECT * FROM checkpoints'))} checkpoints")
"""


def opened(top: Path, name: str, store: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """A page of the app whose files are in `top`, on a store."""
    monkeypatch.setattr("cache.worker.ensure_workers", lambda store, limit=None: 0)
    monkeypatch.setenv("LATENT_SHORTLIST_STORE", str(store))
    monkeypatch.setenv("LATENT_SHORTLIST_ROOTS", "")
    app = AppTest.from_file(str(top / "app.py"), default_timeout=90)
    if name != FIRST:
        app.switch_page(f"pages/{name}.py")
    app.run()
    assert not app.exception
    return app


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store as it is on first start."""
    return stores.new(tmp_path_factory.mktemp("fresh") / "store").folder


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store into which nothing was preloaded."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(published, "preload", lambda connection: None)
        return Store.open(tmp_path_factory.mktemp("bare") / "store").folder


def navigation(top: Path) -> list[str]:
    """The pages that app.py names, in its order."""
    tree = ast.parse((top / "app.py").read_text())
    (entries,) = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "PAGES"
    ]
    return [entry[0] for entry in ast.literal_eval(entries)]


def test_the_navigation_names_every_file() -> None:
    assert sorted(navigation(TOP)) == page_names()


@pytest.mark.parametrize("name", page_names())
def test_it_opens_on_a_fresh_store(name: str, fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(TOP, name, fresh, monkeypatch)
    assert len(app.title) == 1 and app.title[0].value
    assert len(words(app)) > 200  # a page that shows something says what, and what it does not show


@pytest.mark.parametrize("name", page_names())
def test_it_opens_on_an_empty_store(name: str, bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(TOP, name, bare, monkeypatch)
    assert len(app.title) == 1 and len(words(app)) > 100


def test_a_new_page_is_one_file_and_one_line(
    tmp_path: Path, fresh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("pages", ".streamlit"):
        shutil.copytree(TOP / folder, tmp_path / folder)
    (tmp_path / "pages/toy.py").write_text(TOY)
    begins = "PAGES = (  # file in pages/, title, icon, what it is for\n"
    before, after = (TOP / "app.py").read_text().split(begins)
    line = '    ("toy", "Toy", "toys", "A page that a test adds."),\n'
    (tmp_path / "app.py").write_text(f"{before}{begins}{line}{after}")
    app = opened(tmp_path, FIRST, fresh, monkeypatch).switch_page("pages/toy.py").run()
    assert app.title[0].value.startswith("A toy with 1")
    # The tests above and the screenshots take their pages from there.
    assert set(page_names(tmp_path)) == {*page_names(), "toy"} == set(navigation(tmp_path))
