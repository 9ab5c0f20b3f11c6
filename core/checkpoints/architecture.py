"""What a checkpoint is, read from its config and its tensors' headers; nothing of the model is run."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from core.weights.tensor_files import FLOATING, Tensor

# Names a config gives to the same thing, the common one first.
_LAYERS = ("num_hidden_layers", "n_layer", "n_layers", "num_layers", "encoder_layers", "decoder_layers")
_WIDTH = ("hidden_size", "n_embd", "d_model", "dim", "embed_dim", "model_dim")
_HEADS = (
    "num_attention_heads",
    "n_head",
    "n_heads",
    "num_heads",
    "encoder_attention_heads",
    "attention_heads",
)
_VOCABULARY = ("vocab_size", "n_vocab", "padded_vocab_size")
_POSITIONS = (
    "max_encoder_position_embeddings",
    "max_position_embeddings",
    "n_positions",
    "n_ctx",
    "max_seq_len",
    "max_sequence_length",
    "seq_length",
    "max_target_positions",
)

# The module a token-embedding table, respectively an output matrix, is the weight of (last part of its path).
INPUT_EMBEDDINGS = (
    "word_embeddings",
    "embed_tokens",
    "wte",
    "tokens_embed",
    "tok_embeddings",
    "embed_in",
    "shared",
    "word_embedding",
    "embeddings",
)
OUTPUT_EMBEDDINGS = (
    "lm_head",
    "embed_out",
    "cls.predictions.decoder",
    "predictions.decoder",
    "lm_head.decoder",
    "vocab_projector",
    "generator_lm_head",
    "pred_layer.proj",
    "lm_loss",
    "decoder",
)
_OTHER_EMBEDDINGS = (
    "position_embeddings",
    "token_type_embeddings",
    "wpe",
    "embed_positions",
    "positions_embed",
)
# The two sub-layers of a transformer block, as its class names them; the feed-forward one may be two matrices
# of the block itself, the first and the last.
ATTENTION = (
    "self_attn",
    "attn",
    "attention",
    "self_attention",
    "multi_head_attention",
)
FEED_FORWARD = (
    "mlp",
    "feed_forward",
    "block_sparse_moe",
    "ffn",
    "moe",
)
FEED_FORWARD_ENDS = ("fc1", "fc2")
# Tensors some files carry that are no parameters: causal masks and tables that can be computed.
_BUFFERS = (
    "attn.bias",
    "attn.masked_bias",
    "attention.bias",
    "attention.masked_bias",
    "inv_freq",
    "position_ids",
)

FAMILIES = {
    "albert": "ALBERT",
    "bert": "BERT",
    "bloom": "BLOOM",
    "deberta-v2": "DeBERTa",
    "distilbert": "DistilBERT",
    "electra": "ELECTRA",
    "gemma": "Gemma",
    "gemma2": "Gemma",
    "gemma3_text": "Gemma",
    "gpt2": "GPT-2",
    "gpt_neo": "GPT-Neo",
    "gpt_neox": "GPT-NeoX",
    "gptj": "GPT-J",
    "llama": "Llama",
    "mistral": "Mistral",
    "modernbert": "ModernBERT",
    "mpnet": "MPNet",
    "openai-gpt": "GPT",
    "opt": "OPT",
    "phi": "Phi",
    "phi3": "Phi",
    "qwen2": "Qwen",
    "qwen3": "Qwen",
    "roberta": "RoBERTa",
    "t5": "T5",
    "xlm-roberta": "XLM-RoBERTa",
}
# Model types that read in both directions; asked only when the class name does not tell.
_ENCODERS = frozenset(
    """albert bert big_bird camembert canine convbert deberta deberta-v2 distilbert electra ernie esm flaubert
    fnet funnel ibert layoutlm longformer luke megatron-bert mobilebert modernbert mpnet mra nystromformer
    roberta roberta-prelayernorm roc_bert roformer squeezebert xlm xlm-roberta xlm-roberta-xl xmod
    yoso""".split()  # noqa: SIM905
)
_STORED = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}


@dataclass(frozen=True)
class Facts:
    """Architecture facts; a number the config does not state is None.

    `parameters` counts floating tensors in the weight files, shared ones once, masks and other buffers not;
    `parameters_without_embeddings` leaves out token, position and segment tables and the output matrix.
    `tied` says that no output matrix of its own is stored. `dtype` is the precision the config declares
    (what it was trained or published in), or else that of most stored values.
    """

    family: str
    architecture: str
    kind: str
    parameters: int
    parameters_without_embeddings: int
    layers: int | None
    width: int | None
    heads: int | None
    vocabulary: int | None
    tied: bool
    dtype: str
    max_positions: int | None


def describe(config: Mapping[str, Any], tensors: Iterable[Tensor]) -> Facts:
    """Facts of a checkpoint from its parsed config.json and the tensors of its weight files."""
    text = config.get("text_config") or config  # models that also see keep the language part here
    model_type = str(text.get("model_type") or config.get("model_type"))
    kept = [t for t in tensors if t.dtype in FLOATING and not is_buffer(t)]
    outputs = [t for t in kept if is_output_embedding(t.name)]
    declared_tied = config.get("tie_word_embeddings", text.get("tie_word_embeddings"))
    if declared_tied:
        kept = [t for t in kept if t not in outputs]
    return Facts(
        family=FAMILIES.get(model_type, model_type),
        architecture=str((config.get("architectures") or [model_type])[0]),
        kind=_kind(config, model_type),
        parameters=sum(t.size for t in kept),
        parameters_without_embeddings=sum(t.size for t in kept if not _is_embedding(t.name)),
        layers=_first(text, _LAYERS),
        width=_first(text, _WIDTH),
        heads=_first(text, _HEADS),
        vocabulary=_first(text, _VOCABULARY),
        tied=bool(declared_tied) or not outputs,
        dtype=_precision(config, text, kept),
        max_positions=_first(text, _POSITIONS),
    )


def is_input_embedding(name: str) -> bool:
    """Whether a tensor name is that of a token-embedding table, e.g. `transformer.wte.weight`."""
    return _module(name).rpartition(".")[2] in INPUT_EMBEDDINGS


def is_output_embedding(name: str) -> bool:
    """Whether a tensor name is that of an output matrix, e.g. `lm_head.weight`."""
    module = _module(name)
    return any(module == o or (o != "decoder" and module.endswith("." + o)) for o in OUTPUT_EMBEDDINGS)


def is_buffer(tensor: Tensor) -> bool:
    """Whether a stored tensor is a causal mask or a table that can be computed, and no parameter."""
    # An attention bias of one dimension is a parameter; the causal mask of that name has four, or none.
    return tensor.name.endswith(_BUFFERS) and (len(tensor.shape) != 1 or "inv_freq" in tensor.name)


def _is_embedding(name: str) -> bool:
    table = _module(name).rpartition(".")[2] in _OTHER_EMBEDDINGS
    return table or is_input_embedding(name) or is_output_embedding(name)


def _module(name: str) -> str:
    """`a.b` of the matrix `a.b.weight`; empty for biases and bare parameters, which are no table."""
    module, _, leaf = name.rpartition(".")
    return module if leaf == "weight" else ""


def _kind(config: Mapping[str, Any], model_type: str) -> str:
    name = str((config.get("architectures") or [""])[0])
    if config.get("is_encoder_decoder"):
        return "encoder-decoder"
    if config.get("is_decoder") or name.endswith(("ForCausalLM", "LMHeadModel")):
        return "decoder"
    return "encoder" if name.endswith("ForMaskedLM") or model_type in _ENCODERS else "decoder"


def _precision(config: Mapping[str, Any], text: Mapping[str, Any], tensors: list[Tensor]) -> str:
    declared = next((c[k] for c in (config, text) for k in ("dtype", "torch_dtype") if c.get(k)), None)
    if declared:
        return str(declared)
    stored: dict[str, int] = {}
    for tensor in tensors:
        stored[tensor.dtype] = stored.get(tensor.dtype, 0) + tensor.size
    most = max(stored, key=stored.__getitem__, default="F32")
    return _STORED.get(most, most.lower())


def _first(config: Mapping[str, Any], names: tuple[str, ...]) -> int | None:
    return next((int(config[n]) for n in names if isinstance(config.get(n), int)), None)
