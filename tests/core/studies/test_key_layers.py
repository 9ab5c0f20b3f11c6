"""Keys of kNN-LM: which there are, their vectors, and Table 1's dispersion."""

from pathlib import Path

import numpy as np
import pytest

from core.checkpoints.resolve import resolve
from core.hidden_states.extraction import extract
from core.hidden_states.tokens import tokenize
from core.studies.key_layers import Key, Spread, drawn, keys_of, last_vectors, spreads
from tests import tiny


def test_keys_of_the_last_block_and_of_all() -> None:
    titles = [key.title for key in keys_of(3, every=False)]
    assert titles == [
        "layer 2",
        "layer 3",
        "attention of block 3",
        "feed-forward of block 3",
        "attention output of block 3",
        "feed-forward output of block 3",
        "feed-forward input of block 3",
    ]
    every = keys_of(3, every=True)
    assert len(every) == len(set(every)) == 4 + 3 * 5 - 2 and Key("feed_forward", 2) not in every


@pytest.mark.parametrize("make", [tiny.gpt2, tiny.llama])
def test_vectors_of_layers_are_those_of_the_extractor(make, tmp_path: Path) -> None:
    checkpoint = resolve(str(make(tmp_path / "small")))
    texts = [text for text in tiny.sentences(60, longest=20) if len(text) > 40]
    made = tokenize(checkpoint, texts, 8, None)
    ids = made.ids.reshape(-1, 8)
    vectors = last_vectors(checkpoint, ids, every=True, device="cpu")
    assert list(vectors) == keys_of(2, every=True)
    for layer in (0, 1, 2):
        extract(checkpoint, texts, tmp_path / "x.npy", layer=layer, position="last", max_length=8)
        np.testing.assert_allclose(vectors[Key("layer", layer)], np.load(tmp_path / "x.npy"), atol=2e-5)
    block, ahead = Key("attention_output", 2), Key("layer", 1)
    np.testing.assert_allclose(
        vectors[Key("attention", 2)], vectors[ahead] + vectors[block], atol=1e-5, rtol=1e-5
    )


def test_dispersion_is_mean_and_deviation_over_draws_of_the_pairs() -> None:
    vectors = np.random.default_rng(0).normal(1, 1, size=(30, 6))
    chosen = drawn(30, (4, 10, 100), draws=3, seed=5)
    assert chosen.shape == (3, 30) and [len(set(row)) for row in chosen] == [30] * 3
    assert not np.array_equal(chosen[0], chosen[1])
    assert np.array_equal(chosen[1:], drawn(30, (4, 10, 100), draws=2, seed=6))

    def plain(rows: np.ndarray) -> float:
        unit = vectors[rows] / np.linalg.norm(vectors[rows], axis=1, keepdims=True)
        return float(np.mean(1 - (unit @ unit.T)[np.triu_indices(len(rows), 1)]))

    small, larger = spreads(vectors, chosen, (4, 10, 100))
    values = [plain(row[:4]) for row in chosen]
    assert small == Spread(4, pytest.approx(np.mean(values)), pytest.approx(np.std(values, ddof=1)))
    assert larger.chunks == 10 and larger.mean == pytest.approx(np.mean([plain(r[:10]) for r in chosen]))
