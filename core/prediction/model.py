"""A fitted predictor: predictions with an interval, its standard deviation and the applicability domain.

The interval is not the in-sample one: each group of the reference in turn is left out, predicted from the
others, and its errors collected (`core.prediction.intervals`); groups count the same however many checkpoints
they hold, because a new checkpoint comes from a new group more often than not. With three groups the level is
nominal; `core.prediction.intervals.coverage` is what was reached.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

import numpy as np
import pandas as pd

from core.prediction.applicability import Domain
from core.prediction.intervals import Errors, FitPredict, nested
from core.prediction.reference import FAMILY, Reference

LEVEL = 0.9


@dataclass(frozen=True)
class Model(ABC):
    """A predictor fitted to a reference."""

    measures: tuple[str, ...]  # that every prediction needs
    reference: Reference = field(repr=False)  # the rows that it was fitted to
    level: float
    domain: Domain = field(repr=False)
    errors: Errors | None  # on groups left out; None: one group only, nothing can be left out
    r2: float

    any_architecture: ClassVar[bool] = False  # whether an unknown family is predicted like any other

    @property
    def score(self) -> str:
        """The score that is predicted."""
        return self.reference.score

    @property
    def n(self) -> int:
        """Checkpoints that it was fitted to."""
        return len(self.reference)

    @property
    def families(self) -> tuple[str, ...]:
        """The families of the reference."""
        return self.domain.families

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups of the reference that were left out in turn."""
        return tuple(sorted(map(str, self.reference.rows[self.reference.groups].unique())))

    @property
    def in_ten_folds(self) -> bool:
        """Whether groups were left out in ten parts, not one by one."""
        return False

    def raw(self, rows: pd.DataFrame) -> np.ndarray:
        """The value of each row, neither cut to the score's limits nor checked. Returned: (rows,)."""
        return self._values(rows)[0]

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Predict the score of each row of `rows`.

        Arguments:
            rows: one row a checkpoint, with the model's measures and the family; `origin`, `kind`, `base`,
                `corpus`, `sequences`, `layers` and `width` where known.

        Returns: a frame with the same index and the columns
            predicted: the value, cut to the score's limits; NaN where a measure is missing.
            low, high, level: the prediction interval, cut likewise; NaN where nothing could be left out.
            sd: standard deviation of the error.
            in_range, reasons: whether the reference covers the row, and why not (a tuple of Reason).
            interpolated: predicted among checkpoints of the same base, see `core.prediction.best`.
            raw: the value, not cut.
        """
        absent = [name for name in (*self.measures, FAMILY) if name not in rows]
        rows = rows.assign(**dict.fromkeys(absent, np.nan))
        raw, interpolated = self._values(rows)
        half, sd = self._width(interpolated)
        limits = self.reference.limits
        reasons = [
            () if near else found
            for near, found in zip(
                interpolated,
                self.domain.reasons(rows, any_architecture=self.any_architecture),
                strict=True,
            )
        ]
        return pd.DataFrame(
            {
                "predicted": np.clip(raw, *limits),
                "low": np.clip(raw - half, *limits),
                "high": np.clip(raw + half, *limits),
                "level": self.level,
                "sd": sd,
                "in_range": [not found for found in reasons],
                "reasons": pd.Series(reasons, index=rows.index, dtype=object),
                "interpolated": interpolated,
                "raw": raw,
            },
            index=rows.index,
        )

    def held_out(self) -> pd.DataFrame:
        """Each reference checkpoint predicted from the other groups, the interval from those alone, too.

        Returns: as `predict`; empty with one group only, where there is nothing to predict from. Range and
        text are judged against the whole reference, so every row is in range.
        """
        rows, groups = self.reference.rows, self.reference.groups
        if rows[groups].nunique() < 2:
            return self.predict(rows.iloc[:0])
        frame = nested(rows, self.score, groups, self._fit_predict(), self.level, self.reference.limits)
        return frame.assign(
            level=self.level,
            sd=self.errors.sd if self.errors else np.nan,
            in_range=True,
            reasons=pd.Series([()] * len(frame), index=frame.index, dtype=object),
            interpolated=False,
            raw=frame["predicted"],
        )

    @abstractmethod
    def _values(self, rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        """(values, which rows were interpolated), each (rows,)."""

    @abstractmethod
    def _fit_predict(self) -> FitPredict:
        """How one part of the reference predicts another group."""

    def _width(self, interpolated: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(half the width of the interval, sd), each (rows,); the same for all rows unless overridden."""
        half, sd = (self.errors.quantile, self.errors.sd) if self.errors else (np.nan, np.nan)
        return np.full(len(interpolated), half), np.full(len(interpolated), sd)


class Estimator(Protocol):
    """What can be fitted to a reference: a predictor with its measures, before it has seen any score."""

    def fit(self, reference: Reference, *, level: float = LEVEL) -> Model:
        """Fit to `reference`; level: of the prediction interval. Raises InputError: too few checkpoints."""
        ...
