"""Rank candidates by one measure, and what a reference says of that ranking.

A candidate needs no score and no reference for it, only the measure; so one that no reference covers is
ranked too. A measure is read in the direction that the literature expects (`Measure.better`). What a
reference has to say is the rank correlation of the measure with the score, over all of it and within
classes of size, beside that of size itself and of the measured loss, and held-out errors beside those of
the baselines.

Not covered: a direction found in the reference itself; a negative correlation here is a reason not to rank.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.errors import InputError
from core.measures import MEASURES
from core.prediction.candidates import Candidate
from core.prediction.choosing import SHARE, held_out_rmse
from core.prediction.ranking import STANDING, standings_of
from core.prediction.reference import LOSS, SIZE, Reference, either
from core.statistics.correlation import correlation, spearman

CLASSES = (30e6, 300e6, 1e9, 3e9, 10e9)  # bounds of classes of size, in parameters
FEWEST = 4  # checkpoints with measure and score below which nothing is said of them


@dataclass(frozen=True)
class RankEvidence:
    """What a reference says of ranking by a measure. Correlations are positive where the ranking is right.

    Attributes:
        n: checkpoints with the measure and the score; rho, low, high: Spearman's with a 95 % interval.
        n_within, within, within_low, within_high: the same with each rank taken within its class of size.
        size_rho: Spearman's of the number of parameters with the score, over the same checkpoints.
        rmse, size_rmse, mean_rmse: held-out, of a line on the measure, of one on size, of the mean. NaN with
            fewer than eight.
        loss_rho, loss_rmse: of the measured loss in bits per byte; NaN where it is the measure itself, or
            fewer than nine in ten have it.
    """

    title: str  # of the reference
    n: int
    rho: float
    low: float
    high: float
    n_within: int
    within: float
    within_low: float
    within_high: float
    size_rho: float
    rmse: float
    size_rmse: float
    mean_rmse: float
    loss_rho: float = float("nan")
    loss_rmse: float = float("nan")


def rankable(measures: Sequence[str]) -> list[str]:
    """Those of `measures` that say which checkpoint is expected to be better, labelled estimators first."""
    stated = [name for name in measures if MEASURES[name].better]
    return sorted(stated, key=lambda name: "labels" not in MEASURES[name].needs)


def sign(measure: str) -> int:
    """1 where a higher value is expected of a better checkpoint, −1 where a lower one is.

    Raises InputError for an unknown measure and for one of which nothing is expected.
    """
    if measure not in MEASURES or not MEASURES[measure].better:
        offered = either(rankable(list(MEASURES)))
        raise InputError(f"Checkpoints cannot be ranked by {measure}: choose predicted or {offered}.")
    return 1 if MEASURES[measure].better == "higher" else -1


def rank_by(rows: pd.DataFrame, errors: pd.DataFrame, measure: str, k: int = 3) -> pd.DataFrame:
    """The rows that have the measure, best first, with rank, chance, rank_low, rank_high and tie.

    Arguments:
        rows: one row a checkpoint, with the measure; errors: its standard error, index as `rows`.

    What is drawn is the measure within its standard error, so chance and interval say how sure the order of
    the values is, not that of the scores; they are NaN where a row has no standard error.
    """
    values = pd.to_numeric(rows[measure]).astype(float).dropna() * sign(measure)
    values = values.sort_values(ascending=False, kind="stable")
    sd = errors[measure].reindex(values.index) if measure in errors else pd.Series(np.nan, values.index)
    standing = pd.DataFrame(np.nan, index=values.index, columns=list(STANDING))
    if len(values) and sd.notna().all():
        standing = standings_of(values, sd.to_numpy(np.float64), k)
    ranked = rows.loc[values.index].assign(rank=np.arange(1.0, len(values) + 1), by=values * sign(measure))
    return ranked.join(standing)


def rank_evidence(reference: Reference, measure: str) -> RankEvidence | None:
    """What the reference says of ranking by the measure; None where fewer than four of it have it."""
    needed = [measure, reference.score]
    rows = reference.rows
    if measure not in rows or rows[needed].notna().all(axis=1).sum() < FEWEST:
        return None
    kept = rows.dropna(subset=needed)
    better = 1 if reference.higher_is_better else -1
    x, y = sign(measure) * kept[measure], better * kept[reference.score]
    over_all = correlation(x, y)
    classes = pd.Series(np.digitize(10 ** kept[SIZE], CLASSES), kept.index).where(kept[SIZE].notna())
    ranked_x, ranked_y = (_within(side, classes) for side in (x, y))
    within = correlation(ranked_x, ranked_y)
    with_loss = measure != LOSS and LOSS in kept and kept[LOSS].notna().mean() >= SHARE
    baselines = [
        Candidate("mean"),
        Candidate("line", "size", measures=(SIZE,)),
        Candidate("line", "", measures=(measure,)),
    ]
    baselines += [Candidate("line", "loss", measures=(LOSS,))] if with_loss else []
    errors = held_out_rmse(reference, baselines)
    return RankEvidence(
        reference.title,
        over_all.n,
        over_all.spearman,
        over_all.spearman_low,
        over_all.spearman_high,
        within.n,
        within.pearson,
        within.pearson_low,
        within.pearson_high,
        spearman(kept[SIZE], y),
        rmse=errors[2],
        size_rmse=errors[1],
        mean_rmse=errors[0],
        loss_rho=spearman(sign(LOSS) * kept[LOSS], y) if with_loss else float("nan"),
        loss_rmse=errors[3] if with_loss else float("nan"),
    )


def _within(values: pd.Series, classes: pd.Series) -> pd.Series:
    """Ranks within each class less their mean; only classes of three and more."""
    kept = values[classes.groupby(classes).transform("size") >= 3]
    ranks = kept.groupby(classes).rank()
    return ranks - ranks.groupby(classes).transform("mean")
