"""Files from anywhere are read in a process of its own: what unpacks to too much, or takes too long, ends."""

import gzip
import io
import json
import lzma
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cache import imports, label_files, limited, uploads
from cache.store import Store
from core.corpora import packed
from core.corpora.files import read_texts
from core.corpora.questions import read_questions
from core.errors import MOST_LETTERS, InputError, OpenChoiceError
from tests import stores

LIMIT = 2048 * 2**20


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return stores.new(tmp_path / "store")


def repeated(rows: int, width: int, groups: int = 1) -> io.BytesIO:
    """A small Parquet file of `groups` times `rows` lists of `width` zeros."""
    places = pa.array(np.arange(0, rows * width + 1, width or 1, dtype=np.int32)[: rows + 1])
    if not width:
        places = pa.array(np.zeros(rows + 1, np.int32))
    lists = pa.ListArray.from_arrays(places, pa.array(np.zeros(rows * width), pa.float64()))
    file = io.BytesIO()
    with pq.ParquetWriter(file, pa.schema([("v", lists.type)]), compression="zstd") as writer:
        for _ in range(groups):
            writer.write_table(pa.table({"v": lists}))
    return file


def refusal(function, *arguments, **options) -> str:
    with pytest.raises(InputError) as caught:
        function(*arguments, **options)
    return str(caught.value)


def test_an_upload_read_in_a_process_of_its_own_is_the_same(tmp_path: Path) -> None:
    array = np.random.default_rng(0).standard_normal((4000, 20)).astype(np.float32)
    file = io.BytesIO()
    np.save(file, array)
    assert len(file.getvalue()) > limited.SMALL
    kept = uploads.keep(tmp_path, file, "a.npy", limit_bytes=LIMIT)
    assert kept == uploads.keep_here(tmp_path, io.BytesIO(file.getvalue()), "a.npy")
    np.testing.assert_array_equal(np.load(kept.path), array)


def test_questions_and_refusals_come_back_from_there(tmp_path: Path) -> None:
    file = io.BytesIO()
    np.savez(file, a=np.ones((3, 2)), b=np.ones((4, 2)))
    with pytest.raises(OpenChoiceError) as caught:
        uploads.keep(tmp_path, file, "two.npz", limit_bytes=LIMIT)
    assert caught.value.statement == "two.npz holds 2 arrays (a, b)"
    assert (caught.value.field, caught.value.answers) == ("array", {"Measure a": "a", "Measure b": "b"})
    choice = uploads.Choice(array="b")
    assert uploads.keep(tmp_path, file, "two.npz", limit_bytes=LIMIT, choice=choice).n == 4
    message = "no.npz is cut off, damaged or no .npz file: save or download it again."
    assert refusal(uploads.keep, tmp_path, io.BytesIO(b"PK"), "no.npz", limit_bytes=LIMIT) == message


@pytest.mark.parametrize(("rows", "width", "unpacked"), [(2000, 10, 160_000), (30_000, 0, 240_000)])
def test_repeated_values_of_parquet_are_counted(tmp_path: Path, rows: int, width: int, unpacked: int) -> None:
    file = repeated(rows, width)
    assert len(file.getvalue()) < 5000
    assert refusal(uploads.keep_here, tmp_path, file, "a.parquet", limit_bytes=100_000) == (
        f"a.parquet unpacks to {unpacked:,} bytes, over the limit of 100,000: keep fewer rows, or measure it "
        "from the command line."
    )


def test_too_much_memory_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limited, "MEMORY", 100_000_000)
    file = repeated(100_000, 10, groups=20)  # 160 MB of numbers
    assert refusal(uploads.keep, tmp_path, file, "a.parquet", limit_bytes=LIMIT).startswith(
        "a.parquet takes more than 100"
    )
    assert not list(tmp_path.rglob("*.npy"))


def test_too_much_time_is_one_sentence(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limited, "SECONDS", 1)
    file = tmp_path / "slow.csv"
    file.write_text("checkpoint,task\n" + '"a","b"\n' * 1_000_000)
    assert refusal(imports.preview_covariates, store, file) == (
        "slow.csv takes more than 1 s to read: keep fewer rows or columns, or read it elsewhere and save it "
        "as a plain table."
    )


def test_scores_and_covariates_read_there_are_the_same(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores, covariates = tmp_path / "scores.csv", tmp_path / "covariates.csv"
    scores.write_text("checkpoint,benchmark,task,metric,value\nm,B,t,accuracy,0.5\nn,B,t,accuracy,x\n")
    covariates.write_text("checkpoint,tokens,alpha\nm,1e9,0.5\n")
    here = imports.preview_scores(store, scores), imports.preview_covariates(store, covariates)
    monkeypatch.setattr(limited, "SMALL", 0)
    assert (imports.preview_scores(store, [scores]), imports.preview_covariates(store, covariates)) == here


def test_a_table_of_too_many_cells_is_refused(store: Store, tmp_path: Path) -> None:
    names = pa.array(["m"]).take(pa.array(np.zeros(2_100_000, np.int32)))
    columns = dict.fromkeys(("checkpoint", "benchmark", "task", "metric"), names)
    pq.write_table(pa.table(columns | {"value": np.zeros(2_100_000)}), tmp_path / "scores.parquet")
    message = "scores.parquet has 10,500,000 cells: give at most 10,000,000."
    assert refusal(imports.preview_scores, store, tmp_path / "scores.parquet") == message
    content = (tmp_path / "scores.parquet").read_bytes()
    assert "10,500,000 cells" in refusal(label_files.keep, store, content, "rows.parquet")
    assert not list((store.folder / "labelled").rglob("*.parquet"))


def test_a_million_columns_are_refused_and_messages_are_cut(store: Store, tmp_path: Path) -> None:
    row = ",".join(["0.5"] * 1_000_000)
    file = io.BytesIO(f"{row}\n{row}\n".encode())
    message = refusal(uploads.keep, tmp_path, file, "a.csv", limit_bytes=LIMIT)
    assert message.startswith("a.csv has ") and message.endswith(" columns: give at most 50,000.")
    wide = tmp_path / "wide.csv"
    names, cells = ",".join(f"c{i}" for i in range(60_000)), ",".join(["1"] * 60_000)
    wide.write_text(f"checkpoint,{names}\nm,{cells}\n")
    message = "wide.csv has 60,001 columns: give at most 50,000."
    assert refusal(imports.preview_covariates, store, wide) == message
    (tmp_path / "cell.csv").write_text(f"checkpoint,covariate,value\n{'m' * 1_000_000},x,one\n")
    problem = imports.preview_covariates(store, tmp_path / "cell.csv").problems[0]
    assert len(problem) <= MOST_LETTERS


@pytest.mark.parametrize("kind", [lzma, gzip])
def test_packed_text_is_unpacked_up_to_a_limit(tmp_path: Path, kind, monkeypatch) -> None:
    monkeypatch.setattr(packed, "MOST_BYTES", 3_000_000)
    ending = {lzma: "xz", gzip: "gz"}[kind]
    text, rows = tmp_path / f"a.txt.{ending}", tmp_path / f"a.jsonl.{ending}"
    line = json.dumps({"question": "x" * 90}) + "\n"
    text.write_bytes(kind.compress(b"a line of text\n" * 300_000))
    rows.write_bytes(kind.compress(line.encode() * 50_000))
    for read, path in ((read_texts, text), (read_questions, rows)):
        assert refusal(read, path) == f"{path.name} unpacks to more than 3 MB: give a part of it."
    text.write_bytes(kind.compress(b"one\ntwo\n"))
    assert read_texts(text) == ["one", "two"]
