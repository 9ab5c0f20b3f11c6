"""The whole path of one subject: everything measured, nothing twice."""

import json
import shutil
import statistics
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cache import samples
from cache.requests import Settings, Subject, Vectors
from cache.store import Store
from cache.tables import one_row_each
from cache.tasks.measure import measure_subject
from core.errors import InputError
from core.hidden_states import extraction as hidden_states
from core.hidden_states.vector_files import fingerprint
from core.measures import MEASURES, measure, select
from tests import TOP, handmade, stores
from tests.vector_files import in_every_format

OF_CLOUDS = [name for name in select("all") if MEASURES[name].subject == "cloud"]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return stores.new(tmp_path / "store")


@pytest.fixture
def extracted(monkeypatch) -> list[str]:
    """Names of the checkpoints that the extractor, one that runs no model, was called for."""
    called: list[str] = []

    def extract(checkpoint, *arguments, **settings):
        called.append(checkpoint.name)
        return handmade.extract(checkpoint, *arguments, **settings)

    monkeypatch.setattr(hidden_states, "extract", extract)
    return called


@pytest.fixture
def subject(tmp_path: Path) -> Subject:
    return Subject(str(handmade.checkpoint(tmp_path / "small-bert")))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(corpus=str(handmade.corpus(tmp_path / "words.txt")), sequences=40)


def rows(store: Store, table: str = "measurements") -> int:
    origin = "WHERE origin <> 'published'" if table != "clouds" else ""
    return int(store.query(f"SELECT count(*) FROM {table} {origin}").iloc[0, 0])


def test_every_measure_once_and_then_from_the_store(store, extracted, subject, settings) -> None:
    first = measure_subject(store, subject, settings)
    assert first.to_json().keys() == {
        *("subject", "fingerprint", "n", "d", "measures", "sd", "seconds", "cached"),
        *("sd_text", "sd_quantizer", "cells", "left_out", "notes"),
    }
    assert (first.subject, first.d, first.cached) == (subject.name, handmade.D, False)
    assert list(first.measures) == select("all")
    assert set(first.sd.values()) == {None}
    (cloud,) = (store.folder / "clouds").glob("*.npy")
    vectors = np.load(cloud)
    assert first.n == len(vectors)
    assert {name: first.measures[name] for name in OF_CLOUDS} == measure(vectors, OF_CLOUDS)
    again = measure_subject(store, subject, settings)
    assert again == replace(first, seconds=again.seconds, cached=True)
    assert (extracted, rows(store)) == (["small-bert"], len(select("all")))


def test_what_is_known_comes_back_without_a_model_library(store, extracted, subject, settings) -> None:
    measure_subject(store, subject, settings)
    code = (
        "import json, sys; from pathlib import Path; from cache.store import Store;"
        "from cache.tasks.measure import *; from cache.requests import *; asked = json.loads(sys.argv[1]);"
        "result = measure_subject(Store.open(Path(asked[0])), Subject(**asked[1]), Settings(*asked[2]));"
        "heavy = {'torch', 'transformers', 'sklearn', 'scipy', 'huggingface_hub'} & set(sys.modules);"
        "print(json.dumps([result.cached, sorted(heavy)]))"
    )
    asked = json.dumps([str(store.folder), vars(subject), list(vars(settings).values())])
    done = subprocess.run([sys.executable, "-c", code, asked], cwd=TOP, capture_output=True, text=True)
    assert json.loads(done.stdout) == [True, []], done.stderr


def test_only_what_is_missing_is_measured(store, extracted, subject, settings) -> None:
    some = measure_subject(store, subject, replace(settings, measures="eee"))
    before = store.query("SELECT * FROM measurements WHERE measure = 'eee' AND origin = 'measured'")
    more = measure_subject(store, subject, replace(settings, measures="spread"))
    assert list(some.measures) == ["eee"]
    assert (more.cached, more.measures["eee"]) == (False, some.measures["eee"])
    after = store.query("SELECT * FROM measurements WHERE measure = 'eee' AND origin = 'measured'")
    assert after.equals(before)
    assert extracted == ["small-bert"]


def test_measurements_outlive_their_clouds(store, extracted, subject, settings) -> None:
    measure_subject(store, subject, replace(settings, measures="spread"))
    shutil.rmtree(store.folder / "clouds")
    assert measure_subject(store, subject, replace(settings, measures="eee,vrm")).cached
    assert not measure_subject(store, subject, replace(settings, measures="dispersion")).cached
    assert extracted == ["small-bert", "small-bert"]
    assert rows(store, "clouds") == 1


def test_the_output_matrix_needs_no_forward_pass_and_a_stand_in_is_noted(
    store, extracted, subject, settings
) -> None:
    result = measure_subject(store, subject, replace(settings, measures="unembedding"))
    assert (result.n, result.d, extracted) == (50, handmade.D, [])
    notes = store.query("SELECT DISTINCT note FROM measurements WHERE origin = 'measured'")["note"]
    assert notes.tolist() == [
        "small-bert has no language-model head: its input embedding bert.embeddings.word_embeddings.weight "
        "stands in."
    ]


