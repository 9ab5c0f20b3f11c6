"""Tensors that the model leaves aside: heads and tables are fine, what would change it is refused."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from core.checkpoints import accounting, loading
from core.checkpoints.resolve import resolve
from core.errors import InputError
from tests import tiny
from tests.core.checkpoints.test_output_embedding import rewrite

Tensors = dict[str, torch.Tensor]
OUT_OF_LAYERS = "correct config.json (its number of layers, for one), or save the model again."
BIASES = "set in config.json the option that gives the class these biases, or save the model again."
NUMBERS = (
    "whose numbers are to be multiplied by factors that its config.json does not name (quantization_config): "
    "give it in float32, float16 or bfloat16."
)
Q = "model.layers.0.self_attn.q_proj"


def states(folder: Path) -> np.ndarray:
    model = loading.load_model(resolve(str(folder)), "cpu", torch.float32)
    with torch.no_grad():
        return model(input_ids=torch.arange(20, 40)[None]).last_hidden_state.numpy()


def refusal(folder: Path) -> str:
    with pytest.raises(InputError) as caught:
        states(folder)
    return str(caught.value)


def third_layer(t: Tensors) -> Tensors:
    return t | {k.replace("layers.1.", "layers.2."): v.clone() for k, v in t.items() if "layers.1." in k}


def eight_bits(dtype: torch.dtype) -> Callable[[Tensors], Tensors]:
    return lambda t: t | {f"{Q}.weight": (t[f"{Q}.weight"] * 50).to(dtype)}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            third_layer,
            "made holds model.layers.2.input_layernorm.weight and 8 more, which a LlamaModel of its "
            f"config.json does not use: {OUT_OF_LAYERS}",
        ),
        (
            lambda t: t | {f"{Q}.bias": torch.ones(32)},
            f"made holds {Q}.bias, which a LlamaModel of its config.json does not use: {BIASES}",
        ),
        (
            lambda t: t | {"model.norm.bias": torch.ones(32)},
            f"made holds model.norm.bias, which a LlamaModel of its config.json does not use: {BIASES}",
        ),
        (
            lambda t: t | {f"{Q}.lora_A.weight": torch.ones(4, 32), f"{Q}.lora_B.weight": torch.ones(32, 4)},
            f"made holds {Q}.lora_A.weight and 1 more, which a LlamaModel of its config.json does not use: "
            "merge the adapter into the weights with peft's merge_and_unload and save the model again.",
        ),
        (
            lambda t: t | {f"{Q}.weight_scale": torch.ones(1)},
            f"made holds {Q}.weight_scale, which a LlamaModel of its config.json does not use: its weights "
            "are quantized, so save it in float32, float16 or bfloat16.",
        ),
        (
            lambda t: t | {"model.embed_positions.weight": torch.ones(64, 32)},
            "made holds model.embed_positions.weight, which a LlamaModel of its config.json does not use: "
            f"{OUT_OF_LAYERS}",
        ),
        (eight_bits(torch.int8), f"{Q}.weight of made is stored as I8, {NUMBERS}"),
        (eight_bits(torch.uint8), f"{Q}.weight of made is stored as U8, {NUMBERS}"),
        (eight_bits(torch.float8_e4m3fn), f"{Q}.weight of made is stored as F8_E4M3, {NUMBERS}"),
    ],
)
def test_what_would_change_the_model_is_refused_by_name(
    change: Callable[[Tensors], Tensors], message: str, tmp_path: Path
) -> None:
    folder = tiny.llama(tmp_path / "made")
    rewrite(folder, change)
    assert refusal(folder) == message


def test_an_unknown_method_of_quantization_is_refused(tmp_path: Path) -> None:
    folder = tiny.llama(tmp_path / "made")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(
        json.dumps(config | {"quantization_config": {"quant_method": "zip8"}})
    )
    assert refusal(folder) == (
        "made is quantized by the method zip8 (quantization_config in config.json), which the installed "
        "transformers does not apply: give it in float32, float16 or bfloat16."
    )


@pytest.mark.parametrize(
    ("make", "more"),
    [
        (tiny.llama, {"v_head.summary.weight": torch.ones(1, 32), "score.weight": torch.ones(2, 32)}),
        (tiny.llama, {"model.layers.0.self_attn.rotary_emb.inv_freq": torch.ones(4)}),
        (tiny.gpt2, {"transformer.h.0.attn.bias": torch.ones(1, 1, 64, 64, dtype=torch.uint8)}),
        (tiny.gpt2, {"transformer.h.1.attn.masked_bias": torch.tensor(-1e4)}),
        (tiny.encoder, {"embeddings.position_ids": torch.arange(64)[None]}),
        (tiny.encoder, {"classifier.weight": torch.ones(2, 32), "classifier.bias": torch.ones(2)}),
    ],
)
def test_heads_and_tables_change_nothing(make: Callable[[Path], Path], more: Tensors, tmp_path: Path) -> None:
    folder = make(tmp_path / "made")
    before = states(folder)
    rewrite(folder, lambda t: t | more)
    np.testing.assert_array_equal(states(folder), before)


class TwoParts(torch.nn.Module):
    """A language model beside something else, without heads."""

    base_model_prefix, config = "model", None

    def __init__(self) -> None:
        super().__init__()
        self.language_model = torch.nn.ModuleDict({"layers": torch.nn.ModuleList([torch.nn.Linear(2, 2)])})


@pytest.mark.parametrize(
    ("key", "fine"),
    [
        ("language_model.lm_head.weight", True),
        ("model.language_model.lm_head.bias", True),
        ("language_model.layers.0.lm_head.weight", False),
        ("language_model.decoder.weight", False),
        ("language_model.norm.weight", False),
        ("speech_model.lm_head.weight", False),
    ],
)
def test_a_head_may_stand_on_a_part_of_a_model(key: str, fine: bool) -> None:
    if fine:
        accounting.check_used("made", TwoParts(), [key], {})
    else:
        with pytest.raises(InputError, match=f"^made holds {re.escape(key)}, which a TwoParts"):
            accounting.check_used("made", TwoParts(), [key], {})


@pytest.mark.parametrize("prefix", ["_orig_mod.", "module.", "base_model.model.", "module._orig_mod."])
@pytest.mark.parametrize("make", [tiny.llama, tiny.gpt2, tiny.encoder])
def test_what_a_wrapper_puts_before_every_name_is_taken_off(
    make: Callable[[Path], Path], prefix: str, tmp_path: Path
) -> None:
    folder = make(tmp_path / "made")
    before = states(folder)
    rewrite(folder, lambda t: {prefix + k: v for k, v in t.items()})
    np.testing.assert_array_equal(states(folder), before)
    rewrite(
        folder,
        lambda t: t | {prefix + "encoder.layer.9.bias" if make is tiny.encoder else "x": torch.ones(1)},
    )
    with pytest.raises(InputError):
        states(folder)


def test_a_prefix_of_some_names_only_is_no_wrapper() -> None:
    assert accounting.wrapper(["module.a", "b"]) == ""
    assert accounting.wrapper([]) == ""
    assert accounting.wrapper(["module.a", "module.b"]) == "module."
