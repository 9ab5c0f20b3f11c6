"""Tiny real Hugging Face folders, made on the fly: a few thousand seeded weights and a WordPiece tokenizer.

They load through the same code as any checkpoint, in milliseconds, so most tests need nothing else.
"""

import string
from pathlib import Path
from typing import Any

WORDS = "the of and a to in is was for on that with as by at it from an be are he".split()  # noqa: SIM905
MAX_POSITIONS = 64


def vocabulary(special: tuple[str, ...] = ()) -> dict[str, int]:
    """Piece → id: special tokens, printable characters, their `##` continuations, and a few words."""
    characters = [c for c in string.printable if not c.isspace()]
    words = [word for word in WORDS if len(word) > 1]
    pieces = [*special, "[UNK]", *characters, *(f"##{c}" for c in characters), *words]
    return {piece: index for index, piece in enumerate(pieces)}


def save_tokenizer(folder: Path, *, encoder: bool) -> int:
    """Write a WordPiece tokenizer (with [CLS] and [SEP] around the text if `encoder`); returns its size."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    pieces = vocabulary(("[PAD]", "[CLS]", "[SEP]", "[MASK]") if encoder else ())
    tokenizer = Tokenizer(models.WordPiece(pieces, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    names: dict[str, str] = {"unk_token": "[UNK]"}
    if encoder:
        ends = [("[CLS]", pieces["[CLS]"]), ("[SEP]", pieces["[SEP]"])]
        tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=ends)
        names |= {
            "pad_token": "[PAD]",
            "cls_token": "[CLS]",
            "sep_token": "[SEP]",
            "mask_token": "[MASK]",
        }
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names).save_pretrained(folder)
    return len(pieces)


def _save(model_class: type, config: Any, folder: Path, seed: int, shard: str | None) -> Path:
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = model_class(config).eval()
        with torch.no_grad():  # the usual 0.02 leaves tiny models nearly linear, which would hide mistakes
            for parameter in model.parameters():
                if parameter.ndim > 1:
                    parameter.normal_(0.0, 0.3)
                else:
                    parameter.add_(torch.randn_like(parameter) * 0.1)
    model.save_pretrained(folder, **({"max_shard_size": shard} if shard else {}))
    return folder


def encoder(
    folder: Path, *, seed: int = 0, layers: int = 2, shard: str | None = None, head: bool = False
) -> Path:
    """A BERT of width 32 under `folder`; `head` adds the masked-language head, `shard` a size per file."""
    from transformers import BertConfig, BertForMaskedLM, BertModel

    size = save_tokenizer(folder, encoder=True)
    config = BertConfig(
        vocab_size=size,
        hidden_size=32,
        num_hidden_layers=layers,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=MAX_POSITIONS,
    )
    return _save(BertForMaskedLM if head else BertModel, config, folder, seed, shard)


def gpt2(
    folder: Path, *, seed: int = 0, layers: int = 2, shard: str | None = None, tied: bool = True
) -> Path:
    """A GPT-2 of width 32 without a padding token under `folder`."""
    from transformers import GPT2Config, GPT2LMHeadModel

    size = save_tokenizer(folder, encoder=False)
    config = GPT2Config(
        vocab_size=size,
        n_embd=32,
        n_layer=layers,
        n_head=4,
        n_positions=MAX_POSITIONS,
        bos_token_id=None,
        eos_token_id=None,
        tie_word_embeddings=tied,
    )
    return _save(GPT2LMHeadModel, config, folder, seed, shard)


def llama(
    folder: Path, *, seed: int = 0, layers: int = 2, shard: str | None = None, tied: bool = False
) -> Path:
    """A Llama of width 32 with grouped keys and an output matrix of its own under `folder`."""
    from transformers import LlamaConfig, LlamaForCausalLM

    size = save_tokenizer(folder, encoder=False)
    config = LlamaConfig(
        vocab_size=size,
        hidden_size=32,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        intermediate_size=64,
        max_position_embeddings=MAX_POSITIONS,
        bos_token_id=None,
        eos_token_id=None,
        pad_token_id=None,
        tie_word_embeddings=tied,
    )
    return _save(LlamaForCausalLM, config, folder, seed, shard)


MAKERS = {"encoder": encoder, "gpt2": gpt2, "llama": llama}


def sentences(count: int = 40, *, seed: int = 0, longest: int = 12) -> list[str]:
    """Seeded word salad of 1 to `longest` words a sentence."""
    import random

    draw = random.Random(seed)
    extra = ["stone", "river", "ledger", "quiet", "seven", "market"]
    return [" ".join(draw.choices(WORDS + extra, k=draw.randint(1, longest))) for _ in range(count)]
