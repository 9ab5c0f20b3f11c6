"""Scores: a file comes in whole or not at all, and everything goes out with its source."""

from pathlib import Path

import pandas as pd
import pytest

from cache import queries
from cache.store import Store
from core.errors import InputError
from tests import stores

HEAD = "checkpoint,benchmark,task,metric,value"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Three measured checkpoints, two of them of one name, and a measurement."""
    store = stores.new(tmp_path / "store")
    for subject, name, source in (
        ("f1", "model", "folder"),
        ("f2", "twin", "folder"),
        ("f3", "twin", "package"),
    ):
        row = {
            "subject": subject,
            "name": name,
            "origin": "measured",
            "source": source,
            "path": f"/models/{subject}",
        }
        store.add("checkpoints", [row])
    key = {"subject": "f1", "cloud": "k1", "measure": "eee", "parameters": "{}", "seed": 0, "version": 1}
    store.add("measurements", [key | {"value": 0.5, "origin": "measured"}])
    store.add("clouds", [{"cloud": "k1", "subject": "f1", "corpus": "words.txt", "layer": 3}])
    store.ingest()
    return store


def imported(store: Store) -> list[tuple]:
    columns = "subject, name, benchmark, task, metric, value, split, formed, source"
    frame = store.query(f"SELECT {columns} FROM scores WHERE origin = 'imported' ORDER BY ALL")
    return [tuple(None if pd.isna(v) else v for v in row) for row in frame.itertuples(index=False)]


def write(path: Path, *rows: str, head: str = HEAD) -> Path:
    path.write_text("\n".join([head, *rows]))
    return path


def test_scores_are_taken_in_and_corrected(store: Store, tmp_path: Path) -> None:
    file = write(tmp_path / "mine.csv", "model,GLUE,RTE,accuracy,0.61", "/models/f2,GLUE,CoLA,matthews,-0.1")
    assert queries.import_scores(store, file) == 2
    assert imported(store) == [
        ("f1", "model", "GLUE", "RTE", "accuracy", 0.61, "", None, "imported from mine.csv"),
        ("f2", "twin", "GLUE", "CoLA", "matthews", -0.1, "", None, "imported from mine.csv"),
    ]
    queries.import_scores(store, write(file, "f1,GLUE,RTE,accuracy,0.62"))
    assert [row[5] for row in imported(store)] == [0.62, -0.1]


def test_every_name_a_user_knows_a_checkpoint_by(store: Store, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir("/")
    rows = [
        f"{name},B,{task},loss,3.5"
        for task, name in enumerate(["f1", "model", "/models/f1", "models/f1", "minilm"])
    ]
    queries.import_scores(store, write(tmp_path / "mine.csv", *rows))
    assert [row[0] for row in imported(store)] == ["f1", "f1", "f1", "f1", "f3"]


def test_optional_columns_and_parquet(store: Store, tmp_path: Path) -> None:
    row = dict(zip(HEAD.split(","), ["model", "GLUE", "average", "mean over tasks", 0.7], strict=True))
    frame = pd.DataFrame([row | {"split": "dev", "source": "our runs", "formed": "mean of 8 tasks"}, row])
    frame.to_parquet(tmp_path / "mine.parquet")
    queries.import_scores(store, tmp_path / "mine.parquet")
    assert [row[6:] for row in imported(store)] == [
        ("", None, "imported from mine.parquet"),
        ("dev", "mean of 8 tasks", "our runs"),
    ]


def test_percentages_become_fractions_and_unbounded_metrics_stay(store: Store, tmp_path: Path) -> None:
    rows = ("model,GLUE,RTE,accuracy,61", "model,GLUE,CoLA,matthews,0", "model,LM,wiki,perplexity,31.5")
    queries.import_scores(store, write(tmp_path / "mine.csv", *rows))
    assert sorted(row[5] for row in imported(store)) == [0.0, 0.61, 31.5]


GIVE = "give checkpoint, benchmark, task, metric, value and, if known, split, source, formed."


@pytest.mark.parametrize(
    ("head", "rows", "message"),
    [
        ("checkpoint,task,value", ["model,RTE,0.6"], f"mine.csv lacks the column benchmark, metric: {GIVE}"),
        (
            HEAD + ",splt",
            ["model,G,RTE,acc,0.6,dev"],
            f"mine.csv has a column splt of no known meaning: {GIVE}",
        ),
        (HEAD, [], "mine.csv holds no score: give one in each row."),
        (
            HEAD,
            ["model,GLUE,RTE,accuracy,0.6", "model,GLUE,,accuracy,0.6"],
            "mine.csv lacks a task in row 2: fill it in, or leave the row out.",
        ),
        (
            HEAD,
            [f"nobody{i},GLUE,RTE,accuracy,0.6" for i in range(7)],
            "mine.csv names checkpoints that the store does not know (nobody0, nobody1, nobody2, nobody3, "
            "nobody4 and 2 more): measure them first, or use a name that `cli.py export` gives.",
        ),
        (
            HEAD,
            ["twin,GLUE,RTE,accuracy,0.6"],
            "mine.csv names twin, which 2 checkpoints are called: give one of f2, f3.",
        ),
        (
            HEAD,
            ["model,GLUE,RTE,accuracy,0.6", "f1,GLUE,RTE,accuracy,0.7"],
            "mine.csv gives model two values for GLUE RTE (accuracy): keep one, or tell them apart by split "
            "or source.",
        ),
        (
            HEAD,
            ["model,GLUE,RTE,accuracy,good"],
            "mine.csv gives good as a value in row 1: give a number.",
        ),
        (
            HEAD,
            ["model,GLUE,RTE,accuracy,0.6", "model,GLUE,QNLI,accuracy,71"],
            "mine.csv mixes percentages (71) with fractions (0.6): give all as fractions.",
        ),
        (
            HEAD,
            ["model,GLUE,RTE,accuracy,-0.2"],
            "mine.csv gives -0.2 as accuracy in row 1, which it cannot be: give a fraction.",
        ),
        (
            HEAD,
            ["model,GLUE,RTE,accuracy,120"],
            "mine.csv gives 120 as accuracy in row 1, which it cannot be: give a fraction.",
        ),
    ],
)
def test_what_cannot_be_used_is_one_sentence_and_changes_nothing(
    store: Store, tmp_path: Path, head: str, rows: list[str], message: str
) -> None:
    before = store.state()
    with pytest.raises(InputError) as caught:
        queries.import_scores(store, write(tmp_path / "mine.csv", *rows, head=head))
    assert str(caught.value) == message
    store.ingest()
    assert store.state() == before


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("scores.txt", b"", "{} is of no known format: give scores as .csv or .parquet."),
        ("absent.csv", None, "{} cannot be read (No such file or directory): give a file of scores."),
        ("empty.csv", b"", "{} cannot be read as a table (No columns to parse from file): save it again."),
    ],
)
def test_files_that_are_no_tables(store: Store, tmp_path: Path, name: str, content, message: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError) as caught:
        queries.import_scores(store, tmp_path / name)
    assert str(caught.value) == message.format(tmp_path / name)


def test_a_published_score_stays_as_published(store: Store, tmp_path: Path) -> None:
    scores = queries.scores_frame(store)
    one = scores[(scores["task"] == "glue_average") & (scores["origin"] == "published")].iloc[0]
    row = one.rename({"subject": "checkpoint"})[
        ["checkpoint", "benchmark", "task", "metric", "value", "split", "source"]
    ]
    row.to_frame().T.to_csv(tmp_path / "mine.csv", index=False)
    with pytest.raises(InputError) as caught:
        queries.import_scores(store, tmp_path / "mine.csv")
    key = ", ".join(one[["subject", "benchmark", "task", "metric", "split", "source"]])
    assert (
        str(caught.value) == f"mine.csv would replace a published score ({key}): name your own source for it."
    )


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
