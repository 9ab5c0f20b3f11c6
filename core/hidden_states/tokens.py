"""Texts → token ids: what a tokenizer makes of each sequence, cut to the length that the model takes."""

from collections.abc import Container
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.blocks import Progress
from core.checkpoints.loading import complete
from core.checkpoints.quiet import one_sentence, quiet
from core.checkpoints.resolve import Checkpoint
from core.checkpoints.tokenizing import read_tokenizer
from core.errors import InputError
from core.hidden_states import coverage
from core.hidden_states.byte_spans import byte_spans

_AT_ONCE = 1000  # sequences
_LONGEST_UNSTATED = 2048  # tokens, for models that state no maximum (relative positions)
_SAVE_AGAIN = "save it again with save_pretrained, together with the model that it belongs to"


@dataclass(frozen=True)
class Tokens:
    """Token ids of all sequences one after the other, where each starts (with one start more), and a note.

    ids: int32. types: which text of a pair each token is of, int32; None where there is none to tell.
    note: what the tokenizer's files leave open, and which share of the text a closed vocabulary left out, or
    None. special: which tokens the tokenizer put around the text, bool. spans: where each token begins and
    ends in its sequence, in bytes, (T, 2); None where the tokenizer does not say. Both None unless asked for.
    """

    ids: np.ndarray
    starts: np.ndarray
    types: np.ndarray | None
    note: str | None
    special: np.ndarray | None = None
    spans: np.ndarray | None = None


def tokenize(
    checkpoint: Checkpoint,
    sequences: list[str],
    max_length: int | None,
    progress: Progress | None,
    pairs: list[str] | None = None,
    *,
    placed: bool = False,
) -> Tokens:
    """The tokens of each sequence, or of each pair of a sequence and its second text, as one sequence.

    A pair too long is cut at the end of its longer text. placed: say which tokens are special and, unless
    there are pairs, which bytes of a sequence each stands for.
    """
    loaded, facts = read_tokenizer(checkpoint), complete(checkpoint)
    tokenizer = loaded.tokenizer
    least = tokenizer.num_special_tokens_to_add(pairs is not None) + 1
    limit = _limit(checkpoint.name, facts.max_positions, least, tokenizer.model_max_length, max_length)
    wants_types = pairs is not None and "token_type_ids" in tokenizer.model_input_names
    pieces: dict[str, list[np.ndarray]] = {"input_ids": [], "token_type_ids": [], "special_tokens_mask": []}
    spans: list[np.ndarray] = []
    places = placed and pairs is None and tokenizer.is_fast
    vocabulary = _Vocabulary(tokenizer)
    for first in range(0, len(sequences), _AT_ONCE):
        given = vocabulary.known(
            [one[first : first + _AT_ONCE] for one in (sequences, pairs) if one is not None]
        )
        with one_sentence(f"The tokenizer of {checkpoint.name} cannot cut the text", _SAVE_AGAIN), quiet():
            encoded = tokenizer(
                *given,
                is_split_into_words=vocabulary.closed is not None,
                truncation=True,
                max_length=limit,
                return_attention_mask=False,
                return_token_type_ids=wants_types,
                return_special_tokens_mask=placed,
                return_offsets_mapping=places,
            )
        if places:
            spans += byte_spans(encoded, given[0])
        for name, parts in pieces.items():
            parts += [np.asarray(one, dtype=np.int32) for one in encoded.get(name, [])]
        if progress is not None:
            progress("tokenising", len(pieces["input_ids"]), len(sequences), "sequences")
    starts = np.concatenate([[0], np.cumsum([len(piece) for piece in pieces["input_ids"]])])
    ids = np.concatenate(pieces["input_ids"])
    if not len(ids):
        raise InputError(
            f"None of the {len(sequences)} sequences has a token for {checkpoint.name}: give other text."
        )
    _check_ids(checkpoint.name, ids, facts.vocabulary)
    notes = [loaded.note(sequences), vocabulary.note(checkpoint.name, [*sequences, *(pairs or [])], ids)]
    types = np.concatenate(pieces["token_type_ids"]) if pieces["token_type_ids"] else None
    special = np.concatenate(pieces["special_tokens_mask"]).astype(bool) if placed else None
    note = "; ".join(filter(None, notes)) or None
    return Tokens(ids, starts, types, note, special, np.concatenate(spans) if places else None)


def words_at(
    checkpoint: Checkpoint,
    sequences: list[str],
    max_length: int | None,
    rows: np.ndarray,
    progress: Progress | None = None,
) -> list[str]:
    """The tokens, as text, that some rows of the hidden states at all positions are of; in their order."""
    ids = tokenize(checkpoint, sequences, max_length, progress).ids
    tokenizer = read_tokenizer(checkpoint).tokenizer
    with one_sentence(f"The tokenizer of {checkpoint.name} cannot write its tokens", _SAVE_AGAIN), quiet():
        return [str(tokenizer.decode([int(ids[row])])) for row in rows]


@dataclass(frozen=True)
class RunningText:
    """Texts as one run of token ids, int32, without the special tokens that would stand around a sequence.

    before, after: ids that the tokenizer puts around a sequence. note: as in `Tokens`.
    """

    ids: np.ndarray
    before: np.ndarray
    after: np.ndarray
    note: str | None


