"""The vocabulary of a tokenizer read from its files: its pieces, and how they mark where a word begins.

Only this is needed to find the row of a word in an embedding matrix, so no tokenizer library is loaded unless
a word has to be cut into pieces. Files: tokenizer.json, else vocab.txt (WordPiece), vocab.json (byte-level
BPE), else a SentencePiece model; the bytes of a ByT5 have no file.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from core.checkpoints import sentencepiece
from core.checkpoints.tokenizing import SENTENCEPIECE, declared_class, lower_cases
from core.errors import InputError

SPACE_MARKS = ("Ġ", "▁")  # a piece that follows a space: byte-level BPE, SentencePiece
CONTINUES = "##"  # a piece that goes on with a word: WordPiece
ENDS = "</w>"  # a piece that ends a word: the first GPT
_SPECIAL_KINDS = {2, 3, 5, 6}  # SentencePiece: unknown, control, unused, byte
_FILLERS = re.compile(r"<0x[0-9A-F]{2}>|\[unused\d+\]|<unused\d+>|<extra_id_\d+>|<\|?reserved.*")


@dataclass(frozen=True)
class Vocabulary:
    """Pieces (text as the tokenizer stores it → id) of one tokenizer.

    mark: "Ġ", "▁", "##" or "</w>", how pieces show where words begin or end; "" where every piece is a word
    or a character by itself. special: ids that stand for no text (unknown, padding, control).
    """

    pieces: dict[str, int]
    special: frozenset[int]
    mark: str
    cutter: Callable[[], Any] | None = None  # makes the tokenizers.Tokenizer that cuts words

    @classmethod
    def read(cls, folder: Path, name: str | None = None) -> "Vocabulary":
        """The vocabulary of the tokenizer in `folder`; `name` stands in messages.

        Errors: InputError if the folder holds no tokenizer, or one that cannot be read.
        """
        name = name or folder.name
        for reader in (_tokenizer_json, _wordpiece, _byte_level, _sentencepiece, _bytes):
            try:
                vocabulary = reader(folder)
            except (ValueError, KeyError, TypeError, AttributeError, IndexError, OSError):
                raise InputError(
                    f"The tokenizer of {name} cannot be read: its files in {folder} are damaged; download or "
                    "save it again."
                ) from None
            if vocabulary:
                pieces, special, cutter = vocabulary
                pieces, special = _with_configured(folder, pieces, special)
                return cls(pieces, frozenset(special), _mark(pieces), cutter)
        raise InputError(
            f"{name} has no tokenizer: {folder} should hold tokenizer.json or a vocabulary such as "
            "vocab.txt; save its tokenizer there with save_pretrained."
        )

    @cached_property
    def ordinary(self) -> list[int]:
        """Ids, ascending, of pieces that stand for text: neither special nor bytes, fillers or reserved."""
        return sorted(
            number
            for piece, number in self.pieces.items()
            if number not in self.special and not _FILLERS.fullmatch(piece)
        )

    @cached_property
    def _tokenizer(self) -> Any:
        made = self.cutter() if self.cutter else None
        if made:  # a saved tokenizer may pad or cut whatever it is given
            made.no_padding()
            made.no_truncation()
        return made

    def alone(self, word: str) -> int | None:
        """Id of the piece that is `word` with no mark, or None (`0` is that in every kind of tokenizer)."""
        return self._ordinary_id(self._spelled(word))

    def after_space(self, word: str) -> int | None:
        """Id of the piece for `word` as a word of its own in a text (`Ġthe`, `▁the`, `the`), or None."""
        spelled = self._spelled(word)
        if self.mark in SPACE_MARKS:
            return self._ordinary_id(self.mark + spelled)
        return self._ordinary_id(spelled + self.mark if self.mark == ENDS else spelled)

    def inside(self, word: str) -> int | None:
        """Id of the piece for `word` right behind other letters (`the`, `##the`), or None."""
        return self._ordinary_id((self.mark if self.mark == CONTINUES else "") + self._spelled(word))

    def normalized(self, word: str) -> str:
        """`word` as the tokenizer's own normalizer leaves it: in lower case and without accents, mostly."""
        rules = self._tokenizer.normalizer if self._tokenizer else None
        return rules.normalize_str(word).strip("▁ ") if rules else word

    def cut(self, word: str) -> list[int] | None:
        """Ids of the pieces of `word` after a space; None where it has an unknown one or cannot be cut here.

        Errors of the tokenizer (a character it has no piece for) count as unknown.
        """
        if self._tokenizer is None:
            return None
        leading = " " if self.mark == "Ġ" else ""
        try:
            ids = self._tokenizer.encode(leading + word, add_special_tokens=False).ids
        except Exception:  # the library raises bare exceptions for what it cannot cut
            return None
        if self.mark == "▁" and ids and ids[0] == self.pieces.get("▁"):
            ids = ids[1:]
        return None if not ids or self.special & set(ids) else ids

    def _spelled(self, word: str) -> str:
        return "".join(_bytes_shown()[byte] for byte in word.encode()) if self.mark == "Ġ" else word

    def _ordinary_id(self, piece: str) -> int | None:
        number = self.pieces.get(piece)
        return None if number in self.special else number


