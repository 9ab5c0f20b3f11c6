"""How representative a sample of text is: Figure 2 of arXiv 2406.12159, with a number beside each picture.

Frequencies of unigrams, of bigrams and of sequence lengths, of ten samples and of the whole, and the
Jensen–Shannon distance between them (base 2: 0 is equal, 1 nothing in common). Two wholes: the usable
sequences that samples are drawn from, and all the text of the corpus, long passages and repetitions included.
A sample is finite, so even a perfect one lies some way off: `by_chance` is the distance of as many items that
are drawn one by one from the whole itself.
"""

import json
from collections import defaultdict
from dataclasses import dataclass
from itertools import chain, count

import numpy as np
import pandas as pd

from core.corpora.sources import Corpus, check_enough, draw, tokens

DISTRIBUTIONS = ("unigrams", "bigrams", "lengths")
USABLE = "usable sequences"
ALL = "all text"
_POINTS = 200  # of a drawn curve


@dataclass(frozen=True)
class Representativeness:
    """What was measured, ready to draw.

    `distances`: distribution, whole, mean, sd (over the samples), by_chance.
    `frequencies`: distribution, series ("all text", "usable sequences", "sample 1" …), x (rank from the most
    frequent, or length in tokens), frequency (share of all). At most 200 points a series, spread evenly on a
    logarithmic scale of ranks; of lengths, the shortest 200.
    `sequences` drawn of `usable`; `tokens` in all text, in the usable sequences, and in a sample (mean).
    """

    corpus: str
    corpus_fingerprint: str
    seed: int
    samples: int
    sequences: int
    usable: int
    tokens: int
    tokens_usable: int
    tokens_sampled: float
    distances: pd.DataFrame
    frequencies: pd.DataFrame

    @property
    def share(self) -> float:
        """The share of the usable sequences that a sample holds."""
        return self.sequences / self.usable

    def to_json(self) -> str:
        """As text, for keeping; every number exactly."""
        frames = {name: getattr(self, name).to_dict("list") for name in _FRAMES}
        return json.dumps(self.__dict__ | frames)

    @classmethod
    def from_json(cls, text: str) -> "Representativeness":
        """The same again from `to_json`."""
        kept = json.loads(text)
        return cls(**kept | {name: pd.DataFrame(kept[name]) for name in _FRAMES})


_FRAMES = ("distances", "frequencies")


def representativeness(
    corpus: Corpus,
    sequences: int = 5000,
    samples: int = 10,
    seed: int = 0,
    minimum: int = 3,
    maximum: int = 50,
) -> Representativeness:
    """Compare `samples` samples of `sequences` sequences, of seeds seed, seed + 1, …, with the corpus.

    The first is the very sample that `core.corpora.sources.sample` draws with the same arguments.
    Errors: InputError if the corpus has fewer than two usable sequences.
    """
    from scipy.spatial.distance import jensenshannon

    counts = _Counts(corpus, minimum, maximum)
    available = len(counts.pool)
    check_enough(corpus, available, minimum, maximum)
    drawn = [counts.pool[draw(available, sequences, seed + i)] for i in range(samples)]
    rng = np.random.default_rng(seed)
    distances, curves = [], []
    for distribution in DISTRIBUTIONS:
        of_samples = [counts.of(distribution, passages) for passages in drawn]
        wholes = {ALL: counts.of(distribution, None), USABLE: counts.of(distribution, counts.pool)}
        for whole, expected in wholes.items():
            share = expected / expected.sum()
            of_each = [jensenshannon(one, expected, 2) for one in of_samples]
            chance = [jensenshannon(rng.multinomial(one.sum(), share), expected, 2) for one in of_samples]
            distances.append(
                {
                    "distribution": distribution,
                    "whole": whole,
                    "mean": float(np.mean(of_each)),
                    "sd": float(np.std(of_each, ddof=1)) if samples > 1 else float("nan"),
                    "by_chance": float(np.mean(chance)),
                }
            )
        named = {**wholes, **{f"sample {i}": one for i, one in enumerate(of_samples, 1)}}
        curves += [_curve(distribution, series, one) for series, one in named.items()]
    return Representativeness(
        corpus=corpus.name,
        corpus_fingerprint=corpus.fingerprint,
        seed=seed,
        samples=samples,
        sequences=len(drawn[0]),
        usable=available,
        tokens=counts.tokens(None),
        tokens_usable=counts.tokens(counts.pool),
        tokens_sampled=float(np.mean([counts.tokens(passages) for passages in drawn])),
        distances=pd.DataFrame(distances),
        frequencies=pd.concat(curves, ignore_index=True),
    )


class _Counts:
    """A corpus as numbers, cut into tokens once; `pool` holds the passages that samples are drawn from."""

    def __init__(self, corpus: Corpus, minimum: int, maximum: int) -> None:
        cut = [words for words in map(tokens, corpus.texts) if words]
        first = {
            " ".join(words): i
            for i, words in reversed(list(enumerate(cut)))
            if minimum <= len(words) <= maximum
        }
        self.pool = np.array([first[sequence] for sequence in sorted(first)], dtype=np.int64)
        lengths = np.array([len(words) for words in cut], dtype=np.int64)
        vocabulary: defaultdict[str, int] = defaultdict(count().__next__)  # a new word gets the next number
        words_of_all = chain.from_iterable(cut)
        ids = np.fromiter(map(vocabulary.__getitem__, words_of_all), dtype=np.int64, count=lengths.sum())
        passage = np.repeat(np.arange(len(cut)), lengths)
        within = passage[:-1] == passage[1:]  # a pair across two passages is no bigram
        pairs = (ids[:-1] * len(vocabulary) + ids[1:])[within]
        self._of = {  # distribution → (item, passage it stands in)
            "unigrams": (ids, passage),
            "bigrams": (np.unique(pairs, return_inverse=True)[1], passage[:-1][within]),
            "lengths": (lengths, np.arange(len(cut))),
        }

    def of(self, distribution: str, passages: np.ndarray | None) -> np.ndarray:
        """How often each item occurs in these passages (None: in all)."""
        items, passage = self._of[distribution]
        if passages is None:
            return np.bincount(items)
        chosen = np.zeros(passage[-1] + 1, dtype=bool)
        chosen[passages] = True
        return np.bincount(items[chosen[passage]], minlength=items.max() + 1)

    def tokens(self, passages: np.ndarray | None) -> int:
        return int(self.of("unigrams", passages).sum())


def _curve(distribution: str, series: str, counts: np.ndarray) -> pd.DataFrame:
    if distribution == "lengths":
        x = np.flatnonzero(counts)[:_POINTS]
        frequency = counts[x]
    else:
        ordered = np.sort(counts[counts > 0])[::-1]
        x = np.unique(np.geomspace(1, len(ordered), _POINTS).round().astype(int))
        frequency = ordered[x - 1]
    return pd.DataFrame(
        {"distribution": distribution, "series": series, "x": x, "frequency": frequency / counts.sum()}
    )
