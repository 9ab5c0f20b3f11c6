"""The output matrix read from the file is the one the loaded model multiplies with."""

import json
from pathlib import Path

import numpy as np
import pytest

from core.checkpoints import output_embedding as weights
from core.checkpoints import resolve as checkpoints
from core.errors import InputError
from tests import tiny


def loaded(folder: Path) -> np.ndarray:
    from transformers import AutoModelForCausalLM, AutoModelForMaskedLM

    kind = checkpoints.resolve(str(folder)).facts.kind
    cls = AutoModelForMaskedLM if kind == "encoder" else AutoModelForCausalLM
    return cls.from_pretrained(folder).get_output_embeddings().weight.detach().float().numpy()


def rewrite(folder: Path, change) -> None:
    from safetensors.torch import load_file, save_file

    file = folder / "model.safetensors"
    save_file(change(load_file(file)), file, metadata={"format": "pt"})


CASES = {
    "gpt2 tied": lambda f: tiny.gpt2(f),
    "gpt2 of its own": lambda f: tiny.gpt2(f, tied=False),
    "llama of its own": lambda f: tiny.llama(f),
    "llama tied": lambda f: tiny.llama(f, tied=True),
    "encoder with head": lambda f: tiny.encoder(f, head=True),
    "shards": lambda f: tiny.llama(f, shard="30KB"),
}


@pytest.mark.parametrize("case", CASES)
def test_is_the_loaded_models_output_matrix(case: str, tmp_path: Path) -> None:
    checkpoint = checkpoints.resolve(str(CASES[case](tmp_path)))
    at = weights.output_embedding(checkpoint)
    matrix = weights.read_matrix(at)
    assert matrix.dtype == np.float32 and matrix.flags.c_contiguous
    np.testing.assert_array_equal(matrix, loaded(tmp_path))
    assert at.shape == (checkpoint.facts.vocabulary, checkpoint.facts.width)
    assert at.tied == checkpoint.facts.tied == ("own" not in case and case != "shards")
    assert at.note is None


def configured(folder: Path, **changes) -> None:
    """Keys of config.json set, or taken out where they are None."""
    config = json.loads((folder / "config.json").read_text()) | changes
    kept = {key: value for key, value in config.items() if value is not None}
    (folder / "config.json").write_text(json.dumps(kept))


def refusal(folder: Path) -> str:
    with pytest.raises(InputError) as caught:
        weights.output_embedding(checkpoints.resolve(str(folder)))
    return str(caught.value)


@pytest.mark.parametrize(
    ("make", "other", "message"),
    [
        (
            tiny.llama,
            tiny.gpt2,
            "holds model.embed_tokens.weight, and a gpt2, the model type in its config.json, calls its input "
            "embedding wte",
        ),
        (
            lambda folder: tiny.encoder(folder, head=True),
            tiny.llama,
            "holds bert.embeddings.word_embeddings.weight, and a llama, the model type in its config.json, "
            "calls its input embedding embed_tokens",
        ),
    ],
)
def test_the_weights_of_another_model_type_are_refused(make, other, message: str, tmp_path: Path) -> None:
    make(tmp_path / "made")
    other(tmp_path / "other")
    (tmp_path / "made/config.json").write_bytes((tmp_path / "other/config.json").read_bytes())
    assert refusal(tmp_path / "made") == (
        f"made {message}: its config.json or its weights are another model's; download or save it again."
    )


@pytest.mark.parametrize(
    ("make", "old", "new", "part"),
    [
        (tiny.llama, "lm_head.weight", "module.lm_head.weight", "module"),
        (tiny.gpt2, "transformer.wte.weight", "own.wte.weight", "own"),
    ],
)
def test_a_matrix_alone_in_its_part_is_refused(make, old: str, new: str, part: str, tmp_path: Path) -> None:
    make(tmp_path / "made")
    rewrite(tmp_path / "made", lambda tensors: {new if k == old else k: v for k, v in tensors.items()})
    assert refusal(tmp_path / "made") == (
        f"made holds {new} and no other tensor of {part}, so its model does not know it by that name: rename "
        "it, or save the model again."
    )


@pytest.mark.parametrize(("key", "usual"), [("hidden_size", "4096 dim"), ("vocab_size", "32000 tok")])
def test_what_the_config_leaves_to_its_class_is_its_class_default(
    key: str, usual: str, tmp_path: Path
) -> None:
    tiny.llama(tmp_path / "made")
    configured(tmp_path / "made", **{key: None})
    assert usual in refusal(tmp_path / "made")


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_any_floating_precision_becomes_float32(dtype: str, tmp_path: Path) -> None:
    import torch

    tiny.llama(tmp_path)
    rewrite(tmp_path, lambda tensors: {k: v.to(getattr(torch, dtype)) for k, v in tensors.items()})
    at = weights.output_embedding(checkpoints.resolve(str(tmp_path)))
    np.testing.assert_array_equal(weights.read_matrix(at), loaded(tmp_path))


