"""kNN-LM as a job: the model alone, a datastore that holds the test text, what was kept, what is refused."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy
from transformers import AutoModelForCausalLM

from cache import jobs, text_studies, worker
from cache.requests import Subject, Vectors
from cache.store import Store
from cache.tasks.knnlm import KnnLm, StudiedKnn, check, study
from core.checkpoints.resolve import resolve
from core.corpora.files import read_texts
from core.errors import InputError
from core.studies import nearest_tokens
from core.studies.key_layers import keys_of
from core.studies.segments import cut
from tests import stores, tiny


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return stores.new(tmp_path / "store")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny.gpt2(tmp_path / "small-gpt2")


@pytest.fixture
def asked(tmp_path: Path) -> KnnLm:
    texts = {}
    for seed, name in enumerate(("train", "validation", "test")):
        texts[name] = str(tmp_path / f"{name}.txt")
        Path(texts[name]).write_text("\n".join(tiny.sentences(60, seed=seed, longest=20)))
    return KnnLm(**texts, train_tokens=600, tokens=200, length=20, neighbours=8)


def plain_loss(folder: Path, ids: np.ndarray) -> float:
    model = AutoModelForCausalLM.from_pretrained(folder).eval()
    with torch.no_grad():
        logits = model(input_ids=torch.from_numpy(ids).long()).logits
    given, wanted = logits[:, :-1].flatten(0, 1), torch.from_numpy(ids[:, 1:]).long().flatten()
    return float(cross_entropy(given, wanted))


def test_the_model_alone_is_a_plain_loop_and_every_key_is_no_worse_on_validation(
    store, folder, asked
) -> None:
    result = study(store, Subject(str(folder)), asked)
    plain, checkpoint = result.plain, resolve(str(folder))
    for name, value in (("validation", plain.validation_perplexity), ("test", plain.perplexity)):
        texts = Path(getattr(asked, name)).read_text().splitlines()
        ids = cut(checkpoint, texts, 20, 10, 0).ids
        assert value == pytest.approx(np.exp(plain_loss(folder, ids)), rel=1e-5)
    assert [(one.kind, one.number) for one in result.keys] == [
        (key.kind, key.number) for key in keys_of(2, every=False)
    ]
    assert all(one.validation_perplexity <= plain.validation_perplexity for one in result.keys)
    assert all(len(one.segment_losses) == 10 and one.recall is None for one in result.keys)
    for one in result.keys:
        assert np.exp(np.mean(one.segment_losses)) == pytest.approx(one.perplexity, rel=1e-6)
        assert [spread.chunks for spread in one.spreads] == [10, 50]
    assert (plain.train_tokens, plain.test_tokens, plain.last) == (30 * 19, 10 * 19, 2)


def test_without_weight_every_key_has_the_models_perplexity(store, folder, asked, monkeypatch) -> None:
    monkeypatch.setattr(nearest_tokens, "WEIGHTS", np.array([0.0]))
    result = study(store, Subject(str(folder)), asked)
    assert [one.perplexity for one in result.keys] == pytest.approx([result.plain.perplexity] * 7, rel=1e-12)


def test_with_the_test_text_in_the_datastore_perplexity_falls_sharply(store, folder, asked) -> None:
    subject, copy = Subject(str(folder)), Path(asked.test).with_name("copy.txt")
    copy.write_text(Path(asked.test).read_text())
    honest = study(store, subject, asked)
    known = study(store, subject, replace(asked, train=asked.test, validation=str(copy), train_tokens=10**6))
    assert known.plain.perplexity == honest.plain.perplexity
    for fair, seen in zip(honest.keys, known.keys, strict=True):
        assert seen.weight > 0.9 and seen.perplexity < 2 < fair.perplexity


def test_what_was_kept_is_not_computed_again_and_missing_keys_are(store, folder, asked) -> None:
    subject = Subject(str(folder))
    first = study(store, subject, asked)
    again = study(store, subject, asked)
    assert not first.cached and again == replace(first, seconds=again.seconds, cached=True)
    kept = sorted((store.folder / "text_studies").glob("KeptKey-*.json"))
    assert len(kept) == 7
    kept[0].unlink()
    searched: list[str] = []
    mended = study(store, subject, asked, lambda stage, *far: searched.append(stage))
    lost = json.loads(kept[0].read_text())["result"]["found"]
    assert mended == replace(first, seconds=mended.seconds)
    titles = {stage.partition(": searching")[0] for stage in searched if "searching" in stage}
    assert titles == {
        f"{lost['kind'].replace('_', ' ').replace('feed forward', 'feed-forward')} "
        f"{'of block ' if lost['kind'] != 'layer' else ''}{lost['number']}"
    }
    assert list(text_studies.kept(store, StudiedKnn)) == [mended]
    every = study(store, subject, replace(asked, every=True))
    assert len(every.keys) == 3 + 2 * 5 - 1 and [one for one in every.keys if one in first.keys] == first.keys
    assert list(text_studies.kept(store, StudiedKnn)) == [every, mended]
    assert not list(store.folder.glob(".tmp-knnlm-*"))


@pytest.mark.real
@pytest.mark.parametrize(
    "name", ["llama-stories260k", "gpt2-tinyshakespeare-char", "gpt1-shakespeare-char-ep3"]
)
def test_a_real_checkpoint_gains_by_a_datastore_and_most_by_one_that_holds_the_test_text(
    store, material: Path, tmp_path: Path, name: str, monkeypatch
) -> None:
    folder, passages = material / "checkpoints" / name, read_texts(material / "data/ptb/ptb.valid.txt.xz")
    texts = {}
    for first, kind in ((0, "test"), (0, "copy"), (100, "validation"), (200, "train")):
        texts[kind] = str(tmp_path / f"{kind}.txt")
        Path(texts[kind]).write_text("\n".join(passages[first : first + 100]))
    train, validation, test = (texts[kind] for kind in ("train", "validation", "test"))
    asked = KnnLm(train, validation, test, length=32, tokens=640, train_tokens=1600)
    honest = study(store, Subject(str(folder)), asked)
    ids = cut(resolve(str(folder)), passages[:100], 32, 20, 0).ids
    assert honest.plain.perplexity == pytest.approx(np.exp(plain_loss(folder, ids)), rel=1e-5)
    known = replace(asked, train=test, validation=texts["copy"], train_tokens=10**6)
    for fair, seen in zip(honest.keys, study(store, Subject(str(folder)), known).keys, strict=True):
        assert fair.validation_perplexity <= honest.plain.validation_perplexity
        assert seen.weight > 0.9 and seen.perplexity < fair.perplexity / 2
    monkeypatch.setattr(nearest_tokens, "WEIGHTS", np.array([0.0]))
    alone = study(stores.new(tmp_path / "other"), Subject(str(folder)), asked)
    plain = [alone.plain.perplexity] * len(alone.keys)
    assert [one.perplexity for one in alone.keys] == pytest.approx(plain, rel=1e-12)


def test_a_stopped_study_keeps_the_keys_it_had(store, folder, asked) -> None:
    class StopError(Exception):
        pass

    def stop(stage: str, *far: Any) -> None:
        if stage.startswith("attention of block 2: searching for test"):
            raise StopError

    with pytest.raises(StopError):
        study(store, Subject(str(folder)), asked, stop)
    assert len(list((store.folder / "text_studies").glob("KeptKey-*.json"))) == 2
    assert not list(store.folder.glob(".tmp-knnlm-*"))
    searched: list[str] = []
    study(store, Subject(str(folder)), asked, lambda stage, *far: searched.append(stage))
    assert not [stage for stage in searched if stage.startswith("layer")]


def test_a_job_gives_the_same(store, folder, asked, monkeypatch) -> None:
    monkeypatch.setattr(worker, "LINGER", 0.05)
    job = jobs.submit(store, asked, [Subject(str(folder))])
    worker.work(store)
    (results, failures) = jobs.outcome(store, jobs.get(store, job))
    assert failures == [] and len(results[0]["keys"]) == 7


def test_an_index_searched_in_part_has_its_recall(store, folder, asked) -> None:
    result = study(store, Subject(str(folder)), replace(asked, flat_up_to=100))
    assert all(one.recall is not None and 0 < one.recall <= 1 for one in result.keys)


def test_what_cannot_be_studied_is_refused(store, asked, tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        check(replace(asked, test=""))
    assert str(refused.value) == (
        "kNN-LM needs a training, a validation and a test text: give the test text."
    )
    with pytest.raises(InputError) as refused:
        check(replace(asked, validation=asked.test))
    assert str(refused.value) == (
        "λ and the temperature must be chosen on another text than the test text: give two different ones."
    )
    with pytest.raises(InputError, match=r"^There is no corpus and no file"):
        check(replace(asked, train="/nowhere.txt"))
    with pytest.raises(InputError, match="is an encoder and has no head"):
        study(store, Subject(str(tiny.encoder(tmp_path / "bert"))), asked)
    with pytest.raises(InputError, match="which reads no text"):
        study(store, Vectors("cloud.npy", path="cloud.npy"), asked)
