"""The dispersion gap G = within(T) + between(T, R) of output-embedding rows, with its sampling error.

T are the rows of a domain's tokens, R those of a reference; distances are cosine (1 − cos) and Euclidean.
Source: "On the predictive power of representation dispersion in language models" (arXiv 2506.24106),
Section 3.2. The paper gives no errors. Here both sets of tokens are taken as samples of the words that could
have been chosen, and resampled (the bootstrap); pairs of a token with its own copy are not counted, or every
resample would come out too small.

What this does not show: the error of the choice of words *kind* (which domain, which reference), nor anything
about the model besides these rows.
"""

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from core.errors import InputError
from core.measures.entry import DISPERSION, Measure

if TYPE_CHECKING or "jaxtyping" in sys.modules:  # loaded where shapes are checked: in tests
    from jaxtyping import Float

DISTANCES: tuple[Literal["cosine", "euclidean"], ...] = ("cosine", "euclidean")
RESAMPLES = 1_000
Z = 1.959963984540054  # 97.5 % point of the normal distribution
_BLOCK = 1_024
Resamples = Sequence[float] | np.ndarray  # (resamples,), as stored in JSON or as just drawn


@dataclass(frozen=True)
class Gap:
    """The three mean distances, their sum within_domain + between, its standard error and its resamples.

    The resamples of two gaps with equal token counts and seed drew the same tokens, in order.
    """

    within_domain: float
    within_reference: float
    between: float
    gap: float
    se: float
    resamples: np.ndarray


