"""Words → tokens of every kind of tokenizer, and every word accounted for."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from core.token_sets import FORMS, TokenSet, from_text, load, random_size, token_sets
from core.token_sets.resolving import draw, resolve
from core.token_sets.vocabularies import Vocabulary

DIGITS = list("0123456789")
KINDS = {
    "byte-level": Vocabulary({"<s>": 0, "the": 1, "Ġthe": 2, "0": 3, "Ġ0": 4, "Ã©": 5}, frozenset({0}), "Ġ"),
    "sentencepiece": Vocabulary(
        {"<unk>": 0, "the": 1, "▁the": 2, "0": 3, "▁": 4, "é": 5}, frozenset({0}), "▁"
    ),
    "wordpiece": Vocabulary(
        {"[UNK]": 0, "##the": 1, "the": 2, "0": 3, "##0": 4, "é": 5}, frozenset({0}), "##"
    ),
    "gpt": Vocabulary(
        {"<unk>": 0, "the": 1, "the</w>": 2, "0": 3, "0</w>": 4, "é": 5}, frozenset({0}), "</w>"
    ),
    "characters": Vocabulary({"x": 0, "t": 1, "the": 2, "0": 3, "h": 4, "é": 5}, frozenset(), ""),
}


def words(*given: str, form: str = "plain") -> TokenSet:
    return TokenSet("mine", given, form)


def reasons(resolved) -> dict[str, str]:
    return {entry.word: entry.reason for entry in resolved.skipped}


@pytest.mark.parametrize("kind", KINDS)
def test_a_word_of_its_own_a_bare_piece_and_a_foreign_letter(kind: str) -> None:
    assert resolve(words("the", form="word"), KINDS[kind]).ids == [2]
    assert resolve(words("0", "é"), KINDS[kind]).ids == [3, 5]


def test_both_forms_take_every_single_token_of_a_word() -> None:
    assert {kind: resolve(words("the"), v, form="both").ids for kind, v in KINDS.items()} == {
        "byte-level": [1, 2],
        "sentencepiece": [1, 2],
        "wordpiece": [2, 1],
        "gpt": [1, 2],
        "characters": [2],
    }


def test_the_other_form_stands_in_where_the_wanted_one_is_missing() -> None:
    vocabulary = Vocabulary({"Ġlaw": 0, "x": 1, "Ġa": 2, "Ġb": 3}, frozenset(), "Ġ")
    assert resolve(words("law", "x"), vocabulary).ids == [0, 1]
    assert resolve(words("law", "x"), vocabulary, form="word").ids == [0, 1]


def test_special_unknown_repeated_and_rowless_tokens_are_left_out_with_a_reason() -> None:
    vocabulary = Vocabulary({"<unk>": 0, "a": 1, "b": 2, "A": 3, "z": 9}, frozenset({0}), "")
    result = resolve(words("<unk>", "a", "b", "z", "missing"), vocabulary, rows=4, taken=[2])
    assert result.ids == [1]
    assert reasons(result) == {
        "<unk>": "is a special token",
        "b": "is in the domain",
        "z": "has no row in the output embedding",
        "missing": "is not a single token",
    }
    assert resolve(words("a"), vocabulary, cases=True).ids == [1, 3]


@given(st.lists(st.sampled_from([*"abcxyz01", "the", "<unk>", "nothing"])), st.sampled_from(sorted(FORMS)))
def test_every_word_is_used_or_says_why_not(given: list[str], form: str) -> None:
    pieces = {p: n for n, p in enumerate(["<unk>", *"abc01", "▁a", "▁the", "the"])}
    result = resolve(TokenSet("mine", tuple(given)), Vocabulary(pieces, frozenset({0}), "▁"), form=form)
    assert {u.word for u in result.used} | {s.word for s in result.skipped} == set(given)
    assert len(result.ids) == len(set(result.ids)) == len(result.used)
    assert 0 not in result.ids


def test_a_draw_is_seeded_and_avoids_what_stands_for_no_text() -> None:
    names = ["<s>", "<0x41>", "[unused3]", *(f"w{i}" for i in range(50))]
    vocabulary = Vocabulary({name: n for n, name in enumerate(names)}, frozenset({0}), "")
    drawn = draw(vocabulary, 20, seed=1, rows=40, taken=[5])
    assert drawn.ids == draw(vocabulary, 20, seed=1, rows=40, taken=[5]).ids
    assert drawn.ids != draw(vocabulary, 20, seed=2, rows=40, taken=[5]).ids
    assert len(set(drawn.ids)) == 20
    assert set(drawn.ids) <= set(range(3, 40)) - {5}
    assert set(draw(vocabulary, 99, seed=1, rows=40, taken=[5]).ids) == set(range(3, 40)) - {5}


def test_lists_that_come_along_say_where_they_are_from() -> None:
    assert {"digits", "arithmetic", "python", "javascript", "legal", "medical", "elements"} < set(
        token_sets()
    )
    assert {"everyday", "function"} < set(token_sets())
    for entry in token_sets().values():
        assert all((entry.title, entry.about, entry.source, entry.licence)), entry.name
        assert len(set(entry.words)) == len(entry.words)
    assert token_sets()["digits"].words == tuple(DIGITS)
    assert len(token_sets()["elements"].words) == 118


def test_keywords_are_those_of_this_python() -> None:
    import builtins
    import keyword

    python = set(token_sets()["python"].words)
    assert set(keyword.kwlist) <= python
    assert all(word in keyword.kwlist or hasattr(builtins, word) for word in python)


def test_own_lists_from_a_file_and_from_one_line(tmp_path: Path) -> None:
    file = tmp_path / "mine.txt"
    file.write_text("# form: word\n# about: a test\nlaw\n#\n\nlaw\ncourt\n", encoding="utf-8")
    assert load(str(file)).words == ("law", "#", "court")
    assert load(str(file)).form == "word"
    assert from_text("typed", "law, court  judge").words == ("law", "court", "judge")
    assert from_text("typed", "law court").digest == from_text("other", "law\ncourt").digest
    assert from_text("typed", "ab c").digest != from_text("typed", "a bc").digest


def text(call) -> str:
    with pytest.raises(InputError) as caught:
        call()
    return str(caught.value)


def test_what_cannot_be_a_list_is_said_in_one_sentence(tmp_path: Path) -> None:
    names = ", ".join(token_sets())
    assert text(lambda: load("digitz")) == (
        f"There is no token set or file digitz: give {names}, random:N as a reference, or a text file with "
        "one word a line."
    )
    assert text(lambda: from_text("mine", "# about: nothing")) == (
        "The token set mine holds no words: give one a line."
    )
    assert text(lambda: from_text("mine", "# form: bold\na\nb")) == (
        "The token set mine asks for the form bold: give plain, word, both."
    )
    assert text(lambda: from_text("mine", "\n".join(map(str, range(5001))))) == (
        "The token set mine holds 5,001 words and 5,000 are allowed: shorten it, or use random:N for a "
        "reference drawn from the vocabulary."
    )
    (tmp_path / "bytes.txt").write_bytes(b"\xff\xfe\x00")
    assert text(lambda: load(str(tmp_path / "bytes.txt"))) == (
        f"{tmp_path / 'bytes.txt'} cannot be read as words: give a UTF-8 text file with one word a line."
    )
    assert (
        text(lambda: random_size("random:1"))
        == "random:1 cannot be drawn: give random:N with N from 2 to 5,000."
    )
    assert random_size("random:300") == 300
    assert random_size("everyday") is None


def test_folders_without_a_readable_tokenizer(tmp_path: Path) -> None:
    assert text(lambda: Vocabulary.read(tmp_path, "mine")) == (
        f"mine has no tokenizer: {tmp_path} should hold tokenizer.json or a vocabulary such as vocab.txt; "
        "save its tokenizer there with save_pretrained."
    )
    (tmp_path / "tokenizer.json").write_text("{}")
    assert text(lambda: Vocabulary.read(tmp_path, "mine")) == (
        f"The tokenizer of mine cannot be read: its files in {tmp_path} are damaged; download or save it "
        "again."
    )


def test_special_tokens_of_the_config_are_special(tmp_path: Path) -> None:
    (tmp_path / "vocab.json").write_text(json.dumps({"a": 0, "<end>": 1, "Ġa": 2, "Ġb": 3}))
    config = {"eos_token": "<end>", "added_tokens_decoder": {"7": {"content": "<|call|>", "special": True}}}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(config))
    result = Vocabulary.read(tmp_path)
    assert result.special == {1, 7}
    assert result.mark == "Ġ"
    assert result.ordinary == [0, 2, 3]


def test_words_of_several_tokens_are_counted_left_out_or_averaged(tmp_path: Path) -> None:
    from tests.tiny import save_tokenizer

    save_tokenizer(tmp_path, encoder=True)
    vocabulary = Vocabulary.read(tmp_path)
    assert reasons(resolve(words("the", "cat", "水"), vocabulary)) == {
        "cat": "needs 3 tokens",
        "水": "is unknown to the tokenizer",
    }
    result = resolve(words("THE", "cat"), vocabulary, several="average")
    assert [(used.word, used.pieces) for used in result.used] == [
        ("THE", ("the",)),
        ("cat", ("c", "##a", "##t")),
    ]


@pytest.mark.real
def test_digits_are_ten_in_every_tokenizer_and_agree_with_transformers(material: Path) -> None:
    folders = sorted((material / "tokenizers").iterdir())
    folders += [material / "checkpoints" / n for n in ("llama-stories260k", "gpt1-shakespeare-char-ep0")]
    for folder in folders:
        result = resolve(load("digits"), Vocabulary.read(folder))
        assert [used.pieces for used in result.used] == [(digit,) for digit in DIGITS], folder.name
    from transformers import AutoTokenizer

    for name in ("gpt2", "bert-base-uncased"):
        theirs = AutoTokenizer.from_pretrained(material / "tokenizers" / name, local_files_only=True)
        ours = Vocabulary.read(material / "tokenizers" / name)
        used = resolve(load("everyday"), ours).used
        assert len(used) > 250
        assert [theirs.encode(" " + u.word, add_special_tokens=False) for u in used[:100]] == [
            list(u.ids) for u in used[:100]
        ]
        assert {p: n for p, n in theirs.get_vocab().items() if ours.pieces.get(p) != n and n < 32000} == {}


@pytest.mark.real
def test_a_sentencepiece_model_alone_is_read_as_its_converted_twin(material: Path) -> None:
    folder = material / "tokenizers"
    alone, twin = Vocabulary.read(folder / "llama2"), Vocabulary.read(folder / "codellama-python")
    same = {piece for piece, number in alone.pieces.items() if twin.pieces.get(piece) == number}
    assert len(same) > 31_900
    assert resolve(load("code"), alone).ids == resolve(load("code"), twin).ids
    lawsuit = [resolve(words("lawsuit"), one, several="average").ids for one in (alone, twin)]
    assert lawsuit[0] == lawsuit[1] and len(lawsuit[0]) > 1


def test_a_tokenizer_that_cannot_cut_says_so(tmp_path: Path) -> None:
    (tmp_path / "vocab.json").write_text(json.dumps({"a": 0, "Ġa": 1, "Ġb": 2}))  # without merges.txt
    alone = Vocabulary.read(tmp_path)
    assert text(lambda: resolve(words("lawsuit"), alone, several="average")) == (
        "lawsuit is no single token and this tokenizer, saved without a tokenizer.json, cannot cut it here: "
        "save it with transformers' save_pretrained, or leave such words out."
    )


@pytest.mark.real
def test_a_character_tokenizer_says_which_digits_it_lacks(material: Path) -> None:
    result = resolve(load("digits"), Vocabulary.read(material / "checkpoints" / "gpt2-slm4096-char"))
    assert [used.word for used in result.used] == ["0", "2", "6"]
    assert {s.reason for s in result.skipped} == {"is unknown to the tokenizer"}


def test_a_byt5_has_the_characters_that_are_one_byte(tmp_path: Path) -> None:
    from transformers import ByT5Tokenizer

    (tmp_path / "config.json").write_text(
        json.dumps({"model_type": "t5", "tokenizer_class": "ByT5Tokenizer"})
    )
    vocabulary = Vocabulary.read(tmp_path)
    text = "a7 ~"
    assert [vocabulary.alone(one) for one in text] == ByT5Tokenizer()(text)["input_ids"][:-1]
    assert vocabulary.alone("the") is None and vocabulary.alone("\u00e9") is None
