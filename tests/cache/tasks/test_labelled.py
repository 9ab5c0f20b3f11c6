"""Measuring labels: every layer from one extraction, nothing twice, and what identifies a measurement."""

import json
import shutil
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from cache import jobs, worker
from cache.documents import from_json, to_json
from cache.requests import Subject, Vectors
from cache.results import MeasuredLabels
from cache.store import Store
from cache.tables import one_row_each
from cache.tasks import task_of
from cache.tasks.labelled import Labelled, measure_labels
from core.errors import InputError
from core.hidden_states import pooled
from core.measures.labelled import NAMES, at_layer, estimate
from tests import TOP, handmade, labelled, stores

NO_FILE = "nowhere.csv cannot be read (No such file or directory): give a file that can."
LISTED = "logme, h_score, knn_accuracy, probe_score"
LAYERS = [*range(labelled.LAST + 1), "mean"]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return stores.new(tmp_path / "store")


@pytest.fixture
def extracted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the checkpoints that the extractor, one that runs no model, was called for."""
    called: list[str] = []

    def extract_layers(checkpoint, *arguments, **options):
        called.append(checkpoint.name)
        return labelled.extract_layers(checkpoint, *arguments, **options)

    monkeypatch.setattr(pooled, "extract_layers", extract_layers)
    return called


@pytest.fixture
def subject(tmp_path: Path) -> Subject:
    return Subject(str(handmade.checkpoint(tmp_path / "small-bert")))


@pytest.fixture
def request_(tmp_path: Path) -> Labelled:
    return Labelled(str(labelled.table(tmp_path / "mine.csv")))


def rows(store: Store) -> int:
    return int(store.query("SELECT count(*) FROM measurements WHERE origin = 'measured'").iloc[0, 0])


def test_every_layer_is_measured_from_one_extraction_and_then_from_the_store(
    store: Store, extracted: list[str], subject: Subject, request_: Labelled
) -> None:
    first = measure_labels(store, subject, request_)
    assert [layer.layer for layer in first.layers] == LAYERS
    assert all(list(layer.measures) == list(NAMES) for layer in first.layers)
    assert (first.n, first.d, first.cached, first.left_out) == (60, labelled.D, False, {})
    assert first.labels.classes == {"a": 20, "b": 20, "c": 20} and first.labels.file == "mine.csv"
    assert first.measures == first.layers[-1].measures
    assert first.layers[1].measures["probe_score"] > 0.7 > first.layers[0].measures["probe_score"]
    again = measure_labels(store, subject, request_)
    assert again == replace(first, seconds=again.seconds, cached=True)
    assert (extracted, rows(store)) == (["small-bert"], len(LAYERS) * len(NAMES))
    assert from_json(MeasuredLabels, to_json(first)) == first


def test_values_are_those_of_the_vectors_on_disk(
    store: Store, extracted: list[str], subject: Subject, request_: Labelled
) -> None:
    result = measure_labels(store, subject, request_)
    (file,) = (store.folder / "clouds").glob("*.npy")
    layers = np.load(file)
    frame = estimate(layers, ["abc"[row % 3] for row in range(60)]).set_index(["layer", "measure"])
    for layer in result.layers:
        for name in NAMES:
            assert layer.measures[name] == frame.loc[(layer.layer, name), "value"]
            assert layer.standard_errors[name] == frame.loc[(layer.layer, name), "standard_error"]
    assert np.allclose(at_layer(layers, "mean"), layers.mean(axis=0))


def test_each_layer_is_a_cloud_of_the_labelled_text(
    store: Store, extracted: list[str], subject: Subject, request_: Labelled
) -> None:
    measure_labels(store, subject, request_)
    clouds = store.query("SELECT * FROM clouds ORDER BY layer NULLS LAST")
    assert clouds["layer"].fillna(-1).tolist() == [0, 1, 2, -1]
    assert set(clouds["corpus"]) == {"mine.csv"} and set(clouds["position"]) == {"mean"}
    assert set(clouds["sequences"]) == {60} and clouds["cloud"].nunique() == 4
    found = store.query("SELECT * FROM measurements WHERE origin = 'measured'")
    assert set(found["cloud"]) == set(clouds["cloud"]) and found["parameters"].nunique() == 1
    assert list(json.loads(found["parameters"][0])) == ["labels"]
    assert found["note"].str.startswith("labels in column label; 60 rows of 3 classes").all()
    shown = one_row_each(store).rows.loc[clouds["subject"][0]]
    mean = clouds.loc[clouds["layer"].isna(), "cloud"].item()
    of_mean = found[(found["cloud"] == mean) & (found["measure"] == "logme")]
    assert shown["logme"] == of_mean["value"].item()


def test_other_labels_of_the_same_text_need_no_extraction_and_are_kept_apart(
    store: Store, extracted: list[str], subject: Subject, request_: Labelled, tmp_path: Path
) -> None:
    first = measure_labels(store, subject, request_)
    other = Labelled(str(labelled.table(tmp_path / "other.csv", shift=1)))
    second = measure_labels(store, subject, other)
    assert not second.cached and extracted == ["small-bert"]
    assert second.labels.digest != first.labels.digest
    assert rows(store) == 2 * len(LAYERS) * len(NAMES)
    renamed = shutil.copy(request_.file, tmp_path / "renamed.csv")
    assert measure_labels(store, subject, Labelled(str(renamed))).cached


def test_only_what_is_missing_is_measured_and_measurements_outlive_their_vectors(
    store: Store, extracted: list[str], subject: Subject, request_: Labelled
) -> None:
    some = measure_labels(store, subject, replace(request_, measures="logme"))
    assert list(some.measures) == ["logme"]
    shutil.rmtree(store.folder / "clouds")
    assert measure_labels(store, subject, replace(request_, measures="logme")).cached
    more = measure_labels(store, subject, request_)
    assert (more.cached, more.measures["logme"]) == (False, some.measures["logme"])
    assert extracted == ["small-bert", "small-bert"]
    assert not measure_labels(store, subject, replace(request_, max_length=20)).cached


def test_numbers_leave_two_measures_out_and_say_why(
    store: Store, extracted: list[str], subject: Subject, tmp_path: Path
) -> None:
    file = tmp_path / "numbers.csv"
    file.write_text("text,score\n" + "\n".join(f"text number {row},{row / 7:.3f}" for row in range(40)))
    for cached in (False, True):
        result = measure_labels(store, subject, Labelled(str(file)))
        assert result.cached == cached and result.labels.classes == {}
        assert list(result.measures) == ["logme", "probe_score"]
        assert result.left_out == {
            "h_score": "The H-score is defined for classes; these labels are numbers.",
            "knn_accuracy": "The share of right classes is defined for classes; these labels are numbers.",
        }
    with pytest.raises(InputError) as refusal:
        measure_labels(store, subject, Labelled(str(file), measures="h_score"))
    assert str(refusal.value) == "The H-score is defined for classes; these labels are numbers."


def test_what_is_known_comes_back_without_a_model_library(
    store: Store, extracted: list[str], subject: Subject, request_: Labelled
) -> None:
    measure_labels(store, subject, request_)
    code = (
        "import json, sys; from pathlib import Path; from cache.store import Store;"
        "from cache.tasks.labelled import *; asked = json.loads(sys.argv[1]);"
        "store = Store.open(Path(asked[0]));"
        "result = measure_labels(store, Subject(**asked[1]), Labelled(**asked[2]));"
        "heavy = {'torch', 'transformers', 'sklearn', 'scipy', 'huggingface_hub'} & set(sys.modules);"
        "print(json.dumps([result.cached, sorted(heavy)]))"
    )
    asked = json.dumps([str(store.folder), vars(subject), asdict(request_)])
    done = subprocess.run([sys.executable, "-c", code, asked], cwd=TOP, capture_output=True, text=True)
    assert json.loads(done.stdout) == [True, []], done.stderr


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"label": "stars"}, "mine.csv has no column stars: it has text, label."),
        (
            {"file": "/nowhere.csv"},
            NO_FILE,
        ),
        (
            {"measures": "eee"},
            f"eee is no measure of labels: with labels give all, or {LISTED}.",
        ),
        ({"measures": " "}, f"No measure was named; give all, or {LISTED}."),
    ],
)
def test_what_cannot_be_used_is_refused_before_a_checkpoint_is_looked_at(
    store: Store, extracted: list[str], request_: Labelled, change: dict[str, str], message: str
) -> None:
    asked = replace(request_, **change)
    for refused in (
        lambda: measure_labels(store, Subject("no-such/model"), asked),
        lambda: jobs.submit(store, asked, [Subject("no-such/model")]),
    ):
        with pytest.raises(InputError) as refusal:
            refused()
        assert str(refusal.value) == message
    assert jobs.list_jobs(store) == []


def test_vectors_are_refused(store: Store, request_: Labelled) -> None:
    with pytest.raises(InputError) as refusal:
        measure_labels(store, Vectors("mine.npy", path="/mine.npy"), request_)
    assert str(refusal.value) == (
        "mine.npy is a file of vectors, which reads no text: measures of labels need a checkpoint."
    )


def test_a_job_is_written_carried_out_and_shown_as_any_other(
    store: Store,
    extracted: list[str],
    subject: Subject,
    request_: Labelled,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    relative = replace(request_, file="mine.csv")
    job = jobs.submit(store, relative, [subject])
    assert jobs.get(store, job).title == "Labels of mine.csv: small-bert"
    assert jobs.get(store, job).pieces[0].request == request_  # the file by its full path
    monkeypatch.chdir("/")
    worker.work(store)
    (document,), failures = jobs.outcome(store, jobs.get(store, job))
    assert failures == [] and document["measures"].keys() == set(NAMES)
    page = task_of(request_).page(request_)
    assert page is not None and page.file == "shortlist"