def gap(
    domain: "Float[np.ndarray, 't d']",
    reference: "Float[np.ndarray, 'r _']",  # of width d, or refused in a sentence
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> dict[str, Gap]:
    """Mean distance over pairs of domain rows plus that between domain and reference rows, by each distance.

    Arguments:
        domain, reference: rows of the output embedding, any float type; two or more each, none of them zero.
        resamples: bootstrap resamples of both sets of tokens behind `se`.

    Means over pairs of cosine distance are closed forms of the sums of the unit vectors.
    Errors: InputError for fewer than two rows, widths that differ, and rows that are zero or not finite.
    """
    T, R = _checked(domain, "domain"), _checked(reference, "reference")
    if T.shape[1] != R.shape[1]:
        raise InputError(
            f"Domain rows of width {T.shape[1]} and reference rows of width {R.shape[1]} are not of one "
            "matrix: read both from the same output embedding."
        )
    unit_T, unit_R = (X / np.linalg.norm(X, axis=1, keepdims=True) for X in (T, R))
    means = {
        "cosine": (
            _within_cosine(unit_T),
            _within_cosine(unit_R),
            1 - float(unit_T.mean(0) @ unit_R.mean(0)),
        ),
        "euclidean": (_within_euclidean(T), _within_euclidean(R), float(_distances(T, R).mean())),
    }
    tables = {
        "cosine": (1 - unit_T @ unit_T.T, 1 - unit_T @ unit_R.T),
        "euclidean": (_distances(T, T), _distances(T, R)),
    }
    counts_T, counts_R = _counts(len(T), len(R), resamples, seed)
    gaps: dict[str, Gap] = {}
    for name in DISTANCES:
        within, reference_within, between = means[name]
        drawn = _resampled(*tables[name], counts_T, counts_R)
        error = float(drawn.std(ddof=1)) if resamples > 1 else float("nan")
        gaps[name] = Gap(within, reference_within, between, within + between, error, drawn)
    return gaps


def _checked(rows: np.ndarray, which: str) -> np.ndarray:
    rows = np.asarray(rows, dtype=np.float64)
    if rows.ndim != 2 or len(rows) < 2:
        raise InputError(
            f"The gap needs two {which} tokens at least, and {len(rows)} can be used: choose another "
            "token set."
        )
    if not np.isfinite(rows).all():
        raise InputError(f"Some {which} rows hold values that are not finite: the weights are damaged.")
    if not np.linalg.norm(rows, axis=1).all():
        raise InputError(f"Some {which} rows are zero and have no direction: leave those tokens out.")
    return rows


def _within_cosine(unit: np.ndarray) -> float:
    """1 − (‖Σ x̂‖² − n)/(n(n − 1)): the mean over pairs without any pair."""
    n = len(unit)
    return 1 - float((np.square(unit.sum(0)).sum() - n) / (n * (n - 1)))


def _distances(A: np.ndarray, B: np.ndarray) -> np.ndarray:
    from scipy.spatial.distance import cdist

    return cdist(A, B)


def _within_euclidean(X: np.ndarray) -> float:
    """Mean over pairs i < j of ‖x_i − x_j‖, a block of rows at a time."""
    total = sum(float(_distances(X[start : start + _BLOCK], X).sum()) for start in range(0, len(X), _BLOCK))
    return total / (len(X) * (len(X) - 1))


def _counts(t: int, r: int, resamples: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """How often each token is in each resample: (B, t) and (B, r). One of a single token is redrawn."""
    draws_T, draws_R = (np.random.default_rng([seed, which]) for which in range(2))
    counts_T = draws_T.multinomial(t, np.full(t, 1 / t), size=resamples).astype(np.float64)
    while (alone := (counts_T > 0).sum(1) < 2).any():
        counts_T[alone] = draws_T.multinomial(t, np.full(t, 1 / t), size=int(alone.sum()))
    return counts_T, draws_R.multinomial(r, np.full(r, 1 / r), size=resamples).astype(np.float64)


def _resampled(
    within: np.ndarray, between: np.ndarray, counts_T: np.ndarray, counts_R: np.ndarray
) -> np.ndarray:
    """The gap of each resample, (B,)."""
    t, r = between.shape
    inner = np.where(np.eye(t, dtype=bool), 0.0, within)
    pairs = t**2 - np.square(counts_T).sum(1)
    mean_within = ((counts_T @ inner) * counts_T).sum(1) / pairs
    return mean_within + ((counts_T @ between) * counts_R).sum(1) / (t * r)


def difference(
    gap_a: float, gap_b: float, resamples_a: Resamples, resamples_b: Resamples, *, paired: bool
) -> tuple[float, float]:
    """(a − b, its standard error) of two gaps.

    paired: both were taken over the same tokens with the same seed, so their resamples belong together and
    what the choice of words does to both cancels; otherwise the errors add up in squares.
    """
    a, b = np.asarray(resamples_a, dtype=float), np.asarray(resamples_b, dtype=float)
    error = (a - b).std(ddof=1) if paired else np.hypot(a.std(ddof=1), b.std(ddof=1))
    return gap_a - gap_b, float(error)


def tied(gap_a: float, gap_b: float, resamples_a: Resamples, resamples_b: Resamples, *, paired: bool) -> bool:
    """Whether two gaps cannot be told apart: zero lies in the 95 % interval of their difference."""
    apart, error = difference(gap_a, gap_b, resamples_a, resamples_b, paired=paired)
    return abs(apart) <= Z * error


# Its values come from `cli.py gap` and the tab Token gap, which ask for the token sets.
ENTRIES = tuple(
    Measure(
        name=f"gap_{distance}",
        function=gap,
        needs=("matrix", "token_sets"),
        title=f"Dispersion gap ({title})",
        meaning=f"How far apart a domain's tokens lie, plus how far from everyday tokens, by {words}.",
        direction="higher: the domain's tokens are set apart more",
        source=f"{DISPERSION}, Section 3.2",
        group="unembedding",
        cost="pairs",
        high=high,
        estimated=True,
    )
    for distance, title, words, high in (
        ("cosine", "cosine", "cosine distance", 4.0),
        ("euclidean", "Euclidean", "Euclidean distance", math.inf),
    )
)
