"""Prediction intervals from errors on groups that a predictor never saw, and their coverage.

Split conformal prediction over groups (Vovk et al. 2005; Dunn, Wasserman and Ramdas 2023 for groups): each
group, a family or a base checkpoint, is left out in turn and predicted from the others, and the interval is
as wide as a given share of those errors. Groups count the same however many checkpoints they hold, as a new
checkpoint comes from a new group more often than not. Intervals are cut to what a score can be.

The coverage of such an interval is measured by nesting: `nested` predicts each group from the others with an
interval that comes from the others alone, and `coverage` counts.

Not covered: with three groups the level is nominal. No finite-sample guarantee can be had from three, which
would ask for at least nine groups at 90 %; the measured coverage is all there is to go by.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

# Fits on the first frame and predicts the rows of the second. Returned: (rows,).
FitPredict = Callable[[pd.DataFrame, pd.DataFrame], np.ndarray]


@dataclass(frozen=True)
class Errors:
    """Held-out errors, predicted minus actual, group by group; groups count the same."""

    by_group: pd.DataFrame  # the group, n, rmse, mean_rmse (of the mean of the other groups: the baseline)
    rmse: float
    mean_rmse: float
    quantile: float  # of |error| at the model's level: half the width of the interval
    sd: float  # of the predictive distribution
    shared_sd: float  # the part of it that moves a whole group together

    @cached_property
    def figures(self) -> dict[Hashable, tuple[int, float, float]]:
        """n, rmse and mean_rmse by group."""
        return {
            group: (int(n), float(rmse), float(mean_rmse))
            for group, n, rmse, mean_rmse in self.by_group.itertuples(index=False)
        }


def weighted_quantile(values: np.ndarray, weights: np.ndarray, level: float) -> float:
    """The smallest value that at least `level` of the weight does not exceed. values, weights: (n,)."""
    order = np.argsort(values)
    reached = np.cumsum(weights[order]) / weights.sum()
    return float(values[order][min(int(np.searchsorted(reached, level - 1e-12)), len(values) - 1)])


def group_shares(groups: pd.Series) -> np.ndarray:
    """A weight for each row such that every group weighs the same. Returned: (n,)."""
    return (1 / groups.groupby(groups).transform("size")).to_numpy(np.float64)


def left_out(frame: pd.DataFrame, group: str, fit_predict: FitPredict) -> pd.Series:
    """Each row predicted from the other groups only; NaN for all where there is a single group."""
    predictions = np.full(len(frame), np.nan)
    groups = frame[group].to_numpy()
    names = frame[group].unique()
    for name in names if len(names) > 1 else ():
        own = groups == name
        predictions[own] = fit_predict(frame[~own], frame[own])
    return pd.Series(predictions, index=frame.index)


def errors_on_others(
    frame: pd.DataFrame, score: str, group: str, fit_predict: FitPredict, level: float
) -> Errors | None:
    """Leave each group out in turn and collect the errors of predicting it from the others.

    Arguments:
        frame: one row a checkpoint with the score, the group and what `fit_predict` needs.
        level: of the interval that the errors are to give.

    Returns: the errors, or None with one group only, where nothing can be held out.
    """
    if frame[group].nunique() < 2:
        return None
    predicted = left_out(frame, group, fit_predict)
    return errors_from(frame, score, group, predicted, left_out(frame, group, _mean_of(score)), level)


def errors_from(
    frame: pd.DataFrame, score: str, group: str, predicted: pd.Series, mean: pd.Series, level: float
) -> Errors | None:
    """The errors of predictions that did not see their group; None with one group only.

    Arguments:
        predicted, mean: index as `frame`: by the predictor, and by the mean of the other groups.
    """
    if frame[group].nunique() < 2:
        return None
    actual = frame[score].to_numpy(np.float64)
    error, mean_error = predicted - actual, mean - actual
    rows = [
        (name, len(part), np.sqrt((part**2).mean()), np.sqrt((mean_error[part.index] ** 2).mean()))
        for name, part in error.groupby(frame[group], sort=False)
    ]
    table = pd.DataFrame(rows, columns=[group, "n", "rmse", "mean_rmse"])
    rmse = float(np.sqrt((table["rmse"] ** 2).mean()))
    return Errors(
        by_group=table,
        rmse=rmse,
        mean_rmse=float(np.sqrt((table["mean_rmse"] ** 2).mean())),
        quantile=weighted_quantile(np.abs(error.to_numpy()), group_shares(frame[group]), level),
        sd=rmse,
        shared_sd=float(np.sqrt((error.groupby(frame[group]).mean() ** 2).mean())),
    )


def _mean_of(score: str) -> FitPredict:
    return lambda rest, others: np.full(len(others), rest[score].mean())


def nested(
    frame: pd.DataFrame,
    score: str,
    group: str,
    fit_predict: FitPredict,
    level: float,
    limits: tuple[float, float],
) -> pd.DataFrame:
    """Each row predicted from the other groups, with an interval from those groups' errors on each other.

    Returns: predicted, low and high (cut to `limits`), index as `frame`. NaN where there are no other groups;
    low and high are NaN where there is a single other group, which has nothing to be left out against.
    """
    predictions = pd.DataFrame(np.nan, index=frame.index, columns=["predicted", "low", "high"])
    names = frame[group].unique()
    for name in names if len(names) > 1 else ():
        own = frame[group] == name
        rest = frame[~own]
        raw = fit_predict(rest, frame[own])
        errors = errors_on_others(rest, score, group, fit_predict, level)
        half = errors.quantile if errors else np.nan
        predictions.loc[own, "predicted"] = np.clip(raw, *limits)
        predictions.loc[own, "low"] = np.clip(raw - half, *limits)
        predictions.loc[own, "high"] = np.clip(raw + half, *limits)
    return predictions


def coverage(predictions: pd.DataFrame, actual: pd.Series) -> float:
    """Coverage: the share of known scores within their interval (columns low, high); NaN if none is known."""
    both = predictions.assign(actual=actual.reindex(predictions.index)).dropna(subset=["low", "actual"])
    return float(both["actual"].between(both["low"], both["high"]).mean()) if len(both) else float("nan")


def coverage_by_group(predictions: pd.DataFrame, actual: pd.Series, groups: pd.Series) -> float:
    """As `coverage`, but with every group counting the same."""
    both = predictions.assign(actual=actual.reindex(predictions.index)).dropna(subset=["low", "actual"])
    inside = both["actual"].between(both["low"], both["high"])
    return float(inside.groupby(groups.reindex(both.index)).mean().mean())
