"""The tab Cells of Explore without a browser, empty and full."""

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from cache import jobs
from cache.requests import CellStudy, Plan, Settings, Subject, Vectors
from cache.store import Store
from cache.tasks import cell_picture
from cache.tasks.cell_picture import CellPicture
from cache.tasks.cell_study import cell_rows, study
from cache.tasks.measure import measure_subject
from cache.uploads import keep
from tests import TOP, stores

Open = Callable[..., AppTest]


def upload(store: Store, name: str, vectors: np.ndarray) -> Subject:
    file = io.BytesIO()
    np.save(file, vectors.astype(np.float32))
    file.seek(0)
    kept = keep(store.folder, file, f"{name}.npy")
    return Vectors(name, path=str(kept.path))


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three uploaded clouds from even to clumped, quantized at two sizes and with two numbers of bins."""
    store = stores.new(tmp_path_factory.mktemp("cells") / "store")
    rng = np.random.default_rng(0)
    for index, clumps in enumerate((0, 300, 520)):
        vectors = rng.normal(size=(600, 4))
        vectors[:clumps] = vectors[:clumps] * 0.01 + 1
        subject = upload(store, f"cloud {index}", vectors)
        settings = Settings(measures="pq")
        measure_subject(store, subject, replace(settings, quantizer_seeds=2))
        study(store, subject, CellStudy(settings, Plan(k=(16, 256))))
        study(store, subject, CellStudy(settings, Plan(shares=(0.5, 1.0))))
    return store.folder


@pytest.fixture
def open_page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Open:
    monkeypatch.setattr("cache.worker.ensure_workers", lambda store, limit=None: 0)

    def open_it(folder: Path, **query: str) -> AppTest:
        monkeypatch.setenv("LATENT_SHORTLIST_STORE", str(folder))
        monkeypatch.setenv("LATENT_SHORTLIST_ROOTS", str(tmp_path))
        app = AppTest.from_file(str(TOP / "app.py"), default_timeout=90).switch_page("pages/explore.py")
        app.query_params["tab"] = "cells"
        for key, value in query.items():
            app.query_params[key] = value
        app.run()
        assert not app.exception
        return app

    return open_it


def words(app: AppTest) -> str:
    shown = [*app.title, *app.subheader, *app.markdown, *app.caption, *app.warning]
    return "\n".join(str(element.value) for element in shown).replace("\\", "")


def test_an_empty_store_offers_one_button(open_page: Open, tmp_path: Path) -> None:
    stores.new(tmp_path / "store")
    page = open_page(tmp_path / "store")
    assert "Nothing has been quantized in this store yet." in words(page)
    assert "An example: all-MiniLM-L6-v2" in words(page)
    assert len(page.get("vega_lite_chart")) == 4  # the cloud, occupancy, distances, errors
    assert page.multiselect(key="cells_subjects").value == ["all-MiniLM-L6-v2, installed with this app"]
    page.number_input(key="cells_at").set_value(2000).run()
    page.button(key="cells_measure").click().run()
    (job,) = jobs.list_jobs(Store(tmp_path / "store"))
    assert (job.pieces[0].request.settings.measures, job.pieces[0].request.settings.at) == ("cells", 2000)
    assert job.pieces[0].subject == Subject("minilm")
    assert "Queue" in [header.value for header in page.subheader]


def test_two_clouds_stand_side_by_side_with_a_sentence_a_picture(open_page: Open, full: Path) -> None:
    page = open_page(full, quantizer="pq")
    text = words(page)
    assert page.title[0].value == "cloud 1 fills its cells more evenly than cloud 2"
    for title in ("Cell occupancy", "Centroid distances", "Reconstruction errors"):
        assert title in text
    assert "cloud 2 is the steeper: its vectors clump more." in text
    assert "By Point patchiness (PQ), the order" in text
    assert "over 3 checkpoints. So few checkpoints say little." in text
    assert " at 300 vectors to " in text
    assert len(page.get("vega_lite_chart")) == 6 + 1 + 1  # pictures, growth, ranks over k; M does not vary
    table = next(frame.value for frame in page.dataframe if "What it says" in frame.value)
    assert len(table) == 9 and "(2 seeds)" in table.iloc[0, 1]


def test_a_cloud_is_drawn_by_a_job(open_page: Open, full: Path) -> None:
    page = open_page(full, quantizer="pq")
    buttons = [button for button in page.button if button.label.startswith("Draw cloud ")]
    assert [button.label for button in buttons] == ["Draw cloud 2", "Draw cloud 1"]
    buttons[0].click().run()
    store = Store(full)
    job = jobs.list_jobs(store)[0]
    (piece,) = job.pieces
    assert piece.request == CellPicture(quantizer="pq") and piece.subject.name == "cloud 2"
    page = open_page(full, quantizer="pq")
    assert "Being drawn; the queue below says how far." in words(page)
    before = len(page.get("vega_lite_chart"))
    cell_picture.run(store, piece.subject, piece.request, lambda *far: None, None)
    jobs.forget(store, job.id)
    page = open_page(full, quantizer="pq")
    assert len(page.get("vega_lite_chart")) == before + 1
    assert "cloud 2: the 7 fullest of 256 cells hold" in words(page)
    page.segmented_control(key="codebook").set_value("3").run()
    assert page.query_params["codebook"] == "3"


def test_a_link_restores_what_is_chosen(open_page: Open, full: Path) -> None:
    page = open_page(full, quantizer="pq")
    options = page.selectbox(key="a").options
    picked = next(option for option in options if option == "cloud 0: 300 vectors")
    page.selectbox(key="a").select(picked).run()
    address = {key: page.query_params[key] for key in ("a", "quantizer")}
    again = open_page(full, **address)
    assert again.title[0].value == page.title[0].value
    assert (
        "cloud 0" in again.title[0].value and "not quantized at one number of vectors" in again.title[0].value
    )
    assert "have 300 and 600 vectors: cells compare only at one number." in words(again)
    again.button(key="cells_same").click().run()
    job = jobs.list_jobs(Store(full))[0]
    assert (job.pieces[0].request.settings.at, type(job.pieces[0].subject)) == (300, Vectors)
    jobs.forget(Store(full), job.id)


def test_growth_and_sweep_are_queued_as_studies(open_page: Open, full: Path) -> None:
    page = open_page(full, quantizer="pq")
    next(button for button in page.button if "n/8" in button.label).click().run()
    job = jobs.list_jobs(Store(full))[0]
    assert job.pieces[0].request.plan == Plan((4,), (256,), (0.125, 0.25, 0.5, 1.0))
    jobs.forget(Store(full), job.id)
    page.multiselect(key="sweep_subjects").set_value(["cloud 0"]).run()
    page.button(key="sweep").click().run()
    job = jobs.list_jobs(Store(full))[0]
    assert job.pieces[0].request.plan == Plan((4,), (16, 64, 256, 1024), (1.0,))
    assert job.pieces[0].request.settings.measures == "pq"
    jobs.forget(Store(full), job.id)


def test_rows_of_cells_carry_their_sizes(full: Path) -> None:
    rows = cell_rows(Store(full))
    assert set(zip(rows["M"], rows["k"], rows["n"], strict=True)) == {
        (4, 256, 600),
        (4, 16, 600),
        (4, 256, 300),
    }
    assert rows.loc[rows["n"] == 300, "at"].tolist() == [300] * (9 * 3)