def test_repeats_draw_other_text_and_give_a_spread(store, extracted, subject, settings) -> None:
    single = [
        measure_subject(store, subject, replace(settings, seed=seed)).measures["eee"] for seed in (3, 4)
    ]
    both = measure_subject(store, subject, replace(settings, seed=3, repeats=2))
    assert both.cached
    assert both.measures["eee"] == pytest.approx(statistics.fmean(single), rel=1e-15)
    assert both.sd["eee"] == pytest.approx(statistics.stdev(single), rel=1e-12)
    assert both.sd["eee"] > 0
    assert both.sd["unembedding_isotropy"] is None  # one matrix, and exact: nothing varies
    clouds = store.query("SELECT text_seed, sample_fingerprint FROM clouds ORDER BY ALL")
    assert clouds["text_seed"].tolist() == [3, 4]
    assert clouds["sample_fingerprint"].nunique() == 2


@pytest.mark.parametrize("change", [{"sequences": 30}, {"layer": 0}, {"position": "mean"}, {"max_length": 9}])
def test_another_way_of_reading_is_another_cloud(store, extracted, subject, settings, change) -> None:
    few = replace(settings, measures="dispersion")
    measure_subject(store, subject, few)
    assert not measure_subject(store, subject, replace(few, **change)).cached
    assert rows(store, "clouds") == 2


def test_a_new_version_of_a_measure_is_measured_anew(
    store, extracted, subject, settings, monkeypatch
) -> None:
    few = replace(settings, measures="eee,isoscore")
    measure_subject(store, subject, few)
    monkeypatch.setitem(MEASURES, "eee", replace(MEASURES["eee"], version=MEASURES["eee"].version + 1))
    assert not measure_subject(store, subject, few).cached
    assert (rows(store), extracted) == (3, ["small-bert"])


def test_one_model_under_two_paths_is_one_subject(store, extracted, subject, settings, tmp_path) -> None:
    shutil.copytree(subject.name, tmp_path / "copy")
    first = measure_subject(store, subject, settings)
    copy = measure_subject(store, Subject("copy", path=str(tmp_path / "copy")), settings)
    assert (copy.cached, copy.fingerprint, copy.subject) == (True, first.fingerprint, "copy")
    checkpoints = store.query("SELECT name, family, width, path FROM checkpoints WHERE origin = 'measured'")
    assert checkpoints.values.tolist() == [["small-bert", "BERT", handmade.D, subject.name]]


def test_what_another_process_has_left_is_seen(store, extracted, subject, settings, monkeypatch) -> None:
    """Parts that nobody has taken in yet are taken in before anything is computed."""
    with monkeypatch.context() as patch:
        patch.setattr(Store, "ingest", lambda self, wait=True: 0)
        measure_subject(store, subject, settings)
    assert measure_subject(store, subject, settings).cached


def test_stopping_leaves_nothing_half_done(store, extracted, subject, settings) -> None:
    def stop(stage: str, done: int, total: int, unit: str) -> None:
        if stage == "hidden states":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure_subject(store, subject, settings, stop)
    assert [path for path in (store.folder / "clouds").iterdir() if path.suffix != ".lock"] == []
    assert (rows(store), rows(store, "clouds")) == (0, 0)


def test_checkpoints_outside_the_roots_are_refused(store, subject, settings, tmp_path) -> None:
    with pytest.raises(InputError) as caught:
        measure_subject(store, subject, settings, roots=[tmp_path / "elsewhere"])
    assert str(caught.value) == (
        f"{subject.name} lies outside the folders that may be read ({tmp_path / 'elsewhere'}): move it "
        "there, or add its parent to LATENT_SHORTLIST_ROOTS."
    )


def test_the_same_vectors_in_any_format_are_one_cloud(store, tmp_path) -> None:
    vectors = np.random.default_rng(0).normal(size=(30, 4)).astype(np.float32)
    formats = in_every_format(vectors)
    for name, content in formats.items():
        (tmp_path / name).write_bytes(content)
    results = [
        measure_subject(store, Vectors(name, path=str(tmp_path / name)), Settings(repeats=2))
        for name in formats
    ]
    assert [result.cached for result in results] == [False, True, True, True, True]
    assert {result.fingerprint for result in results} == {fingerprint(vectors)}
    assert results[4].measures == results[0].measures
    assert results[0].measures["isoscore"] == measure(vectors, ["isoscore"])["isoscore"]
    assert {name for name, sd in results[0].sd.items() if sd is not None} == {"dispersion_euclidean"}
    subjects = store.query("SELECT subject, name, origin FROM checkpoints WHERE origin <> 'published'")
    assert subjects.values.tolist() == [[fingerprint(vectors), "cloud.npy", "uploaded"]]
    assert rows(store, "clouds") == 1
    assert len(list((store.folder / "uploads").iterdir())) == 1


