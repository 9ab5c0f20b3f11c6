"""A checkpoint folder of a model class, small and at random: its config's sizes are cut by their names."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import tiny

MOST_PARAMETERS = 5_000_000
_LAYERS, _HEADS = 2, 4
_KEYS = re.compile(r"num_key_value_heads|num_kv_heads|multi_query_group_num|num_query_groups|n_head_kv")
# Sizes by the name that configs give them: the first pattern that a whole name matches.
_SIZES = [
    (_KEYS.pattern, 2),
    (r"pad_token_id|pad_idx", 0),
    (r"(bos|cls|decoder_start)_token_id|bos_index", 1),
    (r"(eos|sep)_token_id|eos_index", 2),
    (r"(mask|unk)_token_id|unk_index|mask_index", 3),
    (r"head_dim|d_kv|d_head|\w*_head_dim|attention_head_size|kv_channels|global_head_dim", 8),
    (r"(q|kv|o)_lora_rank|rope_head_dim|index_head_dim", 8),
    (
        r"hidden_size|d_model|n_embd|dim|embed_dim|model_dim|embedding_size|d_embed|emb_dim|word_embed_proj_dim",
        32,
    ),
    (r"decoder_hidden_size|lru_width|hidden_size_per_layer_input|attention_hidden_size|projection_dim", 32),
    (r"true_hidden_size|intra_bottleneck_size", 16),
    (r"(\w+_)?(num_hidden_layers|num_layers|n_layers?|encoder_layers|decoder_layers|num_decoder_layers)", 2),
    (r"(mamba|ssm)_(n|num)_heads|mamba_d_head", 8),
    (r"mamba_d_state|ssm_state_size|state_size|\w*chunk_size", 16),
    (r"mamba_d_ssm", 64),
    (r"rotary_dim", 8),
    (r"num_kv_shared_layers|first_k_dense_replace", 0),
    (r"encoder_hash_byte_group_vocab", 50),
    (r"vocab_size_per_layer_input", 213),
    (
        r"n_head|n_heads|num_heads|(\w+_)?num_attention_heads|(encoder|decoder)_attention_heads|attention_heads",
        4,
    ),
    (r"(moe|shared_expert|expert|shared)\w*intermediate_size\w*|expert_dim", 16),
    (
        r"intermediate_size\w*|ffn_dim|(\w+_)?ffn_dim|d_ff|d_inner|n_inner|ffn_hidden_size|inner_dim|\w*intermediate_size",
        64,
    ),
    (r"num_experts_per_tok\w*|num_selected_experts|moe_top_?k|top_k_experts|moe_topk", 2),
    (r"num_(local_)?experts|n_routed_experts|moe_num_experts|num_shared_experts|n_shared_experts", 4),
    (r"n_groups?|num_expert_groups?|topk_groups?", 1),
    (r"sliding_window|attention_window|attention_window_size|window_size|local_attention\w*|chunk_size", 16),
    (r"max_position_embeddings|n_positions|n_ctx|max_seq_len\w*|max_(source|target|sequence)\w*", 128),
    (r"original_max_position_embeddings", 128),
]
_VOCABULARY = re.compile(r"(\w+_)?vocab_size(_\w+)?|n_vocab|padded_vocab_size|\w+_vocab_size")

_NOT_TEXT = re.compile(r"(?i)vision|image|img|vq|audio|speech|video|codec|acoustic|vae|vocoder|mel|pixel|ocr")


@dataclass(frozen=True)
class Case:
    """A class of a model type, by its name in transformers."""

    model_type: str
    name: str


def cases() -> list[Case]:
    """The classes of text models by transformers' automatic mappings, by model type.

    Of each model type that is listed as a causal, masked or sequence-to-sequence language model or as a text
    encoder: the class of each list, and the one without a head. Of other model types the one without a head,
    unless the type has a part for images or sound. Of all these, those whose first input is token ids.
    """
    from transformers.models.auto import modeling_auto as auto

    text = [
        auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
        auto.MODEL_FOR_MASKED_LM_MAPPING_NAMES,
        auto.MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES,
        auto.MODEL_FOR_TEXT_ENCODING_MAPPING_NAMES,
    ]
    listed = set().union(*text)
    bare = {
        kind: names
        for kind, names in auto.MODEL_MAPPING_NAMES.items()
        if kind in listed or not _has_other_parts(kind, str(names))
    }
    mappings = [bare, *text]
    found: dict[Case, None] = {}
    for mapping in mappings:
        for model_type, names in mapping.items():
            found |= {Case(model_type, name): None for name in ([names] if isinstance(names, str) else names)}
    return sorted(filter(_takes_tokens, found), key=lambda case: (case.model_type, case.name))


def _has_other_parts(model_type: str, names: str) -> bool:
    """Whether a model type is of more than text, by the names of its classes and of its configs' parts."""
    import transformers

    try:
        parts = getattr(transformers.CONFIG_MAPPING[model_type], "sub_configs", None) or {}
    except (KeyError, ImportError, AttributeError):
        return True
    return any(_NOT_TEXT.search(one) for one in (model_type, names, *parts))


