"""What `core.evidence.association` found, in words for people and as a document for programs.

Every sentence is computed from the figures; "goes with" means a q-value below 5 %.
"""

from typing import Any

import numpy as np

from core.evidence.association import TESTED, Worth
from core.evidence.covariates import COMPUTE, SIZE, TOKENS
from core.formatting import decimal, listed, signed
from core.measures import MEASURES
from core.statistics.bootstrap import LEVEL
from core.statistics.correlation import Correlation
from core.statistics.partial import Statistic, two_sided_p
from core.statistics.regression import FOLDS

SURE = 0.05
CALLED = {
    SIZE: "number of parameters",
    TOKENS: "training tokens",
    COMPUTE: "training compute",
    "alpha": "noise",
    "run": "run",
}
STATISTICS = {  # as the published findings call them
    "raw": "raw_spearman",
    "residual": "residual_spearman_linear",
    "law": "residual_spearman_chinchilla",
    "partial": "partial_spearman",
}


def title(measure: str) -> str:
    """A measure's display name; another name is its own."""
    return MEASURES[measure].title if measure in MEASURES else measure


def called(covariate: str) -> str:
    """A covariate as people say it."""
    return CALLED.get(covariate, covariate.replace("_", " "))


def counted(found: list[Worth], statistic: str) -> int:
    """How many measures go with the score by that statistic (a name in TESTED)."""
    return sum(bool(entry.q.get(statistic, np.nan) < SURE) for entry in found)


def headline(found: list[Worth], score: str) -> str:
    """How many of the measures go with the score, and how many still do with the covariates held fixed."""
    n, raw = len(found), counted(found, "raw")
    go = "goes" if raw == 1 else "go"
    many = (
        f"Of {n} measures {raw or 'none'} {go} with {score}"
        if n > 1
        else f"{title(found[0].measure)} and {score}"
    )
    used = found[0].held.used
    if not used:
        return f"{many}; whether more than size stands behind it cannot be told yet"
    kept = sum(
        bool(e.q["raw"] < SURE and e.q["partial"] < SURE and np.sign(e.raw.value) == np.sign(e.partial.value))
        for e in found
    )
    fixed = listed([called(name) for name in used])
    if n == 1:
        r, left = found[0].raw.value, found[0].partial.value
        return f"{many}: ρ = {signed(r)}, and {signed(left)} with {fixed} held fixed"
    if not raw:
        return many
    every = "it still does" if raw == 1 else "all still do"
    still = (
        every if kept == raw else {0: "none still does", 1: "one still does"}.get(kept, f"{kept} still do")
    )
    return f"{many}; {still} with {fixed} held fixed"


def fall(found: list[Worth]) -> str:
    """How far the correlations fall when the covariates are held fixed: medians, and the measure that falls
    furthest."""
    both = [e for e in found if np.isfinite(e.raw.value) and np.isfinite(e.partial.value)]
    if not both:
        return "With nothing held fixed there is no partial correlation to set beside the raw one."
    raw, left = (float(np.median([abs(getattr(e, name).value) for e in both])) for name in ("raw", "partial"))
    furthest = max(both, key=lambda e: abs(e.raw.value) - abs(e.partial.value))
    turned = [e for e in both if e.q["raw"] < SURE and e.q["partial"] < SURE]
    turned = [e for e in turned if np.sign(e.raw.value) != np.sign(e.partial.value)]
    fixed = listed([called(name) for name in found[0].held.used])
    said = f"With {fixed} held fixed the median |ρ| goes from {raw:.2f} to {left:.2f}"
    if abs(furthest.raw.value) - abs(furthest.partial.value) > 0:
        said += (
            f"; {title(furthest.measure)} falls furthest, from {signed(furthest.raw.value)} to "
            f"{signed(furthest.partial.value)}"
        )
    if turned:
        said += f"; {len(turned)} change{'s' if len(turned) == 1 else ''} sign"
    return said + "."


def simpsons(found: list[Worth]) -> list[str]:
    """A warning for each measure of which the pooled correlation misleads about the families."""
    said = []
    for entry in found:
        if entry.known.simpson:
            inside = {k: c for k, c in entry.known.families.items() if c.n >= 10 and np.isfinite(c.pearson)}
            within = listed([f"{signed(c.pearson)} in {name}" for name, c in inside.items()])
            said.append(
                f"{title(entry.measure)}: pooled r = {signed(entry.known.pooled.pearson)}, but {within}."
            )
    return said


def gain(found: list[Worth]) -> str:
    """What the best measure adds to the baseline on checkpoints held out."""
    known = [e for e in found if np.isfinite(e.added.value)]
    if not known:
        return found[0].added.reason
    best = max(known, key=lambda e: e.added.value)
    over = listed([called(name) for name in best.baseline]) if best.baseline else "always saying the mean"
    helped = sum(e.added.value > 0.01 for e in known)
    return (
        f"On held-out checkpoints {helped} of {len(known)} measures explain more than 0.01 of the variance "
        f"beyond {over} (R² = {decimal(best.added.base)}); {title(best.measure)} adds most, "
        f"{signed(best.added.value)}."
    )


def document(entry: Worth, checkpoints: str, tests: int, seed: int = 0) -> dict[str, Any]:
    """One Worth as plain JSON values; the statistics bear the names of the published findings.

    checkpoints: which were looked at; tests: how many measures the q-values are over.
    """
    statistics = {
        STATISTICS[name]: _statistic(getattr(entry, name), entry.q.get(name, float("nan"))) for name in TESTED
    }
    law = entry.fitted
    statistics[STATISTICS["residual"]]["after"] = list(entry.terms)
    statistics[STATISTICS["law"]]["law"] = (
        None if law is None else vars(law) | {"formula": law.formula, "loss": entry.loss}
    )
    statistics[STATISTICS["partial"]]["given"] = list(entry.held.used)
    return {
        "measure": entry.measure,
        "score": entry.score,
        "checkpoints": checkpoints,
        "n": entry.raw.n,
        "pearson": _correlation(entry.known.pooled),
        **statistics,
        "added_r2": {
            "value": entry.added.value,
            "baseline_r2": entry.added.base,
            "r2": entry.added.full,
            "baseline": list(entry.baseline),
            "folds": FOLDS,
            "n": entry.added.n,
            "reason": entry.added.reason or None,
        },
        "covariates": {"used": list(entry.held.used), "missing": entry.held.missing},
        "families": {name: _correlation(known) for name, known in entry.known.families.items()},
        "badge": entry.known.level,
        "reasons": list(entry.known.reasons),
        "simpson": entry.known.simpson,
        "notes": list(entry.notes),
        "tests": tests,
        "interval": LEVEL,
        "seed": seed,
    }


def _statistic(told: Statistic, q: float) -> dict[str, Any]:
    return {
        "value": told.value,
        "low": told.low,
        "high": told.high,
        "p": told.p,
        "q": q,
        "n": told.n,
        "reason": told.reason or None,
    }


def _correlation(known: Correlation) -> dict[str, Any]:
    return {
        "n": known.n,
        "value": known.pearson,
        "low": known.pearson_low,
        "high": known.pearson_high,
        "p": two_sided_p(known.pearson, known.n - 2),
        "spearman": known.spearman,
    }
