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

from core.reasons import Reason
from core.statistics.correlation import Correlation, correlation

ENOUGH = 10  # checkpoints below which no correlation is called evidence
LEVELS = ("holds", "partly", "contradicted", "unknown")  # badges, see `evidence`


@dataclass(frozen=True)
class Evidence:
    """How a measure and a score correlate: pooled, by family, and a badge with its reasons."""

    pooled: Correlation
    families: dict[str, Correlation]
    level: str  # one of LEVELS
    reasons: tuple[Reason, ...]

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
    """How `measure` and `score` correlate over the checkpoints of `frame`, pooled and family by family.

    Arguments:
        frame: one row a checkpoint, with the columns `measure`, `score` and `family`.

    Returns: correlations and a badge. "holds": every family of at least 10 checkpoints shows the pooled sign
    and its interval leaves out zero; "contradicted": two families leave out zero with opposite signs;
    "unknown": fewer than 10 checkpoints; "partly": everything else.
    """
    kept = frame.dropna(subset=[measure, score])
    pooled = correlation(kept[measure], kept[score], seed=seed)
    families = {
        str(name): correlation(group[measure], group[score], seed=seed)
        for name, group in kept.groupby(family)
    }
    large = {name: c for name, c in families.items() if c.n >= ENOUGH and np.isfinite(c.pearson)}
    sure = {name: c for name, c in large.items() if c.sure}
    signs = {float(np.sign(c.pearson)) for c in sure.values()}
    if pooled.n < ENOUGH:
        return Evidence(pooled, families, "unknown", (Reason("too_few", n=pooled.n, needed=ENOUGH),))
    if len(signs) > 1:
        level = "contradicted"
        reasons = [Reason("sign_differs", r={name: c.pearson for name, c in sure.items()})]
    elif large and len(sure) == len(large) and np.sign(pooled.pearson) in signs:
        level = "holds"
        within = {name: [c.pearson, c.n] for name, c in large.items()}
        reasons = [Reason("within_each_family", families=within, needed=ENOUGH)]
    else:
        level = "partly"
        reasons = _partly(pooled, families, large, sure)
    if small := {name: c.n for name, c in families.items() if c.n < ENOUGH}:
        reasons.append(Reason("small_families", families=small))
    return Evidence(pooled, families, level, tuple(reasons))


def _partly(
    pooled: Correlation,
    families: dict[str, Correlation],
    large: dict[str, Correlation],
    sure: dict[str, Correlation],
) -> list[Reason]:
    """Why a correlation holds in part only."""
    reasons = [
        Reason("includes_zero", family=name, r=c.pearson, low=c.pearson_low, high=c.pearson_high, n=c.n)
        for name, c in large.items()
        if name not in sure
    ]
    if sure and np.sign(pooled.pearson) not in {float(np.sign(c.pearson)) for c in sure.values()}:
        reasons.append(Reason("pooled_sign_differs"))
    constant = [name for name, c in families.items() if c.n >= ENOUGH and name not in large]
    if constant:
        reasons.append(Reason("constant_families", families=constant))
    elif not large:
        reasons.append(Reason("no_large_family", needed=ENOUGH))
    return reasons
