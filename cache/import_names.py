"""Which checkpoints of the store the names in a file mean."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from cache.store import Store
from core.checkpoints.resolve import MINILM_NAMES
from core.formatting import first_few
from core.scores.names import match

NAMED = 5  # of many wrong ones, how many a message names


@dataclass(frozen=True)
class Named:
    """What the names in a file mean.

    subjects: name → (subject, name in the store); a name that none has stands for itself, so that its scores
    are found once such a checkpoint is measured. unmatched: those names. ambiguous: name → a sentence.
    alike: unmatched name → the name of the store that it resembles most, where one does.
    """

    subjects: dict[str, tuple[str, str]]
    unmatched: list[str] = field(default_factory=list)
    ambiguous: dict[str, str] = field(default_factory=dict)
    alike: dict[str, str] = field(default_factory=dict)


def named(store: Store, words: Iterable[str], file: str) -> Named:
    """What `words` mean; file: what sentences call the file that they are from."""
    called, names, published = _called(store)
    asked = list(dict.fromkeys(words))
    matches = match(asked, called, published)
    paths = {word: str(Path(word).expanduser().resolve()) for word in matches.unmatched}
    by_path = match(paths.values(), called)
    subjects = dict(matches.found)
    subjects |= {word: by_path.found[path] for word, path in paths.items() if path in by_path.found}
    ambiguous = {
        word: f"{file} names {word}, which {len(meant)} checkpoints are called: give one of "
        f"{', '.join(meant)}."
        for word, meant in sorted(matches.ambiguous.items())
    }
    unmatched = [word for word in asked if word not in subjects and word not in ambiguous]
    own = [names[subject] for subject in names if subject not in published]
    close = {word: difflib.get_close_matches(word, own, 1, 0.7) for word in unmatched}
    return Named(
        {word: (subject, names[subject]) for word, subject in subjects.items()}
        | {word: (word, word) for word in unmatched},
        unmatched,
        ambiguous,
        {word: found[0] for word, found in close.items() if found},
    )


def unknown(words: Iterable[str], file: str) -> str:
    """The sentence on names that no checkpoint in the store has."""
    return (
        f"{file} names checkpoints that the store does not know ({first_few(sorted(words), NAMED)}): measure "
        "them first, or call them as the store does."
    )


def _called(store: Store) -> tuple[dict[str, set[str]], dict[str, str], set[str]]:
    """({subject: everything it is called}, {subject: its name}, subjects that are published)."""
    called: dict[str, set[str]] = {}
    names: dict[str, str] = {}
    published = set()
    rows = store.query("SELECT subject, name, path, source, origin FROM checkpoints")
    for subject, name, path, source, origin in rows.itertuples(index=False):
        words = {word for word in (name, path) if isinstance(word, str)}
        called[subject] = words | (set(MINILM_NAMES) if source == "package" else set())
        names[subject] = name
        if origin == "published":
            published.add(subject)
    for subject, name, path in store.query("SELECT subject, name, path FROM names").itertuples(index=False):
        if subject in called:
            called[subject] |= {name, path}
    return called, names, published
