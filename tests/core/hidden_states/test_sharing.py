"""Batches and threads change no state: not of models that mix neighbours in or keep a state of their own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from transformers import (
    FNetConfig,
    FNetModel,
    FunnelConfig,
    FunnelModel,
    LlamaConfig,
    MobileBertConfig,
    MobileBertModel,
    RecurrentGemmaConfig,
    RecurrentGemmaModel,
    ReformerConfig,
    ReformerModel,
)

from core.checkpoints import loading, tokenizing
from core.checkpoints.resolve import resolve
from core.errors import InputError
from core.hidden_states.batches import Budget
from core.hidden_states.extraction import extract
from core.hidden_states.pooled import extract_layers
from core.hidden_states.sharing import Sharing, tried
from tests import tiny

# Nineteen and twenty words beside each other: what shares a batch under a mask.
TEXTS = [" ".join(["the", "of", "and", "to"] * 5)[i:] for i in (0, 4, 0, 4)]
TEXTS += [one for one in tiny.sentences(20) if one.count(" ") > 1]  # Funnel fails on fewer
LENGTHS = (
    "the states of {} depend on sequences of other lengths in a batch, so only sequences of equal length "
    "share one"
)
THREADS = "two runs of {} at once change each other's states, so it is run in one thread"


def fnet(size: int) -> Any:
    return FNetModel(FNetConfig(vocab_size=size, hidden_size=32, num_hidden_layers=2, intermediate_size=64))


def mobilebert(size: int) -> Any:
    return MobileBertModel(
        MobileBertConfig(
            vocab_size=size,
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=4,
            intermediate_size=64,
            embedding_size=16,
            true_hidden_size=16,
            intra_bottleneck_size=16,
        )
    )


def funnel(size: int) -> Any:
    return FunnelModel(
        FunnelConfig(
            vocab_size=size,
            d_model=32,
            block_sizes=[1, 1],
            n_head=4,
            d_head=8,
            d_inner=64,
            num_decoder_layers=1,
        )
    )


def recurrent_gemma(size: int) -> Any:
    return RecurrentGemmaModel(
        RecurrentGemmaConfig(
            vocab_size=size,
            hidden_size=32,
            num_hidden_layers=3,
            num_attention_heads=4,
            intermediate_size=64,
            lru_width=32,
            attention_window_size=16,
        )
    )


def saved(make: Callable[[int], Any], folder: Path) -> Path:
    size = tiny.save_tokenizer(folder, encoder=False)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = make(size).eval()
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.normal_(0, 0.3) if parameter.ndim > 1 else parameter.add_(0.1)
    model.save_pretrained(folder)
    return folder


def alone(folder: Path) -> list[np.ndarray]:
    """What plain transformers gives each of TEXTS by itself."""
    checkpoint = resolve(str(folder))
    tokenizer = tokenizing.load_tokenizer(checkpoint)
    model: Any = loading.load_model(checkpoint, "cpu", torch.float32)
    with torch.no_grad():
        return [
            model(input_ids=torch.tensor([tokenizer(one)["input_ids"]])).last_hidden_state[0].numpy()
            for one in TEXTS
        ]


@pytest.fixture
def two_threads() -> Any:
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize(
    ("make", "note"),
    [(fnet, LENGTHS), (mobilebert, LENGTHS), (funnel, LENGTHS), (recurrent_gemma, THREADS)],
    ids=lambda value: getattr(value, "__name__", ""),
)
@pytest.mark.usefixtures("two_threads")
def test_states_are_those_of_each_sequence_alone(
    make: Callable[[int], Any], note: str, tmp_path: Path
) -> None:
    folder = saved(make, tmp_path / "tiny")
    made = extract(resolve(str(folder)), TEXTS, tmp_path / "x.npy")
    expected = np.concatenate(alone(folder))
    np.testing.assert_allclose(np.load(tmp_path / "x.npy"), expected, rtol=0, atol=2e-5 * abs(expected).max())
    assert made.note == note.format("tiny")


@pytest.mark.usefixtures("two_threads")
def test_means_of_all_layers_are_too(tmp_path: Path) -> None:
    folder = saved(fnet, tmp_path / "tiny")
    made = extract_layers(resolve(str(folder)), TEXTS, tmp_path / "x.npy")
    expected = np.stack([one.mean(0) for one in alone(folder)])
    np.testing.assert_allclose(np.load(tmp_path / "x.npy")[-1], expected, rtol=0, atol=2e-5)
    assert made.note == LENGTHS.format("tiny")


@pytest.mark.usefixtures("two_threads")
def test_layers_that_pool_tokens_are_refused(tmp_path: Path) -> None:
    checkpoint = resolve(str(saved(funnel, tmp_path / "tiny")))
    with pytest.raises(InputError) as one:
        extract(checkpoint, TEXTS, tmp_path / "x.npy", layer=2)
    assert str(one.value) == (
        "Layer 2 of tiny has 4 vectors for 8 tokens, since the model pools them there: choose another layer."
    )
    with pytest.raises(InputError) as every:
        extract_layers(checkpoint, TEXTS, tmp_path / "x.npy")
    assert str(every.value) == (
        "The layers of tiny differ in the number or the width of their vectors, so they cannot be compared: "
        "measure one layer at a time."
    )
    assert not (tmp_path / "x.npy").exists()


@pytest.mark.parametrize("name", tiny.MAKERS)
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.usefixtures("two_threads")
def test_models_that_honour_the_mask_share_all(name: str, precision: str, tmp_path: Path) -> None:
    checkpoint = resolve(str(tiny.MAKERS[name](tmp_path / "tiny")))
    assert extract(checkpoint, TEXTS, tmp_path / "x.npy", precision=precision).note is None
    assert extract_layers(checkpoint, TEXTS, tmp_path / "y.npy", precision=precision).note is None


@pytest.mark.usefixtures("two_threads")
def test_a_leak_is_seen_in_bfloat16(tmp_path: Path) -> None:
    checkpoint = resolve(str(saved(mobilebert, tmp_path / "tiny")))
    made = extract(checkpoint, TEXTS, tmp_path / "x.npy", precision="bfloat16")
    assert made.note == LENGTHS.format("tiny")


class Inner(nn.Module):
    def forward(self, states: torch.Tensor) -> torch.Tensor:
        return states * 2


class Toy(nn.Module):
    """Embeds each token; `mixes` rows of a batch, `keeps` a state between two modules, `fails` in threads."""

    def __init__(self, *, mixes: bool = False, keeps: bool = False, fails: bool = False) -> None:
        super().__init__()
        self.mixes, self.keeps, self.fails = mixes, keeps, fails
        self.embedding, self.inner = nn.Embedding(100, 4), nn.ModuleList([Inner(), Inner()])
        self.config = LlamaConfig()
        self.busy = 0

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        states = self.embedding(ids)
        self.kept, self.busy = states, self.busy + 1
        if self.fails and self.busy > 1:
            raise RuntimeError
        for inner in self.inner:
            states = inner(states)
        self.busy -= 1
        states = states + self.kept.mean() if self.keeps else states
        return states + states.mean() if self.mixes and len(ids) > 1 else states


def shared(model: nn.Module, workers: int = 2, ids: int = 20) -> Sharing:
    def run(padded: np.ndarray, mask: np.ndarray | None) -> np.ndarray:
        with torch.inference_mode():
            return model(torch.from_numpy(padded)).numpy()

    return tried(model, run, np.arange(1, ids), workers=workers, precision="float32", name="toy")


ALONE = "the states of toy depend on other sequences in a batch, so each sequence is run alone"


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (Toy(), Sharing(True, True, 2, None)),
        (Toy(mixes=True), Sharing(False, False, 2, ALONE)),
        (Toy(keeps=True), Sharing(False, True, 1, f"{LENGTHS}; {THREADS}".format("toy", "toy"))),
        (Toy(fails=True), Sharing(True, True, 1, THREADS.format("toy"))),
    ],
)
def test_what_is_shared(model: nn.Module, expected: Sharing) -> None:
    assert shared(model) == expected
    assert not any(module._forward_pre_hooks for module in model.modules())


def test_one_thread_needs_no_trial() -> None:
    assert shared(Toy(fails=True), workers=1) == Sharing(True, True, 1, None)


def test_batches_as_shared() -> None:
    whole = Budget(2048, 512)
    assert Sharing(True, True, 2, None).budget(whole) == whole
    assert Sharing(False, True, 2, "").budget(whole) == Budget(2048, 0)
    assert Sharing(False, False, 2, "").budget(whole) == Budget(1, 0)


def test_positions_that_the_longest_of_a_batch_decides() -> None:
    """LongRoPE encodes all of a batch, and of a thread's neighbour, by the long factors or by the short."""
    model = Toy()
    model.config.rope_parameters = {"rope_type": "longrope", "original_max_position_embeddings": 19}
    assert shared(model) == Sharing(True, True, 2, None)
    assert shared(model, ids=21) == Sharing(False, True, 1, f"{LENGTHS}; {THREADS}".format("toy", "toy"))
    model.config.rope_parameters = {"full": dict(model.config.rope_parameters), "local": {}}
    assert shared(model, ids=21).threads == 1


