"""Stores of every earlier schema: opened by today's program, nothing in them is lost and everything reads."""

import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cache import migrations
from cache.predictions import overview_of
from cache.store import Store
from cache.tables import export_frame

NOW = datetime(2026, 1, 2, 3, 4, 5)
EARLIER = range(1, len(migrations.MIGRATIONS))

# A row of every table that a program of that time would have written, with the columns that a schema has.
ROWS: dict[str, dict[str, Any]] = {
    "checkpoints": {
        "subject": "aa",
        "name": "mine",
        "origin": "measured",
        "source": "folder",
        "path": "/models/mine",
        "family": "BERT",
        "architecture": "BertModel",
        "parameters": 110_000_000,
        "layers": 12,
        "width": 768,
        "added_at": NOW,
    },
    "clouds": {
        "cloud": "c1",
        "subject": "aa",
        "corpus": "words.txt",
        "sequences": 5000,
        "text_seed": 0,
        "layer": 12,
        "position": "all",
        "n": 60_000,
        "d": 768,
        "note": "2 texts are left out.",
        "created_at": NOW,
    },
    "measurements": {
        "subject": "aa",
        "cloud": "c1",
        "measure": "eee",
        "parameters": "{}",
        "seed": 0,
        "version": 1,
        "value": 0.25,
        "n": 60_000,
        "d": 768,
        "origin": "measured",
        "created_at": NOW,
    },
    "scores": {
        "subject": "aa",
        "name": "mine",
        "benchmark": "ours",
        "task": "triage",
        "metric": "accuracy",
        "value": 0.7,
        "split": "",
        "source": "imported from mine.csv",
        "origin": "imported",
    },
    "covariates": {"subject": "aa", "name": "mine", "covariate": "age", "value": 3.0, "source": "mine.csv"},
    "jobs": {
        "job": "j1",
        "title": "mine",
        "request": "{}",
        "submitted_at": NOW,
        "state": "done",
        "done": 1,
        "failed": 0,
        "total": 1,
    },
    "parts": {"name": "0001-measurements-ab.parquet"},
    "aliases": {"provisional": "unread", "subject": "aa", "created_at": NOW},
    "names": {"subject": "aa", "name": "another", "path": "/models/another", "created_at": NOW},
    "published": {"digest": "an earlier release"},
    "gaps": {
        "subject": "aa",
        "parameters": "{}",
        "seed": 0,
        "version": 1,
        "domain": "digits",
        "reference": "everyday",
        "details": "{}",
        "created_at": NOW,
    },
    "cell_curves": {
        "subject": "aa",
        "cloud": "c1",
        "quantizer": "pq",
        "parameters": "{}",
        "seed": 0,
        "version": 1,
        "curves": "{}",
        "created_at": NOW,
    },
    "fine_tunings": {
        "subject": "aa",
        "task": "RTE",
        "protocol": "{}",
        "data": "d1",
        "version": 1,
        "score": 0.7,
        "metrics": "{}",
        "details": "{}",
        "seconds": 9.0,
        "created_at": NOW,
    },
}
BY_THE_PROGRAM = {"migrations", "parts", "published"}  # tables that hold no results


def columns(connection: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """Table → its columns."""
    result: dict[str, list[str]] = {}
    query = "SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal"
    for table, column in connection.execute(query).fetchall():
        result.setdefault(table, []).append(column)
    return result


def store_of(folder: Path, schema: int) -> dict[str, pd.DataFrame]:
    """Make a store as a program of an earlier schema left it, a part waiting; returns table → its rows."""
    (folder / "parts").mkdir(parents=True)
    (folder / "snapshots").mkdir()
    with duckdb.connect(str(folder / "store.duckdb")) as connection:
        connection.execute(
            "CREATE TABLE migrations (version INTEGER PRIMARY KEY, name TEXT, applied_at TIMESTAMP)"
        )
        for number, function in enumerate(migrations.MIGRATIONS[:schema], start=1):
            function(connection)
            connection.execute("INSERT INTO migrations VALUES (?, ?, ?)", [number, function.__name__, NOW])
        kept = {}
        for table, names in columns(connection).items():
            if table != "migrations":
                row = {name: value for name, value in ROWS[table].items() if name in names}
                if table == "covariates" and "origin" in names:
                    row["origin"] = "imported"
                places = ", ".join("?" * len(row))
                connection.execute(
                    f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})", list(row.values())
                )
            kept[table] = connection.execute(f"SELECT * FROM {table}").df()
    shutil.copy(folder / "store.duckdb", folder / "snapshots" / "000000000001.duckdb")
    waiting = ROWS["measurements"] | {"measure": "isoscore", "value": 0.5}
    pq.write_table(pa.Table.from_pylist([waiting]), folder / "parts" / "0002-measurements-cd.parquet")
    return kept


@pytest.mark.parametrize("schema", EARLIER)
def test_a_store_of_an_earlier_schema_keeps_everything_and_reads(schema: int, tmp_path: Path) -> None:
    before = store_of(tmp_path / "store", schema)
    store = Store.open(tmp_path / "store")
    steps = store.query("SELECT version, name FROM migrations ORDER BY version")
    assert steps["version"].tolist() == list(range(1, len(migrations.MIGRATIONS) + 1))
    assert steps["name"].tolist() == [function.__name__ for function in migrations.MIGRATIONS]
    for table, rows in before.items():
        if table not in BY_THE_PROGRAM:
            ours = "WHERE origin <> 'published'" if "origin" in rows.columns else ""
            ours = ours or ("WHERE subject = 'aa'" if "subject" in rows.columns else "")
            extra = " AND measure = 'eee'" if table == "measurements" else ""
            after = store.query(f"SELECT * FROM main.{table} {ours}{extra}")[list(rows.columns)]
            pd.testing.assert_frame_equal(after, rows, check_dtype=False)
    assert store.query("SELECT origin FROM covariates WHERE subject = 'aa'")["origin"].tolist() == [
        "imported"
    ]
    assert len(store.query("SELECT * FROM aliases")) == ("aliases" in before)
    shown = overview_of(store).rows.loc["aa"]
    assert (shown["name"], shown["eee"], shown["isoscore"], shown["triage"]) == ("mine", 0.25, 0.5, 0.7)
    assert set(export_frame(store).query("subject == 'aa'")["quantity"]) == {"eee", "isoscore", "triage"}


def test_every_table_of_every_schema_has_a_row_in_these_tests(tmp_path: Path) -> None:
    before = store_of(tmp_path / "store", EARLIER[-1])
    assert before.keys() == {*ROWS, "migrations"}
    assert all(len(rows) for rows in before.values())


def test_a_store_opened_twice_is_migrated_once(tmp_path: Path) -> None:
    store_of(tmp_path / "store", 1)
    first = Store.open(tmp_path / "store")
    state = first.state()
    assert Store.open(tmp_path / "store").state() == state
