"""Predicted scores as a ranking: places, how sure they are, and what sets candidates apart."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from core.prediction.model import Model
from core.statistics.percentiles import percentile

STANDING = ("chance", "rank_low", "rank_high", "tie")
DRAWN = 1_000_000  # numbers drawn for a ranking, so that a thousand candidates take a fifth of a second
LEVEL = 0.9  # of the interval of a rank, and the share of draws that tells two rows apart


def rank(model: Model, predictions: pd.DataFrame, k: int = 3) -> pd.DataFrame:
    """Predicted candidates as a ranking, best first, those that the reference does not cover last.

    Arguments:
        predictions: as `Model.predict` gives them, with the column of the reference's groups where known.

    Returns: the same rows, and the columns rank (see `places`) and those of `standings` among those with a
    rank; NaN for the others.
    """
    better = model.reference.higher_is_better
    ordered = predictions.assign(rank=places(predictions, higher_is_better=better))
    ordered = ordered.sort_values("rank", kind="stable")
    return ordered.join(standings(model, ordered[ordered["rank"].notna()], k))


def places(predictions: pd.DataFrame, *, higher_is_better: bool = True) -> pd.Series:
    """The place of each row, 1 for the best predicted; NaN for a row that the reference does not cover.

    Arguments:
        predictions: as `Model.predict` gives them.
    """
    ranked = predictions[predictions["in_range"].astype(bool) & predictions["predicted"].notna()]
    order = ranked.sort_values(["predicted", "raw"], ascending=not higher_is_better, kind="stable").index
    return pd.Series(range(1, len(order) + 1), index=order, dtype=float).reindex(predictions.index)


def standings(model: Model, shown: pd.DataFrame, k: int = 3) -> pd.DataFrame:
    """How sure the ranking of `shown` is, as `standings_of` gives it; NaN without a held-out error.

    Arguments:
        shown: predicted rows, best first.
    """
    errors = model.errors
    if errors is None or shown.empty:
        return pd.DataFrame(np.nan, index=shown.index, columns=list(STANDING))
    groups = shown.get(model.reference.groups)
    return standings_of(
        shown["predicted"] * (1 if model.reference.higher_is_better else -1),
        shown["sd"].to_numpy(),
        k,
        groups=None if groups is None else groups.astype(str).where(groups.notna(), shown.index).to_numpy(),
        shared_sd=errors.shared_sd,
    )


def standings_of(
    values: pd.Series,
    sd: np.ndarray | float,
    k: int = 3,
    *,
    groups: np.ndarray | None = None,
    shared_sd: float = 0.0,
) -> pd.DataFrame:
    """How sure a ranking is, from joint draws of what is ranked.

    Arguments:
        values: what is ranked, best (highest) first; the others as of `joint_draws`.

    Returns: index as `values`; chance (to be among the k best), rank_low and rank_high (the 90 % interval of
    the rank) and tie: the rank of the first row from which this one cannot be told, which is its own where
    there is none. A row is told from another if nine in ten draws put them in this order.
    """
    draws = int(np.clip(DRAWN // max(len(values), 1), 1000, 4000))
    drawn = joint_draws(values.to_numpy(np.float64), sd, groups=groups, shared_sd=shared_sd, draws=draws)
    ranks = (-drawn).argsort(axis=1).argsort(axis=1).astype(np.int32) + 1
    low, high = np.quantile(ranks, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0, method="nearest")
    return pd.DataFrame(
        {
            "chance": among_best(drawn, k),
            "rank_low": low.astype(float),
            "rank_high": high.astype(float),
            "tie": _tied(drawn).astype(float),
        },
        index=values.index,
    )


def _tied(drawn: np.ndarray) -> np.ndarray:
    """For each column of `drawn` (draws, n) the rank, from 1, of the first that it cannot be told from."""
    tied, first = np.empty(drawn.shape[1], dtype=int), 0
    while first < len(tied):
        above = (drawn[:, [first]] > drawn[:, first:]).mean(axis=0)
        apart = np.flatnonzero(above >= LEVEL)
        last = first + int(apart[0]) if len(apart) else len(tied)
        tied[first:last] = first + 1
        first = last
    return tied


def chances(model: Model, shown: pd.DataFrame, k: int = 3) -> np.ndarray:
    """The chance of each row of `shown` to be among the k best of them. Returned: (rows,).

    NaN for all where the model knows no held-out error.
    """
    return standings(model, shown, k)["chance"].to_numpy()


def probability_among_best(
    predicted: np.ndarray,
    sd: np.ndarray | float,
    k: int = 3,
    *,
    groups: np.ndarray | None = None,
    shared_sd: float = 0.0,
    draws: int = 4000,
    seed: int = 0,
) -> np.ndarray:
    """The chance of each candidate to be among the k best; arguments as of `joint_draws`.

    Returns: (n,) probabilities, which sum to min(k, n).
    """
    drawn = joint_draws(predicted, sd, groups=groups, shared_sd=shared_sd, draws=draws, seed=seed)
    return among_best(drawn, k)


def among_best(drawn: np.ndarray, k: int) -> np.ndarray:
    """The share of draws in which each column is among the k highest. drawn: (draws, n); returned: (n,)."""
    draws, n = drawn.shape
    if n <= k:
        return np.ones(n)
    best = np.argpartition(-drawn, k - 1, axis=1)[:, :k]
    return np.bincount(best.ravel(), minlength=n) / draws


def joint_draws(
    predicted: np.ndarray,
    sd: np.ndarray | float,
    *,
    groups: np.ndarray | None = None,
    shared_sd: float = 0.0,
    draws: int = 4000,
    seed: int = 0,
) -> np.ndarray:
    """Draws from the predictive distributions of candidates. Returned: (draws, n).

    Arguments:
        predicted: (n,) predicted scores; sd: their predictive standard deviation, one or (n,).
        groups, shared_sd: (n,) labels and the part of sd that moves a group together: checkpoints of one
            family have errors in the same direction, so they are easier to tell apart from each other than
            from the rest.
        draws, seed: of the simulation; the error of a probability is at most 0.5/√draws.
    """
    mean = np.asarray(predicted, dtype=np.float64)
    n = len(mean)
    rng = np.random.default_rng(seed)
    total = np.broadcast_to(np.asarray(sd, dtype=np.float64), (n,))
    own = np.sqrt(np.maximum(total**2 - shared_sd**2, 0)) if groups is not None else total
    drawn = mean + own * rng.standard_normal((draws, n))
    if groups is not None:
        _, label = np.unique(np.asarray(groups), return_inverse=True)
        drawn += np.minimum(shared_sd, total) * rng.standard_normal((draws, label.max() + 1))[:, label]
    return drawn


def percentiles(model: Model, chosen: pd.DataFrame, measure: str) -> list[float]:
    """Where each chosen checkpoint stands among the reference in one measure: shares of 1, NaN if unknown."""
    rows = model.reference.rows
    reference = rows[measure] if measure in rows else pd.Series(dtype=float)
    return [percentile(reference, value) for value in chosen[measure]]


def widest(model: Model, chosen: pd.DataFrame, measures: Sequence[str]) -> str | None:
    """The measure in which the chosen checkpoints lie farthest apart, in percentiles of the reference.

    None when they share no measure that the reference has too.
    """
    shared = [name for name in measures if chosen[name].notna().all()]
    apart = {name: float(np.ptp(percentiles(model, chosen, name))) for name in shared}
    apart = {name: value for name, value in apart.items() if np.isfinite(value)}
    return max(apart, key=apart.__getitem__) if apart else None
