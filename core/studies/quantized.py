"""What rounding the weights of a checkpoint to a few bits does to its loss, by GPTQ and to the nearest.

Source of the question: "Disentangling geometry, performance, and training in language models", §3.2, Figure 4
and Tables 4 and 5, where loss after GPTQ is set against effective rank. Of one checkpoint it says how much
is lost; only many of them say whether geometry foretells it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.statistics.means import mean_interval
from core.training.gptq import METHODS, Progress, quantize
from core.training.loop import read

if TYPE_CHECKING:
    from transformers import PreTrainedModel

CALIBRATION = 128  # segments, as the GPTQ paper has it
BITS = (8, 4, 3)


@dataclass(frozen=True)
class Rounded:
    """The loss of a rounded model, in nats a token, and what it has more than the plain one.

    low, high: the 95 % interval of `difference` over segments (paired, Student's t).
    """

    bits: int
    method: str
    loss: float
    difference: float
    low: float
    high: float


@dataclass(frozen=True)
class Losses:
    """loss: of the plain model. rounded: each way. share: of the blocks' parameters that are rounded."""

    loss: float
    rounded: list[Rounded]
    share: float


def losses(
    load: "Callable[[], PreTrainedModel]",
    calibration: np.ndarray,
    test: np.ndarray,
    bits: tuple[int, ...] = BITS,
    progress: Progress | None = None,
) -> Losses:
    """Loss on `test` of a model as it is and rounded in every way.

    load: gives the model anew, float32. calibration, test: segments (n, length), none in both.
    """
    plain = read(load(), test)
    rows, share = [], 0.0
    for width, method in _ways(bits):
        model: Any = load()
        share = quantize(model, calibration, width, method, progress)
        own = read(model, test)
        mean, low, high = mean_interval(own.each - plain.each)
        assert low is not None and high is not None
        rows.append(Rounded(width, method, own.loss, mean, low, high))
    return Losses(plain.loss, rows, share)


def _ways(bits: tuple[int, ...]) -> Iterator[tuple[int, str]]:
    for width in sorted(set(bits), reverse=True):
        for method in METHODS:
            yield width, method
