"""GLUE's examples and metrics: against scikit-learn and SciPy; one sentence for what cannot be used."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn import metrics as reference

from core.errors import InputError
from core.fine_tuning import glue
from tests.glue_files import write


def test_metrics_are_those_of_scikit_learn_and_scipy() -> None:
    rng = np.random.default_rng(0)
    labels, answers = rng.integers(0, 2, 200), rng.integers(0, 2, 200)
    result = glue.metrics(glue.TASKS["MRPC"], labels, answers)
    assert result["accuracy"] == pytest.approx(reference.accuracy_score(labels, answers), abs=1e-12)
    assert result["f1"] == pytest.approx(reference.f1_score(labels, answers), abs=1e-12)
    matthews = glue.metrics(glue.TASKS["CoLA"], labels, answers)["matthews"]
    assert matthews == pytest.approx(reference.matthews_corrcoef(labels, answers), abs=1e-12)
    truth, said = rng.normal(size=50), rng.normal(size=50)
    graded = glue.metrics(glue.TASKS["STS-B"], truth, said)
    assert graded["pearson"] == pytest.approx(np.corrcoef(truth, said)[0, 1], abs=1e-12)
    assert graded["spearman"] == pytest.approx(stats.spearmanr(truth, said).statistic, abs=1e-12)


def test_always_the_same_answer_correlates_with_nothing() -> None:
    truth = np.arange(10.0)
    assert glue.metrics(glue.TASKS["STS-B"], truth, np.ones(10)) == {"pearson": 0.0, "spearman": 0.0}
    labels = np.array([0, 1] * 5)
    assert glue.metrics(glue.TASKS["CoLA"], labels, np.ones(10)) == {"matthews": 0.0}


def test_published_and_own_scores_are_formed_alike() -> None:
    from core import reference as published

    scores = published.scores().drop_duplicates("task").set_index("task")["formed"]
    for name, task in glue.TASKS.items():
        assert scores[name] == task.formed


def test_a_folder_gives_the_examples_and_says_how_many_of_the_official_ones(tmp_path: Path) -> None:
    write(tmp_path, "RTE", train=6, dev=4)
    data = glue.load("RTE", tmp_path)
    assert (len(data.train), len(data.dev)) == (6, 4)
    assert data.used() == "6 of 2,490 + 4 of 277 examples"
    assert data.used(2) == "2 of 2,490 + 4 of 277 examples"
    train, dev = (glue.Examples([""] * n, None, np.zeros(n)) for n in (2490, 277))
    whole = replace(data, train=train, dev=dev)
    assert whole.used() == "all 2,490 + 277 examples"
    assert whole.used(128) == "128 of 2,490 + 277 of 277 examples"
    assert data.train.second is not None
    assert glue.load("RTE", tmp_path).fingerprint == data.fingerprint
    write(tmp_path, "RTE", train=5, dev=4)
    assert glue.load("RTE", tmp_path).fingerprint != data.fingerprint


def test_the_hubs_own_layout_is_read_as_well(tmp_path: Path) -> None:
    write(tmp_path, "CoLA", train=3, dev=2)
    for split, theirs in (("train", "train"), ("dev", "validation")):
        frame = pd.read_parquet(tmp_path / f"CoLA.{split}.parquet")[["sentence1", "label"]]
        place = tmp_path / "hub" / "cola" / f"{theirs}-00000-of-00001.parquet"
        place.parent.mkdir(parents=True, exist_ok=True)
        frame.rename(columns={"sentence1": "sentence"}).to_parquet(place)
    assert glue.load("CoLA", tmp_path / "hub").fingerprint == glue.load("CoLA", tmp_path).fingerprint


def test_an_unknown_task_is_refused() -> None:
    with pytest.raises(InputError) as refused:
        glue.load("WNLI", None)
    assert str(refused.value) == (
        "WNLI is no GLUE task: give one of CoLA, MNLI, MRPC, QNLI, QQP, RTE, SST-2, STS-B."
    )


def test_data_that_cannot_be_used_get_one_sentence(tmp_path: Path) -> None:
    def refusal(task: str) -> str:
        with pytest.raises(InputError) as refused:
            glue.load(task, tmp_path)
        return str(refused.value)

    assert refusal("RTE") == (
        f"{tmp_path} holds no train examples of RTE: put RTE.train.parquet (columns sentence1, sentence2, "
        "label) there, or leave the task out."
    )
    write(tmp_path, "RTE", train=3, dev=2)
    file = tmp_path / "RTE.train.parquet"
    frame = pd.read_parquet(file)
    frame.drop(columns="label").to_parquet(file)
    assert refusal("RTE") == (
        "RTE.train.parquet lacks the column label: give sentence1, sentence2 and label, one row an example."
    )
    frame.assign(label=[0, 7, 1]).to_parquet(file)
    assert refusal("RTE") == (
        "RTE.train.parquet cannot be used: row 2 lacks a text or a label from 0 to 1; fill it in."
    )
    file.write_bytes(b"PAR1")
    assert refusal("RTE") == f"{file} cannot be read as Parquet: save or download it again."


def test_the_hub_offline_is_said_in_one_sentence() -> None:
    with pytest.raises(InputError) as refused:
        glue.load("RTE", None)
    assert str(refused.value) == (
        "RTE cannot be fetched from the hub (nyu-mll/glue): go online once, or name a folder of Parquet "
        "files with the examples."
    )


@pytest.mark.real
def test_the_real_files_are_whole_where_they_claim_to_be(material: Path) -> None:
    for name in ("CoLA", "MRPC", "RTE", "STS-B"):
        data = glue.load(name, material / "data" / "glue")
        assert (len(data.train), len(data.dev)) == data.task.rows
