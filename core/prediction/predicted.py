"""Every checkpoint predicted by one of four predictors: mean, linear, linear+architecture, best.

All are fitted to the perturbed checkpoints of arXiv 2406.12159 alone, so that the 13 non-standard ones of the
same paper stay a test. A perturbed checkpoint is predicted from the other families, everything else from
all of them. "linear" reads point patchiness, as the paper does, unless other measures are given; "best" is
`core.prediction.best` with the two predictors that the held-out table chose on the GLUE average, for other
scores too.

Not covered: that a choice made on the GLUE average need not be the best for another score.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from core.errors import InputError
from core.measures import MEASURES
from core.measures.protocol import PUBLISHED, left_out
from core.overview import Overview, at_sample
from core.prediction.best import Best, fit_best
from core.prediction.candidates import PATCHINESS, named
from core.prediction.held_out import perturbed
from core.prediction.intervals import coverage, coverage_by_group
from core.prediction.regression import Model, fit, held_out
from core.prediction.selection import Choice

PREDICTORS = {
    "mean": "Always the mean",
    "linear": "Straight line",
    "linear+architecture": "Straight line with a term for the architecture",
    "best": "Best by held-out error",
}
LINES = ("linear", "linear+architecture")


@dataclass(frozen=True)
class Predicted:
    """Predictions, the model behind them, and how often its intervals held out of sample."""

    rows: pd.DataFrame  # the overview's rows with raw, predicted, low, high, level, sd, in_range, apart,
    # reason, known, fitted (to it the model was fitted, so it was predicted from the other families), actual
    model: Model | Best
    predictor: str
    covered: float
    covered_by_family: float


@cache
def chosen() -> Choice:
    """The two predictors that the shipped held-out table marks as chosen."""
    from core.reference import held_out as shipped

    table = shipped()
    role = table["role"].fillna("")
    new, known = (table.loc[role.str.contains(word), "predictor"].iloc[0] for word in ("new", "known"))
    return Choice(new=named(new), known=named(known))


def predicted(
    overview: Overview, score: str, predictor: str, measures: Sequence[str] | None = None
) -> Predicted:
    """Predict `score` for every checkpoint that has the predictor's measures.

    Arguments:
        predictor: a key of PREDICTORS; measures: of a straight line, point patchiness by default.

    Cell measures are those taken by the published protocol, since the reference's were; a checkpoint with
    others only is not predicted from them, and its row says so.
    Raises InputError: no such score, predictor or measure; too few checkpoints with all of it.
    """
    used = _checked(overview, score, predictor, measures)
    if overview.sample != PUBLISHED:
        overview = at_sample(overview, PUBLISHED)
    rows = overview.rows
    rows = rows.assign(**dict.fromkeys([name for name in used if name not in rows], np.nan))
    reference = perturbed(rows).dropna(subset=[score])
    limits = limits_of(reference[score])
    model: Model | Best
    if predictor == "best":
        model = fit_best(_complete(rows, reference), chosen(), score, limits=limits)
        own = model.held_out().assign(raw=np.nan)
    else:
        model = fit(reference, used, score, architecture=predictor == LINES[1], limits=limits)
        own = held_out(reference, model).assign(known=False, raw=np.nan)
    own["raw"] = own["predicted"]
    measured = rows[list(model.measures)].notna().any(axis=1) if model.measures else rows[score].notna()
    others = rows[measured & ~rows.index.isin(own.index)]
    told = model.predict(others)
    if isinstance(model, Model):
        told = told.assign(raw=model.raw(others), known=False)
    parts = [part.assign(fitted=fitted) for part, fitted in ((own, True), (told, False)) if len(part)]
    found = say_other_cells(overview, pd.concat(parts), list(model.measures))
    actual = rows[score]
    return Predicted(
        rows=rows.join(found, how="inner").assign(actual=actual),
        model=model,
        predictor=predictor,
        covered=coverage(own, actual),
        covered_by_family=coverage_by_group(own, actual, rows["family"]),
    )


def limits_of(scores: pd.Series) -> tuple[float, float]:
    """What a score can be: correlations reach below zero, everything else is a fraction."""
    return (-1.0 if (scores < 0).any() else 0.0, 1.0)


def say_other_cells(overview: Overview, found: pd.DataFrame, measures: list[str]) -> pd.DataFrame:
    """Add to predictions why cells measured on another text or size were not used."""
    for subject, sizes in left_out(overview.cells, PUBLISHED, measures).items():
        if subject in found.index:
            found.at[subject, "apart"] = ["other text or size of cells"]
            found.at[subject, "reason"] += f" Its cells were measured on {sizes}, which does not compare."
    return found


def _complete(rows: pd.DataFrame, reference: pd.DataFrame) -> pd.DataFrame:
    choice = chosen()
    needed = [*choice.new.measures, *choice.known.measures]
    missing = [name for name in needed if name not in rows]
    if missing:
        raise InputError(
            f"The best predictor needs {', '.join(missing)} of the published checkpoints, which this store "
            "does not hold; start with a fresh store, which comes with them."
        )
    return reference


def _checked(
    overview: Overview, score: str, predictor: str, measures: Sequence[str] | None
) -> tuple[str, ...]:
    if predictor not in PREDICTORS:
        raise InputError(f"There is no predictor {predictor}: choose {_either(list(PREDICTORS))}.")
    if score not in overview.scores:
        held = _either(overview.scores) if overview.scores else "a score after `cli.py scores import FILE`"
        raise InputError(f"There is no score {score} in this store: choose {held}.")
    if not measures:
        return PATCHINESS if predictor in LINES else ()
    if predictor not in LINES:
        raise InputError(
            f"The predictor {predictor} reads measures of its own: leave out --measures, or choose "
            f"{_either(list(LINES))}."
        )
    if unknown := [name for name in measures if name not in MEASURES]:
        raise InputError(
            f"There is no measure {', '.join(unknown)}: `cli.py measures` lists those that there are."
        )
    return tuple(dict.fromkeys(measures))


def _either(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
