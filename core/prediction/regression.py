"""Predict a score from measures, and say how far off such a prediction has been on families it never saw.

Ordinary least squares, as in Marbut et al. 2024 (arXiv 2406.12159, Section 4.1), with or without a term for
the architecture. Unlike there, the interval is not the in-sample one: each family in turn is left out,
predicted from the others, and its errors collected; families count the same however many checkpoints they
hold, because a new checkpoint comes from a new family more often than not. With three families the level is
nominal; how often the intervals held is `coverage`.

Not covered: curved relations, and any correction for how many measures were tried.
"""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import pandas as pd

from core.errors import InputError
from core.prediction.applicability import Reach, reach_of
from core.prediction.intervals import Errors, FitPredict, errors_on_others

SPREAD = ("eee", "vrm", "isoscore")  # measured here and published, under the same definition
LEVEL = 0.9


@dataclass(frozen=True)
class Model:
    """A fitted regression that knows how wrong it has been; see `fit`."""

    score: str
    measures: tuple[str, ...]
    architecture: bool
    level: float
    family: str
    weights: np.ndarray = field(repr=False)  # (1 + measures + families − 1,)
    families: tuple[str, ...]
    n: int
    r2: float
    reach: Reach
    limits: tuple[float, float]
    errors: Errors | None  # None: one family only, nothing can be held out

    def raw(self, frame: pd.DataFrame) -> np.ndarray:
        """The regression's value for each row, neither clipped nor checked. Returned: (rows,)."""
        return (
            _design(frame, self.measures, self.family, self.families if self.architecture else None)
            @ self.weights
        )

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Predict the score of each row of `frame`.

        Arguments:
            frame: one row a checkpoint, with the model's measures and the family column; `corpus`,
                `sequences`, `layers` and `width` where known.

        Returns: a frame with the same index and predicted, low, high (clipped to the score's limits), level,
        sd, in_range, apart and reason (why the reference does not cover this row, in a few words each and in
        sentences). Predicted is NaN where a measure is missing; low, high and sd are NaN where nothing could
        be held out.
        """
        raw = self.raw(frame)
        half = self.errors.quantile if self.errors else np.nan
        causes = [self.reach.uncovered(row) for _, row in frame.iterrows()]
        return pd.DataFrame(
            {
                "predicted": np.clip(raw, *self.limits),
                "low": np.clip(raw - half, *self.limits),
                "high": np.clip(raw + half, *self.limits),
                "level": self.level,
                "sd": self.errors.sd if self.errors else np.nan,
                "in_range": [not found for found in causes],
                "apart": [[words for words, _ in found] for found in causes],
                "reason": [" ".join(sentence for _, sentence in found) for found in causes],
            },
            index=frame.index,
        )


def _design(
    frame: pd.DataFrame, measures: tuple[str, ...], family: str, families: tuple[str, ...] | None
) -> np.ndarray:
    """Columns of the regression: one, the measures, and one a family after the first. Returned: (rows, p).

    A family that the fit has not seen gets the mean of all families' terms, as no term is known for it.
    """
    columns = [np.ones(len(frame)), *(frame[name].to_numpy(np.float64) for name in measures)]
    if families:
        known = frame[family].isin(families).to_numpy()
        columns += [
            np.where(known, frame[family].to_numpy() == name, 1 / len(families)).astype(np.float64)
            for name in families[1:]
        ]
    return np.column_stack(columns)


def least_squares(score: str, measures: tuple[str, ...], architecture: bool, family: str) -> FitPredict:
    """The regression as a function that fits on one frame and predicts another."""

    def fit_predict(rest: pd.DataFrame, held: pd.DataFrame) -> np.ndarray:
        known = tuple(sorted(rest[family].unique())) if architecture else None
        weights = _solve(_design(rest, measures, family, known), rest[score].to_numpy(np.float64))
        return _design(held, measures, family, known) @ weights

    return fit_predict


def _solve(X: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.linalg.lstsq(X, y, rcond=None)[0]


def fit(
    reference: pd.DataFrame,
    measures: tuple[str, ...] | list[str],
    score: str,
    *,
    architecture: bool = False,
    family: str = "family",
    level: float = LEVEL,
    limits: tuple[float, float] = (0.0, 1.0),
) -> Model:
    """Fit score ~ measures (+ architecture) by ordinary least squares on the checkpoints of `reference`.

    Arguments:
        reference: one row a checkpoint, with the measures, the score and the family; rows that lack one are
            left out.
        architecture: whether each family gets its own intercept.
        level: of the prediction interval; limits: what the score can be.

    Returns: the model. Raises InputError with fewer checkpoints than the regression has unknowns plus two.
    """
    measures = tuple(measures)
    kept = reference.dropna(subset=[*measures, score, family])
    families = tuple(sorted(kept[family].unique()))
    unknowns = 1 + len(measures) + (max(len(families) - 1, 0) if architecture else 0)
    if len(kept) < unknowns + 2:
        raise InputError(
            f"Predicting {score} from {', '.join(measures)} needs at least {unknowns + 2} checkpoints "
            f"with all of them, and there are {len(kept)}; choose fewer measures or another score."
        )
    X = _design(kept, measures, family, families if architecture else None)
    y = kept[score].to_numpy(np.float64)
    weights = _solve(X, y)
    total = ((y - y.mean()) ** 2).sum()
    line = least_squares(score, measures, architecture, family)
    return Model(
        score=score,
        measures=measures,
        architecture=architecture,
        level=level,
        family=family,
        weights=weights,
        families=families,
        n=len(kept),
        r2=float(1 - ((y - X @ weights) ** 2).sum() / total) if total > 0 else float("nan"),
        reach=reach_of(kept, measures, family),
        limits=limits,
        errors=errors_on_others(kept, score, family, line, level),
    )


def held_out(reference: pd.DataFrame, model: Model) -> pd.DataFrame:
    """Predict each reference checkpoint from the other families only: the honest prediction of a known row.

    Arguments:
        reference: the frame that `model` was fitted on, or a part of it with the same families.

    Returns: as `Model.predict`, for the rows that have all measures; the interval, too, comes from the other
    families alone. With one family only there is nothing to predict from, and the frame is empty.
    """
    parts = []
    for name in model.families if len(model.families) > 1 else ():
        rows = reference[(reference[model.family] == name)].dropna(subset=list(model.measures))
        if rows.empty:
            continue
        rest = fit(
            reference[reference[model.family] != name],
            model.measures,
            model.score,
            architecture=model.architecture,
            family=model.family,
            level=model.level,
            limits=model.limits,
        )
        # Range and text are judged against the whole reference: this row is part of it.
        covered = {"in_range": True, "apart": [[]] * len(rows), "reason": ""}
        parts.append(rest.predict(rows).assign(**covered))
    return pd.concat(parts) if parts else model.predict(reference.iloc[:0])


def probability_among_best(
    predicted: np.ndarray,
    sd: np.ndarray | float,
    k: int = 3,
    *,
    families: np.ndarray | None = None,
    shared_sd: float = 0.0,
    draws: int = 4000,
    seed: int = 0,
) -> np.ndarray:
    """The chance of each candidate to be among the k best, by drawing from the predictive distributions.

    Arguments:
        predicted: (n,) predicted scores; sd: their predictive standard deviation, one or (n,).
        families, shared_sd: (n,) labels and the part of sd that moves a family together: checkpoints of one
            family miss in the same direction, so they are easier to tell apart from each other than from the
            rest.
        draws, seed: of the simulation; its own error is at most 0.5/√draws.

    Returns: (n,) probabilities, which sum to min(k, n).
    """
    mean = np.asarray(predicted, dtype=np.float64)
    n = len(mean)
    if n <= k:
        return np.ones(n)
    rng = np.random.default_rng(seed)
    total = np.broadcast_to(np.asarray(sd, dtype=np.float64), (n,))
    own = np.sqrt(np.maximum(total**2 - shared_sd**2, 0)) if families is not None else total
    drawn = mean + own * rng.standard_normal((draws, n))  # (draws, n)
    if families is not None:
        _, label = np.unique(np.asarray(families), return_inverse=True)
        drawn += np.minimum(shared_sd, total) * rng.standard_normal((draws, label.max() + 1))[:, label]
    best = np.argpartition(-drawn, k - 1, axis=1)[:, :k]
    return np.bincount(best.ravel(), minlength=n) / draws


@dataclass(frozen=True)
class Trust:
    """How far to trust one prediction: a level (a key of TRUST) and one sentence for each reason."""

    level: str
    reasons: tuple[str, ...]


TRUST = {
    "fair": "covered by the reference, and its family was predicted better than by always saying the mean",
    "weak": "covered by the reference, but its family was predicted no better than by always saying the "
    "mean, or is none that the reference holds",
    "missed": "the known score lies outside the predicted range",
    "outside": "outside what the reference covers",
}


class Judged(Protocol):
    """What `trust` needs of a model."""

    @property
    def errors(self) -> Errors | None: ...
    @property
    def reach(self) -> Reach: ...
    @property
    def family(self) -> str: ...
    @property
    def families(self) -> tuple[str, ...]: ...


def trust(model: Judged, row: pd.Series) -> Trust:
    """How far to trust a prediction.

    Arguments:
        row: a checkpoint with its family, the columns of `Model.predict`, and `actual` (NaN: not known).
    """
    known = row["actual"]
    off = known < row["low"] or known > row["high"]
    said = []
    if off:
        low, high = row["low"], row["high"]
        said.append(
            f"The known score {known:.2f} lies outside the predicted range of {low:.2f} to {high:.2f}."
        )
    if row["reason"]:
        said += [f"{part.rstrip('.')}." for part in row["reason"].split(". ")]
        return Trust("missed" if off else "outside", tuple(said))
    said.append("Every measure lies within the range of the reference.")
    if model.errors is None:
        said.append("The reference has one family only, so no error could be held out.")
        return Trust("missed" if off else "weak", tuple(said))
    if row.get("known", False):
        said.append(
            "It lies among checkpoints of its own base that the reference holds; such were missed by "
            f"{row['sd']:.3f} (root mean square) in 10-fold cross-validation."
        )
        return Trust("missed" if off else "fair", tuple(said))
    if row[model.family] not in model.families:
        better = model.errors.rmse < model.errors.mean_rmse
        said.append(
            f"{model.reach.unknown_family(row)}; other families that were left out were missed by "
            f"{model.errors.rmse:.3f} (root mean square), {'less' if better else 'no less'} than by always "
            f"saying the mean ({model.errors.mean_rmse:.3f})."
        )
        return Trust("missed" if off else "weak", tuple(said))
    held = model.errors.by_family.set_index(model.family).loc[row[model.family]]
    better = held["rmse"] < held["mean_rmse"]
    said.append(
        f"With all {held['n']:.0f} {row[model.family]} checkpoints left out, predicting them from the other "
        f"families missed by {held['rmse']:.3f} (root mean square), {'less' if better else 'no less'} than "
        f"always saying the mean ({held['mean_rmse']:.3f})."
    )
    return Trust("missed" if off else "fair" if better else "weak", tuple(said))