def _takes_tokens(case: Case) -> bool:
    """Whether token ids are what a class takes first; not of one that needs a package that is not here."""
    import transformers

    try:
        return getattr(transformers, case.name).main_input_name == "input_ids"
    except (ImportError, AttributeError):
        return False


def shrunk(config_class: Any, vocabulary: int, model_type: str = "") -> Any:
    """A config of a class with small sizes, those of the configs that it holds too."""
    default = config_class()
    layers = _value(default, "num_hidden_layers")
    given: dict[str, Any] = {}
    for name in vars(default) | dict.fromkeys(getattr(default, "attribute_map", {})):
        value = _value(default, name)
        if hasattr(value, "to_dict"):
            given[name] = shrunk(type(value), vocabulary).to_dict()
        elif name in ("layer_types", "layers_block_type", "mlp_layer_types"):
            continue  # by the number of layers
        elif isinstance(value, dict):
            given[name] = _fewer_sections(value)
        elif isinstance(value, list) and len(value) == layers:
            size = _size(name)
            given[name] = value[:_LAYERS] if size is None else [size] * _LAYERS
        elif (isinstance(value, int) and not isinstance(value, bool)) or value is None:
            size = vocabulary if _VOCABULARY.fullmatch(name) else _size(name)
            if size is None or (value is None and "token_id" not in name and size != vocabulary):
                continue
            if _KEYS.fullmatch(name) and value == _value(default, "num_attention_heads"):
                size = _HEADS
            given[name] = size
    return config_class(**given | OVERRIDES.get(model_type or default.model_type, {}))


def _value(config: Any, name: str) -> Any:
    """A setting of a config, also of one whose layers differ in it; None where it has none."""
    try:
        return getattr(config, name, None)
    except Exception:
        return vars(config).get(name)


def _fewer_sections(rope: dict[str, Any]) -> dict[str, Any]:
    """Settings of rotary positions, their sections (of a time and two places) cut to the small heads."""
    return {
        key: [2, 1, 1] if key == "mrope_section" else _fewer_sections(one) if isinstance(one, dict) else one
        for key, one in rope.items()
    }


def _size(name: str) -> int | None:
    return next((size for pattern, size in _SIZES if re.fullmatch(pattern, name)), None)


_TIME_AND_PLACE = {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [2, 1, 1]}
# What the names of sizes do not tell, by model type.
OVERRIDES: dict[str, dict[str, Any]] = {
    "deepseek_v2": {"num_experts_per_tok": 2},
    "lfm2_moe": {"layer_types": ["conv", "full_attention"], "num_dense_layers": 1},
    "mamba2": {"num_heads": 8, "head_dim": 8, "n_groups": 1, "chunk_size": 16},
    "nemotron": {"num_key_value_heads": 2},
    "qwen2_vl_text": {"rope_parameters": _TIME_AND_PLACE},
    "qwen2_5_vl_text": {"rope_parameters": _TIME_AND_PLACE},
    "xmod": {"default_language": "en_XX", "languages": ["en_XX"]},
    "dots1": {"n_routed_experts": 4, "n_shared_experts": 1, "num_experts_per_tok": 2},
    "dbrx": {"attn_config": {"kv_n_heads": 2, "rope_theta": 1e4, "clip_qkv": 8.0}},
}


def _config_class(case: Case, model_class: Any) -> Any:
    """The config of a class: that of its model type, or of the part of text that it is."""
    import transformers

    whole = transformers.CONFIG_MAPPING[case.model_type]
    parts = (getattr(whole, "sub_configs", None) or {}).values()
    return model_class.config_class if model_class.config_class in parts else whole


def build(case: Case, folder: Path) -> Any:
    """Save a model of a class with seeded random numbers, and a tokenizer; returns it."""
    import torch
    import transformers

    vocabulary = tiny.save_tokenizer(folder, encoder=True)
    model_class = getattr(transformers, case.name)
    config = shrunk(_config_class(case, model_class), vocabulary)
    with torch.device("meta"):
        size = sum(parameter.numel() for parameter in model_class(config).parameters())
    if size > MOST_PARAMETERS:
        raise ValueError(f"it has {size:,} parameters")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = model_class(config).eval()
        with torch.no_grad():  # the usual 0.02 leaves small models nearly linear, which would hide mistakes
            for parameter in model.parameters():
                if parameter.ndim > 1:
                    parameter.normal_(0.0, 0.2)
                else:
                    parameter.add_(torch.randn_like(parameter) * 0.1)
    model.save_pretrained(folder)
    return model
