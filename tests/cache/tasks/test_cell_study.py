"""Cell measures through the store: at any number of vectors, two kinds of spread, studies of sizes."""

import io
import json
import statistics
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cache import jobs, worker
from cache.measuring.computing import draw
from cache.requests import CellStudy, Plan, Settings, Subject, Vectors
from cache.results import CellSettings
from cache.store import Store
from cache.tasks.cell_study import cell_rows, check, curve_rows, study
from cache.tasks.measure import measure_subject
from cache.uploads import keep
from core.cells.curves import Curves
from core.errors import InputError
from core.hidden_states import extraction as hidden_states
from core.measures import measure_cells, select
from tests import handmade, stores

NAME = "lsq_patchiness"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setattr(hidden_states, "extract", handmade.extract)
    return stores.new(tmp_path / "store")


@pytest.fixture
def subject(tmp_path: Path) -> Subject:
    return Subject(str(handmade.checkpoint(tmp_path / "small-bert")))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    corpus = str(handmade.corpus(tmp_path / "words.txt"))
    return Settings(corpus=corpus, sequences=40, measures=NAME, k=8)


def uploaded(store: Store, vectors: np.ndarray) -> Subject:
    file = io.BytesIO()
    np.save(file, vectors)
    file.seek(0)
    kept = keep(store.folder, file, "mine.npy")
    return Vectors(kept.name, path=str(kept.path))


def test_a_draw_is_measured_at_its_size_and_remembered(store, subject, settings) -> None:
    first = measure_subject(store, subject, replace(settings, at=100))
    (path,) = (store.folder / "clouds").glob("*.npy")
    vectors = np.load(path)
    assert first.cells == CellSettings(n=100, M=4, k=8, engine="own")
    assert first.n == 100 < len(vectors)
    expected = measure_cells(vectors[draw(len(vectors), 100)], [NAME], k=8)[NAME].value
    assert first.measures[NAME] == expected
    assert measure_subject(store, subject, replace(settings, at=100)).cached
    row = store.query("SELECT parameters, n, note FROM measurements WHERE origin = 'measured'").iloc[0]
    assert (json.loads(row["parameters"]), row["n"]) == ({"k": 8, "n": 100}, 100)
    assert f"a draw of 100 of {len(vectors)} vectors" in row["note"]


def test_asking_for_as_many_vectors_as_there_are_is_asking_for_all(store, subject, settings) -> None:
    n = measure_subject(store, subject, replace(settings, measures="dispersion")).n
    whole = measure_subject(store, subject, replace(settings, at=n))
    again = measure_subject(store, subject, settings)
    assert again == replace(whole, seconds=again.seconds, cached=True)
    parameters = store.query("SELECT parameters FROM measurements WHERE measure = 'lsq_patchiness' AND n > 0")
    assert parameters["parameters"].tolist() == ['{"k": 8}']


def test_a_cloud_is_obtained_before_the_key_of_a_draw_is_formed(
    store, subject, settings, tmp_path, monkeypatch
) -> None:
    n = measure_subject(store, subject, replace(settings, measures="dispersion")).n
    other = stores.new(tmp_path / "other")  # which does not know how many vectors there are
    whole = measure_subject(other, subject, replace(settings, at=n))
    stored = other.query("SELECT parameters FROM measurements WHERE subject = ?", [whole.fingerprint])
    assert stored["parameters"].tolist() == ['{"k": 8}']
    monkeypatch.setattr(hidden_states, "extract", None)
    (other.folder / "clouds" / f"{other.query('SELECT cloud FROM clouds')['cloud'][0]}.npy").unlink()
    assert measure_subject(other, subject, settings).cached and whole.n == n
    with pytest.raises(InputError, match="but there are"):  # known without the vectors
        measure_subject(other, subject, replace(settings, at=n + 1))


def test_a_smaller_draw_is_part_of_a_larger_one_and_no_prefix() -> None:
    small, large = draw(1000, 50), draw(1000, 500)
    assert set(small) < set(large)
    assert len(set(large)) == 500 and (np.diff(large) > 0).all() and large[-1] > 900


