"""The tokens are those of the checkpoint's own tokenizer files."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers.utils import sentencepiece_model_pb2_new as schema

from core.checkpoints.resolve import Checkpoint, resolve
from core.checkpoints.sentencepiece import read_tokenizer
from core.errors import InputError
from core.hidden_states.tokens import Tokens, tokenize
from core.token_sets.vocabularies import Vocabulary
from tests import tiny

TEXT = ["The Stone river", "a  the OF and", "x"]
UNLIKE = (
    "transformers reads the tokenizer.json of made otherwise than the file says: the tokens are those of the "
    "file"
)


def ids(made: Tokens) -> list[list[int]]:
    return [made.ids[a:b].tolist() for a, b in zip(made.starts, made.starts[1:], strict=False)]


def folder_of(folder: Path, tokenizer_config: dict[str, Any] | None = None, **config: Any) -> Path:
    """A Llama without its tokenizer, with other keys of its configs."""
    tiny.llama(folder)
    (folder / "tokenizer.json").unlink()
    (folder / "tokenizer_config.json").unlink()
    if tokenizer_config is not None:
        (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer_config))
    stated = json.loads((folder / "config.json").read_text()) | {"vocab_size": 400} | config
    (folder / "config.json").write_text(json.dumps(stated))
    return folder


def at(folder: Path) -> Checkpoint:
    return resolve(str(folder))


def byte_level(folder: Path, *, ends: bool) -> Tokenizer:
    """A byte-level tokenizer.json with a normalizer of its own."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {piece: number for number, piece in enumerate([*alphabet, "Ġt", "th"])}
    made = Tokenizer(models.BPE(vocabulary, [("Ġ", "t"), ("t", "h")]))
    made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    if ends:
        made.post_processor = processors.TemplateProcessing(single="$A !", special_tokens=[("!", 0)])
    made.save(str(folder / "tokenizer.json"))
    return made


@pytest.mark.parametrize("kind", ["GPT2Tokenizer", "Qwen2Tokenizer", "RobertaTokenizer", "LlamaTokenizer"])
@pytest.mark.parametrize("ends", [False, True])
def test_the_pipeline_of_tokenizer_json_holds_in_every_class(kind: str, ends: bool, tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "made", {"tokenizer_class": kind, "add_bos_token": False})
    own = byte_level(folder, ends=ends)
    made = tokenize(at(folder), TEXT, None, None)
    assert ids(made) == [one.ids for one in own.encode_batch(TEXT)]
    assert made.note in (None, UNLIKE)
    assert made.note == UNLIKE or kind == "LlamaTokenizer"


def test_a_class_that_cannot_be_had_leaves_the_file(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "made", {"tokenizer_class": "MarianTokenizer", "pad_token": "!"})
    own = byte_level(folder, ends=False)
    made = tokenize(at(folder), TEXT, None, None)
    assert ids(made) == [one.ids for one in own.encode_batch(TEXT)]


def test_padding_and_truncation_of_the_file_are_not_of_the_text(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "made", {"tokenizer_class": "GPT2Tokenizer"})
    own = byte_level(folder, ends=False)
    expected = [one.ids for one in own.encode_batch(TEXT)]
    own.enable_truncation(3)
    own.enable_padding(length=9)
    own.save(str(folder / "tokenizer.json"))
    assert ids(tokenize(at(folder), TEXT, None, None)) == expected


@pytest.mark.parametrize("limit", [None, 4])
def test_a_tokenizer_that_is_read_as_it_is_has_no_note(limit: int | None, tmp_path: Path) -> None:
    for make in tiny.MAKERS.values():
        assert tokenize(at(make(tmp_path / make.__name__)), TEXT, limit, None).note is None


CASED = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "The", "the", "river", "S", "##tone", "a", "x"]
UNCASED = [piece for piece in CASED if piece not in ("The", "S")] + ["stone", "of", "and"]


