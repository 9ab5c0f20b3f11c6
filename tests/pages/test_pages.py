"""Shortlist and Explore on an empty and a full store: what they say, restore from a link and set apart."""

from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from cache import jobs, published
from cache.requests import Subject
from cache.store import Store
from core.measures.titles import title_of
from core.prediction import DEFAULT
from core.prediction.candidates import PATCHINESS, SPREAD
from core.wording.ranking import example as example_words
from pages.parts.markdown import plain
from tests import TOP, stores
from tests.pages.reading import text_of

APP = str(TOP / "app.py")
COLUMNS = [
    "rank",
    "name",
    "reason",
    "also_rank",
    "chance",
    "trust",
    "predicted",
    "actual",
    "origin",
    "family",
]


def opened(folder: Path, monkeypatch: pytest.MonkeyPatch, page: str | None = None, **query: Any) -> AppTest:
    """The app on the store in `folder`, at `page` ("pages/….py"), as if `query` stood in the address."""
    monkeypatch.setenv("LATENT_SHORTLIST_STORE", str(folder))
    app = AppTest.from_file(APP, default_timeout=60)
    if page:
        app.switch_page(page)
    for key, value in query.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception
    return app


def words(app: AppTest) -> str:
    """All text of the page."""
    return "\n".join(
        str(element.value)
        for kind in (app.title, app.subheader, app.markdown, app.caption)
        for element in kind
    )


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the published figures and three checkpoints of our own: covered, not covered, uploaded."""
    store = stores.new(tmp_path_factory.mktemp("full") / "store")
    spread = {"eee": 0.66, "vrm": 0.31, "isoscore": 0.09}
    bert = {"family": "BERT", "architecture": "BertModel", "kind": "encoder"}
    add(store, "a" * 32, "our BERT", spread, corpus="ptb+wikitext-2", layers=12, width=768, **bert)
    add(store, "b" * 32, "our MiniLM", spread, corpus="standard-library", layers=6, width=384, **bert)
    add(store, "c" * 32, "our vectors.npy", spread, origin="uploaded", family="uploaded vectors")
    store.ingest()
    return store.folder


def add(
    store: Store,
    subject: str,
    name: str,
    values: dict[str, float],
    corpus: str = "",
    origin: str = "measured",
    cloud: str = "0",
    sequences: int = 5000,
    n: int = 9000,
    **facts: Any,
) -> None:
    """Measures of one checkpoint, of a cloud of its own or (cloud "") of its output embedding."""
    store.add("checkpoints", [{"subject": subject, "name": name, "origin": origin, **facts}])
    key = f"{subject}{cloud}" if cloud else ""
    if cloud:
        row = {"cloud": key, "subject": subject, "corpus": corpus or None, "position": "all", "n": n}
        store.add(
            "clouds",
            [row | {"sequences": sequences if corpus else None, "layer": facts.get("layers")}],
        )
    common = {"subject": subject, "cloud": key, "parameters": "{}", "seed": 0, "version": 1, "origin": origin}
    store.add("measurements", [common | {"measure": m, "value": v, "n": n} for m, v in values.items()])


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the published figures only."""
    return stores.new(tmp_path_factory.mktemp("example") / "store").folder


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store into which nothing was preloaded."""
    monkeypatch.setattr(published, "preload", lambda connection: None)
    return tmp_path / "bare"


def test_a_first_start_offers_three_ways_to_begin_and_a_folded_example(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(tmp_path, monkeypatch)
    assert not app.dataframe and len(app.title) == 1
    assert [button.key for button in app.button] == ["welcome_minilm"]
    assert {link.proto.page for link in app.get("page_link")} == {"add"}
    app.session_state["example"] = True
    app.run()
    assert example_words() in words(app)
    ranked, apart = (table.value for table in app.dataframe[:2])
    assert len(app.title) == 1 and text_of(app.header[0].value).endswith(" · ".join(ranked["name"][:3]))
    assert len(ranked) == 179 and ranked["chance"].sum() == pytest.approx(300, abs=8)
    assert {name: list(why) for name, why in zip(apart["name"], apart["reason"], strict=True)} == {
        "Corpus (RoBERTa)": ["outside the joint range"],
        "German (BERT-base)": ["IsoScore below range"],
    }
    assert "179 of 179 checkpoints." in words(app)
    assert app.selectbox(key="predictor").value == DEFAULT and "predictor" not in app.query_params


def test_the_installed_encoder_is_queued_once_from_the_first_screen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cache.worker.ensure_workers", lambda store, limit=None: 0)
    app = opened(tmp_path, monkeypatch)
    app.button(key="welcome_minilm").click().run()
    assert not app.exception and app.title[0].value == "Add models, vectors and scores"  # where the queue is
    (job,) = jobs.list_jobs(Store(tmp_path))
    assert [piece.subject for piece in job.main] == [Subject("minilm")]
    assert job.main[0].request.settings.measures == "dispersion,spread,unembedding"
    again = opened(tmp_path, monkeypatch)
    assert again.button(key="welcome_minilm").disabled
    assert f"{job.title}: queued, see the queue" in {link.proto.label for link in again.get("page_link")}


def test_what_the_reference_does_not_cover_is_set_apart_with_reasons(
    full: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(full, monkeypatch, predictor="linear", predict_from=list(SPREAD), columns=COLUMNS)
    ranked, apart = (table.value for table in app.dataframe if "trust" in table.value)
    assert list(ranked["name"]) == ["our BERT"]
    assert text_of(app.title[0].value).startswith("our BERT: predicted GLUE average 0.")
    assert {name: list(why) for name, why in zip(apart["name"], apart["reason"], strict=True)} == {
        "our MiniLM": ["other architecture", "other text"],
        "our vectors.npy": ["architecture unknown"],
    }
    assert list(apart["also_rank"]) == [1, 2] and app.button(key="rank_all").label == (
        "Rank all 3 by eigenvalue early enrichment"
    )
    assert "Outside what the reference covers (2), ranked by eigenvalue early enrichment" in words(app)
    assert ranked.set_index("name").loc["our BERT", "origin"] == "measured here"
    app.query_params["tab"] = "published"
    app.run()
    published, apart = (table.value for table in app.dataframe if "trust" in table.value)
    assert len(published) == 178
    assert {name: list(why) for name, why in zip(apart["name"], apart["reason"], strict=True)} == {
        "BERT-small, unperturbed": ["Eigenvalue early enrichment below range"],
        "Corpus (RoBERTa)": ["outside the joint range"],
        "German (BERT-base)": ["IsoScore below range"],
    }


def test_filters_narrow_the_shortlist_and_its_chances(full: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(full, monkeypatch, origin=["published"])
    app.multiselect(key="family").set_value(["BERT-base"]).run()
    ranked = app.dataframe[0].value
    assert set(ranked["family"]) == {"BERT-base"} and ranked["chance"].sum() == pytest.approx(300, abs=8)
    app.multiselect(key="origin").set_value([]).run()
    app.text_input(key="find").set_value("our bert").run()
    assert not app.exception and text_of(app.title[0].value).startswith("our BERT: predicted GLUE average 0.")
    app.text_input(key="find").set_value("nothing is called this").run()
    assert not app.exception and "No checkpoint fits these filters" in words(app)


@pytest.mark.parametrize("score", ["glue_average", "glue_average_8_tasks", "SST-2"])
def test_the_heading_names_the_first_rows_of_the_table(
    example: Path, monkeypatch: pytest.MonkeyPatch, score: str
) -> None:
    app = opened(example, monkeypatch, score=score, predictor="linear", predict_from=list(SPREAD))
    ranked = app.dataframe[0].value
    assert text_of(app.header[0].value).endswith(": " + " · ".join(ranked["name"][:3]))
    assert ranked["chance"].sum() == pytest.approx(300, abs=15)  # each is rounded
    if score == "glue_average":
        assert ranked["actual"].notna().sum() == 178
    else:  # several have no known score: they are the candidates, and those with one stand below
        assert "actual" not in ranked
        checked = app.dataframe[1].value
        assert checked["actual"].notna().all() and "chance" not in checked
        assert f"With a known {plain(title_of(score))} ({len(checked)})" in words(app)


def test_a_link_restores_the_shortlist(full: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(
        full, monkeypatch, score="SST-2", predictor="both", family=["BERT-small"], size="small", find="noise"
    )
    assert app.selectbox(key="score").value == "SST-2" and app.selectbox(key="predictor").value == "linear"
    assert app.multiselect(key="predict_from").value == [*SPREAD, *PATCHINESS]  # "both" of older links
    assert app.query_params["predictor"] == "linear"
    assert set(app.dataframe[0].value["family"]) == {"BERT-small"}
    assert app.query_params["score"] == "SST-2" and app.query_params["family"] == "BERT-small"
    app.selectbox(key="score").set_value("glue_average").run()
    assert "score" not in app.query_params  # the default needs no place in the address


@pytest.mark.parametrize("chosen", [[0], [0, 1], [0, 1, 2, 3, 4]])
def test_selected_rows_stand_side_by_side(
    example: Path, monkeypatch: pytest.MonkeyPatch, chosen: list[int]
) -> None:
    app = opened(example, monkeypatch, predictor="linear", predict_from=list(SPREAD))
    picked = {"rows": chosen, "columns": [], "cells": []}
    app.session_state[app.dataframe[0].key] = {"selection": picked}
    app.run()
    assert not app.exception
    shown = [one for one in app.button if (one.key or "").startswith("compare_out-")]
    assert len(shown) == min(len(chosen), 4)
    told = [
        element
        for element in app.markdown
        if "The chance to have the highest GLUE average is" in element.value
    ]
    assert len(told) == (len(chosen) > 1)


def test_explore_shows_the_paper_by_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(tmp_path, monkeypatch, "pages/explore.py")
    assert text_of(app.title[0].value) == (
        "GLUE average rises moderately with Point patchiness as published (LSQ), "
        "but not surely within every family"
    )
    assert dict(zip(app.dataframe[-1].value["Family"], app.dataframe[-1].value["n"], strict=True)) == {
        "All": 181,
        "BERT-base": 12,
        "BERT-small": 126,
        "RoBERTa-base": 43,
    }
    chart = app.get("vega_lite_chart")[0].proto.spec
    assert "n = 181, r = +0.56 (95 % interval +0." in chart


def test_a_link_restores_explore(full: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {"x": "eee", "y": "vrm", "colour": "origin", "families": ["BERT-base", "BERT"], "lines": "family"}
    app = opened(full, monkeypatch, "pages/explore.py", **asked)
    shown = {key: app.selectbox(key=key).value for key in ("x", "y", "colour", "lines")}
    assert shown == {key: asked[key] for key in shown}
    assert app.multiselect(key="families").value == ["BERT-base", "BERT"]
    assert {key: app.query_params[key] for key in asked} == asked
    assert text_of(app.title[0].value).startswith(
        "Vasicek ratio MSE rises strongly with Eigenvalue early enrichment"
    )
    assert "were not measured on the published sample of text" in words(app)


def test_an_address_with_nonsense_shows_the_default(full: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(full, monkeypatch, "pages/explore.py", x="nonsense", families=["nobody"])
    assert app.selectbox(key="x").value == "lsq_patchiness_published"
    assert app.multiselect(key="families").value == []


@pytest.mark.parametrize(
    ("page", "told"),
    [("pages/shortlist.py", "Nothing to rank yet"), ("pages/explore.py", "Nothing to draw yet")],
)
def test_an_empty_store_says_what_to_do(
    bare: Path, monkeypatch: pytest.MonkeyPatch, page: str, told: str
) -> None:
    app = opened(bare, monkeypatch, page)
    assert told in words(app) and "come through **Add**" in words(app)
    assert app.page_link[-1].value == "Add models"


def test_a_store_that_cannot_be_opened_is_said_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.errors import InputError

    def refuse(folder: Path) -> Store:
        raise InputError("This store was written by a newer version; update the program.")

    monkeypatch.setattr(Store, "open", refuse)
    app = opened(tmp_path, monkeypatch)
    assert [error.value for error in app.error] == [
        "This store was written by a newer version; update the program."
    ]


def test_a_page_asked_for_first_comes_through_the_entry_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Before its first st.navigation, Streamlit runs a file of pages/ by itself, as it does on a new server.
    monkeypatch.setenv("LATENT_SHORTLIST_STORE", str(tmp_path))
    app = AppTest.from_file(APP, default_timeout=60)
    app.switch_page("pages/explore.py").run()
    assert not app.exception
    assert app.session_state["came through app.py"]


def test_a_link_restores_the_clicked_point_colour_and_size_of_explore(
    full: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {"x": "eee", "y": "vrm", "colour": "isoscore", "points": "parameters", "point": "a" * 32}
    app = opened(full, monkeypatch, "pages/explore.py", **asked, chart="large")
    assert {key: app.query_params[key] for key in asked} == asked and app.query_params["chart"] == "large"
    assert (
        "our BERT" in text_of(words(app))
        and app.button(key="explore_send").label == "Compare it on Shortlist"
    )
    spec = app.get("vega_lite_chart")[0].proto.spec
    assert f'"value": [{{"subject": "{"a" * 32}"}}]' in spec and '"field": "parameters"' in spec


@pytest.mark.parametrize(("old", "tab"), [("quantized_cells", "cells"), ("token_gap", "gap")])
def test_the_tabs_of_explore_are_where_the_earlier_addresses_lead(
    full: Path, monkeypatch: pytest.MonkeyPatch, old: str, tab: str
) -> None:
    assert f'"{old}": ("explore", "{tab}")' in Path(APP).read_text()
    app = opened(full, monkeypatch, "pages/explore.py", tab=tab)
    assert app.query_params["tab"] == tab and len(app.title) == 1