def test_more_vectors_than_there_are_is_one_sentence(store, subject, settings) -> None:
    with pytest.raises(InputError) as caught:
        measure_subject(store, subject, replace(settings, at=5000))
    n = int(store.query("SELECT n FROM clouds")["n"][0])
    message = f"5,000 vectors were asked for, but there are {n}: ask for no more than those."
    assert str(caught.value) == message
    both = measure_subject(store, subject, replace(settings, at=5000, measures=f"eee,{NAME}"))
    assert (list(both.measures), both.left_out) == (["eee"], {NAME: message})


def test_quantizer_seeds_and_text_samples_give_a_spread_each(store, subject, settings) -> None:
    def one(seed: int) -> float:
        return measure_subject(store, subject, replace(settings, seed=seed)).measures[NAME]

    seeds = measure_subject(store, subject, replace(settings, quantizer_seeds=3))
    assert seeds.sd_text == {} and seeds.sd == seeds.sd_quantizer
    assert seeds.sd_quantizer[NAME] > 0
    both = measure_subject(store, subject, replace(settings, repeats=3, measures=f"{NAME},eee"))
    assert both.sd_quantizer == seeds.sd_quantizer  # of the first sample
    assert both.sd_text[NAME] == pytest.approx(statistics.stdev(map(one, range(3))), rel=1e-12)
    assert both.sd[NAME] == both.sd_text[NAME]
    assert set(both.sd_text) == {NAME, "eee"}
    present = store.query(
        "SELECT cloud, seed FROM measurements WHERE measure = ? AND origin = 'measured'", [NAME]
    )
    assert (len(present), present["cloud"].nunique()) == (
        5,
        3,
    )  # three on the first sample, one on each other
    single = replace(settings, repeats=2, quantizer_seeds=1)
    assert measure_subject(store, subject, single).sd_quantizer == {}


def test_what_is_undefined_is_remembered_with_its_reason(store) -> None:
    vectors = np.random.default_rng(0).normal(size=(30, 4)).astype(np.float32)
    subject = uploaded(store, vectors)
    asked = Settings(measures="isoscore,lsq")
    first = measure_subject(store, subject, asked)
    reason = (
        "A quantizer of k = 256 centroids needs as many vectors, but there are 30; add vectors or lower k."
    )
    assert list(first.measures) == ["isoscore"]
    assert first.left_out == dict.fromkeys(select("lsq"), reason)
    again = measure_subject(store, subject, asked)
    assert again.cached and again.left_out == first.left_out
    with pytest.raises(InputError) as caught:
        measure_subject(store, subject, replace(asked, measures="lsq"))
    assert str(caught.value) == reason


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"quantizer_seeds": 0}, "0 quantizer seeds measure nothing: give at least 1."),
        ({"at": 1}, "A draw of 1 vectors measures nothing: give at least 2."),
        ({"engine": "none"}, "There is no quantizer engine 'none'; choose one of own, faiss."),
    ],
)
def test_mistakes_are_one_sentence(store, subject, settings, change, message) -> None:
    with pytest.raises(InputError) as caught:
        measure_subject(store, subject, replace(settings, **change))
    assert str(caught.value) == message


def test_curves_are_kept_at_the_default_sizes_only(store) -> None:
    vectors = np.random.default_rng(0).normal(size=(400, 4)).astype(np.float32)
    subject = uploaded(store, vectors)
    measure_subject(store, subject, Settings(measures="pq_patchiness", k=16))
    assert curve_rows(store).empty
    result = measure_subject(store, subject, Settings(measures="pq", quantizer_seeds=2))
    (row,) = curve_rows(store).itertuples()
    curves = Curves(**json.loads(row.curves))
    assert (row.name, row.quantizer, row.seed, row.n if hasattr(row, "n") else curves.n) == (
        "mine.npy",
        "pq",
        0,
        400,
    )
    counts = np.array(curves.occupancy)
    assert counts.shape == (4, 256) and (counts.sum(1) == 400).all() and (np.diff(counts) <= 0).all()
    m = counts.mean(1)
    one = measure_cells(vectors, ["pq_patchiness"])["pq_patchiness"].value
    assert ((m + counts.var(1) / m - 1) / m).mean() == pytest.approx(one, rel=1e-12)
    assert sum(curves.shares) == pytest.approx(1, abs=1e-3)
    assert np.max(curves.nearest) == 1
    assert result.sd_quantizer["pq_patchiness"] > 0