@pytest.mark.parametrize(
    ("pieces", "config", "lower", "noted"),
    [
        (CASED, None, False, True),
        (CASED, {}, False, True),
        (CASED, {"do_lower_case": False}, False, False),
        (CASED, {"do_lower_case": True}, True, False),
        (UNCASED, None, True, False),
        ([*UNCASED, "[X]"], {"mask_token": "X"}, True, False),
    ],
)
def test_a_vocabulary_with_capitals_is_not_lower_cased(
    pieces: list[str], config: dict[str, Any] | None, lower: bool, noted: bool, tmp_path: Path
) -> None:
    from transformers import BertTokenizer

    folder = folder_of(tmp_path / "made", config, model_type="bert", architectures=["BertModel"])
    (folder / "vocab.txt").write_text("\n".join(pieces) + "\n")
    made = tokenize(at(folder), TEXT, None, None)
    theirs = BertTokenizer(str(folder / "vocab.txt"), do_lower_case=lower)
    assert ids(made) == [theirs(one)["input_ids"] for one in TEXT]
    sentence = (
        "the vocabulary of made has capitals and its tokenizer_config.json does not set do_lower_case: text "
        "is not lower-cased"
    )
    assert (sentence in (made.note or "").split("; ")) is noted
    assert Vocabulary.read(folder).normalized("The") == ("the" if lower else "The")


def model_file(file: Path, kind: int, pieces: Sequence[tuple[str, float, int]], **normalizer: bool) -> Path:
    """A SentencePiece model of (piece, score, type) without the package: 1 a unigram model, 2 byte pairs."""
    proto = schema.ModelProto()
    for piece, score, type_ in pieces:
        proto.pieces.add(piece=piece, score=score, type=type_)
    proto.trainer_spec.model_type = kind
    proto.normalizer_spec.remove_extra_whitespaces = False
    for key, value in normalizer.items():
        setattr(proto.normalizer_spec, key, value)
    file.write_bytes(proto.SerializeToString())
    return file


ENDS = [("<unk>", 0.0, 2), ("<s>", 0.0, 3), ("</s>", 0.0, 3)]
# "ab" stands before "▁a" in the vocabulary, and merges after it: its score is lower.
PAIRS = [*ENDS, ("ab", -9.0, 1), ("▁a", -1.0, 1), ("▁", -20.0, 1), ("a", -21.0, 1), ("b", -22.0, 1)]


def test_byte_pairs_merge_by_score_as_sentencepiece_merges_them(tmp_path: Path) -> None:
    tokenizer = read_tokenizer(model_file(tmp_path / "tokenizer.model", 2, PAIRS))
    assert [tokenizer.encode(text).ids for text in ("ab", "bab", " ab", "", "c")] == [
        [4, 7],
        [5, 7, 3],
        [5, 4, 7],
        [],
        [5, 0],
    ]


def test_unigrams_take_the_best_path_and_the_normalizer_of_the_file(tmp_path: Path) -> None:
    file = model_file(tmp_path / "spiece.model", 1, PAIRS, remove_extra_whitespaces=True)
    tokenizer = read_tokenizer(file, after=["</s>"])
    assert [tokenizer.encode(text).ids for text in ("ab", "  ab  ab ")] == [[4, 7, 2], [4, 7, 4, 7, 2]]
    assert tokenizer.encode("ab", "b").ids == [4, 7, 2, 5, 7, 2]
    file = model_file(tmp_path / "bare.model", 1, PAIRS, add_dummy_prefix=False)
    assert read_tokenizer(file).encode("ab a").ids == [3, 4]


@pytest.mark.parametrize(
    ("config", "expected", "note"),
    [
        ({"tokenizer_class": "LlamaTokenizer", "add_bos_token": True}, [1, 4, 7], None),
        ({"tokenizer_class": "LlamaTokenizer", "add_bos_token": False}, [4, 7], None),
        (
            {"tokenizer_class": "LlamaTokenizerFast", "add_bos_token": False, "add_eos_token": True},
            [4, 7, 2],
            None,
        ),
        (
            {"tokenizer_class": "LlamaTokenizer"},
            [1, 4, 7],
            "the tokenizer_config.json of made does not set add_bos_token: <s> is added to each text, as a "
            "LlamaTokenizer documents",
        ),
        ({"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<s>"}, [4, 7], None),
        ({"tokenizer_class": "T5Tokenizer", "add_eos_token": True}, [4, 7, 2], None),
    ],
)
def test_a_sentencepiece_model_alone_is_read_with_the_ends_its_config_asks_for(
    config: dict[str, Any], expected: list[int], note: str | None, tmp_path: Path
) -> None:
    folder = folder_of(tmp_path / "made", config)
    model_file(folder / "tokenizer.model", 2, PAIRS)
    made = tokenize(at(folder), ["ab"], None, None)
    assert (ids(made), made.note) == ([expected], note)


