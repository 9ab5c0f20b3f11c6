"""Add: the card on references says what stands here, what measuring the rest takes, and queues it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from cache import jobs
from cache.store import Store
from cache.tasks.reference_build import ReferenceBuild
from tests import TOP, fake_hub, stores, tiny
from tests.fake_hub import FakeHub

NAMES = ["EleutherAI/pythia-70m-deduped", "openai-community/gpt2", "EleutherAI/pythia-160m-deduped"]


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The page over a store of its own, and no worker."""
    stores.new(tmp_path / "store")
    monkeypatch.setenv("LATENT_SHORTLIST_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("LATENT_SHORTLIST_ROOTS", str(tmp_path))
    monkeypatch.setattr("cache.worker._start", lambda *asked, **more: None)
    app = AppTest.from_file(str(TOP / "app.py"), default_timeout=60).switch_page("pages/add.py")
    app.session_state["references_open"] = True
    return app


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    folder = tiny.llama(tmp_path / "model")
    with fake_hub.serving() as hub:
        hub.connect(monkeypatch, tmp_path / "hub")
        for name in NAMES:
            hub.add(name, folder)
        shutil.rmtree(folder)
        yield hub


def keys(page: AppTest) -> set[str | None]:
    assert not page.exception
    return {button.key for button in page.button}


def shown(page: AppTest) -> str:
    return "\n".join(element.value for element in [*page.markdown, *page.caption]).replace("\\", "")


def choose(page: AppTest, millions: int) -> AppTest:
    page.run()
    page.segmented_control(key="reference_name").set_value("decoders")
    page.number_input(key="reference_largest").set_value(millions)
    return page.run()


def test_with_the_hub_off_there_is_a_sentence_and_no_button(page: AppTest) -> None:
    page.run()
    assert not {"reference_build", "reference_ask"} & keys(page)
    assert "HF_HUB_OFFLINE is set" in shown(page)
    (table,) = [one.value for one in page.dataframe if "Measured here" in one.value]
    assert table["Checkpoints"].tolist() == ["168 of 168", "0 of 104", "0 of 61", "none"]
    assert table["Measured here"].tolist() == [1.0, 0.0, 0.0, 0.0]


def test_the_total_follows_from_the_limit_and_from_what_the_hub_lists(
    page: AppTest, hub: FakeHub, tmp_path: Path
) -> None:
    choose(page, 200)
    assert page.button(key="reference_build").label == "Measure 3 decoders"
    assert "about 708 MB for 3 checkpoints (3 judged by the number of parameters)" in shown(page)
    page.button(key="reference_ask").click().run()
    assert "3 checkpoints (3 as listed on the hub)" in shown(page)
    hub.close(NAMES[0])
    page.button(key="reference_ask").click().run()
    assert "1 cannot be had from the hub: 2 to measure" in shown(page)
    assert f"no repository {NAMES[0]} on the hub" in shown(page)
    page.button(key="reference_build").click().run()
    (job,) = jobs.list_jobs(Store(tmp_path / "store"))
    assert {piece.subject.name for piece in job.main} == set(NAMES[1:])


def test_the_button_queues_what_was_chosen_once(page: AppTest, hub: FakeHub, tmp_path: Path) -> None:
    choose(page, 200)
    page.selectbox(key="reference_depth").set_value("unembedding")
    page.number_input(key="reference_budget").set_value(3).run()
    page.button(key="reference_build").click().run()
    assert "reference_build" not in keys(page)
    (job,) = jobs.list_jobs(Store(tmp_path / "store"))
    assert [piece.subject.name for piece in job.pieces] == NAMES
    request = job.pieces[0].request
    assert isinstance(request, ReferenceBuild)
    assert (request.reference, request.max_parameters, request.disk_budget) == (
        "decoders",
        200_000_000,
        3_000_000_000,
    )
    assert request.settings.measures == "unembedding" and not request.keep_weights
