"""Words → rows: which token of a given tokenizer stands for each word, and why the others are left out."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from core.errors import InputError
from core.token_sets import FORMS, TokenSet
from core.token_sets.vocabularies import Vocabulary

SEVERAL = {"skip": "leave it out", "average": "take the mean of its tokens' rows"}


@dataclass(frozen=True)
class Used:
    """A word with the ids of its tokens (one, or several whose rows are averaged) and their pieces."""

    word: str
    pieces: tuple[str, ...]
    ids: tuple[int, ...]


@dataclass(frozen=True)
class Skipped:
    """A word that is not counted, and why in a few words."""

    word: str
    reason: str


@dataclass(frozen=True)
class Resolved:
    """A token set in one tokenizer: the words used, in the set's order, and those left out."""

    used: tuple[Used, ...]
    skipped: tuple[Skipped, ...]

    @property
    def ids(self) -> list[int]:
        """Every id used, in order, each once."""
        return list(dict.fromkeys(number for word in self.used for number in word.ids))


def resolve(
    chosen: TokenSet,
    vocabulary: Vocabulary,
    *,
    form: str | None = None,
    cases: bool = False,
    several: str = "skip",
    rows: int | None = None,
    taken: Iterable[int] = (),
) -> Resolved:
    """Find the token of every word of a set.

    Arguments:
        form: a key of FORMS; None is the set's own.
        cases: also take each word in lower case, Capitalised and in UPPER case.
        several: what to do with a word of several tokens, a key of SEVERAL.
        rows: rows of the embedding matrix; a token beyond them has none and is left out.
        taken: ids that may not be used (those of the other set).

    A word that is not in the vocabulary as written is looked up as the tokenizer's normalizer writes it, so
    `He` is `he` to an uncased one. No id is used twice; special tokens and the unknown token never.
    """
    form = form or chosen.form
    if form not in FORMS:
        raise InputError(f"There is no form {form} of a token: give {', '.join(FORMS)}.")
    if several not in SEVERAL:
        raise InputError(
            f"Words of several tokens cannot be treated as {several}: give {', '.join(SEVERAL)}."
        )
    spelled = {number: piece for piece, number in vocabulary.pieces.items()}
    elsewhere, seen = frozenset(taken), set[tuple[int, ...]]()
    used: list[Used] = []
    skipped: list[Skipped] = []
    for word in _with_cases(chosen.words) if cases else chosen.words:
        choices, reason = _tokens(word, vocabulary, form, several)
        if reason:
            skipped.append(Skipped(word, reason))
        for ids in choices:
            if rows is not None and max(ids) >= rows:
                skipped.append(Skipped(word, "has no row in the output embedding"))
            elif elsewhere & set(ids):
                skipped.append(Skipped(word, "is in the domain"))
            elif ids in seen:
                skipped.append(Skipped(word, "has the same token as an earlier word"))
            else:
                seen.add(ids)
                used.append(Used(word, tuple(spelled[number] for number in ids), ids))
    return Resolved(tuple(used), tuple(skipped))


def _tokens(word: str, vocabulary: Vocabulary, form: str, several: str) -> tuple[list[tuple[int, ...]], str]:
    """(token ids, one tuple a form, reason where there are none)."""
    if vocabulary.pieces.get(word) in vocabulary.special:
        return [], "is a special token"
    for text in dict.fromkeys((word, vocabulary.normalized(word))):
        plain, after = vocabulary.alone(text), vocabulary.after_space(text)
        order = (after, plain) if form == "word" else (plain, after, vocabulary.inside(text))
        single: list[tuple[int, ...]] = [(number,) for number in dict.fromkeys(order) if number is not None]
        if single:
            return (single if form == "both" else single[:1]), ""
    cut = vocabulary.cut(word)
    if cut and several == "average":
        return [tuple(cut)], ""
    if cut is None and vocabulary.cutter:
        return [], "is unknown to the tokenizer"
    if cut is None and several == "average":
        raise InputError(
            f"{word} is no single token and this tokenizer, saved without a tokenizer.json, cannot cut it "
            "here: save it with transformers' save_pretrained, or leave such words out."
        )
    return [], f"needs {len(cut)} tokens" if cut else "is not a single token"


def _with_cases(words: Iterable[str]) -> Iterator[str]:
    return iter(dict.fromkeys(form for w in words for form in (w, w.lower(), w.capitalize(), w.upper())))


def draw(
    vocabulary: Vocabulary, count: int, *, seed: int, rows: int | None = None, taken: Iterable[int] = ()
) -> Resolved:
    """A seeded draw, without replacement, of `count` tokens from the rest of the vocabulary.

    Special tokens, single bytes, fillers such as `[unused7]`, tokens without a row and `taken` are not drawn
    from; fewer than `count` are drawn where no more are left.
    """
    left = sorted(set(vocabulary.ordinary) - set(taken))
    left = [number for number in left if rows is None or number < rows]
    spelled = {number: piece for piece, number in vocabulary.pieces.items()}
    drawn = np.random.default_rng(seed).permutation(len(left))[:count]
    used = (left[index] for index in sorted(drawn))
    return Resolved(tuple(Used(spelled[n], (spelled[n],), (n,)) for n in used), ())