def test_a_study_measures_every_size_once(store, subject, settings) -> None:
    plan = Plan(M=(1, 2), k=(4, 8), shares=(0.5, 1.0))
    asked = CellStudy(settings, plan)
    stages: list[str] = []
    result = study(store, subject, asked, lambda stage, *far: stages.append(stage))
    assert [(v.M, v.k, v.n == result.n) for v in result.values] == [
        *[(M, k, True) for M in (1, 2) for k in (4, 8)],
        *[(M, k, False) for M in (1, 2) for k in (4, 8)],
    ]
    assert result.values[4].n == round(result.n / 2)
    assert result.left_out == [] and not result.cached
    assert any(stage.startswith("M = 2, k = 8 (4 of 8): training LSQ") for stage in stages)
    again = study(store, subject, asked)
    assert again.cached and again.values == result.values
    rows = cell_rows(store)
    assert sorted(zip(rows["M"], rows["k"], rows["n"], strict=True)) == sorted(
        (v.M, v.k, v.n) for v in result.values
    )
    too_many = study(store, subject, CellStudy(settings, Plan(k=(8, 4096))))
    assert [entry.k for entry in too_many.left_out] == [4096]
    assert "needs as many vectors" in too_many.left_out[0].reason


def test_a_study_runs_as_a_job(store, subject, settings) -> None:
    job = jobs.submit(store, CellStudy(settings, Plan(k=(4, 8))), [subject])
    worker.work(store)
    done = jobs.get(store, job)
    assert [piece.state for piece in done.pieces] == ["done", "done"], done  # and how far the text stands
    assert sorted(cell_rows(store)["k"]) == [4, 8]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"k": ()}, "A study needs at least one M, one k and one share of the vectors: give them."),
        (
            {"k": (1,)},
            "A study needs M from 1, k from 2 and shares of the vectors above 0 and up to 1: change them.",
        ),
    ],
)
def test_an_impossible_plan_is_one_sentence(asked, message) -> None:
    with pytest.raises(InputError) as caught:
        check(CellStudy(Settings(measures="cells"), Plan(**asked)))
    assert str(caught.value) == message


def test_a_study_is_of_cells_only(store, subject, settings) -> None:
    with pytest.raises(InputError) as caught:
        study(store, subject, CellStudy(replace(settings, measures="spread")))
    assert str(caught.value) == (
        "A study of cells measures cells only: give cells, lsq, pq or names of such measures."
    )


def test_the_command_line_measures_and_sweeps_cells(tmp_path, monkeypatch, capsys) -> None:
    import cli

    stores.new(tmp_path / "store")
    monkeypatch.setenv("LATENT_SHORTLIST_STORE", str(tmp_path / "store"))
    files = []
    for index in range(3):
        vectors = np.random.default_rng(index).normal(size=(300, 4)) ** (2 * index + 1)
        files += ["--vectors", str(tmp_path / f"cloud{index}.npy")]
        np.save(files[-1], vectors.astype(np.float32))

    def run(*arguments: str) -> dict:
        assert cli.main([*arguments, *files, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    one = run("measure", "--measures", "pq", "--at", "290", "--quantizer-seeds", "2", "--m", "2", "--k", "16")
    assert one["results"][0]["cells"] == {"n": 290, "M": 2, "k": 16, "engine": "own"}
    assert one["results"][0]["sd_quantizer"]["pq_patchiness"] > 0
    swept = run("study", "cells-sweep", "--measures", "pq_patchiness", "--k", "16,256", "--m", "2,4")
    assert [(v["M"], v["k"]) for v in swept["results"][0]["values"]] == [(2, 16), (2, 256), (4, 16), (4, 256)]
    agreed = {(row["M"], row["k"]): row for row in swept["agreement"]}
    assert agreed[4, 256]["spearman"] == 1 and agreed[2, 16]["checkpoints"] == 3
    assert cli.main(["study", "cells-sweep", "minilm", "--k", "many"]) == 1
    assert capsys.readouterr().err.strip() == "--k takes numbers with commas between them, not 'many'."
    assert cli.main(["measure", *files[:2], "--measures", "all,pq", "--k", "4096"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "No value for pq_patchiness, pq_patchiness_published" in out
    assert "needs as many vectors, but there are 300; add vectors or lower k." in out
