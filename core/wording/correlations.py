"""Correlations of a measure and a score, pooled and within each family, in words."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from core.evidence.correlations import ENOUGH, Evidence
from core.formatting import signed
from core.reasons import Reason
from core.statistics.correlation import Correlation

LEVELS = {
    "holds": "holds within families",
    "partly": "holds in part",
    "contradicted": "contradicted",
    "unknown": "too little data",
}


def sentence(reason: Reason) -> str:
    """The reason for a badge as a sentence. Raises KeyError for a code without words."""
    return _SENTENCES[reason.code](reason.values)


def sentences(reasons: Iterable[Reason]) -> str:
    """The reasons for a badge as one paragraph."""
    return " ".join(map(sentence, reasons))


def finding(associated: Evidence, measure: str, score: str) -> str:
    """What a scatter plot of `score` (y axis) against `measure` (x axis) shows, by their titles."""
    r = associated.pooled.pearson
    if not np.isfinite(r) or associated.level == "unknown":
        return f"Too few checkpoints to relate {score} to {measure}"
    if not associated.pooled.sure:
        return f"{measure} says little about {score}: the interval of the correlation includes zero"
    strength = "strongly" if abs(r) >= 0.7 else "moderately" if abs(r) >= 0.4 else "weakly"
    verb, other = ("rises", "falls") if r > 0 else ("falls", "rises")
    claim = f"{score} {verb} {strength} with {measure}"
    within = {np.sign(c.pearson) for c in associated.families.values() if c.n >= ENOUGH and c.sure}
    if within == {-np.sign(r)}:
        return f"Within families {score} {other} with {measure}, although pooled over them it {verb}"
    return {
        "holds": f"{claim}, within each family too",
        "contradicted": f"{claim}, but the sign differs between families",
    }.get(associated.level, f"{claim}, but not surely within every family")


def interval(correlation: Correlation) -> str:
    """n and Pearson's r: "n = 181, r = +0.56 (95 % interval +0.45 to +0.66)"."""
    if not np.isfinite(correlation.pearson):
        return f"n = {correlation.n}, r undefined"
    r = f"n = {correlation.n}, r = {signed(correlation.pearson)}"
    if not np.isfinite(correlation.pearson_low):
        return f"{r} (too few for an interval)"
    return f"{r} (95 % interval {signed(correlation.pearson_low)} to {signed(correlation.pearson_high)})"


def _within(values: Mapping[str, Any]) -> str:
    large = values["families"].items()
    which = "each family" if len(large) > 1 else "the only family"
    each = ", ".join(f"{signed(r)} in {name} (n = {n})" for name, (r, n) in large)
    return f"Holds within {which} of at least {values['needed']} checkpoints: r = {each}."


_SENTENCES: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "too_few": lambda v: f"Fewer than {v['needed']} checkpoints have both values ({v['n']}).",
    "sign_differs": lambda v: (
        "The sign differs between families: r = "
        f"{', '.join(f'{signed(r)} in {name}' for name, r in v['r'].items())}."
    ),
    "within_each_family": _within,
    "includes_zero": lambda v: (
        f"Within {v['family']} the interval includes zero (r = {signed(v['r'])}, 95 % interval "
        f"{signed(v['low'])} to {signed(v['high'])}, n = {v['n']})."
    ),
    "pooled_sign_differs": lambda v: "Pooled over families the sign is the opposite of that within them.",
    "constant_families": lambda v: f"Within {', '.join(v['families'])} one of the two does not vary.",
    "no_large_family": lambda v: (
        f"No single family has {v['needed']} checkpoints, so families may explain the whole correlation."
    ),
    "small_families": lambda v: (
        f"Too few checkpoints in {', '.join(f'{name} (n = {n})' for name, n in v['families'].items())}."
    ),
}
