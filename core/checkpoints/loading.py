"""A Checkpoint's model as transformers loads it, from safetensors only."""

import re
from typing import TYPE_CHECKING, Any

from core.checkpoints import accounting, adapters, variants
from core.checkpoints.resolve import Checkpoint
from core.errors import InputError
from core.formatting import first_line
from core.weights.tensor_files import read_headers, weight_files

if TYPE_CHECKING:
    import numpy as np
    import torch
    from transformers import PreTrainedModel


def load_model(checkpoint: Checkpoint, device: str, dtype: "torch.dtype") -> "PreTrainedModel":
    """The model without its language-model head, in evaluation mode, from safetensors only.

    Errors: InputError if transformers cannot build it, or tensors it needs are not in the files (it would
    otherwise fill them with random numbers and only warn).
    """
    import torch
    from transformers import AutoModel
    from transformers.utils import logging

    stored = read_headers(weight_files(checkpoint.folder))
    wrapped = accounting.wrapper(stored)
    shown, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()  # what the unused head says of itself is no news here
    logging.disable_progress_bar()
    try:
        model, report = AutoModel.from_pretrained(
            checkpoint.folder,
            dtype=dtype if checkpoint.recipe is None else torch.float32,
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # refused below, with the shapes
            **unwrapped(wrapped),
        )
    except Exception as error:
        raise InputError(f"The model of {checkpoint.name} cannot be built: {first_line(error)}.") from error
    finally:
        logging.set_verbosity(shown)
        if bars:
            logging.enable_progress_bar()
    missing = sorted(key for key in report["missing_keys"] if "pooler" not in key)
    if misfits := sorted(report["mismatched_keys"]):
        key, of_file, of_config = misfits[0]
        more = f", and {len(misfits) - 1:,} more tensors differ" if len(misfits) > 1 else ""
        raise InputError(
            f"The weight {key} of {checkpoint.name} has shape {tuple(of_file)} and its config.json asks for "
            f"{tuple(of_config)}{more}: download or save it again."
        )
    if missing:
        raise InputError(
            f"The weights of {checkpoint.name} lack {len(missing)} tensors that its config.json asks for, "
            f"first {missing[0]}: download or save it again."
        )
    unused = [key.removeprefix(wrapped) for key in report["unexpected_keys"]]
    bare = {key.removeprefix(wrapped): tensor for key, tensor in stored.items()}
    accounting.check_used(checkpoint.name, model, unused, bare)
    follow_recipe(checkpoint, model)
    return model.eval().requires_grad_(False).to(device, dtype)


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