def test_an_encoder_without_a_head_says_what_stands_in(tmp_path: Path) -> None:
    at = weights.output_embedding(checkpoints.resolve(str(tiny.encoder(tmp_path / "little"))))
    assert at.name == "embeddings.word_embeddings.weight" and at.tied
    assert at.note == (
        "little has no language-model head: its input embedding embeddings.word_embeddings.weight stands in."
    )


def test_an_output_matrix_that_differs_wins_over_a_config_that_says_tied(tmp_path: Path) -> None:
    tiny.gpt2(tmp_path)
    rewrite(tmp_path, lambda t: t | {"lm_head.weight": t["transformer.wte.weight"] * 2})
    at = weights.output_embedding(checkpoints.resolve(str(tmp_path)))
    np.testing.assert_array_equal(weights.read_matrix(at), loaded(tmp_path))


def test_copies_of_one_matrix_are_no_doubt_but_different_ones_are(tmp_path: Path) -> None:
    folder = tiny.gpt2(tmp_path / "twins")
    rewrite(folder, lambda t: t | {"shared.weight": t["transformer.wte.weight"].clone()})
    assert weights.output_embedding(checkpoints.resolve(str(folder))).shape == (209, 32)
    rewrite(folder, lambda t: t | {"shared.weight": t["transformer.wte.weight"] + 1})
    with pytest.raises(InputError) as caught:
        weights.output_embedding(checkpoints.resolve(str(folder)))
    assert str(caught.value) == (
        "twins holds 2 different tensors that could be its output embedding (shared.weight, "
        "transformer.wte.weight): "
        "save it with the one its language-model head uses."
    )


@pytest.mark.parametrize("stated", [False, None])
def test_an_untied_model_without_its_head_is_refused(stated: bool | None, tmp_path: Path) -> None:
    folder = tiny.llama(tmp_path / "headless")
    rewrite(folder, lambda t: {k: v for k, v in t.items() if k != "lm_head.weight"})
    config = json.loads((folder / "config.json").read_text()) | {"tie_word_embeddings": stated}
    (folder / "config.json").write_text(json.dumps({k: v for k, v in config.items() if v is not None}))
    assert refusal(folder) == (
        "headless holds no output matrix (such as lm_head.weight), and its config.json does not tie it to "
        "the input embedding (tie_word_embeddings): save the model again with its language-model head, or "
        "set tie_word_embeddings to true if they are one matrix."
    )


def test_a_config_that_leaves_tying_to_a_class_that_ties_needs_no_head(tmp_path: Path) -> None:
    folder = tiny.gpt2(tmp_path / "tied")
    config = json.loads((folder / "config.json").read_text())
    config.pop("tie_word_embeddings", None)
    (folder / "config.json").write_text(json.dumps(config))
    at = weights.output_embedding(checkpoints.resolve(str(folder)))
    assert at.tied and at.note is None
    np.testing.assert_array_equal(weights.read_matrix(at), loaded(folder))


@pytest.mark.parametrize(
    ("change", "shape"), [("transposed", "32 by V"), ("cut", "100 by 32"), ("narrow", "V by 16")]
)
def test_a_matrix_of_another_shape_than_the_configs_is_refused(
    change: str, shape: str, tmp_path: Path
) -> None:
    folder = tiny.llama(tmp_path / "odd")
    vocabulary = json.loads((folder / "config.json").read_text())["vocab_size"]
    cut = {"transposed": lambda w: w.T, "cut": lambda w: w[:100], "narrow": lambda w: w[:, :16]}[change]
    rewrite(folder, lambda t: t | {"lm_head.weight": cut(t["lm_head.weight"]).contiguous()})
    assert refusal(folder) == (
        f"lm_head.weight of odd is {shape.replace('V', str(vocabulary))}, and its config.json states "
        f"{vocabulary} tokens and 32 dimensions: it is transposed, cut or another model's; download or save "
        "it again."
    )


def test_rows_beyond_the_stated_vocabulary_are_noted(tmp_path: Path) -> None:
    folder = tiny.llama(tmp_path / "padded")
    stated = json.loads((folder / "config.json").read_text())["vocab_size"]
    configured(folder, vocab_size=stated - 7)
    at = weights.output_embedding(checkpoints.resolve(str(folder)))
    assert at.shape == (stated, 32)
    assert at.note == (
        f"lm_head.weight of padded has {stated:,} rows and its config.json states {stated - 7:,} tokens: the "
        "rows beyond them are measured too, and transformers does not load the matrix so"
    )


