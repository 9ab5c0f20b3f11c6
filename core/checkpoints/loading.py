"""A Checkpoint's model as transformers loads it, from safetensors only."""

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.checkpoints import accounting, adapters, variants
from core.checkpoints.architecture import Facts, describe
from core.checkpoints.config import code_left_aside, read_config
from core.checkpoints.quiet import one_sentence, quiet
from core.checkpoints.resolve import Checkpoint
from core.errors import InputError
from core.weights.tensor_files import read_headers, weight_files

if TYPE_CHECKING:
    import numpy as np
    import torch
    from transformers import PreTrainedModel

_NO_AUTOMATIC_CLASS = "Unrecognized configuration class"  # as transformers says it of a class without a head
SAVE_AGAIN = "save it again with the installed transformers, or measure vectors that you extracted yourself"


def load_model(checkpoint: Checkpoint, device: str, dtype: "torch.dtype") -> "PreTrainedModel":
    """The model without its language-model head, in evaluation mode, from safetensors only.

    Errors: InputError if transformers cannot build it, or tensors it needs are not in the files (it would
    otherwise fill them with random numbers and only warn).
    """
    import torch
    from transformers import AutoModel, PreTrainedModel

    stored = read_headers(weight_files(checkpoint.folder))
    wrapped = accounting.wrapper(stored)
    options: dict[str, Any] = {
        "dtype": dtype if checkpoint.recipe is None else torch.float32,
        "use_safetensors": True,
        "local_files_only": True,
        "trust_remote_code": False,
        "output_loading_info": True,
        "ignore_mismatched_sizes": True,  # refused below, with the shapes
        **unwrapped(wrapped),
    }
    with (
        quiet(),
        one_sentence(f"The model of {checkpoint.name} cannot be built", SAVE_AGAIN),
        adapters.without(checkpoint.folder) as folder,
    ):
        try:
            model, report = AutoModel.from_pretrained(folder, **options)
        except ValueError as error:
            if _NO_AUTOMATIC_CLASS not in str(error):
                raise
            named = _of_named_class(checkpoint, folder, options)
            if named is None:
                raise
            model, report = named
        if _missing(report):
            model, report = _of_named_class(checkpoint, folder, options) or (model, report)
    refuse_misfits(checkpoint.name, report)
    unused = [key.removeprefix(wrapped) for key in report["unexpected_keys"]]
    bare = {key.removeprefix(wrapped): tensor for key, tensor in stored.items()}
    accounting.check_used(checkpoint.name, model, unused, bare)
    follow_recipe(checkpoint, model)
    for part in model.modules():
        if isinstance(part, PreTrainedModel):
            part.config.return_dict = True  # whatever config.json asks for: states are found by name
    return model.eval().requires_grad_(False).to(device, dtype)


def refuse_misfits(name: str, report: dict[str, Any]) -> None:
    """InputError where tensors have another shape than the config asks for, or are not in the files.

    name: what messages call the checkpoint. report: of the loading, as transformers gives it.
    """
    missing = _missing(report)
    if misfits := sorted(report["mismatched_keys"]):
        key, of_file, of_config = misfits[0]
        more = f", and {len(misfits) - 1:,} more tensors differ" if len(misfits) > 1 else ""
        raise InputError(
            f"The weight {key} of {name} has shape {tuple(of_file)} and its config.json asks for "
            f"{tuple(of_config)}{more}: download or save it again."
        )
    if missing:
        raise InputError(
            f"The weights of {name} lack {len(missing)} tensors that its config.json asks for, "
            f"first {missing[0]}: download or save it again."
        )


def text_part(model: Any) -> Any:
    """The part of a model that reads text alone: the encoder before a decoder, or beside one of images."""
    if model.config.is_encoder_decoder:
        return model.get_encoder()
    return model.text_model if hasattr(model, "get_text_features") and hasattr(model, "text_model") else model


def complete(checkpoint: Checkpoint) -> Facts:
    """The facts of a checkpoint with what its config.json leaves to the class of its model type.

    Errors: InputError if transformers cannot read the config.
    """
    from transformers import AutoConfig

    with quiet(), one_sentence(f"The config.json of {checkpoint.name} cannot be read", SAVE_AGAIN):
        config = AutoConfig.from_pretrained(
            checkpoint.folder, local_files_only=True, trust_remote_code=False
        ).to_dict()
    own, loaded = checkpoint.facts, describe(config, ())
    vocabulary = own.vocabulary if checkpoint.borrowed is None else complete(checkpoint.borrowed).vocabulary
    return replace(
        own,
        kind=loaded.kind,
        width=loaded.width if own.width is None else own.width,
        vocabulary=loaded.vocabulary if vocabulary is None else vocabulary,
        max_positions=loaded.max_positions if own.max_positions is None else own.max_positions,
    )


def left_aside(checkpoint: Checkpoint) -> str | None:
    """What a reader of a measure should know of what `load_model` does not load, or None."""
    return code_left_aside(checkpoint.name, read_config(checkpoint.folder))


def _missing(report: dict[str, Any]) -> list[str]:
    """Tensors that a model needs and its files lack; no state depends on a pooler."""
    return sorted(key for key in report["missing_keys"] if "pooler" not in key)


def _of_named_class(
    checkpoint: Checkpoint, folder: Path, options: dict[str, Any]
) -> tuple["PreTrainedModel", dict[str, Any]] | None:
    """The model within the class that `architectures` in config.json names, with the report of its loading.

    For what a bare model does not know: that only an encoder is stored, or only a matrix that the class ties
    to the input embedding, or that tables are computed; and for configs of which there is no bare model.
    None where there is no such class, it is one of another model type, or its file lacks something as well.
    """
    import transformers

    named = getattr(transformers, checkpoint.facts.architecture, None)
    if not (isinstance(named, type) and issubclass(named, transformers.PreTrainedModel)):
        return None
    own = getattr(named.config_class, "model_type", None)
    if own != read_config(checkpoint.folder).get("model_type"):
        return None
    load: Any = named.from_pretrained
    whole, report = load(folder, **options)
    inner = whole.base_model
    path = "" if inner is whole else f"{whole.base_model_prefix}."
    if inner is whole and whole.get_output_embeddings() is not None and hasattr(whole, "model"):
        inner, path = (
            whole.model,
            "model.",
        )  # a class whose prefix is not where its model lies (Mllama's text)
    if any(key.startswith(path) for key in _missing(report)):
        return None
    return inner, report | {"missing_keys": []}


def unwrapped(prefix: str) -> dict[str, Any]:
    """Options of from_pretrained that take off what a wrapper put before every tensor's name."""
    return {"key_mapping": {f"^{re.escape(prefix)}": ""}} if prefix else {}


def follow_recipe(checkpoint: Checkpoint, model: "PreTrainedModel") -> None:
    """Make a model without head that was loaded from `checkpoint.folder` the variant that it stands for.

    An adapter that lies in the folder is merged first.
    """
    import torch

    adapters.merge(checkpoint.name, checkpoint.folder, model)
    if checkpoint.recipe is not None:
        borrowed = checkpoint.borrowed
        lent = None if borrowed is None else torch.from_numpy(input_embedding(borrowed))
        variants.apply(model, checkpoint.recipe, lent)


def input_embedding(checkpoint: Checkpoint) -> "np.ndarray":
    """The input embedding (V, d), float32, of the loaded model: for a variant, whose files hold another."""
    import torch

    model: Any = load_model(checkpoint, "cpu", torch.float32)
    return model.get_input_embeddings().weight.numpy()
