"""Decoders of a given shape with random weights: OLMo-style, and GPT-2 as the push-away study has it.

Source of the former: "Disentangling geometry, performance, and training in language models", A.1 and
Table 1: 6 layers, 4 heads, RMS normalisation, SwiGLU with an MLP ratio of 4, untied matrices, no dropout, no
biases. As in OLMo's code, the ratio is of the doubled inner width of SwiGLU, so one matrix has 2d columns,
and "4M" to "75M" leave out the input embedding but not the output matrix: so all six names of the paper come
out (a test). The class is Llama's, which is that architecture.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import PreTrainedModel

PRINTED = {"4M": 64, "8M": 128, "16M": 256, "28M": 384, "40M": 512, "75M": 768}  # name → width
RATES = {64: 1.5e-2, 128: 1.1e-2, 256: 8.7e-3, 384: 7.4e-3, 512: 6.5e-3, 768: 5.3e-3}  # width → learning rate


@dataclass(frozen=True)
class Shape:
    """Sizes of a decoder; the defaults are the published ones. style: "olmo" or "gpt2"."""

    width: int
    layers: int = 6
    heads: int = 4
    vocabulary: int = 50304
    positions: int = 2048
    style: str = "olmo"


def made(shape: Shape, seed: int) -> "PreTrainedModel":
    """A decoder of a shape with seeded random weights, float32."""
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    if shape.style == "gpt2":
        return GPT2LMHeadModel(
            GPT2Config(
                vocab_size=shape.vocabulary,
                n_positions=shape.positions,
                n_embd=shape.width,
                n_layer=shape.layers,
                n_head=shape.heads,
                resid_pdrop=0.0,
                embd_pdrop=0.0,
                attn_pdrop=0.0,
                bos_token_id=0,
                eos_token_id=0,
            )
        )
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=shape.vocabulary,
            hidden_size=shape.width,
            intermediate_size=2 * shape.width,
            num_hidden_layers=shape.layers,
            num_attention_heads=shape.heads,
            max_position_embeddings=shape.positions,
            tie_word_embeddings=False,
            bos_token_id=0,
            eos_token_id=0,
        )
    )


def counted(model: "PreTrainedModel") -> tuple[int, int]:
    """(parameters as the paper's names count them: all but the input embedding, those of neither matrix)."""
    total = sum(p.numel() for p in model.parameters())
    table: Any = model.get_input_embeddings().weight
    head: Any = model.get_output_embeddings().weight
    both = table.numel() + (0 if head is table else head.numel())
    return total - table.numel() if head is not table else total, total - both


def learning_rate(width: int) -> float:
    """The published rate of a width, between and beyond them by a power law through the nearest two."""
    import numpy as np

    if width in RATES:
        return RATES[width]
    widths = np.log(list(RATES))
    rates = np.log(list(RATES.values()))
    place = min(max(int(np.searchsorted(widths, np.log(width))), 1), len(widths) - 1)
    slope = (rates[place] - rates[place - 1]) / (widths[place] - widths[place - 1])
    return float(np.exp(rates[place - 1] + slope * (np.log(width) - widths[place - 1])))
