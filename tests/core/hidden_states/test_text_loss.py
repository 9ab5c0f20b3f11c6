"""The loss of a text against a plain loop over its sequences, one at a time."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from core.checkpoints.resolve import Checkpoint, resolve
from core.corpora.files import read_texts
from core.errors import InputError
from core.hidden_states.text_loss import text_loss
from tests import tiny

TEXTS = [*tiny.sentences(60, longest=30), "the", "", "on a long stone " * 40]  # the last is cut
SHARED = (
    *("gpt1-shakespeare-char-ep0", "gpt1-shakespeare-char-ep3", "gpt2-slm4096-char"),
    *("gpt2-tinyshakespeare-char", "llama-stories-xs", "llama-stories260k", "llama-zhpoem-v3"),
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("made")
    return {name: tiny.MAKERS[name](folder / name) for name in ("gpt2", "llama")}


def plain(checkpoint: Checkpoint, sequences: Iterator[list[int]]) -> tuple[float, int]:
    """(mean nats, tokens predicted) of CrossEntropyLoss over all tokens but the first of each sequence."""
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(checkpoint.folder, dtype=torch.float32).eval()
    loss, nats, tokens = torch.nn.CrossEntropyLoss(reduction="sum"), 0.0, 0
    with torch.no_grad():
        for sequence in sequences:
            if len(sequence) > 1:
                ids = torch.tensor([sequence])
                nats += loss(model(input_ids=ids).logits[0, :-1], ids[0, 1:]).item()
                tokens += len(sequence) - 1
    return nats / tokens, tokens


def tokens_of(checkpoint: Checkpoint, texts: list[str], limit: int) -> Iterator[list[int]]:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(checkpoint.folder)
    vocabulary = tokenizer.get_vocab()
    for text in texts:
        if tokenizer.unk_token is None and len(vocabulary) < 100:  # of characters: others are left out
            yield [vocabulary[character] for character in text if character in vocabulary][:limit]
        else:
            yield tokenizer(text, truncation=True, max_length=limit)["input_ids"]


def ends(folder: Path, single: str) -> Path:
    """Have the tokenizer in `folder` put [UNK] where `single` has it."""
    file = folder / "tokenizer.json"
    content = json.loads(file.read_text())
    special = {"SpecialToken": {"id": "[UNK]", "type_id": 0}}
    text = {"Sequence": {"id": "A", "type_id": 0}}
    parts: list[Any] = [text if part == "$A" else special for part in single.split()]
    content["post_processor"] = {
        "type": "TemplateProcessing",
        "single": parts,
        "pair": [*parts, {"Sequence": {"id": "B", "type_id": 0}}],
        "special_tokens": {"[UNK]": {"id": "[UNK]", "ids": [0], "tokens": ["[UNK]"]}},
    }
    file.write_text(json.dumps(content))
    return folder


@pytest.mark.parametrize("name", ["gpt2", "llama"])
def test_the_loss_is_that_of_a_plain_loop(made: dict[str, Path], name: str) -> None:
    checkpoint = resolve(str(made[name]))
    found = text_loss(checkpoint, TEXTS, device="cpu")
    expected, tokens = plain(checkpoint, tokens_of(checkpoint, TEXTS, tiny.MAX_POSITIONS - 3))
    assert found.text.tokens == tokens
    assert found.text.nats / tokens == pytest.approx(expected, rel=1e-5)
    assert (found.last, found.d, found.note) == (2, 32, None)
    assert found.tokens == tokens + sum(map(bool, TEXTS))


def test_bytes_are_those_that_predicted_tokens_stand_for(made: dict[str, Path]) -> None:
    checkpoint = resolve(str(made["gpt2"]))
    whole = text_loss(checkpoint, ["the river é", "the", ""], device="cpu")
    assert whole.text.bytes == len(" river é".encode())  # nothing predicts the first token
    cut = text_loss(checkpoint, ["the on a of stone"], max_length=4, device="cpu")
    assert (cut.text.tokens, cut.text.bytes) == (3, len(" on a of"))


def test_what_stands_before_a_text_predicts_it_and_what_stands_behind_is_not_predicted(
    tmp_path: Path,
) -> None:
    folder = tiny.llama(tmp_path / "llama")
    bare = text_loss(resolve(str(folder)), ["the on a of"], device="cpu").text
    behind = text_loss(resolve(str(ends(folder, "$A [S]"))), ["the on a of"], device="cpu").text
    assert (bare.tokens, behind.tokens) == (3, 3)
    assert behind.nats == pytest.approx(bare.nats, rel=1e-6) and behind.bytes == bare.bytes == 8
    both = resolve(str(ends(folder, "[S] $A [S]")))
    found = text_loss(both, ["the on a of"], device="cpu").text
    assert (found.tokens, found.bytes) == (4, len("the on a of"))
    sequence = next(tokens_of(both, ["the on a of"], 60))
    expected, tokens = plain(both, iter([sequence[:-1]]))
    assert (found.nats / 4, 4) == (pytest.approx(expected, rel=1e-5), tokens)


def test_a_text_of_single_tokens_has_nothing_to_predict(made: dict[str, Path]) -> None:
    found = text_loss(resolve(str(made["gpt2"])), ["the", "on"], device="cpu").text
    assert (found.nats, found.tokens, found.bytes) == (0, 0, 0)


def test_a_checkpoint_without_its_head_is_refused(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = tiny.llama(tmp_path / "bare")
    tensors = load_file(folder / "model.safetensors")
    del tensors["lm_head.weight"]
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(InputError, match=r"first lm_head\.weight"):
        text_loss(resolve(str(folder)), TEXTS)
    with pytest.raises(InputError, match="is an encoder and has no head"):
        text_loss(resolve(str(tiny.encoder(tmp_path / "encoder"))), TEXTS)


@pytest.mark.real
@pytest.mark.parametrize("name", SHARED)
def test_real_checkpoints_have_the_loss_of_a_plain_loop(material: Path, name: str) -> None:
    checkpoint = resolve(str(material / "checkpoints" / name))
    texts = [*read_texts(material / "data" / "ptb" / "ptb.valid.txt.xz")[:60], "Sein Schloß, 床前明月光。"]
    found = text_loss(checkpoint, texts, max_length=64, device="cpu")
    expected, tokens = plain(checkpoint, tokens_of(checkpoint, texts, 64))
    assert found.text.tokens == tokens
    assert found.text.nats / tokens == pytest.approx(expected, rel=1e-5)
