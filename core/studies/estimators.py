"""What each estimator is worth for choosing among checkpoints of one base: labelled, geometry, noise, chance.

Over the checkpoints of a base in the project's own study, and each of four tasks: Spearman's ρ and weighted
Kendall's τ with the task's score, and the regret of the checkpoint that is put first and of the best of the
first three. Statistics of several tasks are means over them, NaN for an estimator that lacks one of them:
H-score and nearest neighbours need classes, and STS-B has none. Intervals resample checkpoints, the same ones
for all tasks and estimators. Measures are read in the direction that the literature expects; where it says
none, ρ and τ are of the measure as it is, and there is no regret. A measure without labels has one value for
all four tasks.

Not covered: dependence between checkpoints, which makes intervals narrower than they should be.
"""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from core.measures import MEASURES
from core.measures.labelled import MEAN
from core.measures.labelled import NAMES as LABELLED
from core.statistics.bootstrap import counts, interval_of, resampled_ranks, weighted_pearson
from core.statistics.correlation import spearman
from core.statistics.selection import regret, weighted_kendall
from core.studies.labelled_study import LAST
from core.studies.own_study import usual, wide
from core.studies.own_study_findings import AVERAGED, FEWEST

if TYPE_CHECKING:
    from core.blocks import Progress

ALL, PERTURBED = "all", "perturbed"  # checkpoints; perturbed: with the plain one, so that noise has a value
OVERALL, CLASSED = "all four", "with classes"
TASKS = {OVERALL: AVERAGED, CLASSED: ("CoLA", "MRPC", "RTE")} | {task: (task,) for task in AVERAGED}
LABELS, GEOMETRY, UNDIRECTED = "labelled", "geometry", "geometry without a direction"
NOISE, CHANCE, DIFFERENCE = "noise", "chance", "difference"
STATISTICS = ("spearman", "kendall", "regret", "regret_of_three")
COLUMNS = (
    *("base", "checkpoints", "task", "kind", "quantity", "layer", "n"),
    *(f"{name}{end}" for name in STATISTICS for end in ("", "_low", "_high")),
    "seconds",
)
DRAWS = 1000
_ORDERS = 1000  # of equal values, for the regret that is expected
_POINTS = 100.0  # regret is in points of the score
_FILE = Path(__file__).parents[1] / "reference" / "own_estimators.csv"


@dataclass(frozen=True)
class Estimator:
    """One way to order the checkpoints of a base; values: (checkpoints, tasks), higher is better.

    seconds: for one checkpoint, loading it and reading the text included; NaN: not timed.
    """

    kind: str
    quantity: str
    layer: str
    values: np.ndarray
    seconds: float


def shipped() -> pd.DataFrame:
    """The table of `summary` that comes with the project, COLUMNS; empty where none does."""
    if not _FILE.is_file():
        return pd.DataFrame(columns=list(COLUMNS))
    return pd.read_csv(_FILE, keep_default_na=False, na_values={name: [""] for name in COLUMNS[6:]})


