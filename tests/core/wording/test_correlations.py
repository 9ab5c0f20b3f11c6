"""Correlations in words: each sentence once."""

from dataclasses import replace

import numpy as np
import pytest

from core.evidence.correlations import LEVELS, Evidence
from core.reasons import Reason
from core.statistics.correlation import Correlation, correlation
from core.wording import correlations as words
from tests.core.wording.codes import codes_of


def expected(r: float, level: str, half: float = 0.1, **families: float) -> Evidence:
    """Evidence with these correlations, the interval of each r ± half."""

    def one(value: float) -> Correlation:
        return Correlation(20, value, value - half, value + half, value, value - half, value + half)

    return Evidence(one(r), {name: one(value) for name, value in families.items()}, level, ())


@pytest.mark.parametrize(
    ("evidence", "sentence"),
    [
        (expected(0.8, "holds", a=0.9), "S rises strongly with M, within each family too"),
        (expected(-0.5, "partly", a=-0.9), "S falls moderately with M, but not surely within every family"),
        (
            expected(0.3, "contradicted", a=0.9, b=-0.9),
            "S rises weakly with M, but the sign differs between families",
        ),
        (
            expected(0.3, "partly", a=-0.9),
            "Within families S falls with M, although pooled over them it rises",
        ),
        (expected(0.05, "partly"), "M says little about S: the interval of the correlation includes zero"),
        (expected(0.9, "unknown"), "Too few checkpoints to relate S to M"),
        (expected(np.nan, "partly"), "Too few checkpoints to relate S to M"),
    ],
)
def test_what_a_scatter_plot_shows(evidence: Evidence, sentence: str) -> None:
    assert words.finding(evidence, "M", "S") == sentence


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        (Reason("too_few", n=9, needed=10), "Fewer than 10 checkpoints have both values (9)."),
        (
            Reason("sign_differs", r={"a": 0.91, "b": -0.9}),
            "The sign differs between families: r = +0.91 in a, −0.90 in b.",
        ),
        (
            Reason("within_each_family", families={"a": (0.9, 30), "b": (0.8, 12)}, needed=10),
            "Holds within each family of at least 10 checkpoints: r = +0.90 in a (n = 30), +0.80 in b (n = "
            "12).",
        ),
        (
            Reason("within_each_family", families={"a": (-0.9, 30)}, needed=10),
            "Holds within the only family of at least 10 checkpoints: r = −0.90 in a (n = 30).",
        ),
        (
            Reason("includes_zero", family="a", r=0.1, low=-0.2, high=0.4, n=40),
            "Within a the interval includes zero (r = +0.10, 95 % interval −0.20 to +0.40, n = 40).",
        ),
        (
            Reason("pooled_sign_differs"),
            "Pooled over families the sign is the opposite of that within them.",
        ),
        (Reason("constant_families", families=["a", "b"]), "Within a, b one of the two does not vary."),
        (
            Reason("no_large_family", needed=10),
            "No single family has 10 checkpoints, so families may explain the whole correlation.",
        ),
        (Reason("small_families", families={"a": 3, "b": 9}), "Too few checkpoints in a (n = 3), b (n = 9)."),
    ],
)
def test_the_reasons_for_a_badge(reason: Reason, sentence: str) -> None:
    assert words.sentence(reason) == sentence
    assert words.sentences([reason, reason]) == f"{sentence} {sentence}"


def test_every_badge_and_reason_has_words() -> None:
    assert set(words.LEVELS) == set(LEVELS)
    assert codes_of("core.evidence.correlations") == set(words._SENTENCES)


def test_a_correlation_is_written_with_n_and_interval() -> None:
    r = correlation(*np.random.default_rng(4).normal(size=(2, 50)))
    written = words.interval(replace(r, pearson=-0.12, pearson_low=-0.4, pearson_high=0.2))
    assert written == "n = 50, r = −0.12 (95 % interval −0.40 to +0.20)"
    assert words.interval(correlation(np.ones(5), np.ones(5))) == "n = 5, r undefined"
    three = correlation(np.arange(3.0), np.arange(3.0))
    assert words.interval(three) == "n = 3, r = +1.00 (too few for an interval)"
