"""What is computed for the page Evidence is read back as it was, under a key of all that it rests on."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cache import evidence
from cache.evidence import Material
from core.errors import InputError
from tests import stores

N = 30


@pytest.fixture
def expected() -> Material:
    rng = np.random.default_rng(0)
    index = pd.Index([f"s{i}" for i in range(N)], name="subject")
    size = np.exp(rng.uniform(15, 18, N))
    rows = pd.DataFrame({"eee": rng.normal(size=N), "vrm": np.log(size), "variant": None}, index)
    rows = rows.assign(pile=4 - 0.1 * np.log(size), family=["a", "b"] * (N // 2), origin="measured")
    covariates = pd.DataFrame({"parameters": size, "lr": rng.normal(size=N)}, index)
    return Material(rows, covariates, ["eee", "vrm"], ["pile"], {"pile": "loss"})


def test_it_is_read_back_as_it_was(tmp_path: Path, expected: Material) -> None:
    store = stores.new(tmp_path / "store")
    sentence: list[tuple[int, int]] = []
    made = evidence.compute(expected, "pile", "all", (), lambda *done: sentence.append(done))
    assert sentence == [(0, 2), (1, 2)] and [entry.measure for entry in made.associations] == ["eee", "vrm"]
    name = evidence.key(expected, "pile", "all", ())
    assert evidence.read(store, name) is None
    evidence.save(store, name, made)
    again = evidence.read(store, name)
    assert again is not None
    assert repr(again.associations) == repr(made.associations)  # NaN is not equal to itself
    pd.testing.assert_frame_equal(again.matrix.rho, made.matrix.rho)
    assert again.matrix.groups == made.matrix.groups and again.matrix.n.equals(made.matrix.n)


def test_the_key_follows_what_the_evidence_rests_on(expected: Material) -> None:
    def key(changed: Material = expected, *choices: object) -> str:
        return evidence.key(changed, *(choices or ("pile", "all", ())))

    def with_rows(**columns: object) -> Material:
        return Material(
            expected.rows.assign(**columns),
            expected.covariates,
            expected.measures,
            expected.scores,
            expected.metrics,
        )

    others = [
        key(expected, "pile", "a", ()),
        key(expected, "pile", "all", ("lr",)),
        key(with_rows(eee=0.0)),
        key(with_rows(family="a")),
        key(replace(expected, covariates=expected.covariates * 2)),
        key(replace(expected, metrics={"pile": "accuracy"})),
    ]
    assert len({key(), *others}) == 7
    assert key(with_rows(name="other", added_at=1)) == key()


def test_an_unknown_set_of_checkpoints_is_refused(expected: Material) -> None:
    with pytest.raises(InputError, match="no set of checkpoints called 'c'"):
        evidence.compute(expected, "pile", "c", ())


def test_sets_are_those_of_the_references_and_families() -> None:
    rows = pd.DataFrame(
        {
            "origin": ["published", "published", "measured", "measured"],
            "variant": ["perturbed", None, None, None],
            "kind": ["encoder", "encoder", "encoder", "decoder"],
            "family": ["BERT", "BERT", "BERT", "GPT"],
        },
        index=list("abcd"),
    )
    sets = {name: "".join(part.index) for name, part in evidence.sets_of(rows).items()}
    assert sets == {
        "all": "abcd",
        "perturbed": "a",
        "own": "cd",
        "encoders": "c",
        "decoders": "d",
        "BERT": "abc",
        "GPT": "d",
    }
    assert evidence.choices(rows.iloc[:2]) == ["all", "perturbed", "BERT"]