def summary(
    study: pd.DataFrame,
    labelled: pd.DataFrame,
    draws: int = DRAWS,
    seed: int = 0,
    progress: "Progress | None" = None,
) -> pd.DataFrame:
    """One row a base, set of checkpoints, task and estimator, COLUMNS; regret in points of the score.

    Arguments:
        study, labelled: as `shipped` of `core.studies.own_study` and `core.studies.labelled_study` give them.
        draws, seed: of the resampling of checkpoints.

    task: a key of TASKS. Rows of kind DIFFERENCE compare the labelled estimators of a layer with the measures
    that have a direction: the medians of both in each task, and the best of both, chosen by ρ in hindsight. A
    base with fewer than FEWEST checkpoints that have all of it is left out. seconds: the median
    over checkpoints, mean over tasks.
    """
    rows: list[dict[str, Any]] = []
    for base, checkpoints, scores, found in _sets(study, labelled):
        counted = np.vstack([np.ones(len(scores)), counts(len(scores), draws, seed)])
        drawn = []
        for place, one in enumerate(found):
            if progress is not None:
                progress(f"{base}, {checkpoints}", place, len(found), "estimators")
            drawn.append(_statistics(one, scores, counted))
        every = np.stack(drawn)
        head = {"base": base, "checkpoints": checkpoints, "n": len(scores)}
        for task, names in TASKS.items():
            of_tasks = every[..., [AVERAGED.index(name) for name in names]]
            about = head | {"task": task}
            for one, statistics in zip(found, of_tasks.mean(-1), strict=True):
                what = {"kind": one.kind, "quantity": one.quantity, "layer": one.layer}
                rows.append(about | what | {"seconds": one.seconds} | _cells(statistics))
            rows += [
                about | {"kind": DIFFERENCE, "quantity": name, "layer": layer} | _cells(statistics)
                for layer in (MEAN, LAST)
                for name, statistics in _differences(found, of_tasks, layer)
            ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _sets(
    study: pd.DataFrame, labelled: pd.DataFrame
) -> Iterator[tuple[str, str, np.ndarray, list[Estimator]]]:
    """(base, which checkpoints, scores (n, tasks), estimators), for bases with enough checkpoints."""
    every = wide(study).dropna(subset=list(AVERAGED))
    of_labels = labelled[labelled["task"] != ""]
    per_label = of_labels.groupby("label")["task"].nunique()
    every = every[every.index.map(per_label).to_numpy() == len(AVERAGED)]
    measures = list(dict.fromkeys(usual(study).query("kind == 'measure'")["quantity"]))
    for base, rows in every.groupby("base", sort=False):
        noisy = rows[rows["variant"].isin(["plain", "perturbed"])]
        for name, kept in ((ALL, rows), (PERTURBED, noisy)):
            if len(kept) >= FEWEST:
                found = [*_of_labels(of_labels, kept.index), *_of_geometry(labelled, kept, measures)]
                if name == PERTURBED:
                    found.append(_flat(NOISE, "noise", -kept["alpha"].fillna(0.0)))
                found.append(_flat(CHANCE, "chance", pd.Series(0.0, kept.index)))
                yield str(base), name, kept[list(AVERAGED)].to_numpy(np.float64), found


def measured_again(study: pd.DataFrame, labelled: pd.DataFrame) -> pd.DataFrame:
    """Measures that were taken anew beside those of the study: one row a base and measure with a direction.

    The small encoders whose labelled estimates are shipped were pre-trained again, and their scores are those
    of the first ones; how much of a rank correlation survives that is seen on measures that both have.

    Returned: base, quantity, n, before, after (of the plain checkpoint), spearman_before, spearman_after
    (with the scores, mean of the four tasks). Bases with fewer than FEWEST checkpoints of both are left out.
    """
    first = wide(study).dropna(subset=list(AVERAGED))
    again = labelled[labelled["task"] == ""].pivot(index="label", columns="quantity", values="value")
    rows = []
    for base, known in first.groupby("base", sort=False):
        labels = known.index.intersection(again.index)
        for name in again.columns if len(labels) >= FEWEST else ():
            both = pd.DataFrame({"before": known[name], "after": again[name]}).reindex(labels).dropna()
            if len(both) < FEWEST or not MEASURES[name].better:
                continue
            sign = -1 if MEASURES[name].better == "lower" else 1
            rhos = {
                f"spearman_{side}": np.mean(
                    [spearman(sign * both[side], known.loc[both.index, task]) for task in AVERAGED]
                )
                for side in both
            }
            plain = known.index[known["variant"] == "plain"][0]
            rows.append({"base": base, "quantity": name, "n": len(both)} | dict(both.loc[plain]) | rhos)
    columns = ["base", "quantity", "n", "before", "after", "spearman_before", "spearman_after"]
    return pd.DataFrame(rows, columns=columns)


def _of_labels(labelled: pd.DataFrame, labels: pd.Index) -> Iterator[Estimator]:
    own = labelled[labelled["label"].isin(labels)]
    for layer in (MEAN, LAST):
        for name in LABELLED:
            rows = own[(own["layer"] == layer) & (own["quantity"] == name)]
            table = rows.pivot(index="label", columns="task", values="value")
            values = table.reindex(index=labels, columns=list(AVERAGED)).to_numpy(np.float64)
            seconds = (rows["seconds"] + rows["extraction"]).groupby(rows["task"]).median().mean()
            yield Estimator(LABELS, name, layer, values, float(seconds))


def _of_geometry(timed: pd.DataFrame, kept: pd.DataFrame, measures: list[str]) -> Iterator[Estimator]:
    costs = timed[(timed["task"] == "") & timed["base"].isin(kept["base"])]
    seconds = (costs["seconds"] + costs["extraction"]).groupby(costs["quantity"]).median()
    for name in measures:
        if kept[name].notna().all():
            better = MEASURES[name].better
            kind, sign = GEOMETRY if better else UNDIRECTED, -1 if better == "lower" else 1
            one = _flat(kind, name, sign * kept[name])
            layer = LAST if MEASURES[name].subject == "cloud" else ""
            yield Estimator(one.kind, name, layer, one.values, float(seconds.get(name, np.nan)))


def _flat(kind: str, quantity: str, values: pd.Series) -> Estimator:
    """An estimator that knows nothing of the task."""
    table = np.repeat(values.to_numpy(np.float64)[:, None], len(AVERAGED), axis=1)
    return Estimator(kind, quantity, "", table, np.nan)


def _statistics(one: Estimator, scores: np.ndarray, counted: np.ndarray) -> np.ndarray:
    """STATISTICS of an estimator: (4, 1 + draws, tasks); first that of the checkpoints themselves.

    NaN for a task that one of the checkpoints has no value for.
    """
    table = np.full((len(STATISTICS), len(counted), scores.shape[1]), np.nan)
    for task, (values, score) in enumerate(zip(one.values.T, scores.T, strict=True)):
        if not np.isfinite(values).all():
            continue
        table[0, :, task] = _spearman(values, score, counted)
        table[1, :, task] = weighted_kendall(values, score, counted)
        for place, k in ((2, 1), (3, 3)) if one.kind != UNDIRECTED else ():
            falls = regret(values, score, counted, k)
            falls[0] = regret(values, score, np.ones((_ORDERS, len(values))), k).mean()
            table[place, :, task] = _POINTS * falls
    return table


def _spearman(x: np.ndarray, y: np.ndarray, counted: np.ndarray) -> np.ndarray:
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return np.full(len(counted), np.nan)
    return weighted_pearson(resampled_ranks(x, counted), resampled_ranks(y, counted), counted)


def _differences(found: list[Estimator], drawn: np.ndarray, layer: str) -> Iterator[tuple[str, np.ndarray]]:
    """(name, labelled less geometry: (4, 1 + draws)) of the medians and of the best.

    drawn: (estimators, 4, 1 + draws, tasks).
    """
    labelled = drawn[[one.kind == LABELS and one.layer == layer for one in found]]
    geometry = drawn[[one.kind == GEOMETRY for one in found]]

    def median(group: np.ndarray) -> np.ndarray:
        """In each task of the estimators that have it, then the mean over tasks."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # a resample in which nothing varies
            return np.nanmedian(group, axis=0).mean(-1)

    def best(group: np.ndarray) -> np.ndarray:
        over_tasks = group.mean(-1)
        rho = over_tasks[:, 0, 0]
        return over_tasks[np.argmax(np.where(np.isfinite(rho), rho, -np.inf))]

    for name, way in {"median": median, "best": best}.items() if len(labelled) and len(geometry) else ():
        yield name, way(labelled) - way(geometry)


def _cells(statistics: np.ndarray) -> dict[str, float]:
    """Value and interval of each of STATISTICS from (4, 1 + draws)."""
    cells: dict[str, float] = {}
    for name, drawn in zip(STATISTICS, statistics, strict=True):
        low, high = interval_of(drawn[1:])
        cells |= {name: float(drawn[0]), f"{name}_low": low, f"{name}_high": high}
    return cells
