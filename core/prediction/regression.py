"""Linear regression of a score on measures, with or without a term for the architecture.

Ordinary least squares, as in Marbut et al. 2024 (arXiv 2406.12159, Section 4.1). Without measures it is the
mean of the reference: the mean baseline.

Not covered: curved relations, and any correction for how many measures were tried.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.errors import InputError
from core.prediction.applicability import domain_of
from core.prediction.intervals import FitPredict, errors_on_others
from core.prediction.model import LEVEL, Model
from core.prediction.reference import FAMILY, SOURCE, Reference
from core.statistics.regression import least_squares as solve
from core.statistics.regression import r_squared


@dataclass(frozen=True)
class LinearModel(Model):
    """A fitted linear regression; see `Linear`."""

    architecture: bool

    def _values(self, rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        return self._fit_predict()(self.reference.rows, rows), np.zeros(len(rows), dtype=bool)

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
        unknowns = _design(rows, rows, self.measures, self.architecture).shape[1] if len(rows) else 1
        if len(rows) < unknowns + 2:
            raise InputError(
                f"Predicting {score} from {', '.join(self.measures) or 'the mean'} needs at least "
                f"{unknowns + 2} checkpoints with all of them, and there are {len(rows)}; choose fewer "
                "measures or another score."
            )
        run = least_squares(score, self.measures, self.architecture)
        return LinearModel(
            measures=self.measures,
            reference=kept,
            level=level,
            domain=domain_of(rows, self.measures),
            errors=errors_on_others(rows, score, kept.groups, run, level),
            r2=r_squared(rows[score].to_numpy(np.float64), run(rows, rows)),
            architecture=self.architecture,
        )


def least_squares(score: str, measures: tuple[str, ...], architecture: bool) -> FitPredict:
    """The regression as a function that fits on one frame and predicts the rows of another."""

    def fit_predict(rest: pd.DataFrame, others: pd.DataFrame) -> np.ndarray:
        X = _design(rest, rest, measures, architecture)
        return _design(rest, others, measures, architecture) @ solve(X, rest[score].to_numpy(np.float64))

    return fit_predict


def source_terms(rest: pd.DataFrame, others: pd.DataFrame) -> np.ndarray:
    """The columns that give each source of scores its own level, one a source of `rest` after the first.

    A source that `rest` does not have, or none, gets the mean of all. Returned: (others, sources − 1).
    """
    return _terms(rest, others, SOURCE)


def _terms(rest: pd.DataFrame, others: pd.DataFrame, column: str) -> np.ndarray:
    if column not in rest:
        return np.empty((len(others), 0))
    given = others[column] if column in others else pd.Series(None, index=others.index, dtype=object)
    return terms(rest[column].to_numpy(), given.to_numpy())


def terms(rest: np.ndarray, others: np.ndarray) -> np.ndarray:
    """One column a label of `rest` (n,) after the first: which of `others` (m,) have it, (m, labels − 1).

    A label that `rest` does not have counts as the mean of all its labels.
    """
    labels = sorted({label for label in rest if isinstance(label, str)})
    seen = np.isin(others.astype(str), labels)
    columns = [np.where(seen, others == label, 1 / len(labels)) for label in labels[1:]]
    return np.column_stack(columns).astype(np.float64) if columns else np.empty((len(others), 0))


def _design(
    rest: pd.DataFrame, frame: pd.DataFrame, measures: tuple[str, ...], architecture: bool
) -> np.ndarray:
    """Columns of the regression fitted to `rest`: one, the measures, a term for each family and source.

    A family or source that the fit has not seen gets the mean of all their terms, as none is known for it.
    Returned: (rows of `frame`, p).
    """
    columns = [np.ones(len(frame)), *(frame[name].to_numpy(np.float64) for name in measures)]
    families = [_terms(rest, frame, FAMILY)] if architecture else []
    return np.column_stack([*columns, *families, source_terms(rest, frame)])
