"""A benchmark score as a loss, which is what a scaling law describes."""

from dataclasses import dataclass

import numpy as np

from core.metrics import Scale, scale_of

FORMED = ("loss", "log", "complement")  # as it is, ln of the perplexity, 1 − score


@dataclass(frozen=True)
class Losses:
    """values: (n,) losses; sign: −1 where a high loss is a low score; formed: one of FORMED.

    sign × (loss − law) leans as the score does.
    """

    values: np.ndarray
    sign: float
    formed: str


def as_loss(scores: np.ndarray, metric: str) -> Losses | None:
    """Scores (n,) as losses: a loss as it is, the logarithm of a perplexity, 1 − score of what is at most 1.

    Arguments:
        metric: of the scores, as the store has it.

    Returns: None for a metric that `core.metrics` does not know.
    """
    scale = scale_of(metric)
    if scale is None:
        return None
    if scale is Scale.PERPLEXITY:
        with np.errstate(invalid="ignore", divide="ignore"):
            return Losses(np.log(scores), 1.0, "log")
    return Losses(1 - scores, -1.0, "complement") if scale.higher_is_better else Losses(scores, 1.0, "loss")
