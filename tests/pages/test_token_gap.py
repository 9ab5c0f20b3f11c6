"""The tab Token gap of Explore without a browser, empty and full; the panels and sentences behind it."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from cache import jobs
from cache.gap_rows import measured
from cache.requests import Gap
from cache.store import Store
from cache.tasks.gap import gap_for
from core.charts import gap as charts_gap
from core.errors import InputError
from core.hub.search import search
from core.reference import gap as published
from core.token_sets.comparison import measured_panels, published_panels
from tests import TOP, stores, tiny
from tests.pages.reading import text_of

Open = Callable[..., AppTest]


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with gaps of three tiny Llamas, two token sets, and a score for each."""
    folder = tmp_path_factory.mktemp("gap-page")
    store = stores.new(folder / "store")
    for seed in range(3):
        model = tiny.llama(folder / "checkpoints" / f"llama-{seed}B", seed=seed)
        for reference in ("function", "random:20"):
            result = gap_for(store, str(model), Gap.of("digits", reference))
    scores = [
        {
            "subject": f"s{seed}",
            "name": f"llama-{seed}B",
            "benchmark": "own",
            "task": "arithmetic",
            "metric": "accuracy",
            "value": 0.2 + seed / 10,
            "split": "test",
            "source": "here",
            "origin": "imported",
        }
        for seed in range(3)
    ]
    store.add("scores", scores)
    store.ingest()
    assert result.subject.endswith("llama-2B")
    return folder


@pytest.fixture
def open_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    monkeypatch.setattr("cache.worker.ensure_workers", lambda store, limit=None: 0)

    def open_it(folder: Path | None = None, **query: object) -> AppTest:
        (tmp_path / "checkpoints").mkdir(exist_ok=True)
        where = tmp_path if folder is None else folder
        if folder is None:
            stores.new(tmp_path / "store")
        monkeypatch.setenv("LATENT_SHORTLIST_STORE", str(where / "store"))
        monkeypatch.setenv("LATENT_SHORTLIST_ROOTS", str(where / "checkpoints"))
        app = AppTest.from_file(str(TOP / "app.py"), default_timeout=90).switch_page("pages/explore.py")
        app.query_params["tab"] = "gap"
        for key, value in query.items():
            app.query_params[key] = value
        app.run()
        assert not app.exception
        return app

    return open_it


def words(app: AppTest) -> str:
    shown = [*app.title, *app.subheader, *app.markdown, *app.caption]
    return "\n".join(str(element.value) for element in shown).replace("\\", "")


def test_a_fresh_store_shows_the_published_tables_and_what_does_not_follow(open_page: Open) -> None:
    page = open_page()
    assert (
        text_of(page.title[0].value)
        == "The gap orders Qwen2.5 models of one size, but not models of different sizes"
    )
    text = words(page)
    assert "Digits against non-math, published (MATH)" in text
    assert "Spearman of gap and MATH: **+0.11** over 8 checkpoints (95 % bootstrap interval" in text
    assert "Spearman of gap and HumanEval: **−0.32** over 4 checkpoints" in text
    assert "Table 3 has 8 rows, not nine" in text
    assert page.button(key="gap_measure").disabled
    table = next(frame.value for frame in page.dataframe if "Gap" in frame.value)
    assert len(table) == 8
    assert table["Gap"].iloc[0] == pytest.approx(1.52)


def test_a_link_restores_distance_and_sets(open_page: Open) -> None:
    page = open_page(distance="euclidean", sets="published-HumanEval")
    text = words(page)
    assert "Spearman of gap and HumanEval: **+1.00** over 4 checkpoints" in text
    assert "published (MATH)" not in text
    assert text_of(page.title[0].value) == (
        "The gap of code correlates with HumanEval over 4 Llama 2 models, too few to be sure"
    )


def test_gaps_measured_here_come_first_with_errors_ties_and_words(open_page: Open, full: Path) -> None:
    page = open_page(full)
    text = words(page)
    assert "Digits against 20 random tokens, measured here" in text
    assert "Digits against Function words, measured here".lower() in text.lower()
    assert "Spearman of gap and arithmetic" in text
    assert "**Digits**: 10 words used, 0 left out" in text
    assert "has the largest gap" in text
    table = next(frame.value for frame in page.dataframe if "± (95 %)" in frame.value)
    assert (table["± (95 %)"] > 0).all()
    assert "Does the paper's claim follow" not in text
    assert page.multiselect(key="sets").value == [panel.id for panel in panels(full)]


def panels(folder: Path) -> list:
    store = Store(folder / "store")
    return measured_panels(measured(store), store.query("SELECT * FROM scores"), published())


def test_the_button_queues_a_job_with_the_words_typed(open_page: Open, full: Path, tmp_path: Path) -> None:
    shutil.copytree(full, tmp_path / "copy")
    page = open_page(tmp_path / "copy")
    page.button(key="take_all_token_gap").click().run()
    page.selectbox(key="gap_domain").set_value("my own words").run()
    assert page.button(key="gap_measure").disabled
    page.text_area(key="gap_domain_words").set_value("a b c").run()
    assert page.button(key="gap_measure").label == "Measure 3 checkpoints"
    page.button(key="gap_measure").click().run()
    assert not page.exception
    [job] = jobs.list_jobs(Store(tmp_path / "copy" / "store"))
    assert [piece.request.domain.words for piece in job.pieces] == [("a", "b", "c")] * 3
    assert page.multiselect(key="folders_token_gap").value == []
    assert "Queue" in [header.value for header in page.subheader]


