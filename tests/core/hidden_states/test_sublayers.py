"""Sub-layer vectors are those of hooks set by hand on a plain forward pass, whatever the block looks like."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import torch
import transformers as hf

from core.errors import InputError
from core.hidden_states.sublayers import SubLayers, blocks_of, recording

SMALL = {"vocab_size": 50, "hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4}
SMALL_LLAMA = SMALL | {"intermediate_size": 48, "max_position_embeddings": 32}
IDS = torch.tensor([[3, 1, 4, 1, 5, 9, 2, 6], [2, 7, 1, 8, 2, 8, 1, 8]])


def small(config: Any) -> Any:
    torch.manual_seed(0)
    model = hf.AutoModel.from_config(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.normal_(0.0, 0.3)
            else:
                parameter.add_(torch.randn_like(parameter) * 0.1)
    return model


def gpt2_like(maker: type, **extra: Any) -> Any:
    return maker(vocab_size=50, n_embd=32, n_layer=3, n_head=4, n_positions=32, **extra)


# Of each model: its config; in a block the paths of attention, of what reads and of what returns for the
# feed-forward part; and of (x, a, block) the stream after attention, by the class' own source.
CASES: dict[str, tuple[Any, tuple[str, str, str], Callable[..., torch.Tensor]]] = {
    "GPT-2": (gpt2_like(hf.GPT2Config), ("attn", "mlp", "mlp"), lambda x, a, block: x + a),
    "Llama": (
        hf.LlamaConfig(**SMALL_LLAMA, num_key_value_heads=2),
        ("self_attn", "mlp", "mlp"),
        lambda x, a, block: x + a,
    ),
    "OpenAI GPT": (
        gpt2_like(hf.OpenAIGPTConfig),
        ("attn", "mlp", "mlp"),
        lambda x, a, block: block.ln_1(x + a),
    ),
    "GPT-NeoX": (
        hf.GPTNeoXConfig(**SMALL_LLAMA),
        ("attention", "mlp", "mlp"),
        lambda x, a, block: x + a,
    ),
    "GPT-NeoX in sequence": (
        hf.GPTNeoXConfig(**SMALL_LLAMA, use_parallel_residual=False),
        ("attention", "mlp", "mlp"),
        lambda x, a, block: x + a,
    ),
    "Mixtral": (
        hf.MixtralConfig(**SMALL_LLAMA, num_key_value_heads=2, num_local_experts=4),
        ("self_attn", "mlp", "mlp"),
        lambda x, a, block: x + a,
    ),
    "GPT-J": (gpt2_like(hf.GPTJConfig, rotary_dim=4), ("attn", "mlp", "mlp"), lambda x, a, block: x + a),
    "Gemma 2": (
        hf.Gemma2Config(**SMALL_LLAMA, num_key_value_heads=2, head_dim=8),
        ("self_attn", "mlp", "mlp"),
        lambda x, a, block: x + block.post_attention_layernorm(a),
    ),
    "OPT": (
        hf.OPTConfig(**SMALL, ffn_dim=48, max_position_embeddings=32, word_embed_proj_dim=32),
        ("self_attn", "fc1", "fc2"),
        lambda x, a, block: x + a,
    ),
    "OPT, normalizing after": (
        hf.OPTConfig(
            **SMALL,
            ffn_dim=48,
            max_position_embeddings=32,
            word_embed_proj_dim=32,
            do_layer_norm_before=False,
        ),
        ("self_attn", "fc1", "fc2"),
        lambda x, a, block: block.self_attn_layer_norm(x + a),
    ),
    "Falcon": (
        hf.FalconConfig(**SMALL, parallel_attn=True, alibi=False),
        ("self_attention", "mlp", "mlp"),
        lambda x, a, block: x + a,
    ),
}


def recorded(model: Any, layers: int = 3) -> tuple[dict[int, SubLayers], Any]:
    """Every block's vectors of a forward pass, and what it returned."""
    kept: dict[int, SubLayers] = {}
    blocks = blocks_of(model, layers, "small")
    with torch.no_grad(), recording(blocks, range(1, layers + 1), kept.__setitem__):
        output = model(input_ids=IDS, use_cache=False, output_hidden_states=True)
    return kept, output