def test_sentencepiece_models_that_cannot_be_read_here(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "made", {"tokenizer_class": "XLMRobertaTokenizer"})
    model_file(folder / "tokenizer.model", 1, PAIRS)
    assert sentence(folder) == (
        "The tokenizer of made is tokenizer.model alone, whose pieces a XLMRobertaTokenizer numbers in its "
        "own way: save it with save_pretrained where the sentencepiece package is installed, which writes "
        "tokenizer.json."
    )
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "LlamaTokenizer"}')
    (folder / "tokenizer.model").write_text("IQ== 0\n")  # as tiktoken writes its ranks
    assert sentence(folder) == (
        "tokenizer.model of made cannot be read: it is no SentencePiece model; save the tokenizer with "
        "save_pretrained, which writes tokenizer.json."
    )


def sentence(folder: Path) -> str:
    with pytest.raises(InputError) as caught:
        tokenize(at(folder), TEXT, None, None)
    return str(caught.value)


def test_a_vocabulary_without_a_word_on_cutting_is_refused(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "made", model_type="granite")
    (folder / "vocab.json").write_text(json.dumps({"a": 0, "b": 1, "Ġa": 2}))
    (folder / "merges.txt").write_text("Ġ a\n")
    assert sentence(folder) == (
        "The tokenizer of made has a vocabulary and no word on how text is cut: name its tokenizer_class in "
        "tokenizer_config.json, or save it with save_pretrained as tokenizer.json."
    )


def test_bytes_and_characters_need_no_vocabulary(tmp_path: Path) -> None:
    from transformers import ByT5Tokenizer

    folder = folder_of(tmp_path / "made", {"tokenizer_class": "ByT5Tokenizer"}, vocab_size=384)
    made = tokenize(at(folder), TEXT, None, None)
    assert ids(made) == [ByT5Tokenizer()(one)["input_ids"] for one in TEXT]


@pytest.mark.real
def test_llamas_sentencepiece_model_gives_the_tokens_of_its_converted_twin(material: Path) -> None:
    folder = material / "tokenizers"
    twin = Tokenizer.from_file(str(folder / "codellama-python" / "tokenizer.json"))
    ours = read_tokenizer(folder / "llama2" / "tokenizer.model", before=["<s>"])
    text = [*tiny.sentences(50), "Hello  the stone\n x = 1", " lead", "trail  ", "水 é", ""]
    assert [one.ids for one in ours.encode_batch(text)] == [one.ids for one in twin.encode_batch(text)]


def test_tokenizer_code_is_left_aside_for_the_file_with_a_note_or_refused(tmp_path: Path) -> None:
    folder = tiny.llama(tmp_path / "made")
    file = folder / "tokenizer_config.json"
    config = json.loads(file.read_text())
    file.write_text(json.dumps(config | {"auto_map": {"AutoTokenizer": ["tok.OwnTokenizer", None]}}))
    assert tokenize(at(folder), ["the"], None, None).note == (
        "made brings its own tokenizer code (tok.OwnTokenizer, by auto_map), which is never run: the tokens "
        "are those of its tokenizer.json"
    )
    (folder / "tokenizer.json").rename(folder / "vocab.txt")
    assert sentence(folder) == (
        "made brings its own tokenizer code (tok.OwnTokenizer, by auto_map), which is never run here, and no "
        "tokenizer.json: save the tokenizer with save_pretrained as tokenizer.json."
    )
    file.write_text(json.dumps(config | {"auto_map": {"AutoTokenizer": ["tok.GPT2Tokenizer", None]}}))
    (folder / "vocab.txt").rename(folder / "tokenizer.json")
    assert tokenize(at(folder), ["the"], None, None).note is None