@pytest.mark.parametrize(
    ("vectors", "lacking"),
    [
        (np.ones((10, 4)), {"eee", "vrm", "isoscore"}),
        (np.eye(3, 8), {"vrm"}),
        (np.arange(1.0, 9)[:, None], {"isoscore"}),
    ],
)
def test_what_is_undefined_is_left_out_with_its_reason(store, tmp_path, vectors, lacking) -> None:
    np.save(tmp_path / "odd.npy", vectors.astype(np.float32))
    odd = Vectors("odd.npy", path=str(tmp_path / "odd.npy"))
    first = measure_subject(store, odd, Settings())
    assert set(first.left_out) == lacking and all(name in why for name, why in first.left_out.items())
    defined = [name for name in OF_CLOUDS if name not in lacking]
    assert first.measures == measure(vectors.astype(np.float32), defined)
    again = measure_subject(store, odd, Settings())
    assert again == replace(first, seconds=again.seconds, cached=True)
    assert rows(store) == len(OF_CLOUDS)
    row = one_row_each(store).rows.loc[first.fingerprint]
    assert row["dispersion"] == first.measures["dispersion"] and not lacking & set(row.dropna().index)
    with pytest.raises(InputError) as caught:  # where nothing else is asked for
        measure_subject(store, odd, Settings(measures=min(lacking)))
    assert str(caught.value) == first.left_out[min(lacking)]


@pytest.mark.parametrize("fault", ["row", "name"])
def test_a_matrix_that_cannot_be_measured_withholds_no_hidden_states(
    store, extracted, subject, settings, fault
) -> None:
    from safetensors.numpy import load_file, save_file

    file = Path(subject.name) / "model.safetensors"
    tensors = load_file(file)
    (name,) = [one for one in tensors if one.endswith("word_embeddings.weight")]
    matrix = tensors.pop(name)
    matrix[7, 0] = np.nan
    save_file(tensors | {name if fault == "row" else "unheard.of": matrix}, file, metadata={"format": "pt"})
    result = measure_subject(store, subject, settings)
    assert set(result.measures) == set(OF_CLOUDS)
    assert set(result.left_out) == set(select("all")) - set(OF_CLOUDS)
    if fault == "row":
        assert set(result.left_out.values()) == {
            "Row 7 of the output-embedding matrix holds NaN or infinite values: repair it."
        }


@pytest.mark.parametrize(
    ("subject", "settings", "message"),
    [
        (
            Vectors("mine.npy"),
            Settings(measures="unembedding"),
            "mine.npy is a file of vectors, with no output-embedding matrix and no text to predict: ask for "
            "measures of a cloud, for example spread.",
        ),
        (
            Vectors("mine.npy", path="/nowhere/mine.npy"),
            Settings(),
            "mine.npy cannot be read (No such file or directory): give a file of vectors.",
        ),
        (Vectors("mine.npy"), Settings(repeats=0), "0 repeats measure nothing: give at least 1."),
    ],
)
def test_mistakes_are_one_sentence(store, subject, settings, message: str) -> None:
    with pytest.raises(InputError) as caught:
        measure_subject(store, subject, settings)
    assert str(caught.value) == message
    assert rows(store, "checkpoints") == 0


def test_a_sample_is_drawn_once_for_a_source(store, settings, tmp_path, monkeypatch) -> None:
    drawn = samples.text_sample(store, settings.corpus, 10, 0)
    with monkeypatch.context() as patch:
        patch.setattr(samples, "load", lambda *_, **__: pytest.fail("read again"))
        assert samples.text_sample(store, settings.corpus, 10, 0) == drawn
    Path(settings.corpus).write_text("one two three\nfour five six\nseven eight nine\n")
    assert samples.text_sample(store, settings.corpus, 10, 0).fingerprint != drawn.fingerprint


def test_the_published_corpus_is_taken_where_both_parts_are_here(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("LATENT_SHORTLIST_CORPORA", str(tmp_path))
    (tmp_path / "ptb").mkdir()
    assert samples.chosen("auto") == "standard-library"
    (tmp_path / "wikitext-2").mkdir()
    assert samples.chosen("auto") == "ptb+wikitext-2"
    assert samples.chosen("mine.txt") == "mine.txt"


def test_how_representative_a_sample_is_is_found_out_once(store, settings, monkeypatch) -> None:
    asked = (store, settings.corpus, 20)
    assert samples.representativeness(*asked) is None
    assert not samples.compared(*asked)
    samples.compare(*asked)
    outcome = samples.representativeness(*asked)
    assert (outcome.corpus, outcome.sequences, outcome.usable) == ("words.txt", 20, 60)
    assert samples.compared(*asked)
    monkeypatch.setattr(samples, "load", lambda *_, **__: pytest.fail("read again"))
    samples.compare(*asked)
