"""Keys, fingerprints, JSON documents and rankings are those of the files in tests/golden.

A change that is meant is written by `python -m tests.golden NAME` and reviewed as a difference of its file.
"""

import copy
from pathlib import Path
from typing import Any

import pytest

from tests.golden import making

SHOWN = 40  # differences in a failure


@pytest.fixture(scope="module")
def folder():
    with making.workplace() as folder:
        yield folder


@pytest.fixture(scope="module")
def made(folder: Path) -> dict[str, Any]:
    return making.made(folder)


def compare(name: str, content: Any) -> None:
    outcome = list(making.differences(making.read(name), content, making.TOLERANCES[name], name))
    more = f"\n… and {len(outcome) - SHOWN} more" if len(outcome) > SHOWN else ""
    if outcome:
        pytest.fail("\n".join(outcome[:SHOWN]) + more, pytrace=False)


@pytest.mark.parametrize("name", sorted(making.TOLERANCES.keys() - {"minilm"}))
def test_nothing_pinned_has_changed(made: dict[str, Any], name: str) -> None:
    compare(name, made[name])


@pytest.mark.real
def test_nothing_pinned_of_the_real_encoder_has_changed(minilm: Path, folder: Path) -> None:
    compare("minilm", making.made_of_minilm(folder)["minilm"])


def test_one_set_of_vectors_in_any_format_is_one_subject() -> None:
    documents = making.read("documents_measured")
    results = [
        result
        for command, entry in documents.items()
        if command.startswith("measure --vectors")
        for result in entry["document"].get("results", [])
    ]
    assert {result["subject"] for result in results} == {
        f"cloud.{format}" for format in ("npy", "npz", "csv", "parquet", "safetensors")
    }
    assert len({result["fingerprint"] for result in results}) == 1


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda document: document["results"][0].update(value=0.51), "d › results[0] › value"),
        (lambda document: document["results"][0].pop("fingerprint"), "d › results[0] › fingerprint"),
        (lambda document: document["results"][0].update(fingerprint="ff"), "d › results[0] › fingerprint"),
        (lambda document: document["results"].append({}), "d › results"),
        (lambda document: document.update(cached=0), "d › cached"),
        (lambda document: document.update(note=None), "d › note"),
    ],
)
def test_a_change_is_named_by_its_place(change: Any, place: str) -> None:
    document = {"results": [{"fingerprint": "fe", "value": 0.5}], "cached": False, "note": "…"}
    changed = copy.deepcopy(document)
    change(changed)
    assert next(making.differences(document, changed, making.COMPUTED, "d")).startswith(f"{place}: ")


def test_noise_in_the_last_digits_and_further_fields_are_no_change() -> None:
    changed = {"value": 0.5 * (1 + 1e-6), "unit": "nats"}
    assert not list(making.differences({"value": 0.5}, changed, making.COMPUTED))
    assert list(making.differences({"value": 0.5}, changed, making.CLOSED))
