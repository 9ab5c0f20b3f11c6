"""References of real checkpoints: what the store has of each, by the names their scores use."""

import json
from pathlib import Path

import pytest

from cache import references
from cache.files import Remembered
from cache.hub_sizes import Asked, remembered
from cache.references import entries, standings, summed, within
from cache.requests import Settings, Subject
from cache.store import Store
from cache.tasks.measure import measure_subject
from core.measures import select
from tests import stores, tiny

SETTINGS = Settings(sequences=20, measures="eee,vrm", corpus="standard-library")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return stores.new(tmp_path / "store")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.encoder(tmp_path_factory.mktemp("models") / "bert-base-cased")


def by_name(store: Store, reference: str, settings: Settings | None = None) -> dict[str, references.Entry]:
    return {entry.name: entry for entry in entries(store, reference, settings)}


def test_a_new_store_has_the_published_ones_and_nothing_else(store: Store) -> None:
    perturbed, encoders, decoders, own = standings(store)
    assert [one.name for one in (perturbed, encoders, decoders, own)] == [
        "perturbed",
        "encoders",
        "decoders",
        "own",
    ]
    assert (perturbed.checkpoints, perturbed.measured, perturbed.measures["eee"]) == (168, 168, 168)
    assert perturbed.rest is own.rest is None
    assert (encoders.checkpoints, encoders.measured, encoders.measures) == (104, 0, {})
    assert decoders.rest is not None and decoders.rest.checkpoints == decoders.rest.sized == 61
    assert decoders.rest.bytes == 2 * decoders.parameters  # stored in two bytes each
    assert (own.checkpoints, own.measured) == (0, 0)


def test_a_checkpoint_measured_here_counts_by_its_name(store: Store, model: Path) -> None:
    measure_subject(store, Subject(str(model)), SETTINGS)
    _, encoders, decoders, _ = standings(store)
    assert (encoders.measured, encoders.measures, decoders.measured) == (1, {"eee": 1, "vrm": 1}, 0)
    assert encoders.rest is not None and encoders.rest.checkpoints == 103
    entry = by_name(store, "encoders")["google-bert/bert-base-cased"]
    facts = store.query("SELECT parameters FROM checkpoints WHERE origin = 'measured'")
    assert (entry.measures, entry.lacking, entry.parameters) == (
        ("eee", "vrm"),
        (),
        facts["parameters"][0],
    )


def test_measures_taken_otherwise_are_lacking(store: Store, model: Path) -> None:
    measure_subject(store, Subject(str(model)), SETTINGS)

    def lacking(settings: Settings) -> tuple[str, ...]:
        return by_name(store, "encoders", settings)["google-bert/bert-base-cased"].lacking

    assert lacking(SETTINGS) == ()
    assert lacking(Settings(sequences=20, measures="eee,isoscore", corpus="standard-library")) == (
        "isoscore",
    )
    assert lacking(Settings(sequences=21, measures="eee", corpus="standard-library")) == ("eee",)
    assert lacking(Settings(sequences=20, seed=1, measures="eee", corpus="standard-library")) == ("eee",)
    assert lacking(Settings()) == tuple(select("all"))


def test_a_score_of_the_users_own_makes_a_checkpoint_one_of_own(store: Store, model: Path) -> None:
    fingerprint = measure_subject(store, Subject(str(model)), SETTINGS).fingerprint
    row = {"benchmark": "mine", "task": "t", "metric": "accuracy", "value": 0.5, "split": ""}
    store.add("scores", [row | {"subject": fingerprint, "name": "x", "source": "s", "origin": "imported"}])
    store.ingest()
    own = standings(store)[-1]
    assert (own.checkpoints, own.measured, own.measures) == (1, 1, {"eee": 1, "vrm": 1})


def test_what_the_hub_said_comes_before_what_a_name_says_and_orders_them(store: Store) -> None:
    first = entries(store, "decoders")
    assert first[0].name == "EleutherAI/pythia-70m-deduped"
    assert [entry.parameters for entry in first] == sorted(entry.parameters for entry in first)  # type: ignore[type-var]
    kept = Remembered(store.folder / "hub_sizes")
    large = "01-ai/Yi-9B"
    kept[large] = json.dumps({"bytes": 10, "matrix": 4, "parameters": 3, "problem": "gone"})
    listed = entries(store, "decoders")
    assert (listed[0].name, listed[0].bytes, listed[0].stated, listed[0].parameters) == (large, 10, True, 3)
    assert listed[0].problem == "gone"
    matrix = entries(store, "decoders", Settings(measures="unembedding"))
    assert matrix[0].bytes == 4 and {entry.bytes for entry in matrix[1:]} == {None}
    kept[large] = "damaged"
    assert remembered(store, large) == Asked()


def test_a_limit_on_parameters_leaves_out_what_is_larger(store: Store) -> None:
    listed = entries(store, "decoders")
    small = within(listed, 500_000_000)
    assert len(small) == 11 and max(entry.parameters or 0 for entry in small) == 500_000_000
    total = summed(small)
    assert (total.checkpoints, total.sized, total.stated) == (11, 11, 0)
    assert total.bytes == sum(2 * (entry.parameters or 0) for entry in small)
    unknown = [entry for entry in entries(store, "encoders") if entry.parameters is None]
    assert set(unknown) <= set(within(entries(store, "encoders"), 1))  # only the hub can tell
