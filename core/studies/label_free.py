"""Accuracy without labels, from how widely a model's queries spread.

Source: "On the predictive power of representation dispersion in language models", §3.1 and Figure 8: mixtures
of queries known to be answered rightly or wrongly, 0 to 100 % right ones, 100 queries each, over ten seeds;
the dispersion of their vectors in closed form. What the paper leaves open, how to read an accuracy off the
curve: with c, i, x the mean distances within right queries, within wrong ones and between them, n queries of
which r are right have the expected dispersion

    D(r) = [r(r − 1)·c + (n − r)(n − r − 1)·i + 2r(n − r)·x] / n(n − 1),

and the estimate is the r whose D is nearest to that of the unlabelled set. Its interval holds every r that a
bootstrap of both sets (of pairs of different queries) does not rule out at 95 %. It presumes that right and
wrong queries of the unlabelled set spread as those of the calibration do.
"""

import math
from dataclasses import dataclass

import numpy as np

from core.errors import InputError
from core.statistics.correlation import spearman

QUERIES, SEEDS = 100, 10
SHARES = tuple(step / 10 for step in range(11))
VERSION = 1
_DRAWS, _Z = 400, 1.96
_FEWEST = 10  # right ones, and wrong ones
_GRID = np.arange(0, 201) / 200


@dataclass(frozen=True)
class Point:
    """A mixture: `share` of right answers; mean dispersion over seeds, its standard error, and the expected
    one of all queries."""

    share: float
    dispersion: float
    standard_error: float
    expected: float


@dataclass(frozen=True)
class Calibration:
    """points: in ascending share. queries: in a mixture. right, wrong: queries there are.

    spearman: of share and dispersion over all mixtures and seeds; None where that does not vary.
    within_right, within_wrong, between: mean distances. auc: the chance that a right query lies farther from
    the others than a wrong one.
    """

    points: list[Point]
    queries: int
    right: int
    wrong: int
    spearman: float | None
    within_right: float
    within_wrong: float
    between: float
    auc: float


@dataclass(frozen=True)
class Estimate:
    """Accuracy of an unlabelled set of `n` queries of some `dispersion`.

    low, high: of the 95 % interval; None where no accuracy fits, since the set spreads as no mixture does.
    """

    n: int
    dispersion: float
    accuracy: float
    low: float | None
    high: float | None


def calibrate(
    vectors: np.ndarray, correct: np.ndarray, *, queries: int = QUERIES, seeds: int = SEEDS, seed: int = 0
) -> Calibration:
    """The curve of dispersion against accuracy.

    vectors: (n, d). correct: (n,), whether each was answered rightly. queries: in a mixture, fewer where
    there are fewer right or wrong ones. seeds: two or more, seed, seed + 1, …
    Errors: InputError for fewer than 10 right or wrong queries.
    """
    unit = directions(vectors)
    right, wrong = np.flatnonzero(correct), np.flatnonzero(~correct)
    if min(len(right), len(wrong)) < _FEWEST:
        raise InputError(
            f"Of {len(correct):,} questions for calibration {len(right):,} are answered rightly and "
            f"{len(wrong):,} wrongly: give at least {_FEWEST} of each."
        )
    size = min(queries, len(right), len(wrong))
    c, i, x = _distances(unit, correct, np.ones(len(unit)))
    points, shares, values = [], [], []
    for share in SHARES:
        count = round(share * size)
        found = []
        for one in range(seeds):
            draw = np.random.default_rng([seed + one, count])
            chosen = [draw.permutation(right)[:count], draw.permutation(wrong)[: size - count]]
            found.append(dispersion(unit[np.concatenate(chosen)]))
        error = float(np.std(found, ddof=1) / seeds**0.5)
        expected = float(_expected(np.array(count / size), size, c, i, x))
        points.append(Point(count / size, float(np.mean(found)), error, expected))
        shares += [share] * seeds
        values += found
    far, rho = distances_to_others(unit), spearman(np.array(shares), np.array(values))
    return Calibration(
        points,
        size,
        len(right),
        len(wrong),
        rho if math.isfinite(rho) else None,
        c,
        i,
        x,
        _auc(far[right], far[wrong]),
    )


