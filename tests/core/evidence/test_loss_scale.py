"""Scores as losses, by their metric."""

import numpy as np
import pytest

from core.evidence.loss_scale import FORMED, as_loss


@pytest.mark.parametrize(
    ("scores", "metric", "losses", "sign", "formed"),
    [
        ([3.2, 2.5], "loss", [3.2, 2.5], 1, "loss"),
        ([0.9, 0.5], "bits_per_byte", [0.9, 0.5], 1, "loss"),
        ([np.e, 1.0], "perplexity", [1.0, 0.0], 1, "log"),
        ([0.6, -0.1], "matthews", [0.4, 1.1], -1, "complement"),
    ],
)
def test_scores_become_losses(scores: list, metric: str, losses: list, sign: int, formed: str) -> None:
    made = as_loss(np.array(scores), metric)
    assert made is not None and formed in FORMED
    assert made.values == pytest.approx(losses) and (made.sign, made.formed) == (sign, formed)


def test_scores_of_other_metrics_are_no_losses() -> None:
    assert as_loss(np.array([31.0, 28.0]), "BLEU") is None
    assert as_loss(np.array([0.3, 0.2]), "") is None  # a fraction by its values alone says no direction
