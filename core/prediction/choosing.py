"""The predictor with the lowest held-out error within a reference, chosen anew for each reference and score.

Compared are a few plain ones (`compared_on`): the mean, a line on the size (logarithm of the parameters), one
on the measured loss (bits per byte), lines on dispersion and on point patchiness, ridge regressions on all
geometry measures, on those with size, on what labelled data says, and on that with size; each where nine in
ten checkpoints have what it reads.

Errors are those of cross-validation in which a group is always left out whole: one by one, or in ten folds
where there are more than ten groups. The rule: of the predictors that are not clearly worse than the one with
the lowest mean squared error, the first in the list, which is the plainest. Clearly worse is a held-out
log-likelihood of normal errors that is lower by more than 2, with groups counted as independent and not
checkpoints: g/2 · ln(MSE/lowest MSE) > 2, which corresponds to a difference in AIC of 4 (Burnham and Anderson
2002, Section 2.6). So what adds nothing beyond luck is rarely chosen.

The error and the interval of the choice come from repeating the choice without each fold: they hold what
choosing costs. The interval of a checkpoint of the reference is as wide as the errors of the other folds
(cross-conformal prediction, Vovk 2015).

Not covered: that the plain predictors miss a curved relation.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pandas as pd

from core.errors import InputError
from core.measures import MEASURES
from core.prediction.applicability import domain_of
from core.prediction.candidates import PATCHINESS, Candidate
from core.prediction.cross_validation import FOLDS, CrossValidation, cross_validation, fitted
from core.prediction.intervals import FitPredict, errors_from, group_shares, weighted_quantile
from core.prediction.model import LEVEL, Model
from core.prediction.reference import LOSS, SIZE, Reference
from core.prediction.regression import source_terms

FEWEST = 8
SHARE = 0.9  # of a reference's checkpoints that must have what a predictor reads
LABELLED = tuple(name for name, measure in MEASURES.items() if "labels" in measure.needs)
GEOMETRY = tuple(name for name, measure in MEASURES.items() if measure.computed and measure.subject != "text")


@dataclass(frozen=True)
class ChosenModel(Model):
    """A fitted `Chosen`. r2 is that of the cross-validation, in which the choice is repeated.

    compared: one row a predictor: predictor, title, n, rmse (groups count the same), less_mse (how much lower
    its mean squared error is than the mean baseline's, with the standard_error over groups), spearman.
    """

    candidate: Candidate
    compared: pd.DataFrame = field(repr=False)
    left_out: pd.Series = field(repr=False)  # each reference checkpoint predicted without its fold

    any_architecture: ClassVar[bool] = True  # its errors were measured on groups it had not seen

    @property
    def in_ten_folds(self) -> bool:
        return len(self.groups) > FOLDS

    def held_out(self) -> pd.DataFrame:
        """Each reference checkpoint predicted without its group, the interval from the other groups."""
        rows, limits = self.reference.rows, self.reference.limits
        groups, shares = (
            pd.factorize(rows[self.reference.groups])[0],
            group_shares(rows[self.reference.groups]),
        )
        error, raw = np.abs((self.left_out - rows[self.score]).to_numpy(np.float64)), self.left_out.to_numpy()
        half = np.full(len(rows), np.nan)
        level = _corrected(self.level, int(groups.max()))
        for group in range(groups.max() + 1) if groups.max() else ():
            other = groups != group
            half[~other] = weighted_quantile(error[other], shares[other], level)
        return pd.DataFrame(
            {
                "predicted": np.clip(raw, *limits),
                "low": np.clip(raw - half, *limits),
                "high": np.clip(raw + half, *limits),
                "level": self.level,
                "sd": self.errors.sd if self.errors else np.nan,
                "in_range": True,
                "reasons": pd.Series([()] * len(rows), index=rows.index, dtype=object),
                "interpolated": False,
                "raw": raw,
            },
            index=rows.index,
        )

    def _values(self, rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        has = rows[list(self.measures)].notna().all(axis=1).to_numpy()
        values = np.full(len(rows), np.nan)
        if has.any():
            values[has] = self._fit_predict()(self.reference.rows, rows[has])
        return values, np.zeros(len(rows), dtype=bool)

    def _fit_predict(self) -> FitPredict:
        def run(rest: pd.DataFrame, others: pd.DataFrame) -> np.ndarray:
            own = list(self.candidate.measures)
            X = np.column_stack([rest[own].to_numpy(np.float64), source_terms(rest, rest)])
            Z = np.column_stack([others[own].to_numpy(np.float64), source_terms(rest, others)])
            return fitted(self.candidate.method, X, rest[self.score].to_numpy(np.float64), Z)

        return run


@dataclass(frozen=True)
class Chosen:
    """The plainest of the predictors that are compared whose held-out error is as low as the lowest."""

    def fit(self, reference: Reference, *, level: float = LEVEL) -> ChosenModel:
        """Compare, choose and fit. Raises InputError with fewer than 8 checkpoints."""
        kept = reference.having(())
        if len(kept) < FEWEST:
            raise InputError(
                f"Predicting {reference.score} needs at least {FEWEST} checkpoints with measures and that "
                f"score, and there are {len(kept)}; choose another reference or score."
            )
        candidates, rows = compared_on(kept.rows)
        kept = kept.having(sorted({name for entry in candidates for name in entry.measures}))
        score, group = reference.score, reference.groups
        data = cross_validation(rows, candidates, score, group)
        predictions, nested = data.left_out(candidates), data.chosen_anew(candidates)
        chosen = data.choose(candidates, predictions)
        actual, mean = data.scores, predictions[:, 0]
        left_out = pd.Series(nested, index=rows.index)
        return ChosenModel(
            measures=chosen.measures,
            reference=kept,
            level=level,
            domain=domain_of(rows, chosen.measures),
            errors=errors_from(
                rows,
                score,
                group,
                left_out,
                pd.Series(mean, index=rows.index),
                _corrected(level, rows[group].nunique()),
            ),
            r2=1 - float(((nested - actual) ** 2).sum() / ((mean - actual) ** 2).sum()),
            candidate=chosen,
            compared=_table(candidates, predictions, data),
            left_out=left_out,
        )


def compared_on(rows: pd.DataFrame) -> tuple[list[Candidate], pd.DataFrame]:
    """(the predictors that nine in ten of `rows` have the measures for, plainest first; rows with all)."""

    def having(*names: str) -> tuple[str, ...]:
        return tuple(name for name in names if name in rows and rows[name].notna().mean() >= SHARE)

    size, geometry, labelled = having(SIZE), having(*GEOMETRY), having(*LABELLED)
    options = [
        Candidate("line", "size", measures=size),
        Candidate("line", "loss", measures=having(LOSS)),
        Candidate("line", "dispersion", measures=having("dispersion")),
        Candidate("line", "patchiness", measures=having(*PATCHINESS)),
        Candidate("ridge", "labelled", measures=labelled),
        Candidate("ridge", "size+labelled", measures=(*size, *labelled) if labelled and size else ()),
        Candidate("ridge", "geometry", measures=geometry),
        Candidate("ridge", "size+geometry", measures=(*size, *geometry) if geometry and size else ()),
    ]
    kept = [Candidate("mean"), *(entry for entry in options if entry.measures)]
    while True:
        whole = rows.dropna(subset=sorted({name for entry in kept for name in entry.measures}))
        if len(whole) >= max(FEWEST, SHARE * len(rows)) or len(kept) == 1:
            return kept, whole
        # Each measure alone is there for nine in ten, all of them together are not.
        kept.remove(min(kept[:0:-1], key=lambda entry: len(rows.dropna(subset=list(entry.measures)))))


def _corrected(level: float, groups: int) -> float:
    """The share of held-out errors that an interval of `level` must hold, so that a new group's is in it.

    With g groups it is level · (g + 1)/g, at most all: the correction of split conformal prediction.
    """
    return min(1.0, level * (groups + 1) / groups) if groups else level


def held_out_rmse(reference: Reference, candidates: Sequence[Candidate]) -> list[float]:
    """Held-out RMSE of each predictor over the checkpoints that have what all of them read.

    NaN for all with fewer than 8 such checkpoints or a single group; groups count the same.
    """
    kept = reference.having(sorted({name for entry in candidates for name in entry.measures}))
    if len(kept) < FEWEST:
        return [float("nan")] * len(candidates)
    data = cross_validation(kept.rows, candidates, kept.score, kept.groups)
    return [float(value) for value in np.sqrt(data.by_group(data.left_out(candidates)).mean(axis=0))]


def _table(candidates: Sequence[Candidate], predictions: np.ndarray, data: CrossValidation) -> pd.DataFrame:
    """The predictors compared, see `ChosenModel.compared`."""
    from core.statistics.correlation import spearman

    by_group = data.by_group(predictions)
    less = by_group[:, [0]] - by_group
    return pd.DataFrame(
        {
            "predictor": [entry.name for entry in candidates],
            "title": [entry.title for entry in candidates],
            "n": len(data.scores),
            "rmse": np.sqrt(by_group.mean(axis=0)),
            "less_mse": less.mean(axis=0),
            "standard_error": less.std(axis=0, ddof=1) / np.sqrt(len(less)) if len(less) > 1 else np.nan,
            "spearman": [
                spearman(values, data.scores) if entry.measures else np.nan
                for entry, values in zip(candidates, predictions.T, strict=True)
            ],
        }
    )
