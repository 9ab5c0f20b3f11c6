"""What is wrong with a checkpoint's files is said by the name of the file or tensor; layouts are followed."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from core.checkpoints.damage import why_not_finite
from core.checkpoints.loading import load_model
from core.checkpoints.resolve import resolve
from core.errors import InputError
from tests import handmade

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 9\n"


def rewrite(folder: Path, change) -> None:
    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16, torch.float16, torch.float64])
def test_a_weight_that_is_not_finite_is_named(tmp_path: Path, value: float, kind: torch.dtype) -> None:
    folder = handmade.checkpoint(tmp_path / "m")

    def spoil(tensors: dict[str, torch.Tensor]) -> None:
        name = sorted(one for one in tensors if one.endswith("weight"))[-1]
        tensors[name] = tensors[name].to(kind)
        tensors[name].view(-1)[-1] = value
        spoiled.append(name)

    spoiled: list[str] = []
    rewrite(folder, spoil)
    assert why_not_finite("m", folder) == (
        f"The weight {spoiled[0]} of m holds NaN or infinite values: download or save the checkpoint again."
    )
    assert "overflow" in why_not_finite("m", handmade.checkpoint(tmp_path / "whole"))


@pytest.mark.parametrize(
    "file", ["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"]
)
def test_a_pointer_of_git_lfs_says_how_to_get_the_file(tmp_path: Path, file: str) -> None:
    folder = handmade.checkpoint(tmp_path / "m")
    (folder / "onnx.bin").write_text(POINTER)
    resolve(str(folder))  # nothing of it is needed
    (folder / file).write_text(POINTER)
    with pytest.raises(InputError) as caught:
        resolve(str(folder))
    assert str(caught.value) == (
        f"{folder / file} is a pointer of git-lfs, not the file: fetch it with git lfs pull."
    )


def test_a_weight_of_another_shape_says_both(tmp_path: Path) -> None:
    folder = handmade.checkpoint(tmp_path / "m")
    config = json.loads((folder / "config.json").read_text())
    size = config["vocab_size"]
    (folder / "config.json").write_text(json.dumps(config | {"vocab_size": size + 7}))
    with pytest.raises(InputError) as caught:
        load_model(resolve(str(folder)), "cpu", torch.float32)
    width = config["hidden_size"]
    assert str(caught.value) == (
        f"The weight embeddings.word_embeddings.weight of m has shape ({size}, {width}) and its config.json "
        f"asks for ({size + 7}, {width}): download or save it again."
    )


def test_the_transformer_of_a_sentence_transformers_folder_is_the_checkpoint(tmp_path: Path) -> None:
    outer = tmp_path / "st"
    inner = handmade.checkpoint(outer / "0_Transformer")
    modules = [
        {"path": "0_Transformer", "type": "sentence_transformers.models.Transformer"},
        {"path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
    ]
    (outer / "modules.json").write_text(json.dumps(modules))
    whole = resolve(str(outer))
    assert (whole.folder, whole.name, whole.fingerprint) == (inner, "st", resolve(str(inner)).fingerprint)
    modules[0]["path"] = "../elsewhere"
    handmade.checkpoint(tmp_path / "elsewhere")
    (outer / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(InputError, match="has no config"):
        resolve(str(outer))