def test_a_wrong_hub_id_is_said_beside_the_input(open_page: Open) -> None:
    page = open_page()
    page.text_area(key="hub_ids_token_gap").set_value("what/is/this").run()
    assert "what/is/this is no hub id: give it as org/model or org/model@revision, one a line." in words(page)
    assert page.button(key="gap_measure").disabled


def test_panels_keep_the_newest_of_a_name_and_find_scores_by_name(full: Path) -> None:
    rows = measured(Store(full / "store"))
    moved = rows.iloc[[0]].assign(subject="other", created_at=rows["created_at"].max() + pd.Timedelta("1s"))
    moved["cosine_gap"] = 0.5
    result = measured_panels(pd.concat([rows, moved]), pd.DataFrame(columns=_SCORES), published())
    assert [panel.reference for panel in result] == ["function", "random:20"]  # the newest first
    assert sorted(result[0].rows["name"]) == ["llama-0B", "llama-1B", "llama-2B"]
    assert result[0].rows.set_index("name")["cosine_gap"]["llama-0B"] == 0.5
    assert result[0].benchmark == ""
    hub = rows.assign(name=["Qwen/Qwen2.5-7B", "Qwen/Qwen2.5-7B", *["x/y"] * (len(rows) - 2)])
    named = measured_panels(hub, pd.DataFrame(columns=_SCORES), published())[0]
    assert named.benchmark == "MATH"
    assert named.rows.set_index("name")["score"].dropna().to_dict() == {"Qwen/Qwen2.5-7B": 0.498}


_SCORES = ["subject", "name", "task", "metric", "value"]


def test_the_chart_draws_errors_and_scores_only_where_they_are_known() -> None:
    rows = published_panels(published())[0].rows
    plain = json.dumps(charts_gap.bars(rows, "cosine", score="MATH").to_dict())
    assert "MATH (dashed)" in plain
    assert '"y2"' not in plain
    measured_rows = rows.assign(cosine_se=0.02, score=np.nan)
    drawn = json.dumps(charts_gap.bars(measured_rows, "cosine", score="MATH").to_dict())
    assert '"y2"' in drawn
    assert "dashed" not in drawn
    assert charts_gap.short("deepseek-ai/DeepSeek-R1-Distill-Qwen-7B") == "Distill-Qwen-7B"


def test_a_search_of_the_hub_asks_for_everything_given(monkeypatch: pytest.MonkeyPatch) -> None:
    from types import SimpleNamespace

    import huggingface_hub

    asked = {}

    def list_models(self: object, **options: object) -> list:
        asked.update(options)
        return [SimpleNamespace(id="a/b"), SimpleNamespace(id="a/c")]

    monkeypatch.setattr(huggingface_hub, "is_offline_mode", lambda: False)
    monkeypatch.setattr(huggingface_hub.HfApi, "list_models", list_models)
    assert search(owner="a", base_model="q/r", tags=("math",)) == ["a/b", "a/c"]
    assert asked == {
        "author": "a",
        "filter": ["safetensors", "math", "base_model:q/r"],
        "sort": "downloads",
        "limit": 50,
    }

    def broken(self: object, **options: object) -> list:
        raise OSError("no route to host")

    monkeypatch.setattr(huggingface_hub.HfApi, "list_models", broken)
    with pytest.raises(InputError) as caught:
        search(owner="a")
    assert str(caught.value) == "The hub could not be searched (no route to host): try again later."
    with pytest.raises(InputError) as caught:
        search()
    assert str(caught.value) == "The hub holds too much to list: give an owner, a base model or a tag."


def test_a_search_while_the_hub_is_off() -> None:
    with pytest.raises(InputError) as caught:
        search(owner="a")
    assert str(caught.value) == (
        "The hub cannot be searched while it is off (HF_HUB_OFFLINE is set): unset it, or give folders."
    )


def test_what_was_just_measured_is_shown_unless_somebody_chose(
    open_page: Open, full: Path, tmp_path: Path
) -> None:
    shutil.copytree(full, tmp_path / "copy")
    page = open_page(tmp_path / "copy")
    before = page.multiselect(key="sets").value
    model = str(tmp_path / "copy" / "checkpoints" / "llama-0B")
    gap_for(Store(tmp_path / "copy" / "store"), model, Gap.of("digits", "random:9"))
    page.run()
    shown = page.multiselect(key="sets").value
    assert shown != before
    assert "Digits against 9 random tokens, measured here" in words(page)
    page.multiselect(key="sets").set_value(before[:1]).run()
    gap_for(Store(tmp_path / "copy" / "store"), model, Gap.of("digits", "random:8"))
    page.run()
    assert page.multiselect(key="sets").value == before[:1]
