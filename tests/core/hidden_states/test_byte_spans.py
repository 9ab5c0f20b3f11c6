"""Bytes of tokens: what a tokenizer cuts, in the places of the text's UTF-8."""

from pathlib import Path

import numpy as np
import pytest

from core.checkpoints.resolve import resolve
from core.hidden_states.byte_spans import byte_spans
from core.hidden_states.tokens import tokenize
from tests import tiny


class Words(dict):
    """What a tokenizer gives of a text that it was given as words."""

    def word_ids(self, index: int) -> list[int | None]:
        return [None, 0, 1, 1]


def test_offsets_of_characters_become_those_of_bytes() -> None:
    text = "aé€😀b"  # 1, 2, 3, 4 and 1 bytes
    offsets = [(0, 0), (0, 1), (1, 3), (3, 4), (4, 5)]
    (spans,) = byte_spans({"offset_mapping": [offsets]}, [text])
    assert spans.tolist() == [[0, 0], [0, 1], [1, 6], [6, 10], [10, 11]]
    assert [text.encode()[a:b].decode() for a, b in spans] == ["", "a", "é€", "😀", "b"]


def test_offsets_within_words_become_places_in_the_words_joined() -> None:
    (spans,) = byte_spans(Words(offset_mapping=[[(0, 0), (0, 2), (0, 1), (1, 3)]]), [["éa", "€bc"]])
    assert spans.tolist() == [[0, 0], [0, 3], [3, 6], [6, 8]]


@pytest.mark.parametrize("maker", ["encoder", "gpt2"])
def test_tokens_say_which_are_special_and_which_bytes_they_are(maker: str, tmp_path: Path) -> None:
    checkpoint = resolve(str(tiny.MAKERS[maker](tmp_path / maker)))
    texts = ["the river", "", "on a é stone"]
    made = tokenize(checkpoint, texts, None, None, placed=True)
    plain = tokenize(checkpoint, texts, None, None)
    np.testing.assert_array_equal(made.ids, plain.ids)
    assert plain.special is None and plain.spans is None
    for text, start, end in zip(texts, made.starts[:-1], made.starts[1:], strict=True):
        special, spans = made.special[start:end], made.spans[start:end]
        around = [True] if maker == "encoder" else []
        assert special.tolist() == [*around, *[False] * (end - start - 2 * len(around)), *around]
        assert not spans[special].any()
        parts = [text.encode()[a:b].decode() for a, b in spans[~special]]
        assert "".join(parts) == text.replace(" ", "")
