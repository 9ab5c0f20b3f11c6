"""store backup, restore and check: all rows in one file, and a damaged file is named."""

import json
import shutil
from pathlib import Path

import pytest

import cli
from cache import snapshots
from cache.store import Store
from tests import stores
from tests.cache.test_damage import cut
from tests.cache.test_store import measured, measurement, score


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = stores.new(tmp_path / "store")
    made.add("measurements", [measurement("a"), measurement("b")])
    made.ingest()
    made.add("scores", [score(0.5)])  # a part that waits
    return made


def rows(store: Store, table: str) -> list:
    frame = store.query(f"SELECT * FROM main.{table} ORDER BY ALL")
    return frame.astype(str).to_numpy().tolist()


def test_what_was_backed_up_comes_back(store: Store, tmp_path: Path, capsys) -> None:
    file = tmp_path / "kept.duckdb"
    assert cli.main(["store", "backup", str(file), "--store", str(store.folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"file": str(file), "bytes": file.stat().st_size}
    assert cli.main(["store", "restore", str(file), "--store", str(tmp_path / "new"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"store": str(tmp_path / "new"), "measured": 2}
    again = Store(tmp_path / "new")
    for table in ("measurements", "scores", "covariates", "checkpoints", "clouds"):
        assert rows(again, table) == rows(store, table)
    again.add("measurements", [measurement("c"), measurement("a", value=9.0)])
    again.ingest()
    assert measured(again) == [("a", 0, 1.0), ("b", 0, 1.0), ("c", 0, 1.0)]


def test_a_store_is_not_restored_over_another_nor_from_damage(store: Store, tmp_path: Path, capsys) -> None:
    file = tmp_path / "kept.duckdb"
    file.write_bytes(store._snapshot().read_bytes())
    assert cli.main(["store", "restore", str(file), "--store", str(store.folder)]) == 1
    assert capsys.readouterr().err.strip() == (
        f"{store.folder} holds a store: name another folder with --store DIR, or move that one."
    )
    cut(file)
    assert cli.main(["store", "restore", str(file), "--store", str(tmp_path / "new")]) == 1
    assert capsys.readouterr().err.startswith(f"{file} cannot be restored (")
    assert not (tmp_path / "new").exists()


def test_check_names_what_is_damaged_and_changes_nothing(store: Store, tmp_path: Path, capsys) -> None:
    copy = tmp_path / "copy"  # of which this process has no file open
    shutil.copytree(store.folder, copy)
    asked = ["store", "check", "--store", str(copy), "--json"]
    assert cli.main(asked) == 0
    files = json.loads(capsys.readouterr().out)["files"]
    newest = copy / "snapshots" / store._snapshot().name
    assert {file["fault"] for file in files} == {None} and len(files) == 3
    cut(newest)
    assert cli.main(asked) == 1
    faults = {file["file"]: file["fault"] for file in json.loads(capsys.readouterr().out)["files"]}
    assert [name for name, fault in faults.items() if fault] == [f"snapshots/{newest.name}"]
    assert snapshots.fault(newest) and cli.main(["store", "check", "--store", "/nowhere"]) == 1
