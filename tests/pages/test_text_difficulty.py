"""Text difficulty: shipped figures at first start, sentences as found, a study of one's own, the form."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from cache import jobs
from cache.measuring.segments import SegmentedText
from cache.requests import Subject
from cache.store import Store
from cache.tasks.perplexity import Perplexity, study
from core.studies.text_difficulty import shipped
from tests import TOP, stores, tiny


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setattr("cache.worker.ensure_workers", lambda store, limit=None: 0)
    monkeypatch.setenv("LATENT_SHORTLIST_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("LATENT_SHORTLIST_ROOTS", str(tmp_path / "models"))
    return stores.new(tmp_path / "store")


def opened(**address: str) -> AppTest:
    app = AppTest.from_file(str(TOP / "app.py"), default_timeout=90)
    app.switch_page("pages/explore.py")
    app.query_params["tab"] = "difficulty"
    for key, value in address.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception
    return app


def lines(app: AppTest) -> list[str]:
    found = [one.value for one in app.markdown if one.value.startswith("- ")]
    return [line.replace("\\", "") for line in found]  # Markdown is escaped


@pytest.mark.parametrize("view", ["perplexity", "layers", "clusters"])
def test_each_view_shows_small_decoders_with_a_sentence_each(store: Store, view: str) -> None:
    app = opened(difficulty=view)
    kind = "points" if view == "perplexity" else view
    rows = shipped(kind)
    first = rows[rows["text"] == rows["text"].iloc[0]]
    said = lines(app)
    assert len(said) == first["checkpoint"].nunique() >= 2
    assert all("95 % interval" in one or "surely" in one or "cosine distance" in one for one in said)
    assert len(app.get("vega_lite_chart")) == 1


def test_what_was_measured_here_comes_first_and_the_form_queues(store: Store, tmp_path: Path) -> None:
    folder = tiny.llama(tmp_path / "models" / "small-llama")
    file = tmp_path / "words.txt"
    file.write_text("\n".join(tiny.sentences(300, longest=20)))
    text = SegmentedText(str(file), segments=60, length=20, contexts=(8,))
    study(store, Subject(str(folder)), Perplexity(text, size=10, count=4))
    app = opened()
    (one,) = lines(app)
    assert "small-llama" in one and "over 4 bins of words.txt" in one
    app.multiselect(key="folders_difficulty").set_value([str(folder)]).run()
    app.button(key="difficulty_submit_perplexity").click().run()
    assert not app.exception and not app.error
    (job,) = jobs.list_jobs(store)
    request = job.main[0].request
    assert isinstance(request, Perplexity) and request.size == 50 and request.text.shorter
