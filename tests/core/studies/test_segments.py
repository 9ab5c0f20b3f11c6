"""Losses and vectors of segments against a plain loop; what a checkpoint cannot read is refused."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core.checkpoints.language_models import load_language_model
from core.checkpoints.loading import load_model
from core.checkpoints.resolve import Checkpoint, resolve
from core.corpora.files import read_texts
from core.errors import InputError
from core.hidden_states import passes
from core.hidden_states.token_paths import curvature, prompt_entropy
from core.studies.segments import Read, Segments, Slot, cut, read
from tests import tiny

TEXTS = tiny.sentences(200, longest=20)
SHARED = (
    *("gpt1-shakespeare-char-ep0", "gpt1-shakespeare-char-ep3", "gpt2-slm4096-char"),
    *("gpt2-tinyshakespeare-char", "llama-stories-xs", "llama-stories260k", "llama-zhpoem-v3"),
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Checkpoint]:
    folder = tmp_path_factory.mktemp("made")
    return {name: resolve(str(make(folder / name))) for name, make in tiny.MAKERS.items()}


def plain_losses(checkpoint: Checkpoint, rows: list[np.ndarray]) -> list[float]:
    """Of one sequence after the other, with the class that transformers picks."""
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(checkpoint.folder, dtype=torch.float32).eval()
    loss, values = torch.nn.CrossEntropyLoss(), []
    with torch.no_grad():
        for row in rows:
            ids = torch.from_numpy(row).long()[None]
            values.append(loss(model(input_ids=ids).logits[0, :-1], ids[0, 1:]).item())
    return values


def read_of(checkpoint: Checkpoint, segments: Segments, out: Path, **options: Any) -> tuple[Read, np.ndarray]:
    result = read(checkpoint, segments, out, **options)
    return result, np.load(out)


@pytest.mark.parametrize("name", ["gpt2", "llama"])
def test_losses_vectors_and_paths_are_those_of_a_plain_pass(made, name: str, tmp_path: Path) -> None:
    checkpoint = made[name]
    segments = cut(checkpoint, TEXTS, 24, 30)
    assert segments.ids.shape == (30, 24) and segments.note is None
    result, vectors = read_of(checkpoint, segments, tmp_path / "v.npy", contexts=(8, 16, 24, 99), paths=True)
    np.testing.assert_allclose(
        result.perplexity, np.exp(plain_losses(checkpoint, list(segments.ids))), rtol=1e-5
    )
    assert result.slots == [*(Slot(layer, 24) for layer in range(3)), Slot(2, 8), Slot(2, 16)]
    assert list(result.last_loss) == [8, 16, 24] and vectors.shape == (5, 30, 32)
    model = load_model(checkpoint, "cpu", torch.float32)
    for row in (0, 17):
        for tokens, place in ((8, 3), (16, 4), (24, 2)):  # a context is the beginning of the segment alone
            ids = torch.from_numpy(segments.ids[row, :tokens]).long()[None]
            np.testing.assert_allclose(
                vectors[place, row], model(input_ids=ids).last_hidden_state[0, -1], atol=1e-5
            )
            whole, but_last = (
                plain_losses(checkpoint, [segments.ids[row, :t]])[0] * (t - 1) for t in (tokens, tokens - 1)
            )
            assert result.last_loss[tokens][row] == pytest.approx(whole - but_last, abs=1e-4)
        states = model(input_ids=ids, output_hidden_states=True).hidden_states
        for layer in range(3):
            assert result.prompt_entropy[layer, row] == pytest.approx(
                float(prompt_entropy(states[layer], torch.tensor([24]))), abs=1e-5
            )
            assert result.curvature[layer, row] == pytest.approx(
                float(curvature(states[layer], torch.tensor([24]))), abs=1e-4
            )


@pytest.mark.parametrize("name", ["gpt2", "llama"])
def test_padding_changes_no_loss(made, name: str) -> None:
    rows = [np.arange(3, 3 + length, dtype=np.int32) % 60 for length in (2, 30, 29, 28, 7, 31, 30, 5)]
    losses = np.empty(len(rows))
    shapes = []

    def begin(last: int, d: int) -> passes.Take:
        def take(batch: passes.Batch) -> None:
            shapes.append(len(batch.lengths))
            for place, length, row in zip(batch.sequences, batch.lengths, batch.losses, strict=True):
                losses[place] = row[: length - 1].double().mean()

        return take

    starts = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
    passes.run(made[name], np.concatenate(rows), starts, begin, predicting=True, device="cpu")
    assert max(shapes) > 1
    np.testing.assert_allclose(np.exp(losses), np.exp(plain_losses(made[name], rows)), rtol=1e-5)


@pytest.mark.parametrize("name", SHARED)
def test_real_checkpoints_have_the_perplexity_of_a_plain_loop(
    material: Path, name: str, tmp_path: Path
) -> None:
    checkpoint = resolve(str(material / "checkpoints" / name))
    texts = read_texts(material / "data" / "ptb" / "ptb.valid.txt.xz")[:300]
    segments = cut(checkpoint, texts, 128, 40, shorter=True)
    result, _ = read_of(checkpoint, segments, tmp_path / "v.npy")
    np.testing.assert_allclose(
        result.perplexity, np.exp(plain_losses(checkpoint, list(segments.ids))), rtol=1e-5
    )


def test_segments_are_a_seeded_draw_without_overlap(made) -> None:
    few, many = (cut(made["gpt2"], TEXTS, 16, count, seed=3) for count in (10, 20))
    np.testing.assert_array_equal(few.ids, many.ids[:10])
    assert (cut(made["gpt2"], TEXTS, 16, 10, seed=4).ids != few.ids).any()
    every = cut(made["gpt2"], TEXTS, 16, 10**6)
    assert len(every.ids) == every.available < len(" ".join(TEXTS))
    assert every.note == f"the text has {every.available} such segments, 1,000,000 were asked for"


def test_a_checkpoint_that_reads_less_is_refused_or_has_shorter_segments(made) -> None:
    name = made["llama"].name
    with pytest.raises(InputError) as refused:
        cut(made["llama"], TEXTS, 128)
    assert str(refused.value) == (
        f"{name} reads at most 64 tokens at once, and 128 were asked for: ask for 64 or fewer, or, of "
        "segments, allow shorter ones where a checkpoint reads less."
    )
    shorter = cut(made["llama"], TEXTS, 128, 5, shorter=True)
    assert shorter.ids.shape == (5, 64)
    assert shorter.note == f"segments of 64 tokens, the most that {name} reads"
    with pytest.raises(InputError, match="which are no two segments of 60: give more text"):
        cut(made["llama"], TEXTS[:2], 60)
    with pytest.raises(InputError, match="Segments of 2 tokens are too short: ask for 3 or more"):
        cut(made["llama"], TEXTS, 2)


def test_an_encoder_has_mean_vectors_between_its_special_tokens_and_no_loss(made, tmp_path: Path) -> None:
    checkpoint = made["encoder"]
    segments = cut(checkpoint, TEXTS, 12, 6)
    assert set(segments.ids[:, 0]) == {1} and set(segments.ids[:, -1]) == {2}  # [CLS] and [SEP]
    result, vectors = read_of(checkpoint, segments, tmp_path / "v.npy", contexts=(8,), paths=True)
    assert result.slots == [Slot(layer, None) for layer in range(3)]
    assert result.loss.size == 0 and result.last_loss == {} and result.curvature.shape == (3, 6)
    model = load_model(checkpoint, "cpu", torch.float32)
    states = model(input_ids=torch.from_numpy(segments.ids[:1]).long()).last_hidden_state
    np.testing.assert_allclose(vectors[2, 0], states[0].mean(0), atol=1e-5)


def test_nothing_is_left_of_a_pass_that_was_stopped(made, tmp_path: Path) -> None:
    def stop(*progress: Any) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read(made["gpt2"], cut(made["gpt2"], TEXTS, 16, 10), tmp_path / "v.npy", progress=stop)
    assert list(tmp_path.iterdir()) == []


def test_what_has_no_causal_head_is_refused_in_one_sentence(made, tmp_path: Path) -> None:
    encoder = made["encoder"]
    with pytest.raises(InputError) as refused:
        load_language_model(encoder, "cpu", torch.float32)
    assert str(refused.value) == (
        f"{encoder.name} is an encoder and has no head that predicts the next token: loss and perplexity "
        "need a causal language model."
    )
    from safetensors.torch import load_file, save_file

    bare = tiny.llama(tmp_path / "bare")
    tensors = load_file(bare / "model.safetensors")
    tensors.pop("lm_head.weight")
    save_file(tensors, bare / "model.safetensors", {"format": "pt"})
    with pytest.raises(
        InputError, match=r"lack 1 tensors that its config.json asks for, first lm_head.weight"
    ):
        load_language_model(resolve(str(bare)), "cpu", torch.float32)
    config = json.loads((bare / "config.json").read_text())
    save_file(tensors | {"lm_head.bias": torch.ones(3)}, bare / "model.safetensors", {"format": "pt"})
    (bare / "config.json").write_text(json.dumps(config | {"tie_word_embeddings": True}))
    with pytest.raises(
        InputError, match=r"holds lm_head.bias of its head, which a LlamaForCausalLM does not"
    ):
        load_language_model(resolve(str(bare)), "cpu", torch.float32)


def test_a_reinitialised_copy_has_a_reinitialised_head(made) -> None:
    folder = made["llama"].folder
    fresh = [
        load_language_model(resolve(f"{folder}+reinitialised:{seed}"), "cpu", torch.float32)
        for seed in (1, 1, 2)
    ]
    heads = [model.get_output_embeddings().weight for model in fresh]
    trained = load_language_model(made["llama"], "cpu", torch.float32).get_output_embeddings().weight
    assert torch.equal(heads[0], heads[1])
    assert not torch.equal(heads[0], heads[2]) and not torch.equal(heads[0], trained)
    states = load_model(resolve(f"{folder}+reinitialised:1"), "cpu", torch.float32).state_dict()
    for key, tensor in fresh[0].base_model.state_dict().items():
        assert torch.equal(tensor, states[key])
