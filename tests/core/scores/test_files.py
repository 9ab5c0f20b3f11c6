"""Scores out of files: tables of either form, and results of evaluation tools."""

import json
from pathlib import Path

import pytest

from core.errors import InputError
from core.scores.covariates import COUNTS, read_covariates
from core.scores.files import read_scores, score_files
from core.scores.shares import is_metric

HEAD = "checkpoint,benchmark,task,metric,value\n"


def scores(path: Path, content: str | dict, **given: str) -> dict[tuple[str, ...], float]:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    file = read_scores(path, **given)
    return {
        (row["checkpoint"], row["benchmark"], row["task"], row["metric"], row.get("split", "")): row["value"]
        for row in file.rows
    }


@pytest.mark.parametrize(
    "content",
    [
        HEAD + "m,lm,007,accuracy,0.5\n",
        HEAD.replace(",", ";") + "m;lm;007;accuracy;0,5\n",
        HEAD.replace(",", ", ") + "m, lm, 007, accuracy, 50%\n",
        "," + HEAD + "0,m,lm,007,accuracy,0.5\n",
        "Model,Benchmark,Task,Metric,Score\nm,lm,007,accuracy,50\n",
    ],
)
def test_forms_of_a_table(tmp_path: Path, content: str) -> None:
    assert scores(tmp_path / "s.csv", content) == {("m", "lm", "007", "accuracy", ""): 0.5}


@pytest.mark.parametrize("value", ["0.５", "1_0", "0,5x", "inf"])
def test_what_is_no_number_is_refused(tmp_path: Path, value: str) -> None:
    with pytest.raises(InputError) as caught:
        scores(tmp_path / "s.csv", f"{HEAD}m,B,T,loss,0.5\nm,B,U,loss,{value!r}\n".replace("'", '"'))
    assert str(caught.value) == f"s.csv gives {value} as a value in row 2: give a number."


def test_a_column_for_each_task(tmp_path: Path) -> None:
    content = "model,RTE,mnli_acc,CoLA (mcc),hellaswag_acc_norm\nm,3.5,81,-10,\nn,,70,40,60%\n"
    with pytest.raises(
        InputError, match=r"mixes percentages \(81 in row 1, column mnli_acc\) with fractions"
    ):
        scores(tmp_path / "s.csv", content)
    assert scores(tmp_path / "s.csv", content.replace("60%", "60"), benchmark="GLUE") == {
        ("m", "GLUE", "RTE", "score", ""): 3.5,
        ("m", "GLUE", "mnli", "acc", ""): 0.81,
        ("m", "GLUE", "CoLA", "mcc", ""): -0.1,
        ("n", "GLUE", "mnli", "acc", ""): 0.7,
        ("n", "GLUE", "CoLA", "mcc", ""): 0.4,
        ("n", "GLUE", "hellaswag", "acc_norm", ""): 0.6,
    }
    index = ",sst2\norg/m,0.9\n"
    assert scores(tmp_path / "s.csv", index, metric="accuracy") == {
        ("org/m", "own", "sst2", "accuracy", ""): 0.9
    }
    assert scores(tmp_path / "s.csv", "sst2\n0.9\n", checkpoint="m") == {
        ("m", "own", "sst2", "score", ""): 0.9
    }
    with pytest.raises(InputError, match="has a column parameters, which is no score"):
        scores(tmp_path / "s.csv", "model,parameters\nm,10\n")


@pytest.mark.parametrize(
    "metric", ["acc_norm", "valacc", "macro_f1", "f1_micro", "balanced_accuracy", "acc5"]
)
def test_percentages_of_shares_are_those_of_the_whole_column(tmp_path: Path, metric: str) -> None:
    rows = f"m,B,T,{metric},91.5\nm,B,U,loss,2.5\nn,B,T,{metric},0\n"
    (tmp_path / "s.csv").write_text(HEAD + rows)
    file = read_scores(tmp_path / "s.csv")
    assert [row["value"] for row in file.rows] == pytest.approx([0.915, 2.5, 0])
    assert file.notes == ["s.csv gives accuracies and the like in percent: they are kept as fractions."]
    with pytest.raises(
        InputError, match=r"mixes percentages \(91.5 in row 1\) with fractions \(0.5 in row 4\)"
    ):
        scores(tmp_path / "s.csv", HEAD + rows + f"n,B,V,{metric},0.5\n")


def test_results_of_the_harness_and_of_lighteval(tmp_path: Path) -> None:
    values = {"alias": "T", "acc,none": 0.5, "acc_stderr,none": 0.01, "exact_match,strict-match": 0.25}
    values |= {"perplexity,none": 31.5, "acc_norm,none": "N/A", "sample_len": 10}
    document = {
        "results": {"T": values},
        "n-shot": {"T": 0},
        "config": {"model_args": "pretrained=o/m,dtype=x"},
    }
    assert scores(tmp_path / "r.json", document) == {
        ("o/m", "lm-evaluation-harness", "T", "acc", "0-shot"): 0.5,
        ("o/m", "lm-evaluation-harness", "T", "exact_match (strict-match)", "0-shot"): 0.25,
        ("o/m", "lm-evaluation-harness", "T", "perplexity", "0-shot"): 31.5,
    }
    lighteval = {"results": {"lighteval|T|5": {"acc": 0.5, "acc_stderr": 0.01}}}
    lighteval |= {"config_general": {"model_name": "o/m"}}
    assert list(scores(tmp_path / "r.json", lighteval)) == [
        ("o/m", "lm-evaluation-harness", "T", "acc", "5-shot")
    ]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"results": {"T": {"acc,none": 0.5}}},
         "r.json names no checkpoint: give it with --checkpoint NAME."),
        ({"results": {"T": {"alias": "T"}}, "model_name": "m"},
         "r.json holds no score: give a result file with figures."),
        ({"a": {"b": 1}}, "r.json is no result file that is known here: give one of lm-evaluation-harness or "
         "MTEB, or a table with checkpoint, benchmark, task, metric, value and, if known, split, source, "
         "formed, standard_error."),
        ({"results": {"T": {"acc,none": 1.5, "f1,none": 0.5}}, "model_name": "m"},
         "r.json mixes percentages (1.5 in T) with fractions (0.5 in T): give all as fractions."),
    ],
)  # fmt: skip
def test_result_files_that_cannot_be_used(tmp_path: Path, document: dict, message: str) -> None:
    with pytest.raises(InputError) as caught:
        scores(tmp_path / "r.json", document)
    assert str(caught.value) == message


def test_folders_stand_for_the_result_files_in_them(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "r.json").write_text(json.dumps({"results": {}, "model_name": "m"}))
    (tmp_path / "config.json").write_text("{}")
    assert score_files([tmp_path]) == [tmp_path / "a" / "r.json"]
    (tmp_path / "b").mkdir()
    with pytest.raises(InputError, match=r"b holds no result file of lm-evaluation-harness or MTEB"):
        score_files([tmp_path / "b"])


def test_covariates_with_semicolons_and_an_index(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text(";checkpoint;lr;training_tokens\n0;007;0,5;10\n")
    file = read_covariates(tmp_path / "c.csv")
    assert [(row["checkpoint"], row["value"]) for row in file.rows] == [("007", 0.5), ("007", 10.0)]
    assert len(file.notes) == 2 and COUNTS.match("training_tokens")
    assert is_metric("Macro_F1") and not is_metric("RTE")
