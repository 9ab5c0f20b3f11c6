"""Every stored tensor of a checkpoint is either used by the model that transformers built, or accounted for.

What a loader leaves aside without a word would change the model: a layer more than the config says, a bias
that the class lacks, factors of 8-bit weights, an adapter's matrices. Heads and computed tables would not.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from core.checkpoints.architecture import OUTPUT_EMBEDDINGS, is_buffer
from core.errors import InputError
from core.weights.tensor_files import Tensor

# What wrappers of models (compilation, data parallelism, adapters) put before every name.
_WRAPPERS = ("_orig_mod.", "module.", "base_model.model.")
_NUMBERS = ("F64", "F32", "F16", "BF16")
SCALES = re.compile(
    r"(^|[._])(scales?|weight_scale|weight_scale_inv|SCB|absmax|quant_map|quant_state|q?zeros)$"
)
# Tables that older versions of a class stored and newer ones compute.
_TABLES = (
    "inv_freq",
    "position_ids",
    "token_type_ids",
    "causal_mask",
    "cos_cached",
    "sin_cached",
    "relative_position_index",
    "_float_tensor",
)
LORA = re.compile(r"\.lora_\w+?\b")
# First parts of the names of what stands on a model: heads of language models, of tasks and of pretraining.
HEADS = frozenset(
    """cls lm_head embed_out output_projection logits_proj final_logits_bias lm_loss pred_layer predictions
    sop_classifier discriminator_predictions generator_predictions generator_lm_head vocab_transform
    vocab_layer_norm vocab_projector pre_classifier classifier score qa_outputs multiple_choice_head mc_head
    sequence_summary summary pooler seq_relationship regression span_head crf v_head value_head reward_head
    mtp lm_scale logit_scale text_projection head""".split()  # noqa: SIM905
)


def wrapper(names: Iterable[str]) -> str:
    """What a wrapper put before every one of the tensors' names, such as `_orig_mod.`; "" for nothing."""
    kept, prefix = list(names), ""
    while found := next((w for w in _WRAPPERS if kept and all(name.startswith(w) for name in kept)), None):
        prefix += found
        kept = [name.removeprefix(found) for name in kept]
    return prefix


def check_used(name: str, model: Any, unused: Iterable[str], stored: Mapping[str, Tensor]) -> None:
    """Refuse a checkpoint of whose tensors the model leaves some aside that would change it.

    name: what messages call the checkpoint. model: without a head, as transformers loaded it. unused: names
    that its loader did not use, without what a wrapper put before them. stored: the tensors of the files by
    name, likewise.
    Errors: InputError, one sentence that names the first such tensor and the setting or remedy.
    """
    unused = set(unused)
    if getattr(model, "hf_quantizer", None) is None:
        _check_numbers(name, model, unused, stored)
    lost = sorted(key for key in unused if not _stands_aside(key, model, stored))
    if not lost:
        return
    first = lost[0]
    more = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
    if any(LORA.search(key) for key in lost):
        remedy = "merge the adapter into the weights with peft's merge_and_unload and save the model again"
    elif any(SCALES.search(key) for key in lost):
        remedy = "its weights are quantized, so save it in float32, float16 or bfloat16"
    elif all(key.endswith(("bias", "_b")) for key in lost):
        remedy = "set in config.json the option that gives the class these biases, or save the model again"
    else:
        remedy = "correct config.json (its number of layers, for one), or save the model again"
    raise InputError(
        f"{name} holds {first}{more}, which a {type(model).__name__} of its config.json does not use: "
        f"{remedy}."
    )


def _check_numbers(name: str, model: Any, unused: set[str], stored: Mapping[str, Tensor]) -> None:
    """Refuse weights whose numbers are to be multiplied by factors that the loader did not apply."""
    method = getattr(model.config, "quantization_config", None)
    if method:
        kind = method.get("quant_method") if isinstance(method, dict) else method.quant_method
        raise InputError(
            f"{name} is quantized by the method {kind} (quantization_config in config.json), which the "
            "installed transformers does not apply: give it in float32, float16 or bfloat16."
        )
    for key, tensor in stored.items():
        if tensor.dtype in _NUMBERS or key in unused or key.rpartition(".")[2] not in ("weight", "bias"):
            continue
        if not is_buffer(tensor):
            raise InputError(
                f"{key} of {name} is stored as {tensor.dtype}, whose numbers are to be multiplied by factors "
                "that its config.json does not name (quantization_config): give it in float32, float16 or "
                "bfloat16."
            )


def _stands_aside(key: str, model: Any, stored: Mapping[str, Tensor]) -> bool:
    """Whether a tensor that the model did not use belongs to a head or is a table that can be computed."""
    tensor = stored.get(key)
    if key.endswith(_TABLES) or (tensor is not None and is_buffer(tensor)):
        return True
    base = f"{model.base_model_prefix}." if model.base_model_prefix else ""
    inner = key.removeprefix(base)
    if inner.split(".")[0] == "pooler":
        return True
    if LORA.search(key):
        return False
    if _is_head_of_a_part(inner, model):
        return True
    if _belongs(inner, model):
        return False
    if inner.split(".")[0] in HEADS:
        return True
    # A file of a model with a head has the model's own tensors under its prefix, and the head's beside them.
    headed = base and any(other.startswith(base) for other in stored)
    return bool(headed) and not key.startswith(base) and not SCALES.search(key)


def _is_head_of_a_part(key: str, model: Any) -> bool:
    """Whether a name is of an output matrix on a part of a model, such as language_model.lm_head.weight.

    Not of one within a numbered layer, nor of a decoder, which may be a stack of layers.
    """
    part, _, head = key.rpartition(".")[0].rpartition(".")
    if head not in OUTPUT_EMBEDDINGS or head == "decoder" or any(one.isdigit() for one in part.split(".")):
        return False
    return part in {name for name, _ in model.named_modules() if name}


def _belongs(key: str, model: Any) -> bool:
    """Whether a name lies in a module that the model has: one of its layers, a stack of them, a matrix."""
    modules = {name for name, _ in model.named_modules() if name}
    while key := key.rpartition(".")[0]:
        if key in modules:
            return True
    return False
