"""The command line: one JSON line for programs, one sentence for mistakes, nothing computed twice."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

import cli
from commands import measure as measuring
from commands import scores as stored
from core.measures import select
from tests import tiny

COMPUTED = set(select("all"))


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Run a command in this process on a store of its own; returns status, stdout and stderr."""
    monkeypatch.setenv("LATENT_SHORTLIST_STORE", str(tmp_path / "store"))

    def command(*arguments: object) -> tuple[int, str, str]:
        status = cli.main([str(argument) for argument in arguments])
        written = capsys.readouterr()
        return status, written.out, written.err

    return command


def test_measuring_gives_every_measure_once_and_then_from_the_store(run, tmp_path: Path) -> None:
    encoder = tiny.encoder(tmp_path / "encoder")
    decoder = tiny.llama(tmp_path / "decoder")
    status, out, err = run("measure", encoder, decoder, "--sequences", 40, "--json")
    assert status == 0, err
    document = json.loads(out)
    assert document["failures"] == []
    for result, folder in zip(document["results"], (encoder, decoder), strict=True):
        assert result["subject"] == str(folder)
        assert set(result["measures"]) == COMPUTED
        assert not result["cached"]
        assert set(result["sd"].values()) == {None}
    status, out, _ = run("measure", encoder, decoder, "--sequences", 40, "--json")
    again = json.loads(out)["results"]
    assert [result["cached"] for result in again] == [True, True]
    assert [result["measures"] for result in again] == [r["measures"] for r in document["results"]]


def test_one_failing_checkpoint_does_not_end_the_list(run, tmp_path: Path) -> None:
    encoder = tiny.encoder(tmp_path / "encoder")
    (tmp_path / "empty").mkdir()
    status, out, err = run("measure", tmp_path / "empty", encoder, "--sequences", 10, "--json")
    document = json.loads(out)
    assert status == 1
    assert [result["subject"] for result in document["results"]] == [str(encoder)]
    assert [failure["subject"] for failure in document["failures"]] == [str(tmp_path / "empty")]
    message = re.sub(r"\s+", " ", err)
    assert document["failures"][0]["error"] in message
    assert message.count(str(tmp_path / "empty")) == 1  # the sentence names the folder itself


def test_the_unforeseen_is_one_sentence_too(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object) -> None:
        raise ZeroDivisionError("division by zero\nsecond line")

    monkeypatch.delenv("LATENT_SHORTLIST_TRACEBACKS", raising=False)
    monkeypatch.setattr(measuring, "measure_subject", broken)
    message = (
        "Failed unexpectedly (ZeroDivisionError: division by zero); set LATENT_SHORTLIST_TRACEBACKS=1 to see "
        "where."
    )
    status, out, err = run("measure", "a", "b", "--json")
    assert (status, err) == (1, f"a: {message}\nb: {message}\n")
    assert [failure["error"] for failure in json.loads(out)["failures"]] == [message, message]
    monkeypatch.setattr(stored.queries, "scores_frame", broken)
    assert run("scores", "list") == (1, "", f"{message}\n")
    monkeypatch.setenv("LATENT_SHORTLIST_TRACEBACKS", "1")
    with pytest.raises(ZeroDivisionError):
        run("scores", "list")


def test_repeats_give_a_spread(run, tmp_path: Path) -> None:
    encoder = tiny.encoder(tmp_path / "encoder")
    status, out, err = run(
        "measure", encoder, "--sequences", 30, "--repeats", 3, "--measures", "vrm,eee", "--json"
    )
    assert status == 0, err
    (result,) = json.loads(out)["results"]
    assert set(result["sd"]) == {"vrm", "eee"}
    assert all(spread > 0 for spread in result["sd"].values())


def test_vectors_of_ones_own(run, tmp_path: Path) -> None:
    np.save(tmp_path / "mine.npy", np.random.default_rng(0).normal(size=(50, 8)).astype(np.float32))
    status, out, err = run("measure", "--vectors", tmp_path / "mine.npy", "--json")
    assert status == 0, err
    (result,) = json.loads(out)["results"]
    assert (result["subject"], result["n"], result["d"]) == ("mine.npy", 50, 8)


def test_files_of_vectors_are_plain_arguments_too(run, tmp_path: Path) -> None:
    """The shell makes several files of `--vectors *.npy`, and only the first of them follows the option."""
    encoder = tiny.encoder(tmp_path / "encoder")
    files = [tmp_path / name for name in ("a.npy", "b.npy", "c.npy")]
    for seed, file in enumerate(files):
        np.save(file, np.random.default_rng(seed).normal(size=(50, 8)).astype(np.float32))
    rest = ("--measures", "eee", "--sequences", 10, "--json")
    names = ["a.npy", "b.npy", "c.npy"]
    for given in (
        files,
        ["--vectors", *files],
        [part for file in files for part in ("--vectors", file)],
        [*files, encoder],
    ):
        status, out, err = run("measure", *given, *rest)
        results = json.loads(out)["results"]
        assert status == 0, err
        assert [result["subject"] for result in results if result["d"] == 8] == names
        assert len(results) == len(names) + (encoder in given)
    sizes = run("study", "cells-sweep", *files[:2], "--k", 4, "--measures", "pq", "--json")[1]
    assert [result["subject"] for result in json.loads(sizes)["results"]] == names[:2]