def estimate(
    calibration: np.ndarray, correct: np.ndarray, unlabelled: np.ndarray, *, seed: int = 0
) -> Estimate:
    """The accuracy on unlabelled queries (m, d), from those of calibration (n, d) and their correctness (n,).

    Errors: InputError for fewer than two unlabelled queries.
    """
    if len(unlabelled) < 2:
        raise InputError(f"{len(unlabelled)} unlabelled query has no dispersion: give two or more.")
    known, new = directions(calibration), directions(unlabelled)
    m, draw = len(new), np.random.default_rng(seed)
    observed = dispersion(new)
    course = _expected(_GRID, m, *_distances(known, correct, np.ones(len(known))))
    apart = np.empty((_DRAWS, len(_GRID)))
    for one in range(_DRAWS):
        weights = np.zeros(len(known))
        for group in (np.flatnonzero(correct), np.flatnonzero(~correct)):
            np.add.at(weights, draw.choice(group, len(group)), 1)
        drawn = np.bincount(draw.integers(0, m, m), minlength=m).astype(float)
        apart[one] = _expected(_GRID, m, *_distances(known, correct, weights)) - 1 + _mean_cosine(new, drawn)
    fits = _GRID[np.abs(course - observed) <= _Z * apart.std(axis=0)]
    nearest = float(_GRID[np.argmin(np.abs(course - observed))])
    low, high = (float(fits.min()), float(fits.max())) if len(fits) else (None, None)
    return Estimate(m, observed, nearest, low, high)


def distances_to_others(unit: np.ndarray) -> np.ndarray:
    """The mean cosine distance of each of n directions (n, d) to the n − 1 others, (n,)."""
    return 1 - (unit @ unit.sum(axis=0) - 1) / (len(unit) - 1)


def change(far: np.ndarray) -> np.ndarray:
    """What each query adds to the dispersion of its set: that with it minus that without it, (n,).

    far: (n,), as `distances_to_others` gives it. Negative for queries that the set would spread more without.
    """
    return 2 * (far - far.mean()) / (len(far) - 2) if len(far) > 2 else np.zeros(len(far))


def directions(vectors: np.ndarray) -> np.ndarray:
    """Vectors (n, d) at length 1, in float64.

    Errors: InputError for a vector that is zero or not finite, which has no direction.
    """
    rows = np.asarray(vectors, dtype=np.float64)
    lengths = np.linalg.norm(rows, axis=1)
    bad = np.flatnonzero(~np.isfinite(lengths) | (lengths == 0))
    if len(bad):
        raise InputError(
            f"The vector of query {bad[0] + 1:,} is zero or not finite and has no direction: leave it out."
        )
    return rows / lengths[:, None]


def dispersion(unit: np.ndarray) -> float:
    """Mean cosine distance over the pairs of n directions (n, d)."""
    return 1 - _mean_cosine(unit, np.ones(len(unit)))


def _mean_cosine(unit: np.ndarray, weights: np.ndarray) -> float:
    """Over pairs of different rows, each as often as the product of its rows' weights."""
    total = weights @ unit
    squares = float(weights @ weights)
    return (float(total @ total) - squares) / (float(weights.sum()) ** 2 - squares)


def _distances(unit: np.ndarray, correct: np.ndarray, weights: np.ndarray) -> tuple[float, float, float]:
    """Mean distances within right queries, within wrong ones, and between them, under weights (n,)."""
    right, wrong = weights * correct, weights * ~correct
    between = float((right @ unit) @ (wrong @ unit)) / float(right.sum() * wrong.sum())
    within = (1 - _mean_cosine(unit[group], weights[group]) for group in (correct, ~correct))
    return (*within, 1 - between)  # type: ignore[return-value]


def _expected(share: np.ndarray, n: int, c: float, i: float, x: float) -> np.ndarray:
    """D(r) of the module's first lines, at shares r/n."""
    r = share * n
    return (r * (r - 1) * c + (n - r) * (n - r - 1) * i + 2 * r * (n - r) * x) / (n * (n - 1))


def _auc(right: np.ndarray, wrong: np.ndarray) -> float:
    """The chance that a value of `right` is above one of `wrong`, ties half."""
    order = np.sort(wrong)
    below, up_to = (np.searchsorted(order, right, side=side) for side in ("left", "right"))
    return float((below + up_to).mean() / 2 / len(wrong))
