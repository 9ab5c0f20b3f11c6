"""The output matrix is found in the files of every common architecture, by name, whatever is tied in it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.checkpoints import output_embedding as weights
from core.checkpoints import resolve as checkpoints

V, D = 96, 32
PLAIN = {"vocab_size": V, "hidden_size": D, "num_hidden_layers": 1, "num_attention_heads": 2}
INNER = PLAIN | {"intermediate_size": 48}
KEYED = INNER | {"num_key_value_heads": 1}
SHORT = {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}
BOTH = {"vocab_size": V, "d_model": D, "encoder_layers": 1, "decoder_layers": 1} | {
    f"{side}_{what}": size
    for side in ("encoder", "decoder")
    for what, size in (("attention_heads", 2), ("ffn_dim", 48))
}
DECODERS: dict[str, dict[str, Any]] = {
    "llama": KEYED,
    "mixtral": KEYED | {"num_local_experts": 2},
    "qwen2": KEYED,
    "gemma": KEYED | {"head_dim": 16},
    "phi": INNER,
    "gpt_neox": INNER,
    "falcon": PLAIN,
    "bloom": {"vocab_size": V, "hidden_size": D, "n_layer": 1, "n_head": 2},
    "gpt2": {"vocab_size": V, "n_embd": D, "n_layer": 1, "n_head": 2},
    "openai-gpt": {"vocab_size": V, "n_embd": D, "n_layer": 1, "n_head": 2},
    "gptj": {"vocab_size": V, "n_embd": D, "n_layer": 1, "n_head": 2, "rotary_dim": 8},
    "gpt_neo": {
        "vocab_size": V,
        "hidden_size": D,
        "num_layers": 1,
        "num_heads": 2,
        "attention_types": [[["global"], 1]],
    },
    "opt": {
        "vocab_size": V,
        "hidden_size": D,
        "word_embed_proj_dim": D,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "ffn_dim": 48,
    },
    "mpt": {"vocab_size": V, "d_model": D, "n_layers": 1, "n_heads": 2},
    "mamba": {"vocab_size": V, "hidden_size": D, "num_hidden_layers": 1, "state_size": 4},
}
MASKED: dict[str, dict[str, Any]] = {
    "bert": INNER,
    "roberta": INNER,
    "deberta": INNER,
    "deberta-v2": INNER,
    "mpnet": INNER,
    "modernbert": INNER,
    "electra": INNER | {"embedding_size": 24},
    "albert": INNER | {"embedding_size": 24},
    "distilbert": {"vocab_size": V, "dim": D, "n_layers": 1, "n_heads": 2, "hidden_dim": 48},
}
TWO_SIDED: dict[str, dict[str, Any]] = {
    "t5": {"vocab_size": V, "d_model": D, "d_kv": 16, "d_ff": 48, "num_layers": 1, "num_heads": 2},
    "bart": BOTH,
    "marian": BOTH | {"decoder_start_token_id": 0},
}
CASES = [(name, size) for group in (DECODERS, MASKED, TWO_SIDED) for name, size in group.items()]


@pytest.mark.parametrize(("kind", "sizes"), CASES, ids=[name for name, _ in CASES])
def test_rows_are_those_of_the_models_output_embeddings(
    kind: str, sizes: dict[str, Any], tmp_path: Path
) -> None:
    import torch
    from transformers import (
        AutoConfig,
        AutoModelForCausalLM,
        AutoModelForMaskedLM,
        AutoModelForSeq2SeqLM,
    )

    cls = (
        AutoModelForCausalLM
        if kind in DECODERS
        else AutoModelForMaskedLM
        if kind in MASKED
        else AutoModelForSeq2SeqLM
    )
    for tied in (True, False):
        folder = tmp_path / f"{kind}-{tied}"
        config = AutoConfig.for_model(kind, **sizes, **SHORT, tie_word_embeddings=tied)
        with torch.random.fork_rng():
            torch.manual_seed(0)
            model = cls.from_config(config)
        model.save_pretrained(folder)
        expected = model.get_output_embeddings().weight.detach().float().numpy()
        at = weights.output_embedding(checkpoints.resolve_unread(str(folder)))
        assert at.shape == expected.shape and at.note is None
        np.testing.assert_array_equal(weights.read_rows(at, [0, 95, 17]).vectors, expected[[0, 95, 17]])
