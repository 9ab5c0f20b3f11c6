"""What the project's own study shows, in sentences; numbers from `core.studies.own_study_findings`."""

from collections.abc import Mapping

import pandas as pd

from core.formatting import listed, percent, signed
from core.measures.titles import title_of
from core.studies import own_study_findings as findings
from core.studies.own_study_findings import (
    WEAK,
    Agreement,
    ByVectors,
    Elsewhere,
    Intercepts,
    NoiseControlled,
    RankedByPublished,
)
from core.studies.own_study_pictures import OwnFinding, Trend


def sentences(long: pd.DataFrame, paper: pd.DataFrame, beside: pd.DataFrame) -> list[str]:
    """All that follows from the study's table beside the paper's data.

    beside: as `core.studies.own_study_findings.beside_the_paper` gives it.
    """
    differing = findings.intercepts(long, paper)
    return [
        *map(agreement, findings.agreement(beside)),
        *map(by_vectors, findings.by_vectors(long)),
        *map(noise_controlled, findings.noise_controlled(long)),
        *([intercepts(differing)] if differing else []),
        *map(elsewhere, findings.predicted_elsewhere(long)),
        *map(ranked_by_published, findings.ranked_by_published(long, paper)),
    ]


def of_finding(finding: OwnFinding) -> str:
    """What a picture shows, base by base."""
    return " ".join(map(_trend, finding.trends))


def _trend(trend: Trend) -> str:
    if trend.pearson is None or trend.spearman is None:
        return f"{trend.base}: too few checkpoints to tell (n = {trend.n})."
    return (
        f"{trend.base}: r = {signed(trend.pearson)}, Spearman {signed(trend.spearman)} over {trend.n} "
        f"perturbed checkpoints; from {trend.low:.3g} to {trend.high:.3g}."
    )


def protocol(scores: Mapping[str, str], texts: Mapping[str, tuple[str, int]]) -> str:
    """By base, how its scores were made, and the text that its measures were taken on."""
    return "; ".join(
        f"{base}: {scores.get(base, 'no scores')}; {text}, {n:,} vectors" for base, (text, n) in texts.items()
    )


def by_vectors(one: ByVectors) -> str:
    """How a measure correlates with the score on each number of vectors."""
    each = " and ".join(f"r = {signed(r)} on {n:,} vectors" for n, r in one.correlations)
    return f"Our {one.base}: {title_of(one.measure)} correlates with the score, {each}."


def agreement(one: Agreement) -> str:
    """How often a measure's correlation with the score has the paper's sign."""
    against = ", ".join(map(title_of, one.opposite))
    return (
        f"Of {one.clear} measures whose correlation with the score has one sign in BERT-small and "
        f"RoBERTa (|r| ≥ {WEAK}), {one.same} have the same sign in our {one.base}"
        + (f", {one.weak} have |r| < {WEAK}" if one.weak else "")
        + (f", {len(one.opposite)} the opposite sign: {against}" if one.opposite else "")
        + "."
    )


def elsewhere(one: Elsewhere) -> str:
    """The error of a regression on checkpoints of another kind."""
    return (
        f"Our {one.base}: a linear regression fitted to its {one.fitted} perturbed checkpoints has a mean "
        f"squared error of {one.error:.2g} on its {one.others} non-standard ones, the mean baseline one of "
        f"{one.mean_error:.2g}."
    )


def noise_controlled(one: NoiseControlled) -> str:
    """Spearman of a measure with the score, raw and controlling for noise."""
    return (
        f"Our {one.base}: {title_of(one.measure)} correlates with the score, ρ = {signed(one.raw)}; "
        f"controlling for the amount of noise, ρ = {signed(one.controlled)}."
    )


def ranked_by_published(one: RankedByPublished) -> str:
    """How a regression on the spread measures, fitted to published checkpoints, ranks ours."""
    return (
        f"Our {one.base}: a linear regression on EEE, VRM and IsoScore, fitted to the {one.fitted} published "
        f"perturbed checkpoints, ranks its {one.n} perturbed ones with ρ = {signed(one.together)}; the three "
        f"alone correlate with the score by ρ = {', '.join(map(signed, one.alone))}."
    )


def intercepts(one: Intercepts) -> str:
    """What an intercept for each base explains beyond one line, here and in the paper."""
    ours, theirs = ([percent(r2) for r2 in both] for both in (one.ours, one.paper))
    return (
        f"One line on {title_of(one.measure)} explains {ours[0]} of the variance of the scores of "
        f"{listed(one.bases)}, with an intercept for each base {ours[1]}; in the paper's data {theirs[0]} "
        f"and {theirs[1]}."
    )
