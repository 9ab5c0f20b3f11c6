"""Adapters merged here are those that peft merges, weight by weight, or are refused."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModel, AutoModelForCausalLM

from core.checkpoints.loading import load_model
from core.checkpoints.output_embedding import output_embedding
from core.checkpoints.resolve import resolve
from core.errors import InputError
from tests import tiny
from tests.core.checkpoints.test_accounting import refusal

Make = Callable[[Path], Path]


def with_adapter(make: Make, place: Path, **settings: Any) -> Path:
    """A checkpoint with an adapter that peft trained, as far as its numbers go, beside its weights."""
    folder = make(place / "made")
    kind: Any = AutoModel if make is tiny.encoder else AutoModelForCausalLM
    trained: Any = get_peft_model(kind.from_pretrained(folder), LoraConfig(**settings))
    torch.manual_seed(0)
    for parameter in trained.parameters():
        if parameter.requires_grad:
            parameter.data = torch.randn_like(parameter)
    trained.save_pretrained(place / "adapter")
    for file in ("adapter_config.json", "adapter_model.safetensors"):
        shutil.copy(place / "adapter" / file, folder / file)
    return folder


LINEAR = ["q_proj", "up_proj"]
PLAIN: dict[str, tuple[Make, dict[str, Any]]] = {
    "plain": (tiny.llama, {"target_modules": LINEAR, "r": 4, "lora_alpha": 10}),
    "every matrix, the head too": (tiny.llama, {"target_modules": [*LINEAR, "lm_head"], "r": 2}),
    "rank-stabilised": (tiny.llama, {"target_modules": LINEAR, "r": 4, "lora_alpha": 3, "use_rslora": True}),
    "ranks and alphas of their own": (
        tiny.llama,
        {
            "target_modules": LINEAR,
            "rank_pattern": {"layers.1.self_attn.q_proj": 3, "up_proj": 2},
            "alpha_pattern": {r"layers\.\d+\.mlp.up_proj": 5, "proj": 7, "1.self_attn.q_proj": 2},
        },
    ),
    "some layers": (tiny.llama, {"target_modules": LINEAR, "layers_to_transform": [1]}),
    "all but some": (tiny.llama, {"target_modules": "all-linear", "exclude_modules": ["v_proj"]}),
    "transposed matrices": (tiny.gpt2, {"target_modules": ["c_attn", "c_fc"], "fan_in_fan_out": True}),
    "transposed, said wrongly": (tiny.gpt2, {"target_modules": ["c_attn"], "fan_in_fan_out": False}),
    "an encoder": (tiny.encoder, {"target_modules": ["query", "dense"], "r": 4}),
    "the input embedding": (tiny.llama, {"target_modules": ["embed_tokens", "q_proj"], "lora_alpha": 3}),
    "other starting values": (tiny.llama, {"target_modules": LINEAR, "init_lora_weights": "gaussian"}),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", PLAIN)
def test_the_merged_weights_are_those_of_peft(case: str, tmp_path: Path) -> None:
    make, settings = PLAIN[case]
    folder = with_adapter(make, tmp_path, **settings)
    found = load_model(resolve(str(folder)), "cpu", torch.float32).state_dict()
    for file in ("adapter_config.json", "adapter_model.safetensors"):
        (folder / file).unlink()
    kind: Any = AutoModel if make is tiny.encoder else AutoModelForCausalLM
    theirs: Any = PeftModel.from_pretrained(kind.from_pretrained(folder), tmp_path / "adapter")
    merged = theirs.merge_and_unload()
    expected = (merged if make is tiny.encoder else merged.base_model).state_dict()
    before = load_model(resolve(str(folder)), "cpu", torch.float32).state_dict()
    assert expected.keys() == found.keys()
    for name, tensor in found.items():
        torch.testing.assert_close(tensor, expected[name], rtol=1e-5, atol=1e-6)
    changed = [name for name in before if not torch.equal(before[name], found[name])]
    assert changed


BEYOND: dict[str, tuple[dict[str, Any], str]] = {
    "use_dora": ({"use_dora": True}, "it sets use_dora"),
    "modules_to_save": ({"modules_to_save": ["embed_tokens"]}, "it sets modules_to_save"),
    "bias": ({"bias": "all"}, "it sets bias"),
    "lora_bias": ({"lora_bias": True}, "it sets lora_bias"),
    "trainable tokens": ({"trainable_token_indices": [1, 2]}, "it sets trainable_token_indices"),
    "layer_replication": ({"layer_replication": [(0, 2), (1, 2)]}, "it sets layer_replication"),
    "alora": ({"alora_invocation_tokens": [3]}, "it sets alora_invocation_tokens"),
    "pissa": (
        {"init_lora_weights": "pissa"},
        "it sets init_lora_weights to pissa, which changes the base weights too",
    ),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", BEYOND)
def test_what_peft_merges_otherwise_is_refused(case: str, tmp_path: Path) -> None:
    settings, reason = BEYOND[case]
    folder = with_adapter(tiny.llama, tmp_path, target_modules=LINEAR, **settings)
    assert refusal(folder).startswith(
        f"The adapter of made (adapter_config.json) cannot be merged here: {reason}; merge it with peft's"
    )


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", ["lm_head", "model.embed_tokens"])
def test_the_head_that_an_adapter_changes_is_not_read_from_the_weights(path: str, tmp_path: Path) -> None:
    """Of a tied model, whose head is the input embedding, either name."""

    def tied(place: Path) -> Path:
        return tiny.llama(place, tied=True)

    folder = with_adapter(tied, tmp_path, target_modules=[path.rpartition(".")[2]])
    with pytest.raises(InputError) as caught:
        output_embedding(resolve(str(folder)))
    assert str(caught.value) == (
        f"The adapter beside made (adapter_config.json) changes {path}.weight, which is read from the "
        "weights alone: merge it with peft's merge_and_unload and save the model again."
    )
