"""One change to a valid checkpoint folder: drawn by Hypothesis, and made."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

WEIGHTS, CONFIG = "model.safetensors", "config.json"
SWAPPED = (CONFIG, WEIGHTS, "tokenizer.json", "tokenizer_config.json")
ABSENT = "(taken out)"
# Keys that configs may have besides those of the folder at hand, with values they may have.
_MORE: dict[str, list[Any]] = {
    "is_decoder": [True],
    "is_encoder_decoder": [True, False],
    "tie_word_embeddings": [True, False],
    "return_dict": [False],
    "output_hidden_states": [True],
    "quantization_config": [{"quant_method": "fp8"}, {"quant_method": "own"}],
    "auto_map": [{"AutoModel": "own.OwnModel"}],
    "num_labels": [3],
    "rope_scaling": [{"rope_type": "linear", "factor": 4.0}],
    "rope_parameters": [{"rope_type": "dynamic", "factor": 2.0, "rope_theta": 1e4}],
    "layer_norm_eps": [0.1],
    "attn_implementation": ["eager"],
    "sliding_window": [4],
    "attention_bias": [True],
    "mlp_bias": [True],
    "position_embedding_type": ["relative_key"],
    "scale_embedding": [True],
    "dtype": ["float16", "bfloat16", "float64"],
    "torch_dtype": ["bfloat16"],
    "pruned_heads": [{"0": [1]}],
    "chunk_size_feed_forward": [3],
    "embedding_size": [16],
    "unknown_setting": [1],
}
DTYPES = {
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
    "float64": torch.float64,
    "int8": torch.int8,
    "int32": torch.int32,
    "uint8": torch.uint8,
    "bool": torch.bool,
    "float8_e4m3fn": torch.float8_e4m3fn,
}
_RESHAPED: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "transposed": lambda t: t.T if t.ndim == 2 else t.flip(0),
    "a row less": lambda t: t[:-1],
    "a row more": lambda t: torch.cat([t, t[-1:]]),
    "a column less": lambda t: t[..., :-1],
    "flattened": lambda t: t.reshape(-1),
    "one axis more": lambda t: t[None],
    "halved": lambda t: t[: max(1, len(t) // 2)],
}
_SCALES = (0.0, -1.0, 0.5, 3.0, 1e4, float("nan"), float("inf"))
_PREFIXES = ("model.", "module.", "_orig_mod.", "base_model.model.", "transformer.", "bert.", "own.")


@dataclass(frozen=True)
class Change:
    """kind: a key of `KINDS`. where: a key of config.json, a tensor or a file. what: the new value."""

    kind: str
    where: str
    what: Any


def changes(folders: dict[str, Path]) -> st.SearchStrategy[tuple[str, Change]]:
    """The name of a folder, and a change to it."""
    configs = {name: json.loads((folder / CONFIG).read_text()) for name, folder in folders.items()}
    tensors = {name: sorted(load_file(folder / WEIGHTS)) for name, folder in folders.items()}

    @st.composite
    def drawn(draw: st.DrawFn) -> tuple[str, Change]:
        name = draw(st.sampled_from(sorted(folders)))
        kind = draw(st.sampled_from(sorted(KINDS)))
        if kind == "config":
            config = configs[name]
            key = draw(st.sampled_from(sorted({*config, *_MORE})))
            return name, Change(kind, key, draw(st.sampled_from(_values(key, config))))
        if kind == "swapped":
            other = draw(st.sampled_from(sorted(set(folders) - {name})))
            return name, Change(kind, draw(st.sampled_from(SWAPPED)), other)
        tensor = draw(st.sampled_from(tensors[name]))
        what: st.SearchStrategy[Any] = {
            "dropped": st.none(),
            "renamed": st.sampled_from(
                [f"{tensor}_", "x.weight", *(p + tensor for p in _PREFIXES), *_shorter(tensor)]
            ),
            "reshaped": st.sampled_from(sorted(_RESHAPED)),
            "retyped": st.sampled_from(sorted(DTYPES)),
            "scaled": st.sampled_from(_SCALES),
            "exchanged": st.sampled_from(tensors[name]),
            "copied": st.sampled_from([f"{tensor}.bias", *(p + tensor for p in _PREFIXES), _next(tensor)]),
        }[kind]
        return name, Change(kind, tensor, draw(what))

    return drawn()


def make(change: Change, folder: Path, into: Path, folders: dict[str, Path]) -> None:
    """A copy of a folder with a change made to it."""
    shutil.copytree(folder, into)
    KINDS[change.kind](into, change, folders)


def _values(key: str, config: dict[str, Any]) -> list[Any]:
    """Other values for a key of a config."""
    if key not in config:
        return _MORE[key]
    old, more = config[key], [ABSENT, None, *_MORE.get(key, [])]
    if isinstance(old, bool):
        return [*more, not old, "true"]
    if isinstance(old, int):
        return [*more, old + 1, max(old - 1, 0), old * 2, old // 2, 0, -1, float(old), str(old)]
    if isinstance(old, float):
        return [*more, old * 10, old / 100, 0.0, 1, -old, str(old)]
    if isinstance(old, str):
        return [*more, "relu", "llama", "bert", "gpt2", "Own", old.upper()]
    if isinstance(old, list):
        return [*more, [], old[:1], old * 2, ["AutoModel"], ["LlamaForCausalLM"], ["BertModel"]]
    if isinstance(old, dict):
        return [*more, {}, {"rope_theta": 100.0, "rope_type": "default"}]
    return [*more, 1, 0, True, "relu", 8]


def _shorter(tensor: str) -> list[str]:
    return [tensor.partition(".")[2]] if tensor.count(".") > 1 else []


def _next(tensor: str) -> str:
    """The name of the same tensor of the layer after."""
    return ".".join(str(int(part) + 1) if part.isdigit() else part for part in tensor.split("."))


def _config(folder: Path, change: Change, _: dict[str, Path]) -> None:
    config = json.loads((folder / CONFIG).read_text()) | {change.where: change.what}
    if change.what == ABSENT:
        del config[change.where]
    (folder / CONFIG).write_text(json.dumps(config))


def _swapped(folder: Path, change: Change, folders: dict[str, Path]) -> None:
    shutil.copyfile(folders[change.what] / change.where, folder / change.where)


def _of_tensors(change_to: Callable[[dict[str, torch.Tensor], Change], None]) -> Callable[..., None]:
    def changed(folder: Path, change: Change, _: dict[str, Path]) -> None:
        tensors = load_file(folder / WEIGHTS)
        change_to(tensors, change)
        kept = {name: tensor.contiguous().clone() for name, tensor in tensors.items()}
        save_file(kept, folder / WEIGHTS, metadata={"format": "pt"})

    return changed


def _dropped(tensors: dict[str, torch.Tensor], change: Change) -> None:
    del tensors[change.where]


def _renamed(tensors: dict[str, torch.Tensor], change: Change) -> None:
    tensors[change.what] = tensors.pop(change.where)


def _reshaped(tensors: dict[str, torch.Tensor], change: Change) -> None:
    tensors[change.where] = _RESHAPED[change.what](tensors[change.where])


def _retyped(tensors: dict[str, torch.Tensor], change: Change) -> None:
    tensors[change.where] = tensors[change.where].to(DTYPES[change.what])


def _scaled(tensors: dict[str, torch.Tensor], change: Change) -> None:
    tensors[change.where] = tensors[change.where] * change.what


def _exchanged(tensors: dict[str, torch.Tensor], change: Change) -> None:
    one, other = change.where, change.what
    tensors[one], tensors[other] = tensors[other], tensors[one]


def _copied(tensors: dict[str, torch.Tensor], change: Change) -> None:
    tensors[change.what] = tensors[change.where]


KINDS: dict[str, Callable[[Path, Change, dict[str, Path]], None]] = {
    "config": _config,
    "swapped": _swapped,
    "dropped": _of_tensors(_dropped),
    "renamed": _of_tensors(_renamed),
    "reshaped": _of_tensors(_reshaped),
    "retyped": _of_tensors(_retyped),
    "scaled": _of_tensors(_scaled),
    "exchanged": _of_tensors(_exchanged),
    "copied": _of_tensors(_copied),
}