def test_what_to_take_of_files_of_vectors_is_chosen_in_every_command_that_reads_them(
    run, tmp_path: Path
) -> None:
    vectors = np.random.default_rng(0).normal(size=(60, 5)).astype(np.float32)
    vectors[7, 1] = np.nan
    np.savez(tmp_path / "two.npz", a=vectors[:20], b=vectors)
    names = [f"x{i}" for i in range(5)]
    rows = [",".join(map(str, row)) for row in vectors]
    (tmp_path / "mine.csv").write_text("\n".join([",".join(names), *rows]))
    of_array = ["--vectors", tmp_path / "two.npz", "--array", "b", "--skip-bad-rows", "--json"]
    of_columns = [
        *["--vectors", tmp_path / "mine.csv", "--vector-columns", "x0:x3", "--skip-bad-rows", "--json"]
    ]
    sweep = ("study", "cells-sweep", "--k", 4, "--measures", "pq")
    for command in (("measure", "--measures", "eee"), sweep):
        for options, shape in ((of_array, (59, 5)), (of_columns, (59, 4))):
            status, out, err = run(*command, *options)
            assert status == 0, err
            (result,) = json.loads(out)["results"]
            assert (result["n"], result["d"]) == shape


def test_a_file_of_something_else_is_one_sentence(run, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not vectors")
    status, out, err = run("measure", tmp_path / "notes.txt", "absent.npy", "--json")
    assert (status, json.loads(out)["results"]) == (1, [])
    assert err == (
        "notes.txt has shape (0, 2): at least two vectors are needed, one a row.\n"
        "absent.npy cannot be read (No such file or directory): give a file of vectors.\n"
    )


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (["measure"], 1, "Nothing to measure: name checkpoints or files of vectors."),
        (
            ["measure", "minilm", "--repeats", "0"],
            2,
            "Invalid value for '--repeats': Input should be greater than or equal to 1",
        ),
        (
            ["jobs", "watch"],
            1,
            "There is no job to watch: `cli.py measure CHECKPOINT --detach` makes one.",
        ),
    ],
)
def test_mistakes_are_one_sentence(run, arguments: list[str], status: int, sentence: str) -> None:
    got, out, err = run(*arguments)
    assert (got, out, err.strip()) == (status, "", sentence)


def test_an_unknown_measure_is_named(run) -> None:
    status, out, err = run("measure", "minilm", "--measures", "dispersoin", "--json")
    assert (status, out) == (1, "")
    assert "dispersoin" in err
    assert "dispersion" in err
    assert err.count("\n") == 1


def test_scores_are_listed_imported_and_exported(run, tmp_path: Path) -> None:
    _, out, _ = run("scores", "list", "--task", "glue_average", "--json")
    published = json.loads(out)["scores"]
    assert len(published) >= 181
    assert all(row["formed"] for row in published)

    encoder = tiny.encoder(tmp_path / "encoder")
    run("measure", encoder, "--sequences", 10, "--measures", "eee")
    mine = tmp_path / "mine.csv"
    mine.write_text(f"checkpoint,benchmark,task,metric,value\n{encoder},GLUE,RTE,accuracy,0.61\n")
    status, out, err = run("scores", "import", mine, "--json")
    assert (status, json.loads(out or "null")) == (0, {"imported": 1, "notes": [], "unmatched": []}), err

    for suffix in ("csv", "parquet", "html"):
        status, out, err = run("export", tmp_path / f"all.{suffix}", "--json")
        assert status == 0, err
        assert json.loads(out)["rows"] > 3000
    page = (tmp_path / "all.html").read_text()
    assert "http://" not in page.replace("http://www.w3.org/", "")
    assert "<script src" not in page


def test_a_detached_job_is_carried_out_by_workers(run, tmp_path: Path) -> None:
    encoder = tiny.encoder(tmp_path / "encoder")
    status, out, err = run("measure", encoder, "--sequences", 10, "--measures", "eee", "--detach", "--json")
    assert status == 0, err
    job = json.loads(out)["job"]
    status, out, err = run("jobs", "watch", job, "--json")
    assert (status, json.loads(out)["state"]) == (0, "done"), err
    _, out, _ = run("jobs", "--json")
    assert [row["job"] for row in json.loads(out)["jobs"]] == [job]


@pytest.mark.real
def test_the_real_checkpoints_are_measured_and_then_cached(run, material: Path) -> None:
    folders = sorted(str(folder) for folder in (material / "checkpoints").iterdir() if folder.is_dir())
    command = ("measure", "minilm", *folders, "--sequences", 60, "--json")
    first, second = (json.loads(run(*command)[1]) for _ in range(2))
    assert len(first["results"]) == len(folders) + 1
    assert all(set(result["measures"]) == COMPUTED for result in first["results"])
    assert all(np.isfinite(list(result["measures"].values())).all() for result in first["results"])
    assert all(result["cached"] for result in second["results"])
