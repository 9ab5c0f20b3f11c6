"""Characters that a tokenizer drops, and the share of unknown tokens, are said."""

from pathlib import Path

import numpy as np
import pytest

from core.checkpoints.resolve import resolve
from core.hidden_states import coverage
from core.hidden_states.tokens import tokenize
from tests import tiny


def with_tokenizer(folder: Path, model, pre_tokenizer) -> Path:
    """A GPT-2 folder with another tokenizer."""
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(model)
    made.pre_tokenizer = pre_tokenizer
    tiny.gpt2(folder)
    for file in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"):
        (folder / file).unlink(missing_ok=True)
    PreTrainedTokenizerFast(tokenizer_object=made).save_pretrained(folder)
    return folder


def test_dropped_characters_are_said(tmp_path: Path) -> None:
    from tokenizers import models, pre_tokenizers

    pieces = models.BPE(vocab={"a": 0, "b": 1}, merges=[])  # no token for the unknown
    folder = with_tokenizer(tmp_path / "made", pieces, pre_tokenizers.Whitespace())
    made = tokenize(resolve(str(folder)), ["ab cd", "a bcde", "   "], None, None)
    assert made.ids.tolist() == [0, 1, 0, 1]
    assert made.note == (
        "the tokenizer of made drops 56 % of the text's characters, for which it has no token"
    )
    assert tokenize(resolve(str(folder)), ["ab a b"], None, None).note is None


def test_the_share_of_unknown_tokens_is_said(tmp_path: Path) -> None:
    from tokenizers import models, pre_tokenizers

    words = models.WordLevel({"[UNK]": 0, "the": 1, "of": 2}, unk_token="[UNK]")
    folder = with_tokenizer(tmp_path / "made", words, pre_tokenizers.Whitespace())
    made = tokenize(resolve(str(folder)), ["the of stone", "the"], None, None)
    assert made.note == "25 % of the tokens of made are the one for unknown text"
    assert tokenize(resolve(str(folder)), ["the of"] * 99 + ["the stone"], None, None).note is None


@pytest.mark.parametrize("text", ["the stone, 12 € and é", "the e\u0301\t\u200bof"])
def test_accents_spaces_and_controls_are_not_missed(tmp_path: Path, text: str) -> None:
    from tokenizers import models, pre_tokenizers

    spelled = pre_tokenizers.ByteLevel(add_prefix_space=False).pre_tokenize_str(text)
    alphabet = sorted({letter for word, _ in spelled for letter in word})
    pieces = models.BPE(vocab={one: number for number, one in enumerate(alphabet)}, merges=[])
    folder = with_tokenizer(tmp_path / "made", pieces, pre_tokenizers.ByteLevel(add_prefix_space=False))
    assert tokenize(resolve(str(folder)), [text], None, None).note is None


def test_a_token_that_also_ends_a_text_is_not_the_unknown() -> None:
    class Plain:
        is_fast = False
        unk_token_id = 3
        unk_token = eos_token = "<unk>"
        bos_token = cls_token = sep_token = None

    ids = np.array([3, 3, 1])
    assert coverage.note("x", Plain(), ["a"], ids) is None
    Plain.eos_token = "</s>"
    assert coverage.note("x", Plain(), ["a"], ids) == "67 % of the tokens of x are the one for unknown text"
