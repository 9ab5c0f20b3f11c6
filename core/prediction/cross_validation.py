"""Cross-validation of several predictors at once, in which a group is always left out whole.

Works on arrays: a choice within a reference fits some thousand regressions, of which each takes a tenth of a
millisecond here.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.prediction.candidates import Candidate
from core.prediction.reference import SOURCE
from core.prediction.regression import terms
from core.statistics.regression import least_squares, ridge, with_constant

FOLDS = 10
WORSE = 2.0  # of held-out log-likelihood, by which a predictor is clearly worse than another
PENALTIES = np.logspace(-2, 4, 25)


def group_folds(groups: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """(rows fitted to, rows predicted), a group always left out whole: one by one, or in ten folds.

    groups: (n,) labels; without a second group there is nothing to predict from, and no fold.
    """
    from sklearn.model_selection import GroupKFold, LeaveOneGroupOut

    count = len(np.unique(groups))
    if count < 2:
        return []
    if count <= FOLDS:
        return list(LeaveOneGroupOut().split(groups, groups=groups))
    return list(GroupKFold(FOLDS, shuffle=True, random_state=0).split(groups, groups=groups))


@dataclass(frozen=True)
class CrossValidation:
    """What cross-validation reads of n checkpoints."""

    columns: dict[str, np.ndarray]  # (n, p) measures, by the name of the predictor that reads them
    scores: np.ndarray  # (n,)
    groups: np.ndarray  # (n,) numbers of groups
    sources: np.ndarray | None  # (n,) labels, see SOURCE; None: there is one source

    def of(self, rows: np.ndarray) -> "CrossValidation":
        """The same of some rows."""
        columns = {name: values[rows] for name, values in self.columns.items()}
        groups = np.unique(self.groups[rows], return_inverse=True)[1]
        sources = None if self.sources is None else self.sources[rows]
        return CrossValidation(columns, self.scores[rows], groups, sources)

    def predicted(self, entry: Candidate, train: np.ndarray, test: np.ndarray) -> np.ndarray:
        """The scores of some rows as a predictor fitted to others gives them, (rows,)."""
        X, Z = (self.columns[entry.name][part] for part in (train, test))
        if self.sources is not None:
            levels = (terms(self.sources[train], self.sources[part]) for part in (train, test))
            X, Z = (np.column_stack(both) for both in zip((X, Z), levels, strict=True))
        return fitted(entry.method, X, self.scores[train], Z)

    def left_out(self, candidates: Sequence[Candidate]) -> np.ndarray:
        """Each row predicted without its fold, by each predictor: (n, predictors)."""
        predictions = np.full((len(self.scores), len(candidates)), np.nan)
        for train, test in group_folds(self.groups):
            for place, entry in enumerate(candidates):
                predictions[test, place] = self.predicted(entry, train, test)
        return predictions

    def by_group(self, predictions: np.ndarray) -> np.ndarray:
        """The mean squared error of each group: (groups, predictors). predictions: (n, predictors)."""
        squared, sizes = (predictions - self.scores[:, None]) ** 2, np.bincount(self.groups)
        return np.column_stack([np.bincount(self.groups, column) / sizes for column in squared.T])

    def choose(self, candidates: Sequence[Candidate], predictions: np.ndarray) -> Candidate:
        """The first whose held-out log-likelihood is not clearly below the highest."""
        by_group = self.by_group(predictions)
        if len(by_group) < 2:
            return candidates[0]
        mse = np.maximum(by_group.mean(axis=0), np.finfo(float).tiny)
        behind = len(by_group) / 2 * np.log(mse / mse.min())
        return candidates[int(np.argmax(behind <= WORSE))]

    def chosen_anew(self, candidates: Sequence[Candidate]) -> np.ndarray:
        """Each row predicted by what is chosen, and fitted, without its fold: (n,)."""
        predictions = np.full(len(self.scores), np.nan)
        for train, test in group_folds(self.groups):
            rest = self.of(train)
            chosen = rest.choose(candidates, rest.left_out(candidates))
            predictions[test] = self.predicted(chosen, train, test)
        return predictions


def cross_validation(
    rows: pd.DataFrame, candidates: Sequence[Candidate], score: str, group: str
) -> CrossValidation:
    """What cross-validation reads of `rows`, which have the score and the measures of all candidates.

    score, group: columns of `rows`.
    """
    several = SOURCE in rows and rows[SOURCE].nunique() > 1
    return CrossValidation(
        columns={entry.name: rows[list(entry.measures)].to_numpy(np.float64) for entry in candidates},
        scores=rows[score].to_numpy(np.float64),
        groups=pd.factorize(rows[group])[0],
        sources=rows[SOURCE].to_numpy(object) if several else None,
    )


def fitted(method: str, X: np.ndarray, y: np.ndarray, Z: np.ndarray) -> np.ndarray:
    """The predictions of Z (m, p) by a ridge regression, else by least squares, on X (n, p) and y (n,)."""
    if method == "ridge":
        weights, constant = ridge(X, y, PENALTIES)
        return Z @ weights + constant
    return with_constant(Z) @ least_squares(with_constant(X), y)
