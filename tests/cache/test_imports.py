"""Scores and covariates: a file comes in whole or not at all."""

import json
from pathlib import Path

import pandas as pd
import pytest

from cache import imports, published
from cache import tables as queries
from cache.store import Store
from core.errors import InputError
from core.overview import overview
from tests import stores

TABLES = ("checkpoints", "clouds", "measurements", "scores")
HEAD = "checkpoint,benchmark,task,metric,value"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Three measured checkpoints, two of them of one name."""
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
    assert imports.import_scores(store, file).count == 2
    assert imported(store) == [
        ("f1", "model", "GLUE", "RTE", "accuracy", 0.61, "", None, "imported from mine.csv"),
        ("f2", "twin", "GLUE", "CoLA", "matthews", -0.1, "", None, "imported from mine.csv"),
    ]
    imports.import_scores(store, write(file, "f1,GLUE,RTE,accuracy,0.62"))
    assert [row[5] for row in imported(store)] == [0.62, -0.1]


def test_every_name_a_user_knows_a_checkpoint_by(store: Store, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir("/")
    rows = [
        f"{name},B,{task},loss,3.5"
        for task, name in enumerate(["f1", "model", "/models/f1", "models/f1", "minilm"])
    ]
    imports.import_scores(store, write(tmp_path / "mine.csv", *rows))
    assert [row[0] for row in imported(store)] == ["f1", "f1", "f1", "f1", "f3"]


def test_optional_columns_and_parquet(store: Store, tmp_path: Path) -> None:
    row = dict(zip(HEAD.split(","), ["model", "GLUE", "average", "mean over tasks", 0.7], strict=True))
    frame = pd.DataFrame([row | {"split": "dev", "source": "our runs", "formed": "mean of 8 tasks"}, row])
    frame.to_parquet(tmp_path / "mine.parquet")
    imports.import_scores(store, tmp_path / "mine.parquet")
    assert [row[6:] for row in imported(store)] == [
        ("", None, "imported from mine.parquet"),
        ("dev", "mean of 8 tasks", "our runs"),
    ]


def test_percentages_become_fractions_and_unbounded_metrics_stay(store: Store, tmp_path: Path) -> None:
    rows = ("model,GLUE,RTE,accuracy,61", "model,GLUE,CoLA,matthews,0", "model,LM,wiki,perplexity,31.5")
    imports.import_scores(store, write(tmp_path / "mine.csv", *rows))
    assert sorted(row[5] for row in imported(store)) == [0.0, 0.61, 31.5]


GIVE = "give checkpoint, benchmark, task, metric, value and, if known, split, source, formed, standard_error."


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
            "nobody4 and 2 more): measure them first, or call them as the store does.",
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
            "mine.csv mixes percentages (71 in row 2) with fractions (0.6 in row 1): give all as fractions.",
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
        imports.import_scores(store, write(tmp_path / "mine.csv", *rows, head=head))
    assert str(caught.value) == message
    store.ingest()
    assert store.state() == before


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "scores.xls",
            b"",
            "{} is of no known format: give scores as .csv, .tsv, .txt, .parquet, .jsonl, .json.",
        ),
        ("absent.csv", None, "absent.csv cannot be read (No such file or directory): give a file that can."),
        ("empty.csv", b"", "empty.csv is empty: give a table with a heading."),
    ],
)
def test_files_that_are_no_tables(store: Store, tmp_path: Path, name: str, content, message: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError) as caught:
        imports.import_scores(store, tmp_path / name)
    assert str(caught.value) == message.format(tmp_path / name)


def test_the_newest_import_counts_and_the_note_says_what_it_replaces(store: Store, tmp_path: Path) -> None:
    write(tmp_path / "old.csv", "model,GLUE,RTE,accuracy,0.90", "model,GLUE,CoLA,mcc,0.5")
    write(tmp_path / "corrected.csv", "model,GLUE,RTE,accuracy,0.70", "model,GLUE,CoLA,mcc,0.5")
    assert imports.import_scores(store, tmp_path / "old.csv").notes == []
    done = imports.import_scores(store, tmp_path / "corrected.csv")
    assert done.notes == [
        "1 scores of earlier imports are replaced: model, RTE: 0.9 (imported from old.csv) is now 0.7."
    ]
    rows = queries.scores_frame(store).query("origin == 'imported' and task == 'RTE'").set_index("value")
    assert rows["replaced"].to_dict() == {0.9: True, 0.7: False}
    shown = overview(*(store.query(f"SELECT * FROM {t}") for t in TABLES)).rows
    assert shown.loc["f1", "RTE, accuracy"] == 0.7


def test_scores_of_unknown_names_are_listed_and_count_once_such_a_checkpoint_is_measured(
    store: Store, tmp_path: Path
) -> None:
    file = write(tmp_path / "mine.csv", "model,B,T,accuracy,0.6", "org/later,B,T,accuracy,0.7")
    done = imports.import_scores(store, file)
    assert (done.count, done.unmatched) == (2, ["org/later"])
    assert imports.sentences(done) == [
        "No measured checkpoint is called org/later: measure it, and its scores count."
    ]
    row = {"subject": "f9", "name": "later", "origin": "measured", "source": "folder", "path": "/m/later"}
    store.add("checkpoints", [row])
    store.ingest()
    shown = overview(*(store.query(f"SELECT * FROM {t}") for t in TABLES)).rows
    assert shown["T"].dropna().to_dict() == {"f1": 0.6, "f9": 0.7}


def test_one_row_twice_counts_once(store: Store, tmp_path: Path) -> None:
    done = imports.import_scores(store, write(tmp_path / "mine.csv", *["model,B,T,accuracy,0.6"] * 3))
    assert (done.count, done.notes) == (1, ["mine.csv says 2 of its scores twice: each counts once."])


def test_of_several_result_files_the_newest_counts(store: Store, tmp_path: Path) -> None:
    for name, date, value in (("b", 100, 0.5), ("a", 200, 0.6)):
        results = {"T": {"acc,none": value, "acc_stderr,none": 0.01}, "U": {"acc,none": value}}
        document = {"results": results, "n-shot": {"T": 5}, "date": date, "model_name": "model"}
        (tmp_path / f"{name}.json").write_text(json.dumps(document))
    done = imports.import_scores(store, [tmp_path / "a.json", tmp_path / "b.json"])
    assert done.notes == [
        "2 scores of b.json are those of a.json instead, which is newer (1970-01-01 00:03 UTC)."
    ]
    bench = "lm-evaluation-harness"
    assert [row[2:7] for row in imported(store)] == [
        (bench, "T", "acc", 0.6, "5-shot"),
        (bench, "U", "acc", 0.6, ""),
    ]
    errors = store.query("SELECT standard_error FROM scores WHERE task = 'T'")["standard_error"]
    assert errors.tolist() == [0.01]


def test_a_folder_of_mteb_results_and_what_is_called_otherwise(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "results" / "org__model" / "abc"
    folder.mkdir(parents=True)
    (folder / "model_meta.json").write_text(json.dumps({"name": "org/model"}))
    scores = {"test": [{"main_score": 0.7, "hf_subset": "default"}, {"main_score": 0.6, "hf_subset": "fr"}]}
    (folder / "Task.json").write_text(json.dumps({"task_name": "Task", "scores": scores}))
    imports.import_scores(store, tmp_path)
    assert [row[1:7] for row in imported(store)] == [
        ("model", "MTEB", "Task", "main_score", 0.7, "test"),
        ("model", "MTEB", "Task (fr)", "main_score", 0.6, "test"),
    ]
    store.add("names", [{"subject": "f1", "name": "copy.npz", "path": "/elsewhere"}])
    store.ingest()
    done = imports.import_scores(store, write(tmp_path / "mine.csv", "copy.npz,B,T,accuracy,0.6"))
    assert (done.count, done.unmatched) == (1, [])


def test_a_published_score_stays_as_published(store: Store, tmp_path: Path) -> None:
    scores = queries.scores_frame(store)
    one = scores[(scores["task"] == "glue_average") & (scores["origin"] == "published")].iloc[0]
    row = one.rename({"subject": "checkpoint"})[
        ["checkpoint", "benchmark", "task", "metric", "value", "split", "source"]
    ]
    row.to_frame().T.to_csv(tmp_path / "mine.csv", index=False)
    with pytest.raises(InputError) as caught:
        imports.import_scores(store, tmp_path / "mine.csv")
    key = ", ".join(one[["subject", "benchmark", "task", "metric", "split", "source"]])
    assert (
        str(caught.value) == f"mine.csv would replace a published score ({key}): name your own source for it."
    )


def covariates(store: Store) -> list[tuple]:
    columns = "subject, name, covariate, value, source"
    frame = store.query(f"SELECT {columns} FROM covariates WHERE origin = 'imported' ORDER BY ALL")
    return list(frame.itertuples(index=False, name=None))


ONE = "checkpoint,covariate,value"


def test_covariates_are_taken_in_and_corrected(store: Store, tmp_path: Path) -> None:
    file = write(tmp_path / "mine.csv", "model,training_tokens,3e11", "/models/f2,batch_size,256", head=ONE)
    assert imports.import_covariates(store, file).count == 2
    assert covariates(store) == [
        ("f1", "model", "training_tokens", 3e11, "imported from mine.csv"),
        ("f2", "twin", "batch_size", 256.0, "imported from mine.csv"),
    ]
    imports.import_covariates(store, write(file, "f1,training_tokens,4e11", head=ONE))
    assert [row[3] for row in covariates(store)] == [4e11, 256.0]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_one_checkpoint_a_row_leaves_empty_cells_out(store: Store, tmp_path: Path, suffix: str) -> None:
    frame = pd.DataFrame(
        {
            "checkpoint": ["f1", "f2"],
            "weight_decay": [0.1, 0.0],
            "training_tokens": [None, 8e9],
            "source": "us",
        }
    )
    file = tmp_path / f"mine{suffix}"
    frame.to_parquet(file) if suffix == ".parquet" else frame.to_csv(file, index=False)
    assert imports.import_covariates(store, file).count == 3
    assert covariates(store) == [
        ("f1", "model", "weight_decay", 0.1, "us"),
        ("f2", "twin", "training_tokens", 8e9, "us"),
        ("f2", "twin", "weight_decay", 0.0, "us"),
    ]


def test_noise_in_percent_becomes_a_fraction_and_other_covariates_stay(store: Store, tmp_path: Path) -> None:
    file = write(tmp_path / "mine.csv", "f1,alpha,40", "f2,alpha,0", "f1,steps,40", head=ONE)
    imports.import_covariates(store, file)
    assert [row[2:4] for row in covariates(store)] == [("alpha", 0.4), ("steps", 40.0), ("alpha", 0.0)]


FORM = "give checkpoint, covariate, value and, if known, source"


@pytest.mark.parametrize(
    ("head", "rows", "message"),
    [
        ("checkpoint,value", ["model,5"], f"mine.csv lacks the column covariate: {FORM}."),
        (ONE + ",unit", ["model,lr,5,x"], f"mine.csv has a column unit of no known meaning: {FORM}."),
        (
            "model,lr",
            ["model,0.1"],
            f"mine.csv lacks the column checkpoint: {FORM}, or checkpoint and one column a covariate.",
        ),
        (
            "checkpoint,source",
            ["model,us"],
            f"mine.csv lacks a column of a covariate: {FORM}, or checkpoint and one column a covariate.",
        ),
        (ONE, [], "mine.csv holds no covariate: give one in each row."),
        ("checkpoint,lr", ["model,"], "mine.csv holds no covariate: give one in each row."),
        (
            "checkpoint,lr",
            ["model,0.1", ",0.2"],
            "mine.csv lacks a checkpoint in row 2: fill it in, or leave the row out.",
        ),
        (
            ONE,
            ["model,lr,0.1", "model,,0.2"],
            "mine.csv lacks a covariate in row 2: fill it in, or leave the row out.",
        ),
        (
            "checkpoint,lr",
            ["model,0.1", "nobody,0.2"],
            "mine.csv names checkpoints that the store does not know (nobody): measure them first, or "
            "call them as the store does.",
        ),
        (ONE, ["twin,lr,1"], "mine.csv names twin, which 2 checkpoints are called: give one of f2, f3."),
        (
            "checkpoint,lr",
            ["model,0.1", "/models/f1,0.2"],
            "mine.csv gives model two values for lr: keep one, or tell them apart by source.",
        ),
        ("checkpoint,lr", ["f1,0.1", "f2,high"], "mine.csv gives high as lr in row 2: give a number."),
        (ONE, ["f1,lr,inf"], "mine.csv gives inf as lr in row 1: give a number."),
        (
            ONE,
            ["f1,alpha,0.5", "f2,alpha,50"],
            "mine.csv mixes percentages (50) with fractions (0.5) of alpha: give all as fractions.",
        ),
        (
            ONE,
            ["f1,alpha,-0.5"],
            "mine.csv gives -0.5 as alpha in row 1, which it cannot be: give a fraction.",
        ),
        (
            "checkpoint,training_tokens",
            ["f1,8e9", "f2,-1"],
            "mine.csv gives -1.0 as training_tokens in row 2, which it cannot be: give a count above 0.",
        ),
    ],
)
def test_covariates_that_cannot_be_used_are_one_sentence_and_change_nothing(
    store: Store, tmp_path: Path, head: str, rows: list[str], message: str
) -> None:
    before = store.state()
    with pytest.raises(InputError) as caught:
        imports.import_covariates(store, write(tmp_path / "mine.csv", *rows, head=head))
    assert str(caught.value) == message
    store.ingest()
    assert store.state() == before


def test_a_published_covariate_stays_as_published(store: Store, tmp_path: Path) -> None:
    one = store.query("SELECT * FROM covariates WHERE covariate = 'alpha' ORDER BY subject LIMIT 1").iloc[0]
    row = {"checkpoint": one["subject"], "covariate": "alpha", "value": 0.5, "source": one["source"]}
    pd.DataFrame([row]).to_csv(tmp_path / "mine.csv", index=False)
    with pytest.raises(InputError) as caught:
        imports.import_covariates(store, tmp_path / "mine.csv")
    assert str(caught.value) == (
        f"mine.csv would replace a published covariate ({one['subject']}, alpha, {one['source']}): name your "
        "own source for it."
    )


def test_what_was_imported_outlives_new_published_figures(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject = store.query("SELECT subject FROM covariates ORDER BY ALL LIMIT 1").iloc[0, 0]
    count = "SELECT count(*) FROM covariates WHERE origin = 'published'"
    before = store.query(count).iloc[0, 0]
    imports.import_covariates(store, write(tmp_path / "mine.csv", f"{subject},training_tokens,8e9", head=ONE))
    monkeypatch.setattr(published, "digest", lambda: "another release")
    again = Store.open(store.folder)
    assert [row[:4:2] for row in covariates(again)] == [(subject, "training_tokens")]
    assert again.query(count).iloc[0, 0] == before