def running_text(checkpoint: Checkpoint, texts: list[str], progress: Progress | None = None) -> RunningText:
    """The tokens of texts one after the other, a line break after each, nothing cut.

    Errors: InputError for a tokenizer that cannot be used, and for texts without a token.
    """
    loaded, facts = read_tokenizer(checkpoint), complete(checkpoint)
    tokenizer, vocabulary = loaded.tokenizer, _Vocabulary(loaded.tokenizer)
    pieces: list[np.ndarray] = []
    split = vocabulary.closed is not None
    options: dict[str, Any] = {"return_attention_mask": False, "return_token_type_ids": False}
    cutting = one_sentence(f"The tokenizer of {checkpoint.name} cannot cut the text", _SAVE_AGAIN)
    with cutting, quiet():
        for first in range(0, len(texts), _AT_ONCE):
            (given,) = vocabulary.known([[f"{text}\n" for text in texts[first : first + _AT_ONCE]]])
            encoded = tokenizer(given, add_special_tokens=False, is_split_into_words=split, **options)
            pieces.append(np.concatenate([np.asarray(one, dtype=np.int32) for one in encoded["input_ids"]]))
            if progress is not None:
                progress("tokenising", min(first + _AT_ONCE, len(texts)), len(texts), "passages")
        (given,) = vocabulary.known([texts[:1]])
        before, after = _around(tokenizer, given[0] if given else "", split)
    ids = np.concatenate([*pieces, np.empty(0, np.int32)])
    if not len(ids):
        raise InputError(f"None of the {len(texts)} passages has a token for {checkpoint.name}: give others.")
    _check_ids(checkpoint.name, np.concatenate([ids, before, after]), facts.vocabulary)
    notes = [loaded.note(texts), vocabulary.note(checkpoint.name, texts, ids)]
    return RunningText(ids, before, after, "; ".join(filter(None, notes)) or None)


def _around(tokenizer: Any, given: Any, split: bool) -> tuple[np.ndarray, np.ndarray]:
    """The special tokens that a tokenizer puts before and behind a sequence, `given`."""
    whole, bare = (
        tokenizer(given, is_split_into_words=split, add_special_tokens=special)["input_ids"]
        for special in (True, False)
    )
    start = next((i for i in range(len(whole)) if whole[i : i + len(bare)] == bare), 0)
    parts = whole[:start], whole[start + len(bare) :]
    return np.array(parts[0], dtype=np.int32), np.array(parts[1], dtype=np.int32)


def _check_ids(name: str, ids: np.ndarray, vocabulary: int | None) -> None:
    """Refuse tokens that the model does not know."""
    if vocabulary is not None and ids.max() >= vocabulary:
        raise InputError(
            f"The tokenizer of {name} gives token {ids.max()} and its model knows {vocabulary} "
            "tokens: it belongs to another model; save the right one beside the weights."
        )


class _Vocabulary:
    """What a tokenizer can encode, and how much of the texts it was given it cannot.

    closed: the only words that it can encode; None where it has a token for, or can spell, any other.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self.closed = _closed_vocabulary(tokenizer)
        self._words = self._left_out = 0

    def known(self, given: list[list[str]]) -> list[Any]:
        """What the tokenizer is given of some lists of texts: of a closed vocabulary its words alone."""
        if self.closed is None:
            return given
        split = [[_words(self._tokenizer, text) for text in texts] for texts in given]
        kept = [[[word for word in one if word in self.closed] for one in texts] for texts in split]
        count, left = (sum(len(one) for texts in of for one in texts) for of in (split, kept))
        self._words, self._left_out = self._words + count, self._left_out + count - left
        return kept

    def note(self, name: str, texts: list[str], ids: np.ndarray) -> str | None:
        """What a reader should know of what the tokenizer does not see of the texts, or None."""
        if self.closed is None:
            return coverage.note(name, self._tokenizer, texts, ids)
        if not self._left_out:
            return None
        return (
            f"{self._left_out / self._words:.1%} of the text's characters or words are unknown to the "
            f"tokenizer of {name}, which has no token for the unknown: they are left out"
        )


def _closed_vocabulary(tokenizer: Any) -> Container[str] | None:
    """The only words that a tokenizer can encode; None where it has a token for, or can spell, any other."""
    if not tokenizer.is_fast:
        return None
    model = tokenizer.backend_tokenizer.model
    if type(model).__name__ != "WordLevel":
        return None
    vocabulary = tokenizer.get_vocab()
    return None if model.unk_token in vocabulary else vocabulary


def _words(tokenizer: Any, text: str) -> list[str]:
    """The pieces that a word-level tokenizer looks up, in their order."""
    backend = tokenizer.backend_tokenizer
    if backend.normalizer is not None:
        text = backend.normalizer.normalize_str(text)
    if backend.pre_tokenizer is None:
        return [text]
    return [word for word, _ in backend.pre_tokenizer.pre_tokenize_str(text)]


def _limit(name: str, positions: int | None, least: int, tokenizer_limit: int, max_length: int | None) -> int:
    """Tokens a sequence is cut to: `max_length`, which must fit, or the maximum position minus 3."""
    stated = [m for m in (positions, tokenizer_limit) if m is not None and m < 10**9]
    most = min(stated, default=_LONGEST_UNSTATED)
    if max_length is None:
        return max(most if positions is None else positions - 3, least)
    if not least <= max_length <= most:
        raise InputError(
            f"A maximum length of {max_length} does not fit {name}: give {least} to {most} tokens."
        )
    return max_length
