"""How much a measure says about a score: correlations with intervals, pooled and within each family.

A correlation over checkpoints of several families mixes two questions: do families differ (which their names
already tell), and does the measure rank checkpoints within a family (which is what a shortlist needs)? So
both are computed, and the badge that pages show rests on whether they agree.

Not covered: other confounders than the family (size, amount of training), and dependence between checkpoints
that were derived from the same weights, which makes every interval here narrower than it should be.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.formatting import signed
from core.statistics.correlation import Correlation, correlation

ENOUGH = 10  # checkpoints below which no correlation is called evidence
LEVELS = {
    "holds": "holds within families",
    "partly": "holds in part",
    "contradicted": "contradicted",
    "unknown": "too little data",
}


@dataclass(frozen=True)
class Evidence:
    """What is known about a measure and a score: pooled, by family, and a badge with its reasons."""

    pooled: Correlation
    families: dict[str, Correlation]
    level: str  # a key of LEVELS
    reasons: tuple[str, ...]  # one sentence each

    @property
    def simpson(self) -> bool:
        """Whether pooling misleads: the pooled r is 0.1 beyond all the families' r, or has another sign."""
        inside = [c.pearson for c in self.families.values() if c.n >= ENOUGH and np.isfinite(c.pearson)]
        r = self.pooled.pearson
        if len(inside) < 2:
            return False
        beyond = not min(inside) - 0.1 <= r <= max(inside) + 0.1
        return bool(beyond or min(inside) > 0 > r or max(inside) < 0 < r)


def evidence(
    frame: pd.DataFrame, measure: str, score: str, *, family: str = "family", seed: int = 0
) -> Evidence:
    """What the checkpoints of `frame` say about `measure` and `score`, pooled and family by family.

    Arguments:
        frame: one row a checkpoint, with the columns `measure`, `score` and `family`.

    Returns: correlations and a badge. "holds": every family of at least 10 checkpoints shows the pooled sign
    and leaves out zero; "contradicted": two families leave out zero with opposite signs; "unknown": fewer
    than 10 checkpoints; "partly": everything else.
    """
    kept = frame.dropna(subset=[measure, score])
    pooled = correlation(kept[measure], kept[score], seed=seed)
    families = {
        str(name): correlation(group[measure], group[score], seed=seed)
        for name, group in kept.groupby(family)
    }
    large = {name: c for name, c in families.items() if c.n >= ENOUGH and np.isfinite(c.pearson)}
    flat = [name for name, c in families.items() if c.n >= ENOUGH and name not in large]
    sure = {name: c for name, c in large.items() if c.sure}
    signs = {float(np.sign(c.pearson)) for c in sure.values()}
    reasons: list[str] = []
    if pooled.n < ENOUGH:
        level = "unknown"
        reasons.append(f"Fewer than {ENOUGH} checkpoints have both values ({pooled.n}).")
    elif len(signs) > 1:
        level = "contradicted"
        listed = ", ".join(f"{signed(c.pearson)} in {name}" for name, c in sure.items())
        reasons.append(f"The sign flips between families: r = {listed}.")
    elif large and len(sure) == len(large) and np.sign(pooled.pearson) in signs:
        level = "holds"
        listed = ", ".join(f"{signed(c.pearson)} in {name} (n = {c.n})" for name, c in large.items())
        reasons.append(
            f"Holds within each family of at least {ENOUGH} checkpoints: r = {listed}."
            if len(large) > 1
            else f"Holds within the only family of at least {ENOUGH} checkpoints: r = {listed}."
        )
    else:
        level = "partly"
        for name, c in large.items():
            if name not in sure:
                reasons.append(
                    f"Within {name} zero cannot be ruled out (r = {signed(c.pearson)}, 95 % interval "
                    f"{signed(c.pearson_low)} to {signed(c.pearson_high)}, n = {c.n})."
                )
        if sure and np.sign(pooled.pearson) not in signs:
            reasons.append("Pooled over families the sign is the opposite of the sign within them.")
        if flat:
            reasons.append(f"Within {', '.join(flat)} one of the two does not vary.")
        elif not large:
            reasons.append(f"No single family has {ENOUGH} checkpoints, so families may explain all of it.")
    small = {name: c.n for name, c in families.items() if c.n < ENOUGH}
    if small and level != "unknown":
        listed = ", ".join(f"{name} (n = {n})" for name, n in small.items())
        reasons.append(f"Too few checkpoints to tell for {listed}.")
    return Evidence(pooled, families, level, tuple(reasons))


def finding(known: Evidence, measure: str, score: str) -> str:
    """What a scatter of `score` against `measure` shows, in one sentence of words computed from the data."""
    r = known.pooled.pearson
    if not np.isfinite(r) or known.level == "unknown":
        return f"Too few checkpoints to relate {score} to {measure}"
    if not known.pooled.sure:
        return f"{measure} says little about {score}: the correlation cannot be told from zero"
    strength = "strongly" if abs(r) >= 0.7 else "moderately" if abs(r) >= 0.4 else "weakly"
    verb = "rises" if r > 0 else "falls"
    told = f"{score} {verb} {strength} with {measure}"
    within = {np.sign(c.pearson) for c in known.families.values() if c.n >= ENOUGH and c.sure}
    if within == {-np.sign(r)}:
        other = "falls" if r > 0 else "rises"
        return f"Within families {score} {other} with {measure}, although pooled over them it {verb}"
    return {
        "holds": f"{told}, within each family too",
        "contradicted": f"{told}, but the sign flips between families",
    }.get(known.level, f"{told}, but not surely within every family")


def interval(known: Correlation) -> str:
    """n and Pearson's r in words: "n = 181, r = +0.56 (95 % interval +0.45 to +0.66)"."""
    if not np.isfinite(known.pearson):
        return f"n = {known.n}, r undefined"
    r = f"n = {known.n}, r = {signed(known.pearson)}"
    if not np.isfinite(known.pearson_low):
        return f"{r} (too few for an interval)"
    return f"{r} (95 % interval {signed(known.pearson_low)} to {signed(known.pearson_high)})"
