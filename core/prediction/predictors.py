"""The predictors by name: mean, linear, linear+architecture, best.

"linear" reads point patchiness, as Marbut et al. 2024 do, unless other measures are given. "best" has the
lowest held-out error within the reference: of the perturbed checkpoints it is `core.prediction.best` with the
two predictors that the shipped held-out table chose, on the GLUE average; of any other reference
`core.prediction.choosing` chooses anew.

Not covered: that a choice made on the GLUE average need not be the best for another score of the perturbed
checkpoints.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from core.errors import InputError
from core.measures import MEASURES
from core.prediction.best import Best
from core.prediction.candidates import PATCHINESS, named
from core.prediction.choosing import Chosen
from core.prediction.model import LEVEL, Estimator, Model
from core.prediction.reference import Reference, either
from core.prediction.regression import Linear
from core.prediction.selection import Choice

PREDICTORS = {
    "mean": "Mean baseline",
    "linear": "Linear regression",
    "linear+architecture": "Linear regression with a term for the architecture",
    "best": "Best by held-out error",
}
LINEAR = ("linear", "linear+architecture")
DEFAULT = "best"


@cache
def chosen() -> Choice:
    """The two predictors that the shipped held-out table marks as chosen."""
    from core.reference import held_out as shipped

    table = shipped()
    role = table["role"].fillna("")
    new, known = (table.loc[role.str.contains(word), "predictor"].iloc[0] for word in ("new", "known"))
    return Choice(new=named(new), known=named(known))


@dataclass(frozen=True)
class LowestError:
    """The predictor with the lowest held-out error within the reference that it is fitted to."""

    def fit(self, reference: Reference, *, level: float = LEVEL) -> Model:
        """As `Best` for the perturbed checkpoints, as `Chosen` for others."""
        if reference.name == "perturbed":
            return Best(chosen()).fit(reference, level=level)
        return Chosen().fit(reference, level=level)


def estimator(
    predictor: str = DEFAULT, measures: Sequence[str] | None = None, *, choice: Choice | None = None
) -> Estimator:
    """The predictor of that name, unfitted.

    Arguments:
        predictor: a key of PREDICTORS.
        measures: of a linear one, point patchiness by default.
        choice: of the best, instead of the one of the lowest held-out error within the reference.

    Raises InputError: no such predictor or measure; measures for a predictor that has its own.
    """
    if predictor not in PREDICTORS:
        raise InputError(f"There is no predictor {predictor}: choose {either(list(PREDICTORS))}.")
    if measures and predictor not in LINEAR:
        raise InputError(
            f"The predictor {predictor} reads measures of its own: leave out --measures, or choose "
            f"{either(list(LINEAR))}."
        )
    if unknown := [name for name in measures or () if name not in MEASURES]:
        raise InputError(
            f"There is no measure {', '.join(unknown)}: `cli.py measures` lists those that there are."
        )
    if predictor == "mean":
        return Linear()
    if predictor in LINEAR:
        used = tuple(dict.fromkeys(measures or PATCHINESS))
        return Linear(used, architecture=predictor == "linear+architecture")
    return Best(choice) if choice else LowestError()
