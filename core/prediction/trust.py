"""How far to trust one prediction: a level and the reasons for it, as data.

Codes of the reasons beside those of `core.prediction.applicability`: outside_interval (actual, low, high),
all_in_range, one_group, near_known_base (rmse), unseen_group (family, layers, width, groups, rmse, baseline)
and held_out_group (group, n, groups, rmse, baseline). `core.wording.applicability` has the words.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

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


def trust(model: Model, row: Mapping[Any, Any]) -> Trust:
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


def _covered(model: Model, row: Mapping[Any, Any]) -> tuple[Level, tuple[Reason, ...]]:
    """The level of a row that the reference covers, before its known score is looked at."""
    first, errors = Reason("all_in_range"), model.errors
    if errors is None:
        return "weak", (first, Reason("one_group"))
    if row["interpolated"]:
        return "fair", (first, Reason("near_known_base", rmse=float(row["sd"])))
    group = model.reference.groups
    label = row.get(group)
    if label not in errors.figures:
        unseen = Reason(
            "unseen_group",
            **shape_of(row),
            groups=group,
            ten=model.in_ten_folds,
            rmse=errors.rmse,
            baseline=errors.mean_rmse,
        )
        return "weak", (first, unseen)
    n, rmse, baseline = errors.figures[label]
    reason = Reason("held_out_group", group=str(label), n=n, groups=group, rmse=rmse, baseline=baseline)
    return "fair" if rmse < baseline else "weak", (first, reason)
