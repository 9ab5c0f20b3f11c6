"""What a tokenizer does not see of a text: characters that it drops, and what is the unknown token to it.

Characters are looked at in a part of the texts, tokens in all of them.
"""

import unicodedata
from typing import Any

import numpy as np

from core.formatting import fine_percent

LEAST = 0.01  # a share under which nothing is said
_LOOKED_AT = 200  # texts
_COUNTED = ("L", "N", "P", "S")  # letters, numbers, punctuation, symbols; no marks, spaces or controls


def note(name: str, tokenizer: Any, texts: list[str], ids: np.ndarray) -> str | None:
    """What a reader of measures of `texts` should know, or None. ids: their tokens, one after the other."""
    notes = []
    dropped = _dropped(tokenizer, texts[:: max(1, len(texts) // _LOOKED_AT)])
    if dropped >= LEAST:
        notes.append(
            f"the tokenizer of {name} drops {fine_percent(dropped)} of the text's characters, for which it "
            "has no token"
        )
    unknown = _unknown(tokenizer)
    if unknown is not None and (share := float((ids == unknown).mean())) >= LEAST:
        notes.append(f"{fine_percent(share)} of the tokens of {name} are the one for unknown text")
    return "; ".join(notes) or None


def _unknown(tokenizer: Any) -> int | None:
    """The id that stands for unknown text alone; None where there is none."""
    token, number = tokenizer.unk_token, None
    if tokenizer.is_fast:
        token = getattr(tokenizer.backend_tokenizer.model, "unk_token", None) or token
        number = None if token is None else tokenizer.backend_tokenizer.token_to_id(token)
    elif token is not None:
        number = tokenizer.unk_token_id
    ends = (tokenizer.bos_token, tokenizer.eos_token, tokenizer.cls_token, tokenizer.sep_token)
    return None if token in ends else number


def _dropped(tokenizer: Any, texts: list[str]) -> float:
    """The share of the characters of `texts` that no token covers."""
    if not tokenizer.is_fast:
        return 0.0
    backend = tokenizer.backend_tokenizer
    backend.no_truncation()
    backend.no_padding()
    try:
        encoded = backend.encode_batch(texts, add_special_tokens=False)
    except Exception:  # a closed vocabulary without a token for the unknown, of which `tokens` says it
        return 0.0
    seen = lost = 0
    for text, one in zip(texts, encoded, strict=True):
        covered = np.zeros(len(text) + 1, bool)
        for start, end in one.offsets:
            covered[start:end] = True
        counted = np.array([unicodedata.category(character)[0] in _COUNTED for character in text], bool)
        seen += int(counted.sum())
        lost += int((counted & ~covered[:-1]).sum())
    return lost / seen if seen else 0.0