@pytest.mark.parametrize(("kind", "right"), [("bert", False), ("camembert", True), ("xlm-roberta", True)])
def test_weights_within_another_types_part_are_refused(kind: str, right: bool, tmp_path: Path) -> None:
    folder = tiny.encoder(tmp_path / "odd", head=True)
    configured(folder, model_type=kind)
    rewrite(folder, lambda t: {name.replace("bert.", "roberta.", 1): one for name, one in t.items()})
    if right:
        assert weights.output_embedding(checkpoints.resolve(str(folder))).shape[1] == 32
        return
    assert refusal(folder) == (
        "odd holds roberta.embeddings.word_embeddings.weight, and its config.json says that it is a bert: "
        "its config.json or its weights are another model's; download or save it again."
    )


def test_an_adapter_that_changes_the_head_is_refused(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import save_file

    folder = tiny.llama(tmp_path / "adapted")
    (folder / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA"}))
    key = "base_model.model.lm_head.lora_A.weight"
    save_file({key: torch.ones(2, 32)}, folder / "adapter_model.safetensors")
    assert refusal(folder) == (
        "The adapter beside adapted (adapter_config.json) changes lm_head.weight, which is read from the "
        "weights alone: merge it with peft's merge_and_unload and save the model again."
    )


@pytest.mark.parametrize(
    ("tied", "beside", "remedy"),
    [
        (False, "lm_head.weight_scale", "multiply it by its factors"),
        (False, "lm_head.SCB", "multiply it by its factors"),
        (True, "model.embed_tokens.weight_scale", "multiply it by its factors"),
        (False, "lm_head.lora_B.weight", "merge the adapter with peft's merge_and_unload"),
    ],
)
def test_factors_and_adapters_beside_the_matrix_are_refused(
    tied: bool, beside: str, remedy: str, tmp_path: Path
) -> None:
    folder = tiny.llama(tmp_path / "made", tied=tied)
    matrix = "model.embed_tokens.weight" if tied else "lm_head.weight"
    rewrite(folder, lambda tensors: tensors | {beside: tensors[matrix].clone()})
    with pytest.raises(InputError) as caught:
        weights.output_embedding(checkpoints.resolve(str(folder)))
    assert str(caught.value) == (
        f"made holds {beside} beside {matrix}, whose numbers are not the model's without it: {remedy} and "
        "save the model again."
    )


def test_no_known_name(tmp_path: Path) -> None:
    folder = tiny.gpt2(tmp_path / "odd")
    rewrite(folder, lambda t: {k.replace("wte", "tokens"): v for k, v in t.items()})
    with pytest.raises(InputError) as caught:
        weights.output_embedding(checkpoints.resolve(str(folder)))
    assert str(caught.value) == (
        "odd holds no tensor with a known name of an output or input embedding, such as lm_head.weight or "
        "embed_tokens.weight (with a row for each vocabulary entry it holds transformer.tokens.weight): "
        "measure its hidden states instead."
    )


def test_integers_are_no_matrix_of_numbers(tmp_path: Path) -> None:
    import torch

    folder = tiny.llama(tmp_path / "quantized")
    rewrite(folder, lambda t: t | {"lm_head.weight": t["lm_head.weight"].to(torch.int8)})
    with pytest.raises(InputError) as caught:
        weights.read_matrix(weights.output_embedding(checkpoints.resolve(str(folder))))
    assert str(caught.value) == (
        f"lm_head.weight in {folder}/model.safetensors is stored as I8, which cannot be read as numbers "
        "here: "
        "give a checkpoint in float32, float16 or bfloat16."
    )


def test_only_this_tensor_is_read(tmp_path: Path) -> None:
    """The bytes of every other tensor may be anything: here they are zero."""
    folder = tiny.llama(tmp_path)
    at = weights.output_embedding(checkpoints.resolve(str(folder)))
    before = weights.read_matrix(at)
    content = bytearray(at.file.read_bytes())
    base = 8 + int.from_bytes(content[:8], "little")
    end = at.start + before.nbytes
    content[base : at.start] = bytes(at.start - base)
    content[end:] = bytes(len(content) - end)
    at.file.write_bytes(content)
    np.testing.assert_array_equal(weights.read_matrix(at), before)
    assert "lm_head.weight" in json.loads(content[8:base])


@pytest.mark.real
def test_real_checkpoints(material: Path, minilm: Path) -> None:
    folders = checkpoints.find([material / "checkpoints"])
    assert len(folders) == 7
    for folder in folders:
        at = weights.output_embedding(checkpoints.resolve(str(folder)))
        np.testing.assert_array_equal(weights.read_matrix(at), loaded(folder))
    at = weights.output_embedding(checkpoints.resolve("minilm"))
    assert at.shape == (30522, 384) and at.note is not None
    np.testing.assert_array_equal(weights.read_matrix(at), loaded(minilm))
