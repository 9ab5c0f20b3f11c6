"""Which bytes of a text each of its tokens stands for, from the offsets that a tokenizer gives."""

from collections.abc import Sequence
from typing import Any

import numpy as np


def byte_spans(encoded: Any, given: Sequence[Any]) -> list[np.ndarray]:
    """Of each sequence (t, 2): where each token begins and ends, in bytes of UTF-8.

    Both are 0 for a special token. A character that tokens share counts as whole for each of them.
    encoded: of a fast tokenizer, with offsets. given: the texts, or the words of each.
    """
    return [_spans(encoded, index, one) for index, one in enumerate(given)]


def _spans(encoded: Any, index: int, given: Any) -> np.ndarray:
    offsets = np.array(encoded["offset_mapping"][index], dtype=np.int64).reshape(-1, 2)
    if not isinstance(given, str):  # offsets are those within a word
        begins = np.cumsum([0, *map(len, given)])
        of = [-1 if word is None else word for word in encoded.word_ids(index)]
        offsets += np.where(np.array(of) < 0, 0, begins[of])[:, None]
        given = "".join(given)
    return _bytes_before(given)[offsets]


def _bytes_before(text: str) -> np.ndarray:
    """(len(text) + 1,): how many bytes stand before each character, and in all."""
    points = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)
    sizes = 1 + (points > 0x7F).astype(np.int64) + (points > 0x7FF) + (points > 0xFFFF)
    return np.concatenate([[0], np.cumsum(sizes)])
