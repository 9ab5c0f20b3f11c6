"""The best predictor: two regressions, one for what is new to the reference and one for what it holds.

A checkpoint made from a base checkpoint that the reference holds, and near to one of those, is interpolated:
by the predictor with the lowest 10-fold error. "Near" means: no farther from its nearest reference checkpoint
of the same base than any of these is from its own nearest, all measures together in standard deviations.
Everything else, an architecture unknown to the reference included, is predicted by what had the lowest error
on families left out. Each case has the interval of its own held-out errors: of 10-fold cross-validation in
the first, of leave-one-group-out in the second. `core.prediction.selection` has the rule by which the two
were chosen.

Not covered: that a checkpoint near to the reference may be odd in a way that its geometry does not show.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from core.errors import InputError
from core.prediction.applicability import domain_of, farthest_neighbour, nearest
from core.prediction.candidates import fit_predict
from core.prediction.intervals import FitPredict, errors_on_others, group_shares, weighted_quantile
from core.prediction.model import LEVEL, Model
from core.prediction.reference import BASE, Reference, base_of
from core.prediction.selection import Choice, complete, in_folds

FEWEST = 12  # checkpoints below which nothing is chosen between


@dataclass(frozen=True)
class BestModel(Model):
    """A fitted pair of predictors; see `Best`. r2 is that of 10-fold cross-validation near known bases: as
    fitted, trees explain everything."""

    choice: Choice
    near_half: float  # half the width of the interval of interpolated rows
    near_sd: float

    any_architecture: ClassVar[bool] = True  # its errors were measured on architectures it had not seen

    def _values(self, rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        return _predict_both(self.reference.rows, rows, self.choice, self.score)

    def _fit_predict(self) -> FitPredict:
        return fit_predict(self.choice.new, self.score)

    def _width(self, interpolated: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        half, sd = super()._width(interpolated)
        return np.where(interpolated, self.near_half, half), np.where(interpolated, self.near_sd, sd)


@dataclass(frozen=True)
class Best:
    """The pair of predictors of `choice`."""

    choice: Choice

    def fit(self, reference: Reference, *, level: float = LEVEL) -> BestModel:
        """Fit both to the checkpoints of `reference` that have the measures of the first.

        Raises InputError with fewer than 12 checkpoints.
        """
        choice, score = self.choice, reference.score
        kept = reference.having(choice.new.measures)
        rows = kept.rows
        if len(rows) < FEWEST:
            raise InputError(
                f"Predicting {score} by the best predictor needs at least {FEWEST} checkpoints with "
                f"{', '.join(choice.new.measures)}, and there are {len(rows)}; choose another score."
            )
        whole = _with_base(rows, choice.known.measures, score)
        half = sd = r2 = float("nan")
        if len(whole) >= FEWEST:
            error = in_folds(whole, fit_predict(choice.known, score), 0) - whole[score]
            shares = group_shares(whole[BASE])
            half = weighted_quantile(np.abs(error.to_numpy()), shares, level)
            sd = float(np.sqrt((shares * error.to_numpy() ** 2).sum() / shares.sum()))
            r2 = float(1 - (error**2).mean() / whole[score].var(ddof=0))
        return BestModel(
            measures=choice.new.measures,
            reference=kept,
            level=level,
            domain=domain_of(rows, choice.new.measures),
            errors=errors_on_others(rows, score, kept.groups, fit_predict(choice.new, score), level),
            r2=r2,
            choice=choice,
            near_half=half,
            near_sd=sd,
        )


def whole_predictor(choice: Choice, score: str) -> FitPredict:
    """Both cases together, as a function that fits on one frame and predicts another."""
    return lambda rest, others: _predict_both(
        complete(rest, choice.new.measures, score), others, choice, score
    )[0]


def _predict_both(
    reference: pd.DataFrame, rows: pd.DataFrame, choice: Choice, score: str
) -> tuple[np.ndarray, np.ndarray]:
    """(values, which rows lie near the reference), each (rows,)."""
    values = np.full(len(rows), np.nan)
    has = rows[list(choice.new.measures)].notna().all(axis=1).to_numpy()
    whole = _with_base(reference, choice.known.measures, score)
    near = _near(whole, rows, choice.known.measures) if len(whole) >= FEWEST else np.zeros(len(rows), bool)
    new = has & ~near
    if new.any():
        values[new] = fit_predict(choice.new, score)(reference, rows[new])
    if near.any():
        values[near] = fit_predict(choice.known, score)(whole, rows[near])
    return values, near


def _with_base(rows: pd.DataFrame, measures: tuple[str, ...], score: str) -> pd.DataFrame:
    """The rows that have the score, the measures and a known base."""
    if not {BASE, *measures} <= set(rows):
        return rows.iloc[:0]
    return complete(rows, measures, score).dropna(subset=[BASE])


def _near(reference: pd.DataFrame, rows: pd.DataFrame, measures: tuple[str, ...]) -> np.ndarray:
    """Which rows lie among the reference checkpoints of their own base. Returned: (rows,), of bool."""
    near = np.zeros(len(rows), dtype=bool)
    bases = base_of(rows)
    has = rows.reindex(columns=list(measures)).notna().all(axis=1)
    domain = domain_of(reference, measures)  # for the scale that all bases share
    for base, own in reference.groupby(BASE):
        asked = (has & (bases == base)).to_numpy()
        if not asked.any():
            continue
        points = domain.scaled(own)
        limit = farthest_neighbour(points)
        if np.isfinite(limit):
            near[asked] = nearest(points, domain.scaled(rows[asked])) <= limit
    return near
