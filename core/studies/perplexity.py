"""Perplexity against dispersion: is text that a model predicts well spread more widely in its vectors?

Source: "On the predictive power of representation dispersion in language models", §2.2 and A.1. A point is a
bin of segments: their mean perplexity, and the dispersion of their vectors, in closed form.

Not shown: causes. Bins differ in more than perplexity (topic, rare words), and bins of one checkpoint on one
text say nothing of other texts.
"""

import math
from dataclasses import dataclass

import numpy as np

from core.errors import InputError
from core.measures.cloud import Cloud
from core.measures.families.dispersion import dispersion
from core.statistics.correlation import correlation
from core.studies.perplexity_bins import bins, evenly

BIN, PICKED = 100, 50


@dataclass(frozen=True)
class Association:
    """Pearson's and Spearman's correlation over n points, with 95 % intervals; None where undefined."""

    n: int
    pearson: float | None
    pearson_low: float | None
    pearson_high: float | None
    spearman: float | None
    spearman_low: float | None
    spearman_high: float | None


@dataclass(frozen=True)
class Point:
    """A bin: mean perplexity and dispersion of so many segments. picked: by Algorithm 1."""

    perplexity: float
    dispersion: float
    segments: int
    picked: bool


@dataclass(frozen=True)
class Curve:
    """Points in ascending perplexity, and how both sides of them correlate, over those picked and over all.

    tokens: of context. last_token: whether perplexity is that of the last token alone (else of all of them).
    """

    tokens: int
    layer: int
    last_token: bool
    points: list[Point]
    picked: Association
    every: Association


def association(x: np.ndarray, y: np.ndarray) -> Association:
    """How (n,) pairs correlate; a pair with a missing side is left out."""
    found = correlation(x, y)
    fields = ("pearson", "pearson_low", "pearson_high", "spearman", "spearman_low", "spearman_high")
    values = {name: float(getattr(found, name)) for name in fields}
    return Association(found.n, **{name: v if math.isfinite(v) else None for name, v in values.items()})


def curve(
    perplexity: np.ndarray,
    vectors: np.ndarray,
    *,
    tokens: int,
    layer: int,
    last_token: bool,
    size: int = BIN,
    count: int = PICKED,
) -> Curve:
    """The course of dispersion over perplexity.

    perplexity: (n,). vectors: (n, d), of the same segments. size: segments a bin. count: bins to pick.
    Errors: InputError for fewer segments than two bins take.
    """
    made = bins(perplexity, size)
    means = np.array([perplexity[one].mean() for one in made])
    picked = set(evenly(means, count))
    spread = np.array([spread_of(vectors[one]) for one in made])
    points = [
        Point(float(mean), float(value), len(one), j in picked)
        for j, (mean, value, one) in enumerate(zip(means, spread, made, strict=True))
        if math.isfinite(value)
    ]
    chosen = sorted(picked)
    return Curve(
        tokens,
        layer,
        last_token,
        points,
        association(means[chosen], spread[chosen]),
        association(means, spread),
    )


def spread_of(vectors: np.ndarray) -> float:
    """The dispersion of (n, d) vectors; NaN where fewer than two have a direction."""
    try:
        return dispersion(Cloud(vectors, spectra=False)).value
    except InputError:
        return math.nan
