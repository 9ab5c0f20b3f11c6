"""Loss and bits a byte as measurements: once, beside hidden states or alone, and left out in one sentence."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cache import samples
from cache.measuring import plan as plans
from cache.requests import Settings, Subject, Vectors
from cache.store import Store
from cache.tables import one_row_each
from cache.tasks.measure import is_known, measure_subject
from core.checkpoints.resolve import resolve
from core.errors import InputError
from core.hidden_states.text_loss import text_loss
from core.measures import select
from tests import handmade, stores, tiny

BOTH = ["loss", "bits_per_byte"]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return stores.new(tmp_path / "store")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    text = handmade.corpus(tmp_path / "words.txt")
    return Settings(corpus=str(text), sequences=30, measures="loss,bits_per_byte", device="cpu")


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    return Subject(str(tiny.llama(tmp_path_factory.mktemp("made") / "llama")))


def cloud_rows(store: Store) -> list[tuple]:
    columns = "cloud, corpus, sequences, layer, position, max_length, precision, n, d, tokens"
    return list(store.query(f"SELECT {columns} FROM clouds").itertuples(index=False, name=None))


def test_they_are_measured_alone_and_once(store, settings, llama) -> None:
    first = measure_subject(store, llama, settings)
    text = samples.text_sample(store, settings.corpus, 30, 0).sequences
    expected = text_loss(resolve(llama.name), text, device="cpu").text
    assert first.measures == {
        "loss": expected.nats / expected.tokens,
        "bits_per_byte": expected.nats / np.log(2) / expected.bytes,
    }
    assert (first.n, first.d, first.cached) == (expected.tokens, 0, False)
    again = measure_subject(store, llama, settings)
    assert again == replace(first, seconds=again.seconds, cached=True)
    row = one_row_each(store).rows.loc[first.fingerprint]
    assert (row["loss"], row["corpus"], row["sequences"], row["layer"]) == (
        *(first.measures["loss"], "words.txt", 30, 2),
    )
    assert pd.isna(row["n"])  # of vectors, of which none were measured


@pytest.mark.parametrize("order", [("decoder", "spread"), ("spread", "decoder"), ("spread,decoder",)])
def test_in_any_order_they_belong_to_the_cloud_of_the_same_text(
    store, settings, llama, tmp_path, order
) -> None:
    for measures in order:
        result = measure_subject(store, llama, replace(settings, measures=measures))
    both = measure_subject(store, llama, replace(settings, measures="decoder,spread"))
    assert both.cached and set(BOTH) < set(both.measures)
    ((*_, layer, position, max_length, precision, n, d, tokens),) = cloud_rows(store)
    assert (layer, position, precision) == (2, "all", "float32") and pd.isna(max_length)
    assert n == tokens == both.n and d == both.d == 32
    overview = one_row_each(store)
    assert overview.texts.loc[both.fingerprint].isna().all()  # nothing is of another text than the row
    assert overview.rows.loc[both.fingerprint, "n"] == n
    assert result.fingerprint == both.fingerprint


def test_another_text_is_another_measurement(store, settings, llama) -> None:
    first = measure_subject(store, llama, replace(settings, repeats=2))
    assert first.sd["loss"] and first.sd["loss"] > 0
    other = measure_subject(store, llama, replace(settings, max_length=4))
    assert not other.cached and other.measures["loss"] != first.measures["loss"]


def test_an_encoder_keeps_its_other_measures(store, settings, tmp_path: Path) -> None:
    encoder = Subject(str(tiny.encoder(tmp_path / "encoder")))
    result = measure_subject(store, encoder, replace(settings, measures="spread,decoder"))
    sentence = (
        "encoder is an encoder and has no head that predicts the next token: loss and perplexity need a "
        "causal language model."
    )
    assert "eee" in result.measures and result.left_out == dict.fromkeys(BOTH, sentence)
    whole = replace(settings, measures="spread,decoder")
    plan = plans.of_checkpoint(store, encoder, whole, select(whole.measures), lambda *_: None, None)
    assert is_known(store, plan)  # what cannot be does not lack
    with pytest.raises(InputError) as refused:
        measure_subject(store, encoder, settings)
    assert str(refused.value) == sentence


def test_a_file_of_vectors_keeps_its_other_measures(store, settings, tmp_path: Path) -> None:
    np.save(tmp_path / "v.npy", np.random.default_rng(0).standard_normal((40, 5)))
    vectors = Vectors("v.npy", path=str(tmp_path / "v.npy"))
    result = measure_subject(store, vectors, replace(settings, measures="spread,decoder"))
    assert "eee" in result.measures
    assert result.left_out == dict.fromkeys(
        BOTH, "A file of vectors predicts no text: measure the checkpoint that they come from."
    )


def test_a_decoder_without_its_head_keeps_its_other_measures(store, settings, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = tiny.llama(tmp_path / "bare")
    tensors = load_file(folder / "model.safetensors")
    del tensors["lm_head.weight"]
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    result = measure_subject(store, Subject(str(folder)), replace(settings, measures="spread,decoder"))
    assert "eee" in result.measures and set(result.left_out) == set(BOTH)
    assert "lm_head.weight" in result.left_out["loss"]
    kept = store.query("SELECT measure FROM measurements WHERE origin = 'measured'")["measure"]
    assert not set(BOTH) & set(kept)


def test_a_layer_that_there_is_not_is_refused(store, settings, llama) -> None:
    with pytest.raises(InputError, match="has no layer 9: its last is 2"):
        measure_subject(store, llama, replace(settings, layer=9))
    assert store.query("SELECT 1 FROM clouds").empty


def test_a_slow_tokenizer_gives_no_bits_a_byte(store, settings, llama, monkeypatch) -> None:
    from core.hidden_states import text_loss as module

    plain = module.tokenize
    monkeypatch.setattr(module, "tokenize", lambda *a, **o: replace(plain(*a, **o), spans=None))
    result = measure_subject(store, llama, settings)
    assert set(result.measures) == {"loss"} and set(result.left_out) == {"bits_per_byte"}
    assert json.loads(json.dumps(result.to_json()))["left_out"] == result.left_out
