"""A checkpoint's model with its language-model head, for checkpoints that predict the next token."""

from typing import TYPE_CHECKING, Any

from core.checkpoints import accounting, adapters
from core.checkpoints.architecture import is_output_embedding
from core.checkpoints.loading import SAVE_AGAIN, follow_recipe, refuse_misfits, unwrapped
from core.checkpoints.quiet import one_sentence, quiet
from core.checkpoints.resolve import Checkpoint
from core.errors import InputError
from core.weights.tensor_files import read_headers, weight_files

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

_HEADS = ("final_logits_bias", "lm_scale", "logit_scale")


def predicts(checkpoint: Checkpoint) -> bool:
    """Whether a checkpoint is one that predicts the next token, as far as its config.json says."""
    return checkpoint.facts.kind == "decoder"


def refuse_others(checkpoint: Checkpoint) -> None:
    """InputError for a checkpoint that reads in both directions, or writes from what an encoder read."""
    if not predicts(checkpoint):
        raise InputError(
            f"{checkpoint.name} is an {checkpoint.facts.kind} and has no head that predicts the next token: "
            "loss and perplexity need a causal language model."
        )


def load_language_model(checkpoint: Checkpoint, device: str, dtype: "torch.dtype") -> "PreTrainedModel":
    """The model with its head, in evaluation mode, from safetensors only, with the refusals of `load_model`.

    Its `base_model` is what `core.checkpoints.loading.load_model` gives. A re-initialised variant has a
    re-initialised head.
    Errors: InputError for a checkpoint without a causal head in its class or its files, and a variant that
    borrowed an embedding, which has none.
    """
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel

    refuse_others(checkpoint)
    if checkpoint.borrowed is not None:
        raise InputError(
            f"{checkpoint.name} has the input embedding of another checkpoint, and no head that predicts its "
            "tokens: give a checkpoint of its own."
        )
    stored = read_headers(weight_files(checkpoint.folder))
    wrapped = accounting.wrapper(stored)
    with (
        quiet(),
        one_sentence(f"The model of {checkpoint.name} cannot be built", SAVE_AGAIN),
        adapters.without(checkpoint.folder) as folder,
    ):
        config = AutoConfig.from_pretrained(checkpoint.folder, local_files_only=True, trust_remote_code=False)
        if type(config) not in AutoModelForCausalLM._model_mapping:
            raise InputError(
                f"Transformers has no class with a causal head for {checkpoint.name} ({config.model_type}): "
                "loss and perplexity need a causal language model."
            )
        loaded: Any = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=dtype if checkpoint.recipe is None else torch.float32,
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # refused below, with the shapes
            **unwrapped(wrapped),
        )
    model, report = loaded
    refuse_misfits(checkpoint.name, report)
    unused = [key.removeprefix(wrapped) for key in report["unexpected_keys"]]
    bare = {key.removeprefix(wrapped): tensor for key, tensor in stored.items()}
    accounting.check_used(checkpoint.name, model.base_model, unused, bare)
    for key in unused:
        if key.endswith(_HEADS) or is_output_embedding(f"{key.rpartition('.')[0]}.weight"):
            raise InputError(
                f"{checkpoint.name} holds {key} of its head, which a {type(model).__name__} does not use: "
                "save it again with the class that it was trained with."
            )
    _follow_recipe(checkpoint, model)
    for part in model.modules():
        if isinstance(part, PreTrainedModel):
            part.config.return_dict = True
    return model.eval().requires_grad_(False).to(device, dtype)


def _follow_recipe(checkpoint: Checkpoint, model: Any) -> None:
    """Make a loaded model the variant that it stands for, head included."""
    import torch

    follow_recipe(checkpoint, model.base_model)
    recipe = checkpoint.recipe
    if recipe is None or recipe.kind not in ("reinitialised", "untrained"):
        return
    head = model.get_output_embeddings()
    if head is None or head.weight is model.get_input_embeddings().weight:
        return
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        fresh = type(model)._from_config(model.config)
    head.load_state_dict(fresh.get_output_embeddings().state_dict())
