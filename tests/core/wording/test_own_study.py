"""What the project's own study shows, in sentences."""

import pandas as pd
import pytest

from core.studies.own_study_findings import (
    Agreement,
    ByVectors,
    Elsewhere,
    Intercepts,
    NoiseControlled,
    RankedByPublished,
)
from core.studies.own_study_pictures import OwnFinding, Trend
from core.wording import own_study as words


@pytest.mark.parametrize(
    ("trend", "sentence"),
    [
        (
            Trend("MiniLM", 9, 0.5, -0.25, 0.1234, 2.0),
            "MiniLM: r = +0.50, Spearman −0.25 over 9 perturbed checkpoints; from 0.123 to 2.",
        ),
        (Trend("MiniLM", 2), "MiniLM: too few checkpoints to tell (n = 2)."),
    ],
)
def test_what_a_picture_shows(trend: Trend, sentence: str) -> None:
    finding = OwnFinding("t", "x", "y", pd.DataFrame(), (trend, trend))
    assert words.of_finding(finding) == f"{sentence} {sentence}"


@pytest.mark.parametrize(
    ("opposite", "weak", "end"),
    [
        ((), 0, "."),
        ((), 2, ", 2 have |r| < 0.2."),
        (("eee", "isoscore"), 0, ", 2 the opposite sign: Eigenvalue early enrichment, IsoScore."),
    ],
)
def test_agreement_with_the_paper(opposite: tuple[str, ...], weak: int, end: str) -> None:
    assert words.agreement(Agreement("MiniLM", 9, 5, weak, opposite)) == (
        "Of 9 measures whose correlation with the score has one sign in BERT-small and RoBERTa (|r| ≥ 0.2), "
        f"5 have the same sign in our MiniLM{end}"
    )


def test_one_sentence_a_base() -> None:
    assert words.by_vectors(ByVectors("MiniLM", "eee", ((1000, 1.0), (5000, -0.5)))) == (
        "Our MiniLM: Eigenvalue early enrichment correlates with the score, r = +1.00 on 1,000 vectors and "
        "r = −0.50 on 5,000 vectors."
    )
    assert words.noise_controlled(NoiseControlled("MiniLM", "eee", 0.9, -0.1)) == (
        "Our MiniLM: Eigenvalue early enrichment correlates with the score, ρ = +0.90; controlling for the "
        "amount of noise, ρ = −0.10."
    )
    assert words.elsewhere(Elsewhere("MiniLM", 37, 4, 0.0123, 0.2)) == (
        "Our MiniLM: a linear regression fitted to its 37 perturbed checkpoints has a mean squared error of "
        "0.012 on its 4 non-standard ones, the mean baseline one of 0.2."
    )
    assert words.ranked_by_published(RankedByPublished("MiniLM", 168, 37, 0.5, (0.1, -0.2, 0.3))) == (
        "Our MiniLM: a linear regression on EEE, VRM and IsoScore, fitted to the 168 published perturbed "
        "checkpoints, ranks its 37 perturbed ones with ρ = +0.50; the three alone correlate with the score "
        "by ρ = +0.10, −0.20, +0.30."
    )
    assert words.intercepts(Intercepts("eee", ("a", "b"), (0.5, 1.0), (0.32, 0.51))) == (
        "One line on Eigenvalue early enrichment explains 50 % of the variance of the scores of a and b, "
        "with an intercept for each base 100 %; in the paper's data 32 % and 51 %."
    )


def test_protocol_and_text_by_base() -> None:
    texts = {"a": ("text of a", 5000), "b": ("text of b", 90_000)}
    assert words.protocol({"a": "3 epochs"}, texts) == (
        "a: 3 epochs; text of a, 5,000 vectors; b: no scores; text of b, 90,000 vectors"
    )
