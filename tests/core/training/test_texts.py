"""Text becomes blocks that no two parts share, with a tokenizer to which nothing is unknown."""

import numpy as np
import pytest

from core.corpora.sources import load
from core.errors import InputError
from core.training.texts import PYTHON_CODE, blocks, passages, trained_tokenizer


def test_blocks_are_the_text_in_order_in_three_parts() -> None:
    texts = [f"line {n} of a small text with naïve words" for n in range(200)]
    tokenizer = trained_tokenizer([texts], 300)
    made = blocks("mine", texts, tokenizer, 16)
    stream = np.concatenate([made.train, made.valid, made.test]).ravel()
    whole = tokenizer.decode(stream.tolist())
    assert whole == "<|endoftext|>".join([*texts, ""])[: len(whole)]
    assert [len(part) for part in (made.train, made.valid, made.test)] == pytest.approx(
        [0.9 * len(stream) / 16, 0.05 * len(stream) / 16, 0.05 * len(stream) / 16], abs=1
    )
    assert tokenizer.decode(tokenizer("日本 \t ok")["input_ids"]) == "日本 \t ok"


def test_too_little_text_and_too_few_entries_are_refused() -> None:
    tokenizer = trained_tokenizer([["a b c"]], 300)
    with pytest.raises(InputError, match="too few to train and to test on"):
        blocks("mine", ["a b c"], tokenizer, 16)
    with pytest.raises(InputError, match="A vocabulary of 200 is too small"):
        trained_tokenizer([["a"]], 200)


def test_code_is_the_standard_library_and_characters_cut_from_the_end() -> None:
    some = passages(PYTHON_CODE, characters=50_000)
    assert sum(map(len, some)) >= 50_000 and sum(map(len, some[:-1])) < 50_000
    assert any("import" in text for text in some)
    assert passages("standard-library", characters=None) == load("standard-library").texts
