"""Measuring labels from the command line: one table, one JSON line, and refusals before any work."""

import json
from pathlib import Path

import pytest

import cli
from cache.results import LabelSet, LayerMeasures, MeasuredLabels
from commands.labels import print_labels
from commands.terminal import people
from core.measures.labelled import NAMES
from tests import labelled, tiny


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Run a command in this process on a store of its own; returns status, stdout and stderr."""
    monkeypatch.setenv("LATENT_SHORTLIST_STORE", str(tmp_path / "store"))

    def command(*arguments: object) -> tuple[int, str, str]:
        status = cli.main([str(argument) for argument in arguments])
        written = capsys.readouterr()
        return status, written.out, written.err

    return command


def test_every_checkpoint_is_measured_at_every_layer_and_then_from_the_store(run, tmp_path: Path) -> None:
    file = labelled.table(tmp_path / "mine.csv")
    folders = [make(tmp_path / name) for name, make in tiny.MAKERS.items()]
    status, out, err = run("measure", *folders, "--labels", file, "--json")
    assert status == 0, err
    results = json.loads(out)["results"]
    assert [result["subject"] for result in results] == list(map(str, folders))
    for result in results:
        assert list(result["measures"]) == list(NAMES) == list(result["standard_errors"])
        assert [layer["layer"] for layer in result["layers"]] == [0, 1, 2, "mean"]
        assert result["labels"]["classes"] == {"a": 20, "b": 20, "c": 20} and not result["cached"]
    status, out, _ = run("measure", *folders, "--labels", file, "--json")
    again = json.loads(out)["results"]
    assert [result["cached"] for result in again] == [True] * 3
    assert [result["layers"] for result in again] == [result["layers"] for result in results]


def test_pairs_and_numbers_with_columns_of_other_names(run, tmp_path: Path) -> None:
    rows = [{"one": f"a {row}", "two": f"b {row}", "grade": row / 3} for row in range(30)]
    file = tmp_path / "pairs.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)))
    columns = ("--text", "one", "--text-pair", "two", "--label", "grade")
    asked = ("measure", tiny.encoder(tmp_path / "encoder"), "--labels", file, *columns)
    status, out, err = run(*asked, "--measures", "logme,h_score", "--json")
    assert status == 0, err
    (result,) = json.loads(out)["results"]
    assert (result["labels"]["text_pair"], result["labels"]["classes"]) == ("two", {})
    assert list(result["measures"]) == ["logme"] and list(result["left_out"]) == ["h_score"]
    status, out, _ = run(*asked, "--label-kind", "classes", "--json")
    assert (status, out) == (1, "")


def test_it_can_be_handed_to_background_workers(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cache.worker.ensure_workers", lambda store: None)
    file = labelled.table(tmp_path / "mine.csv")
    status, _, err = run("measure", "minilm", "--labels", file, "--detach", "--json")
    assert status == 0, err
    (job,) = json.loads(run("jobs", "list", "--json")[1])["jobs"]
    assert job["title"] == "Labels of mine.csv: all-MiniLM-L6-v2"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--labels", "mine.csv", "--label", "stars"], "mine.csv has no column stars: it has text, label."),
        (
            ["--text", "text", "--layers"],
            "--text and --layers can be used with --labels FILE only: give that too.",
        ),
        (
            ["--labels", "mine.csv", "--corpus", "standard-library", "--layer", "2"],
            "With --labels leave out --corpus and --layer: each row is a text of its own, measured at every "
            "layer by the mean over its tokens.",
        ),
        (
            ["--labels", "mine.csv", "--measures", "spread"],
            "spread is no measure of labels: with labels give all, or logme, h_score, knn_accuracy, "
            "probe_score.",
        ),
        (
            ["--measures", "logme"],
            "logme needs labels: measure it with `cli.py measure CHECKPOINT --labels FILE`.",
        ),
    ],
)
def test_what_does_not_belong_together_is_refused(
    run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    labelled.table(tmp_path / "mine.csv")
    assert run("measure", "no-such/model", *arguments) == (1, "", f"{message}\n")


def measured(name: str, logme: float) -> MeasuredLabels:
    layers = [
        LayerMeasures(layer, {"logme": value, "knn_accuracy": 0.5}, {"logme": 0.25, "knn_accuracy": None}, {})
        for layer, value in ((0, -1.5), ("mean", logme))
    ]
    labels = LabelSet("mine.csv", "text", None, "kind", 1200, {"a": 700, "b": 500}, "d", ["a note."])
    why = {"h_score": "It is undefined here."}
    mean = layers[-1]
    values = (mean.measures, mean.standard_errors, why, layers)
    return MeasuredLabels(name, "f", labels, 1200, 8, *values, seconds=1.0, cached=name == "low")


@pytest.mark.parametrize("width", [50, 100])
def test_the_table_ranks_by_the_mean_over_layers(
    width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(people, "_width", width)
    print_labels([measured("low", -0.75), measured("high", -0.5)], every=False)
    out = capsys.readouterr().out
    assert out.index("high") < out.index("low") and "−0.500 ± 0.250" in out and "−1.500" not in out
    words = " ".join(out.split())
    assert "mine.csv: 1,200 rows; text in text; kind: a (700), b (500). a note." in words
    assert "No value for h_score: It is undefined here. 1 of 2 from the store." in words
    print_labels([measured("low", -0.75)], every=True)
    assert "−1.500 ± 0.250" in capsys.readouterr().out
