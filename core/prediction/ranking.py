"""Predicted scores as a ranking: places, the chance to be among the best, and what sets candidates apart."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from core.overview import percentile
from core.prediction.model import Model


def rank(model: Model, predictions: pd.DataFrame, k: int = 3) -> pd.DataFrame:
    """Predicted candidates as a ranking, best first, those that the reference does not cover last.

    Arguments:
        predictions: as `Model.predict` gives them, with the column of the reference's groups where known.

    Returns: the same rows, and the columns rank (see `places`) and chance (see `chances`, among those with a
    rank; NaN for the others).
    """
    ordered = predictions.assign(rank=places(predictions)).sort_values("rank", kind="stable")
    ranked = ordered["rank"].notna()
    chance = pd.Series(np.nan, index=ordered.index)
    chance[ranked] = chances(model, ordered[ranked], k)
    return ordered.assign(chance=chance)


def places(predictions: pd.DataFrame) -> pd.Series:
    """The place of each row, 1 for the highest predicted; NaN for a row that the reference does not cover.

    Arguments:
        predictions: as `Model.predict` gives them.
    """
    ranked = predictions[predictions["in_range"].astype(bool) & predictions["predicted"].notna()]
    order = ranked.sort_values(["predicted", "raw"], ascending=False, kind="stable").index
    return pd.Series(range(1, len(order) + 1), index=order, dtype=float).reindex(predictions.index)


def chances(model: Model, shown: pd.DataFrame, k: int = 3) -> np.ndarray:
    """The chance of each row of `shown` to be among the k best of them. Returned: (rows,).

    NaN for all where the model knows no held-out error.
    """
    errors = model.errors
    if errors is None or shown.empty:
        return np.full(len(shown), np.nan)
    groups = shown.get(model.reference.groups)
    return probability_among_best(
        shown["predicted"].to_numpy(),
        shown["sd"].to_numpy(),
        k,
        groups=None if groups is None else groups.astype(str).where(groups.notna(), shown.index).to_numpy(),
        shared_sd=errors.shared_sd,
    )


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
    """The chance of each candidate to be among the k best, by drawing from the predictive distributions.

    Arguments:
        predicted: (n,) predicted scores; sd: their predictive standard deviation, one or (n,).
        groups, shared_sd: (n,) labels and the part of sd that moves a group together: checkpoints of one
            family have errors in the same direction, so they are easier to tell apart from each other than
            from the rest.
        draws, seed: of the simulation; its own error is at most 0.5/√draws.

    Returns: (n,) probabilities, which sum to min(k, n).
    """
    mean = np.asarray(predicted, dtype=np.float64)
    n = len(mean)
    if n <= k:
        return np.ones(n)
    rng = np.random.default_rng(seed)
    total = np.broadcast_to(np.asarray(sd, dtype=np.float64), (n,))
    own = np.sqrt(np.maximum(total**2 - shared_sd**2, 0)) if groups is not None else total
    drawn = mean + own * rng.standard_normal((draws, n))  # (draws, n)
    if groups is not None:
        _, label = np.unique(np.asarray(groups), return_inverse=True)
        drawn += np.minimum(shared_sd, total) * rng.standard_normal((draws, label.max() + 1))[:, label]
    best = np.argpartition(-drawn, k - 1, axis=1)[:, :k]
    return np.bincount(best.ravel(), minlength=n) / draws


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
