"""Everything goes out with its source, to places that can be written."""

from pathlib import Path

import pandas as pd
import pytest

from cache import tables as queries
from cache.store import Store
from core.errors import InputError
from tests import stores


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store with one measurement of our own."""
    store = stores.new(tmp_path / "store")
    store.add("checkpoints", [{"subject": "f1", "name": "model", "origin": "measured", "source": "folder"}])
    key = {"subject": "f1", "cloud": "k1", "measure": "eee", "parameters": "{}", "seed": 0, "version": 1}
    store.add("measurements", [key | {"value": 0.5, "origin": "measured"}])
    store.add("clouds", [{"cloud": "k1", "subject": "f1", "corpus": "words.txt", "layer": 3}])
    store.ingest()
    return store


def test_everything_goes_out_with_its_source(store: Store, tmp_path: Path) -> None:
    frame = queries.export_frame(store)
    total = "SELECT (SELECT count(*) FROM measurements) + (SELECT count(*) FROM scores)"
    (mine,) = frame[(frame["origin"] == "measured")].to_dict("records")
    assert (mine["name"], mine["quantity"], mine["value"], mine["corpus"], mine["layer"]) == (
        "model",
        "eee",
        0.5,
        "words.txt",
        3,
    )
    assert mine["options"] == "{}"
    counted = store.query(total).iloc[0, 0]
    assert len(frame) == counted
    assert frame[frame["origin"] == "published"]["source"].notna().all()
    for suffix, read in ((".csv", pd.read_csv), (".parquet", pd.read_parquet)):
        file = tmp_path / f"all{suffix}"
        assert queries.export(store, file) == len(read(file)) == counted
    assert queries.export(store, tmp_path / "all.html") == counted
    assert (tmp_path / "all.html").read_text().count("<tr") == counted + 1


def test_places_that_cannot_be_written_are_named(store: Store, tmp_path: Path) -> None:
    for file, message in (
        (tmp_path / "all.xlsx", "is of no known format: give a name that ends in .csv, .parquet or .html."),
        (
            tmp_path / "no" / "all.csv",
            f"cannot be written (Cannot save file into a non-existent directory: '{tmp_path}/no'): give "
            "another place.",
        ),
    ):
        with pytest.raises(InputError) as caught:
            queries.export(store, file)
        assert str(caught.value) == f"{file} {message}"
