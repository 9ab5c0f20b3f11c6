"""What the store holds for the evidence of measures: a row a checkpoint, its covariates, and the choices."""

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cache.store import Store
from core.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

ALL, PERTURBED = "all", "perturbed"
FEWEST = 3  # checkpoints with both numbers for a correlation to be tried


@dataclass(frozen=True)
class Material:
    """rows: checkpoints with measures, scores, facts; covariates: of the same; metrics: of each score."""

    rows: "pd.DataFrame"
    covariates: "pd.DataFrame"
    measures: list[str]
    scores: list[str]
    metrics: dict[str, str]


def material(store: Store) -> Material:
    """Everything that evidence rests on, out of the store's newest snapshot."""
    from core.evidence.covariates import covariates_of
    from core.overview import overview

    tables = ("checkpoints", "clouds", "measurements", "scores", "covariates")
    checkpoints, clouds, measurements, scores, covariates = (
        store.query(f"SELECT * FROM {name}") for name in tables
    )
    known = overview(checkpoints, clouds, measurements, scores)
    beside = covariates_of(known.rows, covariates)
    return Material(known.rows, beside, known.measures, known.scores, known.metrics)


def choices(rows: "pd.DataFrame") -> list[str]:
    """The sets of checkpoints that can be looked at: all, the published perturbed ones, each family."""
    perturbed = [PERTURBED] if _perturbed(rows).any() else []
    return [ALL, *perturbed, *sorted(rows["family"].unique())]


def _perturbed(rows: "pd.DataFrame") -> "pd.Series":
    return (rows["variant"] == PERTURBED) & (rows["origin"] == "published")


def chosen(rows: "pd.DataFrame", name: str) -> "pd.DataFrame":
    """The rows of a set. Raises InputError for a set that `choices` does not name."""
    if name == ALL:
        return rows
    offered = choices(rows)
    if name not in offered:
        raise InputError(
            f"There is no set of checkpoints called {name!r}: choose among {', '.join(offered)}."
        )
    if name == PERTURBED:
        return rows[_perturbed(rows)]
    return rows[rows["family"] == name]


def tried(rows: "pd.DataFrame", measures: list[str], score: str) -> list[str]:
    """The measures that a few of the rows have beside the score: those that q-values are over."""
    scored = rows[rows[score].notna()]
    return [name for name in measures if scored[name].notna().sum() >= FEWEST]


def found(known: Material, measure: str, score: str) -> None:
    """Raises InputError where the store has no such measure or no such score."""
    for name, held, what, remedy in (
        (measure, known.measures, "measure", "measure it first; the store has"),
        (score, known.scores, "score", "import it first; the store has"),
    ):
        if name not in held:
            close = difflib.get_close_matches(name, held)
            hint = f" (did you mean {' or '.join(close)}?)" if close else ""
            raise InputError(f"The store has no {what} {name!r}{hint}: {remedy} {'; '.join(held) or 'none'}.")
