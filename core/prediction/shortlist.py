"""A shortlist: predicted checkpoints in the parts in which people look at them.

It is about the user's own candidates as soon as there is one: checkpoints measured here, without a known
score where several are. Without any of one's own it is an example: all published checkpoints.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.metrics import Scale, scale_of
from core.overview import Overview
from core.prediction.by_measure import rank_by
from core.prediction.predictions import Predictions
from core.prediction.ranking import standings
from core.statistics.correlation import kendall

PREDICTED = "predicted"  # what rows are ranked by, unless it is a measure


@dataclass(frozen=True)
class Shortlist:
    """Predicted checkpoints in parts, each with the best first. Every part has the columns of predictions.

    Attributes:
        by: what candidates are ranked by: PREDICTED, or a measure, whose value is then the column `by`.
        candidates: those to choose among, with chance, rank_low, rank_high and tie.
        checked: the others whose score is known, as a check.
        others: the published ones, where the candidates are one's own.
        outside: those that cannot be ranked by `by`: not covered by the reference, or without the measure.
        best: how many best ones `chance` is about: three, or the first alone where three are all.
        own: whether the candidates are the user's.
        tau: Kendall's of the ranking with the known scores, of at least 3; else NaN.
    """

    by: str
    candidates: pd.DataFrame
    checked: pd.DataFrame
    others: pd.DataFrame
    outside: pd.DataFrame
    own: bool
    tau: float
    best: int = 3

    @property
    def standing(self) -> pd.DataFrame:
        """chance, rank_low, rank_high and tie of the candidates."""
        return self.candidates[["chance", "rank_low", "rank_high", "tie"]]

    @property
    def covered(self) -> pd.DataFrame:
        """Candidates and checked ones."""
        return pd.concat([self.candidates, self.checked])


def shortlist(predictions: Predictions, subjects: frozenset[str] | None = None) -> Shortlist:
    """The parts of `predictions` among `subjects` (None: all), ranked by predicted score."""
    here, others = _own(predictions.ranked, subjects)
    covered = here[here["in_range"].astype(bool) & here["predicted"].notna()]
    candidates = _candidates(covered)
    best = _best(candidates)
    return Shortlist(
        by=PREDICTED,
        best=best,
        candidates=candidates.join(standings(predictions.model, candidates, best)),
        checked=covered.drop(candidates.index),
        others=others,
        outside=here.drop(covered.index),
        own=_is_own(here),
        tau=_tau(covered, predictions.model.reference.higher_is_better),
    )


def shortlist_by(
    overview: Overview,
    score: str,
    measure: str,
    subjects: frozenset[str] | None = None,
) -> Shortlist:
    """The checkpoints of `overview` among `subjects` (None: all), ranked by a measure.

    Arguments:
        score: known for some, to check the ranking by.

    Raises InputError for a measure of which no direction is stated.
    """
    here, others = _own(unpredicted(overview.rows, score), subjects)
    covered = rank_by(here, overview.errors, measure)
    candidates = _candidates(covered)[here.columns]
    best = _best(candidates)
    candidates = rank_by(candidates, overview.errors, measure, best)
    higher = (scale_of(overview.metrics.get(score, "")) or Scale.SHARE).higher_is_better
    return Shortlist(
        by=measure,
        best=best,
        candidates=candidates,
        checked=covered.drop(candidates.index),
        others=others,
        outside=here.drop(covered.index),
        own=_is_own(here),
        tau=_tau(covered, higher),
    )


def _own(rows: pd.DataFrame, subjects: frozenset[str] | None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(one's own rows, the published ones) among `subjects`; all and none where nothing is one's own."""
    rows = rows if subjects is None else rows[rows.index.isin(subjects)]
    own = rows["origin"] != "published"
    return (rows[own], rows[~own]) if own.any() else (rows, rows.iloc[:0])


def _is_own(rows: pd.DataFrame) -> bool:
    return bool((rows["origin"] != "published").any())


def _candidates(covered: pd.DataFrame) -> pd.DataFrame:
    """Those without a known score; all where none is, and of published ones where it is one only."""
    unscored = covered[covered["actual"].isna()]
    return unscored if len(unscored) > (0 if _is_own(covered) else 1) else covered


def _best(candidates: pd.DataFrame) -> int:
    return 3 if len(candidates) > 3 else 1


def _tau(covered: pd.DataFrame, higher_is_better: bool) -> float:
    """Kendall's of the order of the rows with their known scores."""
    known = covered["actual"].dropna().to_numpy()
    return kendall(-np.arange(len(known), dtype=float), known if higher_is_better else -known)


def unpredicted(rows: pd.DataFrame, score: str) -> pd.DataFrame:
    """`rows` with the columns of predictions, empty but for the known score."""
    return rows.assign(
        **dict.fromkeys(("predicted", "low", "high", "sd", "raw"), np.nan),
        in_range=False,
        held_out=False,
        trust="outside",
        reasons=pd.Series([()] * len(rows), rows.index, dtype=object),
        actual=rows.get(score, np.nan),
    )
