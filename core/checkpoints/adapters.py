"""A low-rank adapter beside a checkpoint's weights, merged as peft merges it: W + s B A.

s = alpha / r, or alpha / sqrt(r) with use_rslora (Hu et al. 2021, arXiv 2106.09685; Kalajdzievski 2023,
arXiv 2312.03732). Where a matrix is stored transposed (GPT-2's Conv1D) so is the product. Anything else that
peft knows is refused by name.
"""

from collections.abc import Callable, MutableMapping
from pathlib import Path
from typing import Any

from core.checkpoints.config import canonical, read_json
from core.errors import InputError
from core.weights.tensor_files import digest_file, read_header

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
_PREFIX = "base_model.model."
# Settings that change more than W + s B A, where they are set.
_BEYOND = (
    "use_dora",
    "alpha_pattern",
    "modules_to_save",
    "layer_replication",
    "trainable_token_indices",
    "lora_bias",
    "use_qalora",
    "target_parameters",
    "megatron_config",
    "exclude_modules",
)
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
        part = next((p for p in ("lora_A", "lora_B") if f".{p}." in key and key.endswith(".weight")), None)
        if part is None:
            raise _refused(name, f"it holds {key}")
        pairs.setdefault(_module(key), {})[part] = tensor
    base = f"{model.base_model_prefix}."
    modules = dict(model.named_modules())
    for path, pair in pairs.items():
        target = modules.get(path.removeprefix(base))
        if target is None:
            if path.startswith(base) or path.removeprefix(base).partition(".")[0] in modules:
                raise _refused(name, f"its model has no module {path}")
            continue  # a head: not part of the model whose states are taken
        kind = type(target).__name__
        if kind not in ("Linear", "Conv1D") or len(pair) != 2:
            raise _refused(name, f"{path} is a {kind}")
        rank = pair["lora_B"].shape[1]
        root = rank**0.5 if settings.get("use_rslora") else rank
        with torch.no_grad():
            update = settings.get("lora_alpha", 8) / root * (pair["lora_B"].float() @ pair["lora_A"].float())
            update = update.T if kind == "Conv1D" else update
            if update.shape != target.weight.shape:
                raise _refused(
                    name, f"its update of {path} is {tuple(update.shape)}, not {tuple(target.weight.shape)}"
                )
            target.weight.add_(update.to(target.weight))


def _check(name: str, folder: Path, settings: dict[str, Any]) -> None:
    if settings.get("peft_type") != "LORA":
        raise _refused(name, f"its peft_type is {settings.get('peft_type')}")
    if beyond := next((key for key in _BEYOND if settings.get(key)), None):
        raise _refused(name, f"it sets {beyond}")
    if settings.get("bias", "none") != "none":
        raise _refused(name, "it sets bias")
    start = settings.get("init_lora_weights")
    if start not in _PLAIN_STARTS:
        raise _refused(name, f"it sets init_lora_weights to {start}, which changes the base weights too")
    if not (folder / WEIGHTS).is_file():
        raise _refused(name, f"it has no {WEIGHTS}")


def _refused(name: str, reason: str) -> InputError:
    return InputError(
        f"The adapter of {name} ({CONFIG}) cannot be merged here: {reason}; merge it with peft's "
        "merge_and_unload and save the model again, or take the adapter's files out of the folder."
    )


def _module(key: str) -> str:
    """`model.layers.0.self_attn.q_proj` of a key of an adapter's file."""
    return key.removeprefix(_PREFIX).partition(".lora_")[0]
