"""A low-rank adapter beside the weights is merged as peft merges it, or refused; it is in the fingerprint."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from core.checkpoints.resolve import resolve
from core.errors import InputError
from tests import tiny
from tests.core.checkpoints.test_accounting import refusal, states
from tests.core.checkpoints.test_output_embedding import rewrite

RANK = 4
REMEDY = (
    "merge it with peft's merge_and_unload and save the model again, or take the adapter's files out of the "
    "folder."
)
PLAIN = {
    "peft_type": "LORA",
    "r": RANK,
    "lora_alpha": 10,
    "base_model_name_or_path": "org/base",
    "bias": "none",
}


def pair(rows: int, columns: int, rank: int = RANK) -> tuple[torch.Tensor, torch.Tensor]:
    draw = torch.Generator().manual_seed(rows + columns)
    return torch.randn(rank, columns, generator=draw), torch.randn(rows, rank, generator=draw)


def adapter(folder: Path, module: str, a: torch.Tensor, b: torch.Tensor, **settings: Any) -> None:
    (folder / "adapter_config.json").write_text(json.dumps(PLAIN | settings))
    prefix = f"base_model.model.{module}"
    tensors = {f"{prefix}.lora_A.weight": a.contiguous(), f"{prefix}.lora_B.weight": b.contiguous()}
    save_file(tensors, folder / "adapter_model.safetensors")


@pytest.mark.parametrize(
    ("make", "module", "shape", "transposed"),
    [
        (tiny.llama, "model.layers.1.self_attn.q_proj", (32, 32), False),
        (tiny.llama, "model.layers.0.mlp.up_proj", (64, 32), False),
        (tiny.gpt2, "transformer.h.1.attn.c_attn", (96, 32), True),
        (tiny.encoder, "encoder.layer.0.attention.self.query", (32, 32), False),
    ],
)
@pytest.mark.parametrize(("rank", "rslora"), [(RANK, False), (RANK, True), (2, False)])
def test_the_merged_states_are_those_of_weights_written_out(
    make: Callable[[Path], Path],
    module: str,
    shape: tuple[int, int],
    transposed: bool,
    rank: int,
    rslora: bool,
    tmp_path: Path,
) -> None:
    folder = make(tmp_path / "made")
    plain = states(folder)
    by_hand = shutil.copytree(folder, tmp_path / "hand")
    a, b = pair(*shape, rank)
    update = 10 / (rank**0.5 if rslora else rank) * (b @ a)
    name = f"{module}.weight"
    rewrite(by_hand, lambda t: t | {name: t[name] + (update.T if transposed else update)})
    adapter(folder, module, a, b, r=rank, use_rslora=rslora, fan_in_fan_out=transposed)
    merged = states(folder)
    np.testing.assert_allclose(merged, states(by_hand), rtol=1e-4, atol=1e-5)
    assert np.abs(merged - plain).max() > 1e-2


def test_it_is_part_of_the_fingerprint(tmp_path: Path) -> None:
    folder = tiny.llama(tmp_path / "made")
    seen = [resolve(str(folder)).fingerprint]
    a, b = pair(32, 32)
    for weights, alpha in ((a, 10), (a, 11), (-a, 11)):
        adapter(folder, "model.layers.0.self_attn.q_proj", weights, b, lora_alpha=alpha)
        seen.append(resolve(str(folder)).fingerprint)
    assert len(set(seen)) == 4
    for file in ("adapter_config.json", "adapter_model.safetensors"):
        (folder / file).unlink()
    assert resolve(str(folder)).fingerprint == seen[0]


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"peft_type": "IA3"}, "its peft_type is IA3"),
        ({"use_dora": True}, "it sets use_dora"),
        ({"monteclora_config": {"a": 1}}, "it sets monteclora_config"),
        ({"modules_to_save": ["lm_head"]}, "it sets modules_to_save"),
        ({"bias": "all"}, "it sets bias"),
        (
            {"init_lora_weights": "pissa"},
            "it sets init_lora_weights to pissa, which changes the base weights too",
        ),
    ],
)
def test_more_than_plain_low_rank_updates_is_refused(
    settings: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    folder = tiny.llama(tmp_path / "made")
    adapter(folder, "model.layers.0.self_attn.q_proj", *pair(32, 32), **settings)
    assert refusal(folder) == (
        f"The adapter of made (adapter_config.json) cannot be merged here: {reason}; {REMEDY}"
    )


@pytest.mark.parametrize(
    ("module", "shape", "reason"),
    [
        (
            "model.layers.7.self_attn.q_proj",
            (32, 32),
            "its model has no module model.layers.7.self_attn.q_proj",
        ),
        (
            "model.layers.0.self_attn.q_proj",
            (16, 32),
            "its update of model.layers.0.self_attn.q_proj is (16, 32), not (32, 32)",
        ),
        ("model.embed_tokens", (32, 32), "model.embed_tokens is a Embedding"),
        ("transformer.h.0.attn.c_attn", (32, 32), "its model has no module transformer.h.0.attn.c_attn"),
    ],
)
def test_updates_that_fit_no_matrix_are_refused(
    module: str, shape: tuple[int, int], reason: str, tmp_path: Path
) -> None:
    folder = tiny.llama(tmp_path / "made")
    adapter(folder, module, *pair(*shape))
    assert refusal(folder) == (
        f"The adapter of made (adapter_config.json) cannot be merged here: {reason}; {REMEDY}"
    )


def test_an_adapter_alone_names_its_base_model(tmp_path: Path) -> None:
    tmp_path = tmp_path / "alone"
    tmp_path.mkdir()
    adapter(tmp_path, "model.layers.0.self_attn.q_proj", *pair(32, 32))
    with pytest.raises(InputError) as caught:
        resolve(str(tmp_path))
    assert str(caught.value) == (
        f"{tmp_path} holds an adapter of org/base and not the model itself: merge it into org/base with "
        "peft's merge_and_unload, save that, and give its folder."
    )
