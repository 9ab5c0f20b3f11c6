"""What stands under a provisional fingerprint is read as the checkpoint's own, and is written as it was."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from cache.predictions import overview_of
from cache.store import Store
from tests import stores


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return stores.new(tmp_path / "store")


def measurement(subject: str, measure: str, value: float, **changes: Any) -> dict[str, Any]:
    key = {"subject": subject, "cloud": "", "measure": measure, "parameters": "{}", "seed": 0, "version": 1}
    return key | {"value": value, "origin": "measured"} | changes


def checkpoint(subject: str, name: str, **changes: Any) -> dict[str, Any]:
    return {"subject": subject, "name": name, "origin": "measured"} | changes


def own(store: Store, table: str, columns: str) -> list[tuple]:
    rows = store.query(f"SELECT {columns} FROM {table} WHERE origin = 'measured' ORDER BY ALL")
    return list(rows.itertuples(index=False, name=None))


def test_without_aliases_the_tables_are_as_written(store: Store) -> None:
    store.add("measurements", [measurement("quick", "eee", 0.5)])
    store.ingest()
    for table in ("checkpoints", "clouds", "measurements", "scores", "covariates", "gaps"):
        read, written = (
            store.query(f"SELECT * FROM {name} ORDER BY ALL") for name in (table, f"main.{table}")
        )
        assert read.equals(written.drop(columns="deleted", errors="ignore"))
    assert own(store, "measurements", "subject, value") == [("quick", 0.5)]


def test_an_alias_makes_two_checkpoints_one(store: Store) -> None:
    store.add("checkpoints", [checkpoint("quick", "org/model"), checkpoint("full", "model", path="/model")])
    store.add("measurements", [measurement("quick", "gap_cosine", 0.1), measurement("full", "eee", 0.2)])
    store.add("aliases", [{"provisional": "quick", "subject": "full"}])
    store.ingest()
    assert own(store, "checkpoints", "subject, name, path") == [("full", "model", "/model")]
    assert own(store, "measurements", "subject, measure") == [("full", "eee"), ("full", "gap_cosine")]
    rows = overview_of(store).rows
    assert "quick" not in rows.index and rows.loc["full", "eee"] == 0.2
    assert own(store, "main.checkpoints", "subject") == [("full",), ("quick",)]


def test_of_equal_keys_the_own_fingerprint_is_kept_and_else_the_oldest(store: Store) -> None:
    store.add(
        "measurements",
        [
            measurement("quick", "eee", 0.1),
            measurement("full", "eee", 0.2),
            measurement("quick", "vrm", 0.4, created_at=datetime(2026, 1, 2)),
            measurement("copy", "vrm", 0.3, created_at=datetime(2026, 1, 1)),
        ],
    )
    store.add("aliases", [{"provisional": name, "subject": "full"} for name in ("quick", "copy")])
    store.ingest()
    assert own(store, "measurements", "subject, measure, value") == [
        ("full", "eee", 0.2),
        ("full", "vrm", 0.3),
    ]


def test_an_alias_without_a_checkpoint_of_its_own_hides_none(store: Store) -> None:
    store.add("checkpoints", [checkpoint("quick", "org/model")])
    store.add("aliases", [{"provisional": "quick", "subject": "full"}])
    store.ingest()
    assert own(store, "checkpoints", "subject, name") == [("full", "org/model")]


def test_every_table_with_a_subject_has_its_view(store: Store) -> None:
    tables = store.query(
        "SELECT DISTINCT table_name FROM duckdb_columns() JOIN duckdb_constraints() USING (table_name) "
        "WHERE column_name = 'subject' AND constraint_type = 'PRIMARY KEY' AND table_name <> 'aliases'"
    )
    views = store.query("SELECT view_name FROM duckdb_views() WHERE schema_name = 'merged'")
    assert sorted(tables["table_name"]) == sorted(views["view_name"])
    assert len(views) == 10


def test_what_was_deleted_is_in_no_table_until_it_comes_again(store: Store) -> None:
    key = {"subject": "own", "benchmark": "b", "task": "t", "metric": "accuracy", "split": "", "source": "s"}
    score = key | {"name": "mine", "value": 0.5, "origin": "imported"}
    for deleted, seen in ((None, [0.5]), (True, []), (None, [0.5])):
        store.add("scores", [score | {"deleted": deleted}])
        store.add("aliases", [{"provisional": "unread", "subject": "own"}])
        store.ingest()
        rows = store.query("SELECT * FROM scores WHERE origin = 'imported'")
        assert rows["value"].tolist() == seen and "deleted" not in rows
