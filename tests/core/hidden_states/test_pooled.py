"""Vectors of all layers from one pass: those of each layer alone, and pairs as the tokenizer joins them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core.checkpoints import loading, tokenizing
from core.checkpoints.resolve import Checkpoint, resolve
from core.errors import InputError
from core.hidden_states import pooled
from core.hidden_states.extraction import extract
from core.hidden_states.pooled import Pooled, extract_layers
from tests import tiny

TEXTS = tiny.sentences(30, longest=20)
SECOND = tiny.sentences(30, seed=1, longest=20)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Checkpoint]:
    folder = tmp_path_factory.mktemp("made")
    folders = {name: make(folder / name) for name, make in tiny.MAKERS.items()}
    folders["segments"] = with_segments(tiny.encoder(folder / "segments"))
    folders["words"] = with_segments(tiny.gpt2(folder / "words"))
    return {name: resolve(str(made)) for name, made in folders.items()}


def with_segments(folder: Path) -> Path:
    """The same with a tokenizer that tells by ids which text of a pair a token is of."""
    file = folder / "tokenizer_config.json"
    names = {"model_input_names": ["input_ids", "token_type_ids", "attention_mask"]}
    file.write_text(json.dumps(json.loads(file.read_text()) | names))
    return folder


def layers_of(checkpoint: Checkpoint, out: Path, **options: Any) -> tuple[np.ndarray, Pooled]:
    written = extract_layers(checkpoint, TEXTS, out, **options)
    layers = np.load(out)
    assert layers.dtype == np.float32 and layers.shape == (written.last + 1, written.n, written.d)
    return layers, written


@pytest.mark.parametrize("name", tiny.MAKERS)
def test_each_layer_is_what_the_extractor_gives_of_it(
    made: dict[str, Checkpoint], name: str, tmp_path: Path
) -> None:
    layers, written = layers_of(made[name], tmp_path / "layers.npy")
    assert (written.n, written.d, written.last, written.note) == (30, 32, 2, None)
    for layer in range(3):
        one = extract(made[name], TEXTS, tmp_path / "one.npy", layer=layer, position="mean")
        assert one.tokens == written.tokens
        np.testing.assert_allclose(layers[layer], np.load(tmp_path / "one.npy"), rtol=0, atol=2e-5)


@pytest.mark.parametrize("name", [*tiny.MAKERS, "segments", "words"])
def test_a_pair_is_one_sequence_as_the_tokenizer_joins_it(
    made: dict[str, Checkpoint], name: str, tmp_path: Path
) -> None:
    layers = layers_of(made[name], tmp_path / "layers.npy", pairs=SECOND)[0]
    tokenizer = tokenizing.load_tokenizer(made[name])
    model: Any = loading.load_model(made[name], "cpu", torch.float32)
    segments = name == "segments"  # GPT-2 has no embeddings for them and would take them for words
    for row in range(0, 30, 7):
        limit = made[name].facts.max_positions - 3
        given = tokenizer(
            TEXTS[row],
            SECOND[row],
            truncation=True,
            max_length=limit,
            return_tensors="pt",
            return_token_type_ids=segments,
        )
        with torch.no_grad():
            states = model(**given, output_hidden_states=True).hidden_states
        for layer in range(3):
            expected = states[layer][0].mean(0).numpy()
            np.testing.assert_allclose(layers[layer, row], expected, rtol=0, atol=2e-5)
    alone = layers_of(made[name], tmp_path / "alone.npy")[0]
    assert not np.allclose(alone, layers, atol=1e-3)


def test_small_batches_change_rounding_only_and_each_text_is_read_once(
    made: dict[str, Checkpoint], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, int, int, str]] = []
    whole = layers_of(made["gpt2"], tmp_path / "whole.npy", progress=lambda *far: seen.append(far))[0]
    assert seen[-1] == ("hidden states", seen[-1][2], seen[-1][2], "tokens")
    monkeypatch.setattr(pooled, "_MOST_VALUES", 3 * 32 * 25)  # 25 tokens in a batch
    np.testing.assert_allclose(layers_of(made["gpt2"], tmp_path / "cut.npy")[0], whole, rtol=0, atol=2e-5)


def test_nothing_is_left_when_it_fails(made: dict[str, Checkpoint], tmp_path: Path) -> None:
    out = tmp_path / "layers.npy"

    def stop(stage: str, done: int, total: int, unit: str) -> None:
        if stage == "hidden states":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        extract_layers(made["gpt2"], TEXTS, out, progress=stop)
    with pytest.raises(InputError) as refusal:
        extract_layers(made["gpt2"], [*TEXTS, " "], out)
    assert str(refusal.value) == "Row 31 of 31 has no token for gpt2: leave it out."
    assert list(tmp_path.iterdir()) == []
