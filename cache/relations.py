"""How one number of the checkpoints goes with another, as Explore and the cards of checkpoints show it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cache.remembered import by_state
from cache.store import Store
from cache.tables import one_row_each

if TYPE_CHECKING:
    import pandas as pd

    from core.evidence.correlations import Evidence
    from core.measures.protocol import Sample
    from core.overview import Overview
    from core.statistics.correlation import Correlation

FEWEST = 3  # checkpoints with both numbers for them to be drawn
LOGARITHMIC = "parameters"  # the number that a line is fitted to the logarithm of
FIRST = ("lsq_patchiness_published", "glue_average")  # what is drawn at first, x and y


@dataclass(frozen=True)
class Relation:
    """Two numbers over checkpoints.

    points: rows of the overview that have both. lines: of `core.statistics.regression.trend`, with residuals,
    one a point. evidence: their correlation, pooled and within families.
    """

    points: "pd.DataFrame"
    lines: "pd.DataFrame"
    residuals: "pd.Series"
    evidence: "Evidence"


@by_state(4)
def axes(store: Store) -> list[str]:
    """What an axis can show: measures, scores and sizes that FEWEST checkpoints at least have."""
    overview = one_row_each(store)
    names = [*overview.measures, *overview.scores, "parameters", "alpha"]
    cells = overview.cells.groupby(["measure", "sample"])["subject"].nunique().groupby("measure").max()
    count = {name: cells.get(name, overview.rows[name].notna().sum()) for name in names}
    return [name for name in names if count[name] >= FEWEST]


def first_axes(offered: list[str]) -> tuple[str, str]:
    """What is drawn before anything is chosen, x and y; offered: at least two of `axes`."""
    x = FIRST[0] if FIRST[0] in offered else offered[0]
    return x, FIRST[1] if FIRST[1] in offered else next(name for name in offered if name != x)


@by_state(32)
def samples(store: Store, names: tuple[str, ...]) -> "list[Sample]":
    """The texts and sizes at which FEWEST checkpoints have the cell measures among `names`, most first."""
    from core.measures import protocol

    cells = one_row_each(store).cells
    rows = cells[cells["measure"].isin([name for name in names if name in protocol.NAMES])]
    counts = rows.groupby("sample")["subject"].nunique()
    return [sample for sample in protocol.samples(rows) if counts[sample.id] >= FEWEST]


@by_state(4)
def at_sample(store: Store, sample: str) -> "Overview":
    """One row a checkpoint, with the cell measures of a text and size, by its id."""
    from core.overview import at_sample

    return at_sample(one_row_each(store), sample)


@by_state(64)
def relation(
    store: Store, x: str, y: str, sample: str | None, families: tuple[str, ...], *, by_family: bool
) -> Relation | None:
    """y against x; None where fewer than FEWEST checkpoints have both.

    Arguments:
        sample: id of the text and size of cell measures; None: the overview's own.
        families: those to look at; none: all. by_family: whether each has a line of its own.
    """
    from core.evidence.correlations import evidence
    from core.statistics.regression import trend

    rows = (at_sample(store, sample) if sample else one_row_each(store)).rows
    points = (rows[rows["family"].isin(families)] if families else rows).dropna(subset=[x, y])
    if x == y or len(points) < FEWEST:
        return None
    lines, residuals = trend(points, x, y, by="family" if by_family else None, log_x=x == LOGARITHMIC)
    return Relation(points, lines, residuals, evidence(points, x, y))


def within(points: "pd.DataFrame", box: Mapping[str, Sequence[float]]) -> "pd.DataFrame":
    """The points within a rectangle: column → (low, high)."""
    kept = points
    for name, (low, high) in box.items():
        kept = kept[kept[name].between(low, high)]
    return kept


def pooled(points: "pd.DataFrame", x: str, y: str) -> "Correlation":
    """The correlation of y with x over some points."""
    from core.statistics.correlation import correlation

    return correlation(points[x], points[y])


@by_state(128)
def among_published(store: Store, measure: str, score: str) -> "Evidence":
    """How a measure correlates with a score over the published checkpoints."""
    from core.evidence.correlations import evidence

    rows = one_row_each(store).rows
    return evidence(rows[rows["origin"] == "published"], measure, score)
