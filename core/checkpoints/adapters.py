"""A low-rank adapter beside a checkpoint's weights, merged as peft merges it: W + s B A.

s = alpha / r, or alpha / sqrt(r) with use_rslora (Hu et al. 2021, arXiv 2106.09685; Kalajdzievski 2023,
arXiv 2312.03732). Where a matrix is stored transposed (GPT-2's Conv1D, embeddings) so is the product.
Anything else that peft knows is refused by name.
"""

import re
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from core.checkpoints import accounting
from core.checkpoints.config import canonical, read_json
from core.errors import InputError
from core.weights.tensor_files import digest_file, read_header

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
_PREFIX = "base_model.model."
# Settings that W + s B A follows, or that say where or how it was trained. Any other that is set is refused.
_KNOWN = frozenset(
    """peft_type task_type auto_mapping peft_version base_model_name_or_path revision inference_mode r
    lora_alpha lora_dropout target_modules exclude_modules layers_to_transform layers_pattern fan_in_fan_out
    bias use_rslora rank_pattern alpha_pattern init_lora_weights eva_config loftq_config megatron_core
    qalora_group_size runtime_config""".split()  # noqa: SIM905
)
_PART = re.compile(
    r"\.(?P<matrix>lora_[AB])\.(?:.*\.)?weight$|\.(?P<embedding>lora_embedding_[AB])(?:\..*)?$|\.(?P<base>base_layer)\.weight$"
)
_MATRICES, _EMBEDDING = ("lora_A", "lora_B"), ("lora_embedding_A", "lora_embedding_B")
_PARTS = {"Linear": _MATRICES, "Conv1D": _MATRICES, "Embedding": _EMBEDDING}
_PLAIN_STARTS = (None, True, False, "gaussian", "orthogonal", "eva")  # others change the base weights too


def of(folder: Path) -> dict[str, Any] | None:
    """The settings of the adapter in a folder; None where there is none."""
    return read_json(folder / CONFIG) if (folder / CONFIG).is_file() else None


def identity(folder: Path, digests: MutableMapping[str, str] | None) -> list[str]:
    """What an adapter adds to a checkpoint's fingerprint: nothing where there is none."""
    settings = of(folder)
    if settings is None:
        return []
    weights = folder / WEIGHTS
    return [CONFIG, canonical(settings), digest_file(weights, digests) if weights.is_file() else ""]


@contextmanager
def without(folder: Path) -> Iterator[Path]:
    """The checkpoint's folder without its adapter, which transformers would load, where peft is installed."""
    if of(folder) is None:
        yield folder
        return
    with TemporaryDirectory(prefix="latent-shortlist-") as name:
        for file in folder.iterdir():
            if file.name not in (CONFIG, WEIGHTS):
                (Path(name) / file.name).symlink_to(file.resolve())
        yield Path(name)


def refuse_alone(folder: Path) -> None:
    """Refuse a folder that holds an adapter without the model that it belongs to."""
    if settings := of(folder):
        base = settings.get("base_model_name_or_path") or "its base model"
        raise InputError(
            f"{folder} holds an adapter of {base} and not the model itself: merge it into {base} with peft's "
            "merge_and_unload, save that, and give its folder."
        )


def touches(folder: Path, is_one: Callable[[str], bool]) -> str | None:
    """The first tensor that a folder's adapter changes of those whose name `is_one` is true of, or None."""
    if of(folder) is None or not (folder / WEIGHTS).is_file():
        return None
    modules = {_module(key) for key in read_header(folder / WEIGHTS)}
    return next((name for module in sorted(modules) if is_one(name := f"{module}.weight")), None)


def merge(name: str, folder: Path, model: Any) -> None:
    """Merge the adapter in `folder`, if there is one, into a loaded model without head, in place.

    Errors: InputError for an adapter that is not low-rank updates of the model's own matrices.
    """
    settings = of(folder)
    if settings is None:
        return
    import torch
    from safetensors.torch import load_file

    _check(name, folder, settings)
    stored = load_file(folder / WEIGHTS)
    pairs: dict[str, dict[str, Any]] = {}
    for key, tensor in stored.items():
        part = _PART.search(key)
        if part is None:
            raise _refused(name, f"it holds {key}")
        pairs.setdefault(_module(key), {})[part[part.lastindex or 0]] = tensor
    base = f"{model.base_model_prefix}."
    modules = dict(model.named_modules())
    for path, pair in pairs.items():
        target = modules.get(path.removeprefix(base))
        if target is None:
            if path.partition(".")[0] in accounting.HEADS:
                continue  # not part of the model whose states are taken
            raise _refused(name, f"its model has no module {path}")
        kind = type(target).__name__
        base_weight = pair.pop("base_layer", None)  # an embedding as it was when the adapter was saved
        parts = _PARTS.get(kind)
        if parts is None or pair.keys() != set(parts):
            raise _refused(name, f"{path} is a {kind}")
        a, b = (pair[part].float() for part in parts)
        rank = b.shape[1]
        if a.shape[0] != rank:
            raise _refused(name, f"its matrices of {path} are {tuple(b.shape)} and {tuple(a.shape)}")
        root = rank**0.5 if settings.get("use_rslora") else rank
        with torch.no_grad():
            update = _alpha(settings, path) / root * (b @ a)
            update = update if kind == "Linear" else update.T
            if update.shape != target.weight.shape:
                raise _refused(
                    name, f"its update of {path} is {tuple(update.shape)}, not {tuple(target.weight.shape)}"
                )
            if base_weight is not None:
                target.weight.copy_(base_weight)
            target.weight.add_(update.to(target.weight))


def _check(name: str, folder: Path, settings: dict[str, Any]) -> None:
    if settings.get("peft_type") != "LORA":
        raise _refused(name, f"its peft_type is {settings.get('peft_type')}")
    if beyond := next((key for key, value in settings.items() if value and key not in _KNOWN), None):
        raise _refused(name, f"it sets {beyond}")
    if settings.get("bias", "none") != "none":
        raise _refused(name, "it sets bias")
    start = settings.get("init_lora_weights")
    if start not in _PLAIN_STARTS:
        raise _refused(name, f"it sets init_lora_weights to {start}, which changes the base weights too")
    if not (folder / WEIGHTS).is_file():
        raise _refused(name, f"it has no {WEIGHTS}")


def _alpha(settings: dict[str, Any], path: str) -> float:
    """The alpha of one module: the first pattern that its path ends in, whole words, else that of all."""
    for pattern, alpha in (settings.get("alpha_pattern") or {}).items():
        if re.match(rf"(.*\.)?({pattern})$", path):
            return float(alpha)
    return float(settings.get("lora_alpha", 8))


def _refused(name: str, reason: str) -> InputError:
    return InputError(
        f"The adapter of {name} ({CONFIG}) cannot be merged here: {reason}; merge it with peft's "
        "merge_and_unload and save the model again, or take the adapter's files out of the folder."
    )


def _module(key: str) -> str:
    """`model.layers.0.self_attn.q_proj` of a key of an adapter's file."""
    return re.split(r"\.(?:lora_|base_layer\.)", key.removeprefix(_PREFIX))[0]
