"""A benchmark score as a loss, which is what a scaling law describes."""

import re

import numpy as np
import pandas as pd

_PERPLEXITY = re.compile(r"perplexity|\bppl\b", re.IGNORECASE)
_LOSS = re.compile(r"loss|\bnll\b|cross.?entropy|bits.per|error", re.IGNORECASE)


def words_of(scores: pd.DataFrame, name: str) -> str:
    """The score's name with the metric that it stands for: what tells a loss from an accuracy.

    Arguments:
        scores: the store's table; name: a score as `core.overview.overview` names it.
    """
    metrics = scores.loc[scores["task"] == name, "metric"]
    return f"{name} {metrics.mode().iloc[0]}" if len(metrics) else name


def as_loss(values: np.ndarray, words: str) -> tuple[np.ndarray, float, str] | None:
    """(losses, sign, how they were formed), or None where the score is neither a loss nor a fraction.

    Arguments:
        values: (n,) scores; words: name and metric, from `words_of`.

    Returns: losses (n,): a loss as it is, the logarithm of a perplexity, 1 − score of a fraction; sign is −1
    where a high loss is a low score, so that sign × (loss − law) leans as the score does.
    """
    if _PERPLEXITY.search(words):
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.log(values), 1.0, "ln of the perplexity"
    if _LOSS.search(words):
        return values, 1.0, "the loss as it is"
    if len(values) and np.abs(values).max() <= 1:
        return 1 - values, -1.0, "1 − score"
    return None
