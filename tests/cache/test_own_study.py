"""The project's own study as jobs, and what is collected of them from the store."""

import json
from pathlib import Path

import pytest

from cache import jobs, own_study
from cache.requests import GlueRun, Measure, Pretrain, Settings
from cache.store import Store
from core.checkpoints.resolve import resolve
from core.errors import InputError
from core.studies.own_study import SEQUENCES, members
from core.studies.pretraining import OBJECTIVES
from tests import handmade, stores

PROTOCOL = {"batch": 32, "epochs": 3.0, "learning_rate": 2e-05, "length": 128, "train_examples": 64}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return stores.new(tmp_path / "store")


@pytest.fixture
def corpora(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the two corpora of the study."""
    for name in ("ptb", "wikitext-2"):
        (tmp_path / "corpora" / name).mkdir(parents=True)
        handmade.corpus(tmp_path / "corpora" / name / "train.txt")
    monkeypatch.setenv("LATENT_SHORTLIST_CORPORA", str(tmp_path / "corpora"))
    return tmp_path / "corpora"


def test_the_small_part_is_pre_trained_fine_tuned_and_measured(
    store: Store, corpora: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "encoders"
    request = GlueRun(("RTE",), protocol={"train_examples": 64})
    queued = [jobs.get(store, job) for job in own_study.queue(store, "small", folder, request)]
    names = [member.name for member in members("small", folder)]
    pretraining, tuning, measuring = queued
    assert [job.title for job in queued] == [
        f"Own study, small: {what}" for what in ("pre-training", "fine-tuning", "measures")
    ]
    assert {piece.request for piece in pretraining.pieces} == {Pretrain("ptb+wikitext-2")}
    assert [(p.subject.name, p.subject.path) for p in pretraining.pieces] == [
        (objective, str(folder / objective)) for objective in OBJECTIVES
    ]
    assert [(piece.request, piece.subject.name) for piece in tuning.main] == [
        (request, name) for name in names
    ]
    settings = Settings("ptb+wikitext-2", sequences=SEQUENCES, measures="all,cells", quantizer_seeds=3)
    assert [(piece.request, piece.subject.name) for piece in measuring.main] == [
        (Measure(settings), name) for name in names
    ]


def test_what_is_there_or_finished_is_not_queued_again(store: Store, corpora: Path, tmp_path: Path) -> None:
    folder = tmp_path / "encoders"
    for objective in list(OBJECTIVES)[1:]:
        (folder / objective).mkdir(parents=True)
    found = members("small", folder)
    skip = {member.label for member in found[3:]}
    queued = own_study.queue(store, "small", folder, GlueRun(("RTE",)), skip=skip)
    pretraining, tuning, _ = (jobs.get(store, job) for job in queued)
    assert [piece.subject.name for piece in pretraining.pieces] == ["masked-words"]
    assert [piece.subject.name for piece in tuning.pieces] == [member.name for member in found[:3]]
    everything = {member.label for member in found}
    with pytest.raises(InputError) as refused:
        own_study.queue(store, "small", folder, GlueRun(("RTE",)), skip=everything)
    assert str(refused.value) == (
        "Every checkpoint of the part small is finished: there is nothing to queue."
    )


def test_what_is_finished_is_collected_from_the_store(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "encoders"
    subject = resolve(str(handmade.checkpoint(folder / "masked-words"))).fingerprint
    cloud = {
        **{"cloud": "c", "subject": subject, "corpus": "ptb+wikitext-2", "sequences": 1000, "text_seed": 0},
        **{"position": "all", "n": 900, "d": 6},
    }
    store.add("clouds", [cloud, cloud | {"cloud": "other draw", "text_seed": 1}])
    row = {"subject": subject, "version": 1, "n": 900, "d": 6, "origin": "measured"}
    values = [
        ("c", "lsq_patchiness", "{}", 0, 1.0),
        ("c", "lsq_patchiness", "{}", 1, 3.0),
        ("", "unembedding_eee", "{}", 0, 0.5),
        ("c", "lsq_patchiness", '{"k": 8}', 0, 9.0),  # of another size
        ("other draw", "eee", "{}", 1, 9.0),
        ("", "gap_cosine", "{}", 0, 9.0),
    ]
    keys = ("cloud", "measure", "parameters", "seed", "value")
    store.add("measurements", [row | dict(zip(keys, value, strict=True)) for value in values])
    run = {"subject": subject, "task": "RTE", "data": "d", "version": 1}
    protocols = [json.dumps(PROTOCOL | {"seed": seed}) for seed in (0, 1)]
    scores = [{"protocol": text, "score": 0.5 + seed} for seed, text in enumerate(protocols)]
    store.add("fine_tunings", [run | score for score in scores])
    table = own_study.collect(store, "small", folder)
    assert set(table["label"]) == {"small encoder"}
    found = table.set_index("quantity")[["kind", "value", "repeats", "text"]].fillna("").T.to_dict("list")
    assert found == {
        "lsq_patchiness": ["measure", 2.0, 2, "1,000 sequences of ptb+wikitext-2"],
        "unembedding_eee": ["measure", 0.5, 1, ""],
        "RTE": ["score", 1.0, 2, ""],
    }
    assert set(table["protocol"].dropna()) == {
        "3 epochs, learning rate 2e-05, batches of 32, 128 tokens, the first 64 training examples"
    }
