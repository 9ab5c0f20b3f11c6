"""Text that models are trained on: one stream of tokens a domain, cut into blocks, in three parts."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.corpora.sources import load, standard_library_files
from core.errors import InputError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

PYTHON_CODE = "python-code"  # the source of Python's own standard library: needs no network
TRAINED, VALID = 0.9, 0.05  # shares of a text, from its beginning; the rest is for testing
_LEAST = 2  # blocks of the smallest part


@dataclass(frozen=True)
class Blocks:
    """Token ids of one domain in rows of equal length, (n, length) each; no block is in two parts."""

    name: str
    train: np.ndarray
    valid: np.ndarray
    test: np.ndarray


def passages(
    name: str, *, column: str | None = None, folder: Path | None = None, characters: int | None = None
) -> list[str]:
    """The passages of a corpus or file, or the files of Python's standard library under PYTHON_CODE.

    characters: of the passages from the beginning on, as many as it takes to have so many; None: all.
    Errors: InputError as of `core.corpora.sources.load`.
    """
    if name != PYTHON_CODE:
        texts = load(name, column=column, folder=folder).texts
    else:
        read = (file.read_text("utf-8", errors="replace").strip() for file in standard_library_files())
        texts = [text for text in read if text]
    if characters is None:
        return texts
    before = np.cumsum([0, *map(len, texts)])[:-1]
    return [text for text, start in zip(texts, before, strict=True) if start < characters]


def trained_tokenizer(domains: list[list[str]], vocabulary: int) -> "PreTrainedTokenizerFast":
    """A byte-level BPE tokenizer of the part of each domain that is trained on; no text is unknown to it.

    Id 0 is the end of a passage. The same texts give the same tokenizer.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    if vocabulary <= len(alphabet):
        raise InputError(f"A vocabulary of {vocabulary} is too small: 257 entries and more cover all bytes.")
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=alphabet,
        show_progress=False,
    )
    kept = (text for texts in domains for text in texts[: max(1, int(TRAINED * len(texts)))])
    tokenizer.train_from_iterator(kept, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<|endoftext|>", eos_token="<|endoftext|>"
    )


def blocks(name: str, texts: list[str], tokenizer: "PreTrainedTokenizerFast", length: int) -> Blocks:
    """The passages one after the other, each ended by the tokenizer's end, in blocks of `length` tokens.

    Errors: InputError for a text of which a part has fewer than two blocks.
    """
    end = tokenizer.eos_token_id
    encoded = tokenizer(texts, add_special_tokens=False, verbose=False)["input_ids"]
    parts = [np.array([*ids, *([] if end is None else [end])], dtype=np.int64) for ids in encoded]
    stream = np.concatenate(parts) if parts else np.empty(0, np.int64)
    rows = stream[: len(stream) // length * length].reshape(-1, length)
    first, second = int(TRAINED * len(rows)), int((TRAINED + VALID) * len(rows))
    made = Blocks(name, rows[:first], rows[first:second], rows[second:])
    if min(map(len, (made.train, made.valid, made.test))) < _LEAST:
        raise InputError(
            f"{name} has {len(stream):,} tokens, which are {len(rows):,} blocks of {length}: too few to "
            "train and to test on; give more text, or shorter blocks."
        )
    return made


def key(made: list[Blocks]) -> str:
    """32 hex digits over what models are trained and tested on."""
    digest = hashlib.blake2b(digest_size=16)
    for one in made:
        digest.update(one.name.encode())
        for part in (one.train, one.valid, one.test):
            digest.update(part.tobytes())
    return digest.hexdigest()


def batch(parts: list[np.ndarray], size: int, seed: int, step: int) -> tuple[np.ndarray, np.ndarray]:
    """The rows (size, length) of a step, in equal shares of each part, and the part of each row (size,).

    Every part is gone through in a new order each time; what a step reads depends on `seed` and `step` alone.
    """
    share = size // len(parts)
    rows, domain = [], []
    for place, part in enumerate(parts):
        wanted = np.arange(step * share, (step + 1) * share)
        rounds, within = np.divmod(wanted, len(part))
        orders = {
            int(n): np.random.default_rng([seed, place, int(n)]).permutation(len(part)) for n in set(rounds)
        }
        rows.append(part[[orders[int(n)][i] for n, i in zip(rounds, within, strict=True)]])
        domain += [place] * share
    return np.concatenate(rows), np.array(domain)
