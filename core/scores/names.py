"""Which checkpoint a name means: by its fingerprint, name, folder, hub id, or the last part of these."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

_HUB_ID = re.compile(r"([\w-][\w.-]*)/([\w-][\w.-]*)")
_CACHE = re.compile(r"models--(?:(.+?)--)?([^/\\]+)")  # a folder of the hub's cache
_FLAT = re.compile(r"([A-Za-z0-9][\w.-]*?)__([\w.-]+)")  # a hub id as evaluation tools call folders


@dataclass(frozen=True)
class Matches:
    """What names mean: one checkpoint, several that cannot be told apart, or none."""

    found: dict[str, str] = field(default_factory=dict)  # name → subject
    ambiguous: dict[str, list[str]] = field(default_factory=dict)  # name → subjects, sorted
    unmatched: list[str] = field(default_factory=list)  # in the order asked


def match(
    names: Iterable[str], called: Mapping[str, Iterable[str]], give_way: Collection[str] = ()
) -> Matches:
    """Find the checkpoint that each name means.

    Arguments:
        names: what a person or a file calls checkpoints.
        called: subject → everything that it is called: names, folders, hub ids.
        give_way: subjects that are meant only where no other is.

    The closest agreement decides: exactly (the subject itself included); as hub ids, in whatever form
    ("org/model", "org__model", a folder of the hub's cache), without regard to case; by the last part, unless
    both are hub ids of different owners.
    """
    exact: dict[str, set[str]] = {}
    hub: dict[str, set[str]] = {}
    last: dict[str, set[tuple[str, str | None]]] = {}
    for subject, words in called.items():
        exact.setdefault(subject, set()).add(subject)
        for word in set(words):
            exact.setdefault(word, set()).add(subject)
            owner, model = parts(word)
            last.setdefault(model, set()).add((subject, owner))
            if owner is not None:
                hub.setdefault(f"{owner}/{model}", set()).add(subject)
    matches = Matches()
    for name in dict.fromkeys(names):
        owner, model = parts(name)
        meant = exact.get(name) or (hub.get(f"{owner}/{model}") if owner is not None else None)
        if not meant:
            alike = last.get(model, set())
            meant = {subject for subject, other in alike if None in (owner, other) or owner == other}
        meant = meant - set(give_way) or meant
        if len(meant) == 1:
            matches.found[name] = next(iter(meant))
        elif meant:
            matches.ambiguous[name] = sorted(meant)
        else:
            matches.unmatched.append(name)
    return matches


def parts(name: str) -> tuple[str | None, str]:
    """(owner, model) of a hub id in any form, (None, last part) of any other name; in small letters."""
    word = name.strip().rstrip("/\\").lower()
    if cached := _CACHE.search(word):
        return cached[1], cached[2]
    if found := _HUB_ID.fullmatch(word) or _FLAT.fullmatch(word):
        return found[1], found[2]
    return None, re.split(r"[/\\]", word)[-1]
