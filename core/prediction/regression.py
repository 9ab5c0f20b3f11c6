"""Linear regression of a score on measures, with or without a term for the architecture.

Ordinary least squares, as in Marbut et al. 2024 (arXiv 2406.12159, Section 4.1). Without measures it is the
mean of the reference: the mean baseline.

Not covered: curved relations, and any correction for how many measures were tried.
"""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from core.errors import InputError
from core.prediction.applicability import domain_of
from core.prediction.intervals import FitPredict, errors_on_others
from core.prediction.model import LEVEL, Model
from core.prediction.reference import FAMILY, Reference
from core.statistics.regression import least_squares as solve
from core.statistics.regression import r_squared


@dataclass(frozen=True)
class LinearModel(Model):
    """A fitted linear regression; see `Linear`."""

    architecture: bool
    weights: np.ndarray = field(repr=False)  # (1 + measures + families − 1,)

    def _values(self, rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        families = self.families if self.architecture else None
        return _design(rows, self.measures, families) @ self.weights, np.zeros(len(rows), dtype=bool)

    def _fit_predict(self) -> FitPredict:
        return least_squares(self.score, self.measures, self.architecture)


@dataclass(frozen=True)
class Linear:
    """Score ~ measures (+ architecture); without measures, the mean.

    architecture: whether each family has its own intercept.
    """

    measures: tuple[str, ...] = ()
    architecture: bool = False

    def fit(self, reference: Reference, *, level: float = LEVEL) -> LinearModel:
        """Fit to the checkpoints of `reference` that have all measures; level: of the prediction interval.

        Raises InputError with fewer checkpoints than the regression has unknowns plus two.
        """
        kept = reference.having(self.measures)
        rows, score = kept.rows, kept.score
        families = tuple(sorted(rows[FAMILY].unique()))
        unknowns = 1 + len(self.measures) + (max(len(families) - 1, 0) if self.architecture else 0)
        if len(rows) < unknowns + 2:
            raise InputError(
                f"Predicting {score} from {', '.join(self.measures) or 'the mean'} needs at least "
                f"{unknowns + 2} checkpoints with all of them, and there are {len(rows)}; choose fewer "
                "measures or another score."
            )
        X = _design(rows, self.measures, families if self.architecture else None)
        y = rows[score].to_numpy(np.float64)
        weights = solve(X, y)
        run = least_squares(score, self.measures, self.architecture)
        return LinearModel(
            measures=self.measures,
            reference=kept,
            level=level,
            domain=domain_of(rows, self.measures),
            errors=errors_on_others(rows, score, kept.groups, run, level),
            r2=r_squared(y, X @ weights),
            architecture=self.architecture,
            weights=weights,
        )


def least_squares(score: str, measures: tuple[str, ...], architecture: bool) -> FitPredict:
    """The regression as a function that fits on one frame and predicts the rows of another."""

    def fit_predict(rest: pd.DataFrame, others: pd.DataFrame) -> np.ndarray:
        families = tuple(sorted(rest[FAMILY].unique())) if architecture else None
        weights = solve(_design(rest, measures, families), rest[score].to_numpy(np.float64))
        return _design(others, measures, families) @ weights

    return fit_predict


def _design(frame: pd.DataFrame, measures: tuple[str, ...], families: tuple[str, ...] | None) -> np.ndarray:
    """Columns of the regression: one, the measures, and one a family after the first. Returned: (rows, p).

    A family that the fit has not seen gets the mean of all families' terms, as no term is known for it.
    """
    columns = [np.ones(len(frame)), *(frame[name].to_numpy(np.float64) for name in measures)]
    if families:
        seen = frame[FAMILY].isin(families).to_numpy()
        columns += [
            np.where(seen, frame[FAMILY].to_numpy() == name, 1 / len(families)).astype(np.float64)
            for name in families[1:]
        ]
    return np.column_stack(columns)
