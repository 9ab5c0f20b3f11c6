"""Add: variants of chosen checkpoints, and GLUE fine-tuning, become jobs as they were asked for."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from cache import jobs
from cache.requests import GlueRun, Measure
from cache.store import Store
from core.checkpoints.variants import split
from tests import TOP, stores, tiny
from tests.glue_files import write


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The page over a store of its own, with one small encoder under the allowed roots and no worker."""
    stores.new(tmp_path / "store")
    tiny.encoder(tmp_path / "roots" / "small")
    monkeypatch.setenv("LATENT_SHORTLIST_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("LATENT_SHORTLIST_ROOTS", str(tmp_path / "roots"))
    monkeypatch.setattr("cache.worker._start", lambda *asked, **more: None)
    app = AppTest.from_file(str(TOP / "app.py"), default_timeout=60).switch_page("pages/add.py")
    app.session_state["folders"] = [str(tmp_path / "roots" / "small")]
    return app


def queued(tmp_path: Path) -> list[jobs.Job]:
    return jobs.list_jobs(Store(tmp_path / "store"))


def test_variants_are_queued_beside_their_checkpoint(page: AppTest, tmp_path: Path) -> None:
    page.run()
    page.multiselect(key="noise_levels").set_value([0.05, 0.1])
    page.multiselect(key="noise_seeds").set_value([111, 222])
    page.multiselect(key="variant_kinds").set_value(["shuffled"])
    page.run()
    assert not page.exception
    page.button(key="add_measure").click().run()
    (job,) = queued(tmp_path)
    names = [piece.subject.name for piece in job.pieces if isinstance(piece.request, Measure)]
    recipes = [split(name)[1] for name in names]
    assert [None if recipe is None else str(recipe) for recipe in recipes] == [
        None,
        "noise:0.05:111",
        "noise:0.05:222",
        "noise:0.1:111",
        "noise:0.1:222",
        "shuffled:111",
    ]


def test_fine_tuning_is_queued_with_what_was_asked_for(page: AppTest, tmp_path: Path) -> None:
    write(tmp_path / "roots" / "glue", "RTE")
    page.query_params["tab"] = "fine_tuning"
    page.run()
    page.multiselect(key="glue_tasks").set_value(["RTE"])
    page.text_input(key="glue_data").set_value(str(tmp_path / "roots" / "glue"))
    page.number_input(key="glue_examples").set_value(64)
    page.run()
    page.button(key="fine_tune").click().run()
    assert not page.exception
    (job,) = queued(tmp_path)
    (piece,) = job.pieces
    assert isinstance(piece.request, GlueRun)
    assert piece.request.tasks == ("RTE",)
    assert piece.request.data == str((tmp_path / "roots" / "glue").resolve())
    assert piece.request.protocol["train_examples"] == 64


@pytest.mark.parametrize("place", ["/no/such/folder", "outside", "roots/../outside", "roots/link"])
def test_a_folder_that_may_not_be_read_is_as_one_that_is_not_there(
    page: AppTest, tmp_path: Path, place: str
) -> None:
    write(tmp_path / "outside", "RTE")
    (tmp_path / "roots" / "link").symlink_to(tmp_path / "outside")
    page.query_params["tab"] = "fine_tuning"
    page.run()
    page.text_input(key="glue_data").set_value(str(tmp_path / place)).run()
    page.button(key="fine_tune").click().run()
    text = " ".join(element.value for element in page.markdown)
    assert "There is no folder" in text
    assert queued(tmp_path) == []
