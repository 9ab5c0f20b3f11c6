"""Semantic clusters: contexts that the same n tokens follow; how far they lie within and between clusters.

Source: "On the predictive power of representation dispersion in language models", §2.3 (Figure 7): 10-grams
that occur at least 100 times, 100 occurrences of each with the 100 tokens to their left, 500 clusters. A text
smaller than theirs has no such n-grams, so the least number of occurrences adapts: the largest, up to the one
asked for, with which as many clusters as wanted are found, else the smallest allowed; it is reported.

Where the paper is silent: occurrences of one n-gram do not overlap each other, and an n-gram that overlaps
one already taken, in more than half of its occurrences, is left out, since long repeated passages hold many
n-grams with nearly the same contexts.

Not shown: that contexts before the same words mean the same. In a small text such n-grams are often formulas.
"""

from dataclasses import dataclass

import numpy as np

from core.errors import InputError

TOKENS, OCCURRENCES, CONTEXT, CLUSTERS = 10, 100, 100, 500
FEWEST = 3  # occurrences of a cluster


@dataclass(frozen=True)
class Clusters:
    """Where the contexts of each cluster end in the running text, and what the threshold came to be.

    ends: one array a cluster, (m,), positions of the n-gram's occurrences, ascending; equally many in each.
    """

    ends: list[np.ndarray]
    occurrences: int


def frequent(ids: np.ndarray, n: int, least: int, context: int) -> list[np.ndarray]:
    """Positions of each n-gram that occurs `least` times or more, the most frequent first.

    Positions are ascending, with `context` tokens to their left, and do not overlap. Ties by first position.
    ids: (T,).
    """
    starts = np.arange(context, len(ids) - n + 1)
    if len(starts) < 2:
        return []
    group = np.zeros(len(starts), np.int64)
    for offset in range(n):  # groups of equal n-grams, refined by one token after another
        pairs = group * (int(ids.max()) + 1) + ids[starts + offset]
        _, group, sizes = np.unique(pairs, return_inverse=True, return_counts=True)
        kept = sizes[group] >= least
        starts, group = starts[kept], group[kept]
        if not len(starts):
            return []
    order = np.argsort(group, kind="stable")
    cuts = np.flatnonzero(np.diff(group[order])) + 1
    found = (_apart(positions, n) for positions in np.split(starts[order], cuts))
    return sorted((one for one in found if len(one) >= least), key=lambda one: (-len(one), int(one[0])))


def _apart(positions: np.ndarray, n: int) -> np.ndarray:
    """Ascending positions without those that begin before the last taken ends."""
    taken: list[int] = []
    for position in positions.tolist():
        if not taken or position >= taken[-1] + n:
            taken.append(position)
    return np.array(taken)


def clusters(
    ids: np.ndarray,
    *,
    n: int = TOKENS,
    occurrences: int = OCCURRENCES,
    context: int = CONTEXT,
    count: int = CLUSTERS,
    seed: int = 0,
) -> Clusters:
    """Up to `count` clusters of contexts that the same n tokens follow.

    ids: (T,), of the running text. occurrences: as many of each n-gram are drawn, by `seed`; fewer where the
    text has not `count` n-grams with so many.
    Errors: InputError for sizes that cannot be, and for a text without two such clusters.
    """
    check_sizes(n, occurrences, context, count)
    separate: list[np.ndarray] = []
    covered = np.zeros(len(ids), bool)
    for positions in frequent(ids, n, FEWEST, context):
        inside = positions[:, None] + np.arange(n)
        if covered[inside].any(axis=1).mean() <= 0.5:
            separate.append(positions)
            covered[inside] = True
    if len(separate) < 2:
        raise InputError(
            f"The text has {len(separate)} sequences of {n} tokens that stand {FEWEST} times or more "
            f"behind {context} others: give more text, or ask for shorter ones."
        )
    most = len(separate[min(count, len(separate)) - 1])  # they are sorted by how often they occur
    threshold = min(occurrences, most)
    draw = np.random.default_rng(seed)
    chosen = [one for one in separate if len(one) >= threshold][:count]
    return Clusters([np.sort(draw.permutation(one)[:threshold]) for one in chosen], threshold)


def check_sizes(n: int, occurrences: int, context: int, count: int) -> None:
    """InputError for sizes that make no clusters whatever the text."""
    if n < 1 or context < 2 or count < 2 or occurrences < FEWEST:
        raise InputError(
            f"Clusters need n-grams of one token, contexts of two, two clusters and {FEWEST} "
            "occurrences at least: give larger numbers."
        )


def contexts(ids: np.ndarray, ends: np.ndarray, context: int, before: np.ndarray) -> np.ndarray:
    """(m, before + context) ids: what stands to the left of each position, after the ids `before`."""
    rows = ids[ends[:, None] + np.arange(-context, 0)]
    return np.hstack([np.tile(before, (len(rows), 1)), rows]).astype(np.int32)


def distances(vectors: np.ndarray, sizes: list[int]) -> tuple[float, float]:
    """(within, between): mean cosine distance of a vector to its cluster's centroid, averaged over clusters,
    and of two centroids to each other.

    vectors: (n, d), cluster after cluster. sizes: of each cluster, two clusters at least. The centroid is the
    mean vector.
    Errors: InputError for a vector or centroid of length zero, which has no direction.
    """
    rows = vectors.astype(np.float64)
    parts = np.split(rows, np.cumsum(sizes)[:-1])
    centroids = np.stack([part.mean(axis=0) for part in parts])
    if not (np.linalg.norm(rows, axis=1).all() and np.linalg.norm(centroids, axis=1).all()):
        raise InputError("A vector of a cluster, or its centroid, is zero and has no direction.")
    units = [_unit(part) for part in parts]
    middle = _unit(centroids)
    within = [1 - float((unit @ to).mean()) for unit, to in zip(units, middle, strict=True)]
    k = len(middle)
    total = middle.sum(axis=0)
    return float(np.mean(within)), 1 - (float(total @ total) - k) / (k * (k - 1))


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)
