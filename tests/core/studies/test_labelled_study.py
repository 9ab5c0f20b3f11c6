"""Estimates of the study's checkpoints: which rows they rest on, that they go on, and what is timed."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.checkpoints.resolve import resolve
from core.fine_tuning import glue
from core.hidden_states.extraction import extract
from core.measures import measure
from core.measures.labelled import NAMES
from core.studies import labelled_study
from core.studies.labelled_study import COLUMNS, available, estimated, read
from core.studies.labels import estimate_checkpoint
from core.studies.own_study import Member, members
from tests import glue_files, tiny

TASKS = ("CoLA", "STS-B")


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many tokens as the tiny encoder has positions for."""
    monkeypatch.setattr(labelled_study, "LENGTH", tiny.MAX_POSITIONS)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> list[glue.TaskData]:
    folder = tmp_path_factory.mktemp("glue")
    return [glue.load(task, glue_files.write(folder, task)) for task in TASKS]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Member:
    folder = str(tiny.encoder(tmp_path_factory.mktemp("small") / "masked-words"))
    return Member("small", folder, "small encoder", "small encoder", "masked-words", "plain")


def test_estimates_are_of_the_first_rows_of_each_task_at_both_layers(
    data: list[glue.TaskData], plain: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(labelled_study, "ROWS", 40)
    *_, table = estimated([plain], data, pd.DataFrame(columns=list(COLUMNS)))
    assert list(table.columns) == list(COLUMNS)
    keys = table[["task", "layer", "quantity"]].apply(tuple, axis=1).tolist()
    assert keys == [(task, layer, name) for task in TASKS for layer in ("mean", "last") for name in NAMES]
    assert set(table["n"]) == {40} and (table[["seconds", "extraction"]] > 0).all(axis=None)
    rows = data[1].train.head(40)
    labels = rows.labels.tolist()
    expected = estimate_checkpoint(plain.name, rows.first, labels, pairs=rows.second, at=["mean", -1])
    assert expected["layer"].unique().tolist() == ["mean", 2]
    own = table.loc[table["task"] == "STS-B", "value"]
    assert np.array_equal(own, expected["value"], equal_nan=True) and own.notna().sum() == 4


def test_a_run_goes_on_from_what_its_file_holds(
    data: list[glue.TaskData], plain: Member, tmp_path: Path
) -> None:
    file = tmp_path / "values.csv"
    assert read(file).empty
    first = next(estimated([plain], data, read(file)))
    first.to_csv(file, index=False)
    kept = read(file)
    assert list(kept["task"].unique()) == ["CoLA"] and kept["value"].dtype == float
    (rest,) = estimated([plain], data, kept)
    assert rest["task"].tolist() == ["CoLA"] * 8 + ["STS-B"] * 8
    assert list(estimated([plain], data, rest)) == []


def test_measures_without_labels_are_timed_and_cells_need_the_plain_checkpoint(
    plain: Member, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noisy = Member("small", f"{plain.name}+noise:0.1:111", "noisy", plain.base, "masked-words", "perturbed")
    texts = tiny.sentences(60, longest=9)
    monkeypatch.setattr(labelled_study, "SEQUENCES", 50)
    first, both = estimated([plain, noisy], [], read(tmp_path / "none.csv"), texts)
    assert set(both["label"]) == {"small encoder", "noisy"} and set(both["task"]) == {""}
    table = first.set_index("quantity")
    assert "pq_patchiness" in table.index
    assert set(both.loc[both["label"] == "noisy", "quantity"]) == {
        *("dispersion", "dispersion_euclidean", "mean_cosine_similarity"),
        *("eee", "vrm", "isoscore", "effective_rank", "effective_rank_ratio"),
    }
    extract(resolve(plain.name), texts[:50], tmp_path / "last.npy")
    expected = measure(np.load(tmp_path / "last.npy"), ["eee", "dispersion"])
    values = table["value"]
    assert {name: values[name] for name in expected} == expected
    spectral = table.loc[["eee", "vrm", "isoscore"], "seconds"]
    assert spectral.nunique() == 1  # what shares its work is timed together


def test_members_whose_folders_are_missing_are_named(tmp_path: Path) -> None:
    found = [member for part in ("small", "minilm") for member in members(part, tmp_path)]
    there, lacking = available(found)
    assert {member.part for member in there} == {"minilm"} and len(lacking) == 47
    (tmp_path / "masked-words").mkdir()
    there, lacking = available(found)
    assert {member.label.rpartition(", ")[2] for member in lacking} == {
        "embeddings of shuffled-corpus",
        "embeddings of random-number",
        *("first-character", "ascii-sum", "random-number", "shuffled-sentences", "shuffled-corpus"),
    }