def plain(model: Any, paths: tuple[str, str, str]) -> dict[str, list[torch.Tensor]]:
    """What modules read and return in a plain forward pass, block by block, by hooks on their names."""
    (stack,) = [m for m in model.modules() if isinstance(m, torch.nn.ModuleList) and len(m) == 3]
    seen: dict[str, list[torch.Tensor]] = {key: [] for key in ("x", "a", "read", "m", "out")}

    def keep(key: str, index: int = 0) -> Callable[..., None]:
        def hook(module: Any, *passed: Any) -> None:
            value = passed[index]
            value = value[0] if isinstance(value, tuple | list) else value
            seen[key].append((value if value is not None else passed[0]).clone())

        return hook

    handles = []
    for block in stack:
        attention, first, last = (block.get_submodule(path) for path in paths)
        handles += [
            block.register_forward_pre_hook(keep("x")),
            attention.register_forward_hook(keep("a", 1)),
            first.register_forward_pre_hook(keep("read")),
            last.register_forward_hook(keep("m", 1)),
            block.register_forward_hook(keep("out", 1)),
        ]
    with torch.no_grad():
        model(input_ids=IDS, use_cache=False)
    for handle in handles:
        handle.remove()
    return seen


@pytest.mark.parametrize("name", CASES)
def test_vectors_are_those_of_plain_hooks(name: str) -> None:
    config, paths, stream = CASES[name]
    model = small(config)
    seen = plain(model, paths)
    kept, output = recorded(model)
    (stack,) = [m for m in model.modules() if isinstance(m, torch.nn.ModuleList) and len(m) == 3]
    for block, vectors in kept.items():
        x, a, read, m, out = (seen[key][block - 1] for key in seen)
        expected = {
            "input": x,
            "attention_output": a,
            "feed_forward_output": m.reshape(x.shape),
            "feed_forward_input": read.reshape(x.shape),
            "feed_forward": out,
        }
        for kind, value in expected.items():
            assert torch.equal(getattr(vectors, kind), value), (block, kind)
        with torch.no_grad():
            torch.testing.assert_close(vectors.attention, stream(x, a, stack[block - 1]))
        assert not torch.allclose(vectors.attention, x) and not torch.allclose(vectors.attention, out)
        assert torch.equal(x, output.hidden_states[block - 1])
    assert list(kept) == [1, 2, 3]


def test_a_part_that_adds_the_stream_itself_is_taken_without_it() -> None:
    model = small(hf.BloomConfig(vocab_size=50, hidden_size=32, n_layer=3, n_head=4))
    seen = plain(model, ("self_attention", "mlp", "mlp"))
    kept, _ = recorded(model)
    for block, vectors in kept.items():
        x, a, _, m, out = (seen[key][block - 1] for key in seen)
        assert torch.equal(vectors.attention, a) and torch.equal(vectors.feed_forward, out)
        assert torch.equal(m, out)
        torch.testing.assert_close(vectors.attention_output, a - x)
        torch.testing.assert_close(vectors.feed_forward_output, out - a)


def test_only_the_chosen_blocks_are_taken_and_the_hooks_go() -> None:
    model = small(CASES["GPT-2"][0])
    kept: dict[int, SubLayers] = {}
    with torch.no_grad():
        with recording(blocks_of(model, 3, "small"), [3], kept.__setitem__):
            model(input_ids=IDS)
        assert list(kept) == [3]
        kept.clear()
        model(input_ids=IDS)
    assert kept == {}


def test_passes_in_two_threads_do_not_mix() -> None:
    model = small(CASES["GPT-2"][0])
    batches = [IDS, IDS.flip(1)]
    kept: dict[int, list[torch.Tensor]] = {}
    met = threading.Barrier(2, timeout=20)

    def receive(block: int, vectors: SubLayers) -> None:
        kept.setdefault(threading.get_ident(), []).append(vectors.attention)

    def wait(*_: Any) -> None:
        met.wait()

    def run(batch: torch.Tensor) -> list[torch.Tensor]:
        with torch.no_grad():
            model(input_ids=batch)
        return kept.pop(threading.get_ident())

    with recording(blocks_of(model, 3, "small"), [1, 2, 3], receive):
        alone = [run(batch) for batch in batches]
        meet = model.h[1].attn.register_forward_hook(wait)
        with ThreadPoolExecutor(2) as pool:
            together = list(pool.map(run, batches))
        meet.remove()
    for ours, theirs in zip(together, alone, strict=True):
        assert all(torch.equal(*pair) for pair in zip(ours, theirs, strict=True))


@pytest.mark.parametrize(
    "config",
    [
        hf.BertConfig(**SMALL_LLAMA),
        hf.MambaConfig(vocab_size=50, hidden_size=32, num_hidden_layers=3, state_size=4),
    ],
)
def test_blocks_without_known_parts_are_refused(config: Any) -> None:
    with pytest.raises(InputError) as error:
        blocks_of(small(config), 3, "small")
    assert str(error.value) == (
        "The blocks of small have no attention and feed-forward parts that are known by name (such as "
        "self_attn and mlp), so they have no sub-layers here: choose among its layers."
    )