def _mark(pieces: dict[str, int]) -> str:
    """The mark that most pieces bear, provided that a hundredth of them do."""
    counts = {
        **{m: sum(p.startswith(m) and len(p) > len(m) for p in pieces) for m in (*SPACE_MARKS, CONTINUES)},
        ENDS: sum(p.endswith(ENDS) and len(p) > len(ENDS) for p in pieces),
    }
    most = max(counts, key=counts.__getitem__)
    return most if counts[most] > max(1, len(pieces) / 100) else ""


_Read = tuple[dict[str, int], set[int], Callable[[], Any] | None]


def _tokenizer_json(folder: Path) -> _Read | None:
    file = folder / "tokenizer.json"
    if not file.is_file():
        return None
    content = json.loads(file.read_text(encoding="utf-8"))
    model = content["model"]
    stored = model["vocab"]
    pieces = dict(stored) if isinstance(stored, dict) else {p: i for i, (p, *_) in enumerate(stored)}
    special = set()
    for added in content.get("added_tokens") or []:
        pieces[added["content"]] = added["id"]
        if added["special"]:
            special.add(added["id"])
    unknown = model.get("unk_token")
    special |= {pieces[unknown]} if unknown in pieces else set()
    special |= {model["unk_id"]} if isinstance(model.get("unk_id"), int) else set()

    def cutter() -> Any:
        from tokenizers import Tokenizer

        return Tokenizer.from_file(str(file))

    return pieces, special, cutter


def _wordpiece(folder: Path) -> _Read | None:
    file = folder / "vocab.txt"
    if not file.is_file():
        return None
    lines = file.read_text(encoding="utf-8").splitlines()
    pieces = {piece: number for number, piece in enumerate(lines)}
    special = {pieces[p] for p in ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]") if p in pieces}
    lower, _ = lower_cases(folder)

    def cutter() -> Any:
        from tokenizers.implementations import BertWordPieceTokenizer

        return BertWordPieceTokenizer(str(file), lowercase=lower)

    return pieces, special, cutter


def _byte_level(folder: Path) -> _Read | None:
    file, merges = folder / "vocab.json", folder / "merges.txt"
    if not file.is_file():
        return None
    pieces = json.loads(file.read_text(encoding="utf-8"))
    names = ("<|endoftext|>", "<unk>", "<s>", "</s>", "<pad>", "<mask>")
    special = {pieces[name] for name in names if name in pieces}

    def cutter() -> Any:
        from tokenizers.implementations import ByteLevelBPETokenizer

        return ByteLevelBPETokenizer(str(file), str(merges))

    return pieces, special, cutter if merges.is_file() else None


def _sentencepiece(folder: Path) -> _Read | None:
    file = next((folder / name for name in SENTENCEPIECE if (folder / name).is_file()), None)
    if file is None:
        return None
    pieces: dict[str, int] = {}
    special = set()
    for field, value in _fields(file.read_bytes()):
        if field == 1:  # ModelProto.pieces, in the order of their ids
            piece = dict(_fields(value))
            if piece.get(3, 1) in _SPECIAL_KINDS:
                special.add(len(pieces))
            pieces[piece[1].decode()] = len(pieces)
    if not pieces:
        raise ValueError(f"{file} holds no pieces")
    return pieces, special, lambda: sentencepiece.read_tokenizer(file)


def _bytes(folder: Path) -> _Read | None:
    """The bytes of a ByT5 that are characters, behind its three special tokens (Xue et al. 2022)."""
    if not (folder / "config.json").is_file() or declared_class(folder) != "ByT5Tokenizer":
        return None
    return {chr(byte): byte + 3 for byte in range(128)}, set(), None


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """Fields of a protocol-buffers message (https://protobuf.dev/programming-guides/encoding/), in order."""
    at = 0

    def number() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    while at < len(data):
        field, kind = divmod(number(), 8)
        if kind == 0:
            yield field, number()
            continue
        length = {1: 8, 5: 4}.get(kind) or number()
        if kind not in (1, 2, 5) or at + length > len(data):
            raise ValueError("not a protocol-buffers message")
        yield field, data[at : at + length]
        at += length


def _with_configured(
    folder: Path, pieces: dict[str, int], special: set[int]
) -> tuple[dict[str, int], set[int]]:
    """Add what tokenizer_config.json and special_tokens_map.json name beside the vocabulary itself."""
    config = _config(folder)
    added = {int(number): token for number, token in (config.get("added_tokens_decoder") or {}).items()}
    pieces = pieces | {token["content"]: number for number, token in added.items()}
    special = special | {number for number, token in added.items() if token.get("special")}
    for source in (config, _config(folder, "special_tokens_map.json")):
        for key, value in source.items():
            text = value.get("content") if isinstance(value, dict) else value
            if key.endswith("_token") and isinstance(text, str) and text in pieces:
                special = special | {pieces[text]}
    return pieces, special


def _config(folder: Path, name: str = "tokenizer_config.json") -> dict[str, Any]:
    file = folder / name
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}


@cache
def _bytes_shown() -> dict[int, str]:
    """The printable character that byte-level BPE stores each byte as (Radford et al. 2019, GPT-2's code)."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    shown = {byte: chr(byte) for byte in printable}
    others = [byte for byte in range(256) if byte not in shown]
    return shown | {byte: chr(256 + index) for index, byte in enumerate(others)}
