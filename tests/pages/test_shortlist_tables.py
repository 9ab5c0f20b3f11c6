"""The tables of Shortlist: what agrees with the heading, what a link restores, and what a file gets."""

import io
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from cache.marks import marks
from cache.store import Store
from core.tables.as_csv import as_csv
from pages.parts.columns import COLUMNS
from tests.own_scores import BEST, own_store
from tests.pages.reading import text_of
from tests.pages.test_pages import opened, words

NAMES = ["rank", "name", "range", "chance", "parameters", "predicted", "rank_low", "rank_high"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixteen checkpoints, ten with a score, so that there are six to choose among."""
    return own_store(tmp_path_factory.mktemp("own") / "store", scored=10, noise=0.03).folder


def shown(folder: Path, monkeypatch: pytest.MonkeyPatch, **query: Any) -> AppTest:
    return opened(folder, monkeypatch, score="my_task", **query)


def select(app: AppTest, rows: list[int], table: int = 0) -> AppTest:
    """Select rows of a table as the browser does."""
    picked = {"rows": rows, "columns": [], "cells": []}
    app.session_state[app.dataframe[table].key] = {"selection": picked}
    app.run()
    assert not app.exception
    return app


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> list[pd.DataFrame]:
    """The rows of every file that the page offers, read back from the CSV."""
    offered: list[pd.DataFrame] = []

    def offer(self: object, label: str, data: Any, **look: Any) -> bool:
        offered.append(pd.read_csv(io.BytesIO(data())))
        return False

    monkeypatch.setattr("streamlit.delta_generator.DeltaGenerator.download_button", offer)
    return offered


@pytest.mark.parametrize("query", [{}, {"find": "org"}, {"find": "new"}])
def test_heading_rows_and_chances_are_of_the_same_checkpoints(
    folder: Path, monkeypatch: pytest.MonkeyPatch, query: dict[str, Any]
) -> None:
    app = shown(folder, monkeypatch, **query)
    first = app.dataframe[0].value
    best = 3 if len(first) > 3 else 1
    assert first["chance"].sum() == pytest.approx(100 * best, abs=len(first))
    assert list(first["chance"]) == sorted(first["chance"], reverse=True)
    assert text_of(app.title[0].value).endswith(": " + " · ".join(first["name"][:best]))


def compared_in(app: AppTest) -> int:
    """How many checkpoints the panel shows: each has a button that takes it out."""
    return sum((button.key or "").startswith("compare_out-") for button in app.button)


def test_what_is_compared_stays_is_in_the_link_and_opens_above_its_table(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = select(shown(folder, monkeypatch), [0, 1])
    names = app.dataframe[0].value["name"].iloc[:2].tolist()
    asked = app.query_params["compared"]
    assert len(asked) == 2 and compared_in(app) == 2
    app.text_input(key="find").set_value("model-0").run()  # neither of the two
    assert not app.exception and app.query_params["compared"] == asked and compared_in(app) == 2
    assert all(name in text_of(words(app)) for name in names)

    other = shown(folder, monkeypatch, compared=asked)
    assert compared_in(other) == 2 and other.query_params["compared"] == asked
    out = next(button for button in other.button if (button.key or "").startswith("compare_out"))
    out.click().run()
    assert compared_in(other) == 1 and other.query_params["compared"] in (asked[1], [asked[1]])
    assert "select another to compare" in words(other)
    next(b for b in other.button if (b.key or "").startswith("compare_out")).click().run()
    assert "compared" not in other.query_params


def test_a_ranking_by_a_measure_compares_and_shows_ranges_too(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = select(shown(folder, monkeypatch, rank_by="dispersion"), [0, 2])
    table = app.dataframe[0].value
    assert table["range"].str.startswith("data:image/svg").all() and table["by"].is_monotonic_decreasing
    assert len(app.query_params["compared"]) == 2
    assert "Side by side" in words(app)


def test_a_checkpoint_that_this_store_lacks_is_counted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = shown(folder, monkeypatch, compared=["f" * 32])
    assert "Of this link's comparison, 1 are not in this store." in words(app)


def test_columns_order_and_groups_come_from_the_link(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = shown(folder, monkeypatch, columns=[*NAMES, "isoscore", "family"], sort="predicted", order="up")
    first = app.dataframe[0].value
    assert list(first.columns) == [*NAMES, "isoscore", "family"]
    assert first["predicted"].is_monotonic_increasing and not first["rank"].is_monotonic_increasing
    grouped = shown(folder, monkeypatch, group="family").dataframe[1].value
    names = grouped["group"].tolist()
    assert names == sorted(names, key=names.index) and len(set(names)) < len(names)


def test_numbers_limit_rows_and_chances(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = shown(folder, monkeypatch, limit=["dispersion"], min_dispersion="0.5", max_dispersion="0.6")
    rows = app.dataframe[0].value
    whole = shown(folder, monkeypatch, columns=[*NAMES, "dispersion"]).dataframe[0].value
    kept = whole[whole["dispersion"].between(0.5, 0.6)]["name"]
    assert 0 < len(kept) < len(whole) and set(rows["name"]) == set(kept)
    assert app.query_params["max_dispersion"] == "0.6"
    wrong = shown(folder, monkeypatch, limit=["dispersion"], min_dispersion="x")
    assert len(wrong.dataframe[0].value) == len(whole)


def test_the_file_is_what_the_tables_show(
    folder: Path, monkeypatch: pytest.MonkeyPatch, files: list[pd.DataFrame]
) -> None:
    app = shown(folder, monkeypatch, columns=NAMES, sort="parameters", order="down")
    (file,) = files[-1:]
    tables = [table.value for table in app.dataframe if "name" in table.value]
    assert file["Checkpoint"].tolist() == [name for table in tables for name in table["name"]]
    assert file["list"].unique().tolist() == ["to choose among", "score known", "not ranked"]
    assert (file["low"] < file["high"]).all() and "svg" not in file.to_csv()
    assert pd.api.types.is_integer_dtype(file["Size"])
    titles = {column.name: column.title for column in COLUMNS}
    assert set(file) == {"list", "low", "high"} | {titles[n] for n in NAMES if n != "range"}
    assert as_csv(file)


def test_stars_and_notes_are_kept_shown_and_filtered_by(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = own_store(tmp_path / "store", scored=12)
    app = select(shown(store.folder, monkeypatch), [0])
    subject = app.query_params["compared"]
    subject = subject if isinstance(subject, str) else subject[0]
    app.button(key=f"star_compare-{subject}").click().run()
    app.text_input(key=f"note_compare-{subject}").set_value("ask for weights").run()
    assert not app.exception
    assert marks(Store(store.folder)).loc[subject].tolist() == [True, "ask for weights"]
    first = app.dataframe[0].value
    assert first["star"].tolist()[0] == "★" and first["note"].tolist()[0] == "ask for weights"
    only = shown(store.folder, monkeypatch, starred="only")
    assert [table.value["name"].tolist() for table in only.dataframe] == [[BEST]]


def test_reasons_and_comparison_are_reached_without_the_grid(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = shown(folder, monkeypatch)
    first, second, *_ = app.dataframe[0].value["name"]
    subject = next(one for one in app.selectbox(key="rows_why").options if one == second)
    app.selectbox(key="rows_why").select(subject).run()
    app.button(key="rows_why_open").click().run()
    assert not app.exception and f"### {second}" in text_of(words(app))

    menu = next(one for one in app.multiselect if (one.key or "").startswith("rows_compared-"))
    menu.select(first).select(second).run()
    assert not app.exception and len(app.query_params["compared"]) == 2 and compared_in(app) == 2
    menu = next(one for one in app.multiselect if (one.key or "").startswith("rows_compared-"))
    assert len(menu.value) == 2
    menu.set_value(menu.value[1:]).run()
    assert compared_in(app) == 1
