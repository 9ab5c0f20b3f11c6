"""What a measure says about a score beyond covariates: residual and partial rank correlation, added R².

The statistics of arXiv 2602.20433, Appendix A.3. Residual: Spearman correlation of the measure with what a
regression on size and training leaves of the score (of the score only, as there; the measure stays as it is).
Partial: Spearman correlation of both given all covariates, everything in ranks, as pingouin and R's ppcor do.
Added R²: how much more of the score's variance a linear regression explains on held-out checkpoints when the
measure joins size and compute. Many tests at once: Benjamini and Hochberg 1995.

The paper does not say whether its linear regression takes size and tokens as they are or in logs; here it
takes logs, in which scaling laws are close to straight.

Not covered: what covariates do together. Ranks of several covariates enter as a sum, so where the score does
not follow such a sum, a measure that follows them all keeps some partial correlation without adding anything;
added R² then shows it. Nor dependence between checkpoints of one run.
"""

from dataclasses import dataclass

import numpy as np

from core.reasons import Reason
from core.statistics.bootstrap import DRAWS, interval_of, partial_spearman_draws
from core.statistics.correlation import ranks
from core.statistics.regression import FOLDS, cross_validated_r2, residuals

_EXPLAINED = 1e-9  # share of variance below which covariates leave nothing over


@dataclass(frozen=True)
class Statistic:
    """A rank correlation of n checkpoints with its bootstrap interval and two-sided p; NaN with a reason."""

    value: float
    n: int
    low: float = float("nan")
    high: float = float("nan")
    p: float = float("nan")
    reason: Reason | None = None  # why there is no value


@dataclass(frozen=True)
class Added:
    """Out-of-fold R² of a linear regression without and with the measure, and what it gains."""

    value: float
    base: float
    full: float
    n: int
    reason: Reason | None = None


def two_sided_p(r: float, freedom: int) -> float:
    """The two-sided p of a correlation under Student's t, as SciPy gives it; NaN without freedom."""
    from scipy.special import stdtr

    if not np.isfinite(r) or freedom < 1:
        return float("nan")
    if abs(r) >= 1:
        return 0.0
    t = abs(r) * np.sqrt(freedom / ((1 - r) * (1 + r)))
    return float(2 * stdtr(freedom, -t))


def partial_spearman(x: np.ndarray, y: np.ndarray, covariates: np.ndarray, *, seed: int = 0) -> Statistic:
    """Spearman correlation of x and y controlling for covariates: Pearson's r of the ranks' residuals.

    Arguments:
        x, y: (n,) values, all finite; covariates: (n, k), all finite; k = 0 gives the raw correlation.
        seed: of the resampling for the interval.

    Returns: the statistic; p from Student's t with n − 2 − (rank of the covariates) degrees of freedom.
    """
    n = len(x)
    if n < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return Statistic(float("nan"), n, reason=_too_little(n))
    columns = (
        np.column_stack([ranks(column) for column in covariates.T]) if covariates.shape[1] else covariates
    )
    columns = columns - columns.mean(0)
    freedom = n - 2 - (int(np.linalg.matrix_rank(columns)) if covariates.shape[1] else 0)
    if freedom < 1:
        return Statistic(float("nan"), n, reason=Reason("too_few_for_covariates", n=n))
    left = [residuals(ranks(side), columns) for side in (x, y)]
    sizes = [float(side @ side) for side in left]
    scale = n * (n * n - 1) / 12
    if min(sizes) <= _EXPLAINED * scale:
        which = "measure" if sizes[0] <= sizes[1] else "score"
        return Statistic(float("nan"), n, reason=Reason("explained", which=which))
    r = float(np.clip(left[0] @ left[1] / np.sqrt(sizes[0] * sizes[1]), -1, 1))
    low, high = interval_of(partial_spearman_draws(x, y, covariates, DRAWS, seed))
    return Statistic(r, n, low, high, two_sided_p(r, freedom))


def _too_little(n: int) -> Reason:
    return Reason("too_few", n=n) if n < 3 else Reason("constant")


def added_r2(x: np.ndarray, y: np.ndarray, baseline: np.ndarray, *, seed: int = 0) -> Added:
    """How much held-out R² the measure adds to a baseline in 5-fold cross-validation, same folds for both.

    Arguments:
        x: (n,) measure; y: (n,) score; baseline: (n, p) columns of the baseline; p = 0: always the mean.
    """
    n, nan = len(y), float("nan")
    if n < 2 * FOLDS or np.ptp(y) == 0:
        few = Reason("too_few_for_folds", n=n, folds=FOLDS, needed=2 * FOLDS)
        return Added(nan, nan, nan, n, few if n < 2 * FOLDS else Reason("constant_score"))
    scaled = (baseline - baseline.mean(0)) / np.where(baseline.std(0) > 0, baseline.std(0), 1)
    spread = x.std() or 1.0
    base = cross_validated_r2(scaled, y, seed=seed)
    full = cross_validated_r2(np.column_stack([scaled, (x - x.mean()) / spread]), y, seed=seed)
    return Added(full - base, base, full, n)


def q_values(p: np.ndarray) -> np.ndarray:
    """The false-discovery rate at which each test would still count: (m,). p: (m,), of which NaN stay."""
    from scipy.stats import false_discovery_control  # here, since it takes long to import

    p = np.asarray(p, np.float64)
    q, finite = np.full(len(p), np.nan), np.isfinite(p)
    q[finite] = false_discovery_control(p[finite])
    return q
