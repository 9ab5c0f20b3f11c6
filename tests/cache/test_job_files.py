"""Job files: those of the first format read and run; one that cannot be read is one failed job."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cli
from cache import claims, job_files, jobs, samples, worker
from cache.files import read_json
from cache.job_files import JobFile
from cache.measuring.segments import SegmentedText
from cache.requests import (
    CellStudy,
    Gap,
    GlueRun,
    Measure,
    Plan,
    Pretrain,
    Request,
    Settings,
    Subject,
    TextSample,
    Vectors,
)
from cache.results import GlueScores
from cache.store import Store
from cache.tasks import glue_run, registry
from cache.tasks.cell_picture import CellPicture
from cache.tasks.clusters import ClusterStudy
from cache.tasks.evidence import Evidence
from cache.tasks.knnlm import KnnLm
from cache.tasks.label_free import LabelFree
from cache.tasks.labelled import Labelled
from cache.tasks.layers import LayerStudy
from cache.tasks.perplexity import Perplexity
from cache.tasks.push_away import PushAway
from cache.tasks.quantized import Quantized
from cache.tasks.reference_build import ReferenceBuild
from core.hidden_states import extraction
from core.studies import pretraining
from core.token_sets import load
from tests import handmade, stores, tiny

FIRST = Path(__file__).parent / "first_format"
WORDS = Settings(corpus="/data/words.txt", sequences=40, measures="eee,isoscore")
PROTOCOL = {
    **{"epochs": 1.0, "learning_rate": 2e-05, "batch": 32},
    **{"length": 128, "seed": 42, "train_examples": 64},
}
ASKED: dict[str, list[job_files.Asked]] = {
    "measure": [
        (Measure(WORDS), Subject("/data/small-bert", path="/data/small-bert")),
        (Measure(WORDS), Vectors("cloud.npy", path="/data/cloud.npy")),
        (TextSample("/data/words.txt", None, 40, 0), Subject("words.txt")),
    ],
    "gap": [
        (Gap(load("digits"), "random:20", cases=True, seed=3), Subject("/data/llama", path="/data/llama")),
        (Gap(load("digits"), "random:20", cases=True, seed=3), Subject("org/model", revision="v1")),
    ],
    "glue": [
        (
            GlueRun(("RTE", "CoLA"), "/data/glue", PROTOCOL, "cpu"),
            Subject("/data/encoder", path="/data/encoder"),
        )
    ],
    "cell_study": [
        (
            CellStudy(Settings(measures="pq", at=100), Plan((2,), (4, 8), (0.5, 1.0))),
            Vectors("cloud.npy", path="/data/cloud.npy"),
        )
    ],
    "pretrain": [(Pretrain("/data/words.txt"), Subject("masked-words", path="/data/own/masked-words"))],
}
SEGMENTS = SegmentedText("/data/words.txt", length=64, contexts=(16,))
LATER: dict[str, list[job_files.Asked]] = {  # kinds that the first format does not have
    "cell_picture": [(CellPicture(WORDS, "pq"), Vectors("cloud.npy", path="/data/cloud.npy"))],
    "evidence": [(Evidence("perturbed", ("alpha", "run"), "0" * 32), Subject("glue_average"))],
    "labelled": [(Labelled("/data/mine.csv", "body", None, "stars", "numbers"), Subject("org/model"))],
    "reference": [(ReferenceBuild("decoders", WORDS), Subject("org/model"))],
    "perplexity": [(Perplexity(SEGMENTS, layer=2, size=50), Subject("org/model"))],
    "layers": [(LayerStudy(SEGMENTS, size=50), Subject("org/model"))],
    "clusters": [(ClusterStudy("/data/words.txt", tokens=5), Subject("org/model"))],
    "knnlm": [(KnnLm("/data/a.txt", "/data/b.txt", "/data/c.txt", every=True), Subject("org/model"))],
    "push_away": [(PushAway("hours", "/data/words.txt", seeds=2, pushes=(0.1,)), Subject("cross"))],
    "quantized": [(Quantized(SEGMENTS, 64, (4, 3)), Subject("org/model"))],
    "label_free": [(LabelFree("/data/known.csv", "/data/new.csv"), Subject("org/model"))],
}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return stores.new(tmp_path / "store")


def placed(store: Store, content: Any, name: str = "20250101-120000-abcdef") -> str:
    """A job in the queue whose file holds `content`: text as it is, other values as JSON."""
    folder = jobs.folder(store, name)
    folder.mkdir(parents=True)
    (folder / "job.json").write_text(content if isinstance(content, str) else json.dumps(content))
    return name


@pytest.mark.parametrize("kind", list(ASKED))
def test_files_of_the_first_format_say_what_they_said(kind: str, store: Store) -> None:
    written = json.loads((FIRST / f"{kind}.json").read_text())
    job = jobs.get(store, placed(store, written))
    assert [(piece.request, piece.subject) for piece in job.pieces] == ASKED[kind]
    assert (job.title, job.submitted_at, job.roots) == tuple(
        written[key] for key in ("title", "submitted_at", "roots")
    )
    assert (job.state, job.error) == ("queued", None)


@pytest.mark.parametrize("kind", [*ASKED, *LATER])
def test_the_second_format_says_the_same(kind: str, tmp_path: Path) -> None:
    asked = (ASKED | LATER)[kind]
    job = JobFile("mine", "2025-01-01T12:00:00+00:00", ["/data"], asked)
    content = job_files.content_of(job)
    assert content["format"] == 2
    assert len(content["requests"]) == len({type(request) for request, _ in asked})
    (tmp_path / "job.json").write_text(json.dumps(content))
    assert job_files.read(tmp_path / "job.json") == job


def test_every_kind_of_job_is_among_those() -> None:
    asked = {type(request) for pieces in (ASKED | LATER).values() for request, _ in pieces}
    assert asked == {task.request for task in registry().values()}


def run_first(store: Store, kind: str, folder: Path) -> jobs.Job:
    """Carry out a job of the first format, its files in `folder`; returns the ended job."""
    text = (FIRST / f"{kind}.json").read_text().replace("/data", str(folder))
    job = placed(store, text)
    while claim := claims.claim(store, job):
        worker.carry_out(claim)
    return jobs.get(store, job)


def test_measures_of_the_first_format_run(store: Store, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(extraction, "extract", handmade.extract)
    handmade.checkpoint(tmp_path / "small-bert")
    corpus = str(handmade.corpus(tmp_path / "words.txt"))
    np.save(tmp_path / "cloud.npy", np.random.default_rng(0).normal(size=(200, 4)).astype(np.float32))
    job = run_first(store, "measure", tmp_path)
    assert [(piece.state, piece.error) for piece in job.pieces] == [("done", None)] * 3
    matches = store.query("SELECT measure FROM measurements WHERE origin = 'measured' ORDER BY measure")
    assert matches["measure"].tolist() == ["eee", "eee", "isoscore", "isoscore"]
    assert samples.compared(store, corpus, 40)
    results, failures = jobs.outcome(store, job)
    assert [result["subject"] for result in results] == [str(tmp_path / "small-bert"), "cloud.npy"]
    assert failures == []


def test_a_study_of_cells_of_the_first_format_runs(store: Store, tmp_path: Path) -> None:
    np.save(tmp_path / "cloud.npy", np.random.default_rng(0).normal(size=(200, 4)).astype(np.float32))
    job = run_first(store, "cell_study", tmp_path)
    assert [(piece.state, piece.error) for piece in job.pieces] == [("done", None)]
    ((result,), _) = jobs.outcome(store, job)
    assert [(size["k"], size["n"]) for size in result["values"]] == [(4, 100), (8, 100), (4, 50), (8, 50)]


def test_gaps_of_the_first_format_run(store: Store, tmp_path: Path) -> None:
    tiny.llama(tmp_path / "llama")
    job = run_first(store, "gap", tmp_path)
    assert [piece.state for piece in job.pieces] == ["done", "failed"]  # the hub is off in tests
    ((result,), (failure,)) = jobs.outcome(store, job)
    assert (result["domain"], result["reference"], result["seed"]) == ("digits", "random:20", 3)
    assert failure == {"subject": "org/model", "error": job.pieces[1].error}


def test_fine_tuning_of_the_first_format_runs(store: Store, tmp_path: Path, monkeypatch) -> None:
    asked = []
    scores = GlueScores("encoder", "f" * 32, {"RTE": 0.5}, {}, {}, 1.0, False)

    def tune(store, subject, request, progress, *, roots) -> GlueScores:
        asked.append((subject.path, request.tasks, request.data, request.protocol, request.device))
        return scores

    monkeypatch.setattr(glue_run, "fine_tune_subject", tune)
    job = run_first(store, "glue", tmp_path)
    assert asked == [(f"{tmp_path}/encoder", ("RTE", "CoLA"), f"{tmp_path}/glue", PROTOCOL, "cpu")]
    assert jobs.outcome(store, job) == ([scores.to_json()], [])


def test_pre_training_of_the_first_format_runs(store: Store, tmp_path: Path, monkeypatch) -> None:
    """The tokenizer is trained for real, the encoder is only said to be."""
    made = []

    def pretrain(texts, tokenizer, out, plan, progress) -> None:
        made.append((len(texts), len(tokenizer), out, plan.objective))

    monkeypatch.setattr(pretraining, "pretrain", pretrain)
    handmade.corpus(tmp_path / "words.txt")
    (tmp_path / "own").mkdir()
    job = run_first(store, "pretrain", tmp_path)
    assert [(piece.state, piece.error) for piece in job.pieces] == [("done", None)]
    ((texts, size, out, objective),) = made
    assert (texts, out, objective) == (60, tmp_path / "own" / "masked-words", "masked-words")
    assert size > 5  # beyond the special tokens


GOOD = {
    "format": 2,
    "title": "mine",
    "submitted_at": "2025-01-01T12:00:00+00:00",
    "roots": None,
    "requests": [{"task": "measure", "request": {}}],
    "pieces": [{"request": 0, "kind": "vectors", "subject": {"name": "v.npy", "path": "/v.npy"}}],
}
OLD = json.loads((FIRST / "measure.json").read_text())


def without(content: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in content.items() if name != key}


def test_unknown_keys_are_dropped_and_missing_ones_take_their_defaults(store: Store) -> None:
    request = {"settings": {"measures": "eee", "option_of_the_next_version": 1}, "other": 2}
    content = GOOD | {"requests": [{"task": "measure", "request": request, "more": 3}], "later": 4}
    job = jobs.get(store, placed(store, without(content, "title")))
    (piece,) = job.pieces
    assert (piece.request, piece.subject) == (
        Measure(Settings(measures="eee")),
        Vectors("v.npy", path="/v.npy"),
    )
    assert job.title == job.id
    older = OLD | {"settings": {"corpus": "words.txt", "option_of_the_next_version": 1}}
    job = jobs.get(store, placed(store, older, "20250101-120001-abcdef"))
    assert job.pieces[0].request == Measure(Settings(corpus="words.txt"))


UNREADABLE: dict[str, tuple[Any, str]] = {
    "another version": (GOOD | {"format": 3}, "it has format 3, and this version reads up to 2"),
    "an unknown kind": (
        GOOD | {"requests": [{"task": "distil", "request": {}}]},
        "this version knows no job of the kind distil",
    ),
    "an unknown kind of the first format": (
        OLD | {"subjects": [{"kind": "distil", "name": "m"}]},
        "this version knows no job of the kind distil",
    ),
    "an unknown kind of subject": (
        GOOD | {"pieces": [{"request": 0, "kind": "pictures", "subject": {"name": "a"}}]},
        "one of its pieces names no request, or no kind of subject",
    ),
    "a piece without a request": (
        GOOD | {"pieces": [{"request": 1, "subject": {"name": "a"}}]},
        "one of its pieces names no request, or no kind of subject",
    ),
    "no subject": (GOOD | {"pieces": []}, "it names no subject"),
    "a missing key": (without(GOOD, "requests"), "its file has no requests"),
    "no limit to folders": (without(GOOD, "roots"), "its file has no roots"),
    "a missing key of the first format": (without(OLD, "settings"), "its file has no settings"),
    "a wrong type": (
        GOOD | {"requests": [{"task": "measure", "request": {"settings": {"sequences": "many"}}}]},
        'Measure.settings.sequences is "many"',
    ),
    "a wrong type of the first format": (
        OLD | {"settings": OLD["settings"] | {"measures": ["eee"]}},
        'Settings.measures is ["eee"]',
    ),
    "no time": (GOOD | {"submitted_at": "yesterday"}, "its file.submitted_at is yesterday"),
    "damaged": (json.dumps(GOOD)[:-9], "its file is damaged"),
    "not text": ("\x00\x01", "its file is damaged"),
    "a number": ("7", "its file holds no job"),
    "nested too deeply": ("[" * 100_000, "its file is damaged"),
}


@pytest.mark.parametrize("damage", list(UNREADABLE))
def test_a_file_that_cannot_be_read_is_one_failed_job_and_no_more(
    store: Store, damage: str, tmp_path: Path, monkeypatch, capsys: pytest.CaptureFixture[str]
) -> None:
    content, why = UNREADABLE[damage]
    np.save(tmp_path / "v.npy", np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32))
    good = jobs.submit(store, Measure(Settings(measures="eee")), [Vectors("v.npy", path=f"{tmp_path}/v.npy")])
    bad = placed(store, content)
    before = (jobs.folder(store, bad) / "job.json").read_bytes()
    monkeypatch.setattr(worker, "LINGER", 0.05)
    monkeypatch.setattr(worker, "_start", lambda store, threads, limit: None)
    assert worker.ensure_workers(store) == 1  # of the good one
    worker.work(store)
    assert worker.ensure_workers(store) == 0
    assert [(job.id, job.state) for job in jobs.list_jobs(store)] == [(good, "done"), (bad, "failed")]
    matches = jobs.get(store, bad)
    sentence = f"This job cannot be read: {why}. Remove it; what it computed stays in the store."
    assert (matches.error, matches.pieces, matches.page, matches.main) == (sentence, [], None, [])
    assert matches.submitted_at.startswith("2025-01-01T12:00:00")
    assert (jobs.folder(store, bad) / "job.json").read_bytes() == before

    def command(*arguments: str) -> tuple[int, str, str]:
        status = cli.main(["jobs", *arguments, "--store", str(store.folder)])
        shown = capsys.readouterr()
        return status, shown.out, shown.err.replace("\n", " ")

    listed = json.loads(command("list", "--json")[1])["jobs"]
    assert [job["error"] for job in listed] == [None, sentence]
    assert command("watch", bad)[0] == 1
    assert command("resume", bad) == (1, "", f"{sentence} ")
    assert command("cancel", bad)[0] == 0
    assert command("remove", bad)[0] == 0
    assert [job.id for job in jobs.list_jobs(store)] == [good]


def other(value: Any) -> Callable[[Path], None]:
    return lambda file: file.write_text(json.dumps(value))


@pytest.mark.parametrize(
    "damage",
    [
        other({"state": "paused"}),
        other({"state": "done", "attempts": "three"}),
        other(["done"]),
        lambda file: file.write_text("{"),
        lambda file: file.write_bytes(b"\xff\xfe"),
        lambda file: (file.unlink(), file.mkdir()),
    ],
)
def test_a_piece_whose_record_cannot_be_read_is_a_piece_not_begun(
    store: Store, damage: Callable[[Path], Any]
) -> None:
    job = jobs.submit(store, Measure(), [Vectors("v.npy"), Vectors("w.npy")])
    file = jobs.record_path(jobs.folder(store, job), 0)
    file.write_text("{}")
    damage(file)
    assert [piece.state for piece in jobs.get(store, job).pieces] == ["queued", "queued"]


def test_a_newer_versions_record_still_says_how_the_piece_ended(store: Store) -> None:
    job = jobs.submit(store, Measure(), [Vectors("v.npy")])
    file = jobs.record_path(jobs.folder(store, job), 0)
    file.write_text(json.dumps({"state": "failed", "error": "No.", "machine": "far away"}))
    (piece,) = jobs.get(store, job).pieces
    assert (piece.state, piece.error) == ("failed", "No.")


def test_what_is_no_job_is_not_listed(store: Store) -> None:
    folder = jobs.folder(store, "20250101-120000-abcdef")
    folder.mkdir(parents=True)  # a lock taken a moment after its job was removed leaves such a folder
    (folder.parent / "notes.txt").write_text("mine")
    assert jobs.list_jobs(store) == []
    assert read_json(folder / "job.json") is None
    shutil.rmtree(folder)


def test_a_request_names_its_files_by_their_full_paths(store: Store, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "glue").mkdir()
    (tmp_path / "words.txt").write_text("a\nb\n")
    monkeypatch.chdir(tmp_path)
    asked: list[tuple[Request, Subject]] = [
        (CellStudy(Settings(corpus="words.txt", measures="pq")), Vectors("words.txt")),
        (GlueRun(("RTE",), "glue"), Subject("minilm")),
        (Pretrain("words.txt"), Subject("masked-words")),
        (TextSample("words.txt"), Subject("words.txt")),
    ]
    matches = []
    for request, subject in asked:
        matches.append(jobs.get(store, jobs.submit(store, request, [subject])).pieces[0].request)
    study, glue, pretrain, sample = matches
    assert study.settings.corpus == pretrain.corpus == sample.corpus == str(tmp_path / "words.txt")
    assert glue.data == str(tmp_path / "glue")
