"""Checkpoints that are drawn as one table: what they are ranked by, between which ends, how sure that is."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from core.charts.strips import range_cell
from core.formatting import percent
from core.overview import Overview
from core.prediction import Predictions
from core.prediction.shortlist import PREDICTED
from core.statistics.percentiles import percentiles

# The tables, and part of their keys.
CANDIDATES, CHECKED, OUTSIDE = "candidates", "checked", "outside"
OTHERS, OTHERS_OUTSIDE = "others", "others-outside"
EVERY = frozenset({CANDIDATES, CHECKED, OUTSIDE, OTHERS, OTHERS_OUTSIDE})
NOT_RANKED = frozenset({OUTSIDE, OTHERS_OUTSIDE})
Z = 1.645  # standard errors on each side of a measure: 90 %


@dataclass(frozen=True)
class RankedTable:
    """Checkpoints to be drawn as one table.

    kind: one of EVERY. rows: a part of a `core.prediction.shortlist.Shortlist`, best first. by: what they are
    ranked by, PREDICTED or a measure. predictions: None where none could be made. colours: of every family.
    best: how many best ones a chance is about. marks: as `cache.marks.marks`. also: a measure by which rows
    that cannot be ranked by a prediction are ranked among themselves, their place in the column `also_rank`.
    """

    kind: str
    rows: pd.DataFrame
    overview: Overview
    score: str
    by: str
    predictions: Predictions | None
    colours: Mapping[str, str]
    best: int = 3
    marks: pd.DataFrame = field(default_factory=pd.DataFrame)
    also: str = ""

    @property
    def level(self) -> str:
        """The level of the intervals."""
        return percent(self.predictions.model.level if self.predicted and self.predictions else 0.9)

    @property
    def predicted(self) -> bool:
        """Whether the rows are ranked by a predicted score, not by a measure."""
        return self.by == PREDICTED

    @property
    def values(self) -> pd.Series:
        """What each row is ranked by."""
        name = "predicted" if self.predicted else self.by
        return self.rows.get(name, pd.Series(np.nan, self.rows.index)).astype(float)

    @property
    def ends(self) -> tuple[pd.Series, pd.Series]:
        """(low, high) of each row: the prediction interval, or the measure within its standard error."""
        if self.predicted:
            return self.rows["low"].astype(float), self.rows["high"].astype(float)
        half = Z * self.error(self.by)
        return self.values - half, self.values + half

    def error(self, measure: str) -> pd.Series:
        """The standard error of a measure; NaN where it is not known."""
        errors = self.overview.errors
        known = errors[measure] if measure in errors else pd.Series(dtype=float)
        return known.reindex(self.rows.index).astype(float)

    @property
    def span(self) -> tuple[float, float]:
        """The lowest and the highest value of what the rows are set against."""
        if self.predicted and self.predictions:
            return self.predictions.span
        known = self.overview.rows[self.by].dropna()
        return float(known.min()), float(known.max())

    @property
    def limits(self) -> tuple[float, float]:
        """The lowest and the highest value that the table draws."""
        low, high = self.ends
        ends = pd.concat([pd.Series(self.span), low, high, self.values]).dropna()
        return float(ends.min()), float(ends.max())

    def intervals(self) -> list[str]:
        """The cells that draw interval, value and known score."""
        known = self.rows["actual"] if self.predicted else pd.Series(np.nan, self.rows.index)
        cells = zip(self.values, *self.ends, known, self.rows["family"], strict=True)
        span, limits = self.span, self.limits
        return [
            range_cell(value, low, high, actual, span, limits, self.colours[family])
            for value, low, high, actual, family in cells
        ]

    def ranks(self) -> pd.Series:
        """The rank of each row; those that cannot be told apart share one."""
        places = pd.Series(np.arange(1.0, len(self.rows) + 1), self.rows.index)
        return self.rows["tie"].fillna(places) if "tie" in self.rows else places

    def percentiles(self) -> list[list[float]]:
        """Of each row, where the measures predicted from stand within the reference."""
        if self.predictions is None:
            return [[] for _ in range(len(self.rows))]
        reference, measures = self.predictions.model.reference.rows, self.predictions.model.measures
        places = [100 * percentiles(reference[name], self.rows[name].to_numpy(float)) for name in measures]
        return np.column_stack(places).tolist() if places else [[] for _ in range(len(self.rows))]

    def marked(self, name: str, absent: object) -> pd.Series:
        """`starred` or `note` of each row."""
        known = self.marks[name] if name in self.marks else pd.Series(dtype=object)
        return known.reindex(self.rows.index).astype(object).fillna(absent)
