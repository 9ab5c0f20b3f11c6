"""How far to trust one prediction: a level and the reasons for it, as data.

Codes of the reasons beside those of `core.prediction.applicability`: outside_interval (actual, low, high),
all_in_range, one_group, near_known_base (rmse), unseen_group (family, layers, width, groups, rmse, baseline)
and held_out_group (group, n, groups, rmse, baseline). `core.wording.applicability` has the words.
"""

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from core.prediction.applicability import shape_of
from core.prediction.model import Model
from core.reasons import Reason

Level = Literal["fair", "weak", "missed", "outside"]
LEVELS: tuple[Level, ...] = ("fair", "weak", "missed", "outside")


@dataclass(frozen=True)
class Trust:
    """How far to trust a prediction: "fair", "weak", "missed" or "outside", and why."""

    level: Level
    reasons: tuple[Reason, ...]


def trust(model: Model, row: pd.Series) -> Trust:
    """How far to trust a prediction.

    Arguments:
        row: a checkpoint with its group, the columns of `Model.predict`, and `actual` (NaN: not known).
    """
    actual, low, high = (float(row[name]) for name in ("actual", "low", "high"))
    missed = actual < low or actual > high
    first = [Reason("outside_interval", actual=actual, low=low, high=high)] if missed else []
    level: Level = "outside"
    reasons = row["reasons"]
    if not reasons:
        level, reasons = _covered(model, row)
    return Trust("missed" if missed else level, (*first, *reasons))


def _covered(model: Model, row: pd.Series) -> tuple[Level, tuple[Reason, ...]]:
    """The level of a row that the reference covers, before its known score is looked at."""
    first, errors = Reason("all_in_range"), model.errors
    if errors is None:
        return "weak", (first, Reason("one_group"))
    if row["interpolated"]:
        return "fair", (first, Reason("near_known_base", rmse=float(row["sd"])))
    group = model.reference.groups
    own = errors.by_group[errors.by_group[group] == row.get(group)]
    if own.empty:
        unseen = Reason(
            "unseen_group", **shape_of(row), groups=group, rmse=errors.rmse, baseline=errors.mean_rmse
        )
        return "weak", (first, unseen)
    rmse, baseline = float(own["rmse"].iloc[0]), float(own["mean_rmse"].iloc[0])
    reason = Reason(
        "held_out_group",
        group=str(row[group]),
        n=int(own["n"].iloc[0]),
        groups=group,
        rmse=rmse,
        baseline=baseline,
    )
    return "fair" if rmse < baseline else "weak", (first, reason)
