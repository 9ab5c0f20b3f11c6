"""The best predictor: two regressions, one for what is new to the reference and one for what it knows.

A checkpoint made from a base checkpoint that the reference holds, and near to one of those, is interpolated:
by the predictor with the lowest 10-fold error. "Near" means: no farther from its nearest reference checkpoint
of the same base than any of these is from its own nearest, all measures together in standard deviations.
Everything else, an architecture unknown to the reference included, is predicted by what did best on families
it had not seen. Each case has the interval of its own held-out errors: of 10-fold cross-validation in the
first, of leave-one-family-out in the second. `core.prediction.selection` has the rule by which the two were
chosen.

Not covered: that a checkpoint near to the reference may be odd in a way that its geometry does not show.
"""

from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pandas as pd

from core.errors import InputError
from core.prediction.applicability import Reach, farthest_neighbour, reach_of
from core.prediction.candidates import fit_predict
from core.prediction.intervals import (
    Errors,
    FitPredict,
    errors_on_others,
    group_shares,
    nested,
    weighted_quantile,
)
from core.prediction.selection import BASE, FAMILY, LEVEL, Choice, complete, in_folds

FEWEST = 12  # checkpoints below which nothing is chosen between


@dataclass(frozen=True)
class Best:
    """A fitted pair of predictors that knows how wrong each has been; see `fit_best`."""

    score: str
    choice: Choice
    level: float
    limits: tuple[float, float]
    reference: pd.DataFrame = field(repr=False)
    reach: Reach
    errors: Errors | None  # on families not seen
    known_half: float  # half the width of the interval for what the reference knows
    known_sd: float
    r2: float  # in 10-fold cross-validation of what the reference knows: as fitted, trees explain all
    family: str = FAMILY

    @property
    def measures(self) -> tuple[str, ...]:
        """The measures that every prediction needs."""
        return self.choice.new.measures

    @property
    def families(self) -> tuple[str, ...]:
        """The families of the reference."""
        return self.reach.families

    @property
    def n(self) -> int:
        """Checkpoints of the reference."""
        return len(self.reference)

    def raw(self, frame: pd.DataFrame) -> np.ndarray:
        """The predicted score of each row, not clipped; NaN where a measure is missing. Returned: (rows,)."""
        return _told(self.reference, frame, self.choice, self.score)[0]

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Predict the score of each row of `frame`; arguments and columns as
        `core.prediction.regression.Model.predict`.

        Two columns more: raw, not clipped; known, whether the row was interpolated among checkpoints of its
        own base.
        """
        raw, known = _told(self.reference, frame, self.choice, self.score)
        new_half, new_sd = (self.errors.quantile, self.errors.sd) if self.errors else (np.nan, np.nan)
        half = np.where(known, self.known_half, new_half)
        causes = [
            [] if near else self.reach.uncovered(row, any_architecture=True)
            for near, (_, row) in zip(known, frame.iterrows(), strict=True)
        ]
        return pd.DataFrame(
            {
                "predicted": np.clip(raw, *self.limits),
                "low": np.clip(raw - half, *self.limits),
                "high": np.clip(raw + half, *self.limits),
                "level": self.level,
                "sd": np.where(known, self.known_sd, new_sd),
                "in_range": [not found for found in causes],
                "apart": [[words for words, _ in found] for found in causes],
                "reason": [" ".join(sentence for _, sentence in found) for found in causes],
                "known": known,
                "raw": raw,
            },
            index=frame.index,
        )

    def held_out(self) -> pd.DataFrame:
        """Each reference checkpoint predicted from the other families, as
        `core.prediction.regression.held_out` does."""
        run = fit_predict(self.choice.new, self.score)
        told = nested(self.reference, self.score, FAMILY, run, self.level, self.limits)
        return told.assign(
            level=self.level,
            sd=self.errors.sd if self.errors else np.nan,
            in_range=True,
            apart=[[]] * len(told),
            reason="",
            known=False,
        )


def fit_best(
    reference: pd.DataFrame,
    choice: Choice,
    score: str,
    *,
    level: float = LEVEL,
    limits: tuple[float, float] = (0.0, 1.0),
) -> Best:
    """Fit both predictors of `choice` to the checkpoints of `reference`.

    Arguments:
        reference: one row a checkpoint, with the measures of both, the score, the family and the base; rows
            that lack what the first of them reads are left out.

    Raises InputError with fewer than 12 checkpoints.
    """
    kept = complete(reference, choice.new.measures, score)
    if len(kept) < FEWEST:
        raise InputError(
            f"Predicting {score} by the best predictor needs at least {FEWEST} checkpoints with "
            f"{', '.join(choice.new.measures)}, and there are {len(kept)}; choose another score."
        )
    whole = complete(kept, choice.known.measures, score).dropna(subset=[BASE])
    half = sd = r2 = float("nan")
    if len(whole) >= FEWEST:
        error = in_folds(whole, fit_predict(choice.known, score), 0) - whole[score]
        shares = group_shares(whole[BASE])
        half = weighted_quantile(np.abs(error.to_numpy()), shares, level)
        sd = float(np.sqrt((shares * error.to_numpy() ** 2).sum() / shares.sum()))
        r2 = float(1 - (error**2).mean() / whole[score].var(ddof=0))
    return Best(
        score=score,
        choice=choice,
        level=level,
        limits=limits,
        reference=kept,
        reach=reach_of(kept, choice.new.measures, FAMILY),
        errors=errors_on_others(kept, score, FAMILY, fit_predict(choice.new, score), level),
        known_half=half,
        known_sd=sd,
        r2=r2,
    )


def whole_predictor(choice: Choice, score: str) -> FitPredict:
    """Both cases together, as a function that fits on one frame and predicts another."""
    return lambda rest, held: _told(complete(rest, choice.new.measures, score), held, choice, score)[0]


def _told(
    reference: pd.DataFrame, frame: pd.DataFrame, choice: Choice, score: str
) -> tuple[np.ndarray, np.ndarray]:
    """(predictions, which rows are known to the reference). Returned: (rows,), (rows,)."""
    told = np.full(len(frame), np.nan)
    has = frame[list(choice.new.measures)].notna().all(axis=1).to_numpy()
    whole = complete(reference, choice.known.measures, score).dropna(subset=[BASE])
    known = _near(whole, frame, choice.known.measures) if len(whole) >= FEWEST else np.zeros(len(frame), bool)
    new = has & ~known
    if new.any():
        told[new] = fit_predict(choice.new, score)(reference, frame[new])
    if known.any():
        told[known] = fit_predict(choice.known, score)(whole, frame[known])
    return told, known


def _near(reference: pd.DataFrame, frame: pd.DataFrame, measures: tuple[str, ...]) -> np.ndarray:
    """Which rows lie among the reference checkpoints of their own base. Returned: (rows,), of bool."""
    near = np.zeros(len(frame), dtype=bool)
    bases = base_of(frame)
    has = frame[list(measures)].notna().all(axis=1)
    reach = reach_of(reference, measures, FAMILY)  # for the scale that all bases share
    scaled = partial(_scaled, reach=reach)
    for base, own in reference.groupby(BASE):
        asked = (has & (bases == base)).to_numpy()
        if not asked.any():
            continue
        held = scaled(own)
        away = np.array([np.sqrt(((held - row) ** 2).sum(1)).min() for row in scaled(frame[asked])])
        limit = farthest_neighbour(held)
        near[asked] = away <= limit if np.isfinite(limit) else False
    return near


def _scaled(frame: pd.DataFrame, reach: Reach) -> np.ndarray:
    return (frame[list(reach.measures)].to_numpy(np.float64) - reach.centre) / reach.scale


def base_of(frame: pd.DataFrame) -> pd.Series:
    """What each checkpoint was made from; a measured one without a base is its own."""
    base = frame[BASE] if BASE in frame else pd.Series(None, index=frame.index, dtype=object)
    own = frame["name"].where(frame["origin"] == "measured") if {"name", "origin"} <= set(frame) else None
    return base.astype(object) if own is None else base.astype(object).fillna(own.astype(object))