def reformer(attention: str, seed: int | None) -> Callable[[int], Any]:
    """Two reversible layers, whose last_hidden_state is both streams and hidden_states[-1] is one."""

    def make(size: int) -> Any:
        return ReformerModel(
            ReformerConfig(
                vocab_size=size,
                hidden_size=32,
                attention_head_size=8,
                num_attention_heads=4,
                feed_forward_size=64,
                attn_layers=[attention, "local"],
                axial_pos_embds=False,
                max_position_embeddings=64,
                is_decoder=False,
                local_attn_chunk_length=16,
                lsh_attn_chunk_length=8,
                num_buckets=4,
                hash_seed=seed,
            )
        )

    return make


@pytest.mark.parametrize(("attention", "seed"), [("local", None), ("lsh", 5)])
def test_reversible_layers_end_with_both_streams(attention: str, seed: int | None, tmp_path: Path) -> None:
    checkpoint = resolve(str(saved(reformer(attention, seed), tmp_path / "made")))
    made = extract(checkpoint, TEXTS, tmp_path / "states.npy")
    model = ReformerModel.from_pretrained(checkpoint.folder).eval()
    tokenizer: Any = tokenizing.load_tokenizer(checkpoint)
    with torch.inference_mode():
        alone = [model(torch.tensor([tokenizer(text)["input_ids"]])).last_hidden_state[0] for text in TEXTS]
    np.testing.assert_allclose(np.load(tmp_path / "states.npy"), torch.cat(alone), rtol=1e-4, atol=1e-5)
    assert made.d == 64
    assert (
        "the last layer of made is its last_hidden_state, which is not the last of its hidden_states in "
        "transformers"
    ) in (made.note or "").split("; ")


def test_states_that_differ_from_run_to_run_are_refused(tmp_path: Path) -> None:
    checkpoint = resolve(str(saved(reformer("lsh", None), tmp_path / "made")))
    with pytest.raises(InputError) as caught:
        extract(checkpoint, TEXTS, tmp_path / "states.npy")
    assert str(caught.value) == (
        "The states of made differ from one run to the next, since the model draws random numbers: set the "
        "seed that its config.json may have (hash_seed of a Reformer), or measure vectors that you extracted "
        "yourself."
    )
    assert not (tmp_path / "states.npy").exists()
