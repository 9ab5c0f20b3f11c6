"""The dispersion gap of a checkpoint between two sets of words: their tokens, the rows of those, distances.

Some hundred rows of the output embedding are read, by byte ranges where the weights are on the hub.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.checkpoints import output_embedding as weights
from core.errors import InputError
from core.measures.families.gap import DISTANCES, Gap, gap
from core.token_sets import TokenSet, random_size
from core.token_sets.resolving import Resolved, Skipped, Used, draw, resolve

if TYPE_CHECKING:
    from core.checkpoints.resolve import Checkpoint

PARTS = ("within_domain", "within_reference", "between", "gap", "se")
SETS = ("domain", "reference")


@dataclass(frozen=True)
class WordGap:
    """A gap with the words behind it.

    Attributes:
        distances: the gap in each of core.measures.families.gap.DISTANCES.
        words: "domain" and "reference" → the words that count, in the set's order.
        skipped: (set, word and reason) of each that does not.
        bytes_read, requests: of the rows.
        d: width of a row. note: what a reader should know, or None.
    """

    distances: dict[str, Gap]
    words: dict[str, list[Used]]
    skipped: list[tuple[str, Skipped]]
    bytes_read: int
    requests: int
    d: int
    note: str | None

    def ids(self, which: str) -> list[int]:
        """The tokens of a set ("domain" or "reference") that count, in order, each once."""
        return list(dict.fromkeys(number for word in self.words[which] for number in word.ids))

    def to_json(self) -> dict[str, Any]:
        """Plain values; resamples are rounded to seven digits."""
        return {
            **{
                key: {part: getattr(result, part) for part in PARTS}
                | {"resamples": [float(f"{value:.7g}") for value in result.resamples]}
                for key, result in self.distances.items()
            },
            **{
                f"{key}_words": [[word.word, list(word.pieces), list(word.ids)] for word in words]
                for key, words in self.words.items()
            },
            "skipped": [{"word": s.word, "set": key, "reason": s.reason} for key, s in self.skipped],
            "bytes_read": self.bytes_read,
            "requests": self.requests,
            "d": self.d,
            "note": self.note,
        }

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "WordGap":
        """What `to_json` made."""
        return cls(
            {
                key: Gap(**(content[key] | {"resamples": np.array(content[key]["resamples"])}))
                for key in DISTANCES
            },
            {
                key: [Used(word, tuple(pieces), tuple(ids)) for word, pieces, ids in content[f"{key}_words"]]
                for key in SETS
            },
            [(entry["set"], Skipped(entry["word"], entry["reason"])) for entry in content["skipped"]],
            content["bytes_read"],
            content["requests"],
            content["d"],
            content["note"],
        )


def word_gap(
    checkpoint: "Checkpoint",
    domain: TokenSet,
    reference: TokenSet | str,
    *,
    form: str | None = None,
    cases: bool = False,
    several: str = "skip",
    seed: int = 0,
    progress: Callable[[str, int, int, str], None] | None = None,
) -> WordGap:
    """The gap of two sets of words in a checkpoint, whose weights may be unread or on the hub.

    Arguments:
        reference: a token set, or "random:N" for a seeded draw from the vocabulary.
        form, cases, several: how words become tokens, see core.token_sets.resolving.resolve.
        seed: of the draw and of the resamples.
        progress: called as progress(stage, done, total, unit); may raise to stop the work.

    Errors: InputError, one sentence, for a checkpoint without an output embedding or a tokenizer that can be
    read, and where fewer than two words of a set count.
    """
    from core.token_sets.vocabularies import Vocabulary

    tell = progress or (lambda stage, done, total, unit: None)
    at = weights.output_embedding(checkpoint)
    tell("finding the tokens", 0, 0, "")
    vocabulary = Vocabulary.read(checkpoint.folder, checkpoint.name)
    last = max((n for n in vocabulary.pieces.values() if n not in vocabulary.special), default=0)
    if last >= at.shape[0]:
        raise InputError(
            f"The tokenizer of {checkpoint.name} gives token {last} and {at.name} has {at.shape[0]} rows: it "
            "belongs to another model; save the right one beside the weights."
        )
    options: dict[str, Any] = {"form": form, "cases": cases, "several": several, "rows": at.shape[0]}
    resolved = {"domain": resolve(domain, vocabulary, **options)}
    taken = resolved["domain"].ids
    _enough(checkpoint.name, "domain", domain, resolved["domain"])
    if isinstance(reference, str):
        count = random_size(reference) or 0
        resolved["reference"] = draw(vocabulary, count, seed=seed, rows=at.shape[0], taken=taken)
    else:
        resolved["reference"] = resolve(reference, vocabulary, taken=taken, **options)
        _enough(checkpoint.name, "reference", reference, resolved["reference"])
    ids = sorted({number for one in resolved.values() for number in one.ids})
    tell("reading rows", 0, len(ids), "rows")
    rows = weights.read_rows(at, ids)
    if broken := [n for n, row in zip(ids, rows.vectors, strict=True) if not np.isfinite(row).all()]:
        raise InputError(
            f"The weight {at.name} of {checkpoint.name} holds NaN or infinite values, first in the row of "
            f"token {broken[0]}: download or save the checkpoint again."
        )
    place = {number: index for index, number in enumerate(ids)}
    words: dict[str, list[Used]] = {}
    skipped: list[tuple[str, Skipped]] = []
    matrices: dict[str, np.ndarray] = {}
    for key, one in resolved.items():
        words[key], zero, matrices[key] = _vectors_of(one.used, rows.vectors, place)
        skipped += [(key, left) for left in (*one.skipped, *zero)]
    tell("measuring distances", 0, 0, "")
    distances = gap(matrices["domain"], matrices["reference"], seed=seed)
    notes = [at.note, *_thin(checkpoint.name, words, {"domain": domain, "reference": reference})]
    note = " ".join(filter(None, notes)) or None
    return WordGap(
        distances, words, skipped, rows.bytes_read, rows.requests, int(rows.vectors.shape[1]), note
    )


def _vectors_of(
    used: Sequence[Used], vectors: np.ndarray, place: dict[int, int]
) -> tuple[list[Used], list[Skipped], np.ndarray]:
    """(words that count, words whose row is zero, a vector for each of the former, float64 (words, d)).

    vectors: rows (tokens, d); place: token → its row. A word of several tokens has the mean of their rows.
    """
    matrix = np.array([vectors[[place[n] for n in word.ids]].astype(np.float64).mean(0) for word in used])
    kept = np.linalg.norm(matrix, axis=1) > 0
    counted = [word for word, keep in zip(used, kept, strict=True) if keep]
    zero = [
        Skipped(word.word, "has a row of zeros") for word, keep in zip(used, kept, strict=True) if not keep
    ]
    return counted, zero, matrix[kept]


def _thin(name: str, words: dict[str, list[Used]], asked: dict[str, TokenSet | str]) -> list[str]:
    """Warnings where less than half of a set's words are left, or fewer tokens than were to be drawn."""
    drawn = asked["reference"]
    wanted = 0 if isinstance(drawn, TokenSet) else random_size(drawn) or 0
    count = len(words["reference"])
    short = f"The vocabulary of {name} has only {count} tokens to draw {wanted} from."
    return [short] * (count < wanted) + [
        f"Only {len(words[key])} of the {len(chosen.words)} words in {chosen.name} are counted for {name}."
        for key, chosen in asked.items()
        if isinstance(chosen, TokenSet) and len(words[key]) < len(chosen.words) / 2
    ]


def _enough(name: str, which: str, asked: TokenSet, resolved: Resolved) -> None:
    if len(resolved.used) >= 2:
        return
    remedy = "random:300 as the reference" if which == "reference" else "another domain"
    raise InputError(
        f"The tokenizer of {name} has a single token for {len(resolved.used)} of the {len(asked.words)} "
        f"words in {asked.name}, and two are needed: give {remedy}, or average words of several tokens."
    )
