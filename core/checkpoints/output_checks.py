"""Whether a matrix in a checkpoint's files can be its output embedding: its own or tied, and of its shape."""

from collections.abc import Collection, Iterable
from typing import Any

from core.checkpoints import accounting, adapters
from core.checkpoints.architecture import OUTPUT_EMBEDDINGS, is_input_embedding, is_output_embedding
from core.checkpoints.config import input_names, is_foreign, is_tied
from core.checkpoints.loading import complete
from core.checkpoints.resolve import Checkpoint
from core.errors import InputError
from core.weights.tensor_files import Tensor

_WITH_HEAD = (
    "ForCausalLM",
    "LMHeadModel",
    "ForMaskedLM",
    "ForPreTraining",
    "ForConditionalGeneration",
    "DoubleHeadsModel",
    "MTModel",
)
# Settings of models whose embeddings are narrower than their states.
_NARROWER = ("embedding_size", "word_embed_proj_dim", "emb_dim", "d_embed", "input_embedding_size")


def check_alone(checkpoint: Checkpoint, tensor: Tensor, names: Iterable[str], scaled: bool) -> None:
    """Refuse `tensor` where others of `names` stand beside it in its module that change its numbers.

    scaled: whether factors of it are known and applied.
    Errors: InputError for an adapter's matrices, and for factors that are not applied.
    """
    module = tensor.name.removesuffix("weight")
    for name in sorted(names):
        lora, factors = accounting.LORA.search(name), accounting.SCALES.search(name)
        if name == tensor.name or not name.startswith(module) or not (lora or (factors and not scaled)):
            continue
        remedy = "merge the adapter with peft's merge_and_unload" if lora else "multiply it by its factors"
        raise InputError(
            f"{checkpoint.name} holds {name} beside {tensor.name}, whose numbers are not the model's without "
            f"it: {remedy} and save the model again."
        )


def has_head(checkpoint: Checkpoint) -> bool:
    """Whether the class that the config names has a language-model head."""
    return checkpoint.facts.architecture.endswith(_WITH_HEAD)


def check(
    checkpoint: Checkpoint, tensor: Tensor, config: dict[str, Any], names: Collection[str]
) -> str | None:
    """Refuse `tensor`, an output matrix or the input embedding, if it is not what the model multiplies with.

    names: of all tensors in the files. Returns a note where it has more rows than the config states, or None.
    Errors: InputError for an input embedding in the place of an output matrix that is not tied to it, for a
    shape that the config does not state, for files of another model type, and for a matrix that an adapter
    changes.
    """
    name, facts = checkpoint.name, checkpoint.facts
    if facts.width is None or facts.vocabulary is None:
        facts = complete(checkpoint)
    _check_type(name, config, names)
    _check_place(name, tensor.name, names)
    stands_in = not is_output_embedding(tensor.name)
    if stands_in and has_head(checkpoint) and not is_tied(config):
        raise InputError(
            f"{name} holds no output matrix (such as lm_head.weight), and its config.json does not tie it to "
            "the input embedding (tie_word_embeddings): save the model again with its language-model head, "
            "or set tie_word_embeddings to true if they are one matrix."
        )
    text = config.get("text_config") or config
    widths = {w for w in (facts.width, *(text.get(key) for key in _NARROWER)) if isinstance(w, int)}
    rows, columns = tensor.shape
    if (widths and columns not in widths) or rows < (facts.vocabulary or 0):
        stated = [f"{facts.vocabulary} tokens"] * bool(facts.vocabulary)
        stated += [f"{' or '.join(map(str, sorted(widths)))} dimensions"] * bool(widths)
        raise InputError(
            f"{tensor.name} of {name} is {rows} by {columns}, and its config.json states "
            f"{' and '.join(stated)}: it is transposed, cut or another model's; download or save it again."
        )
    tied = stands_in or is_tied(config)

    def is_one(name: str) -> bool:
        return is_output_embedding(name) or (tied and is_input_embedding(name))

    if changed := adapters.touches(checkpoint.folder, is_one):
        raise InputError(
            f"The adapter beside {name} (adapter_config.json) changes {changed}, which is read from the "
            "weights alone: merge it with peft's merge_and_unload and save the model again."
        )
    if facts.vocabulary is None or rows == facts.vocabulary:
        return None
    return (
        f"{tensor.name} of {name} has {rows:,} rows and its config.json states {facts.vocabulary:,} tokens: "
        "the rows beyond them are measured too, and transformers does not load the matrix so"
    )


def _check_type(name: str, config: dict[str, Any], names: Collection[str]) -> None:
    """Refuse files whose input embedding is not called, or does not lie, as in models of the type."""
    kind = str((config.get("text_config") or config).get("model_type"))
    expected = input_names(kind)
    stored = sorted(one for one in names if is_input_embedding(one))
    if expected and stored and not any(_called(one) in expected for one in stored):
        raise InputError(
            f"{name} holds {stored[0]}, and a {kind}, the model type in its config.json, calls its input "
            f"embedding {' or '.join(sorted(expected))}: its config.json or its weights are another model's; "
            "download or save it again."
        )
    if foreign := [one for one in stored if is_foreign(one.partition(".")[0], kind)]:
        raise InputError(
            f"{name} holds {foreign[0]}, and its config.json says that it is a {kind}: its config.json or "
            "its weights are another model's; download or save it again."
        )


def _check_place(name: str, tensor: str, names: Collection[str]) -> None:
    """Refuse a matrix within a part of the model of which the files hold nothing else."""
    heads = [one for one in OUTPUT_EMBEDDINGS if f".{tensor}".endswith(f".{one}.weight")]
    own = max(heads, key=len) if is_output_embedding(tensor) and heads else _called(tensor)
    part, inside, _ = tensor.removesuffix(f"{own}.weight").partition(".")
    if inside and not any(other.startswith(f"{part}.") for other in names if other != tensor):
        raise InputError(
            f"{name} holds {tensor} and no other tensor of {part}, so its model does not know it by that "
            "name: rename it, or save the model again."
        )


def _called(tensor: str) -> str:
    """`wte` of the tensor transformer.wte.weight."""
    return tensor.removesuffix(".weight").rpartition(".")[2]
