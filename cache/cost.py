"""How large and how long a measurement will be, from what this machine has measured before.

An estimate that rests on nothing is not given: without an earlier extraction here there is no time.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

# In the published sample of arXiv 2406.12159: 116,667 MiniLM tokens, [CLS] and [SEP] included, / 5,000.
TOKENS_PER_SEQUENCE = 23.3


@dataclass(frozen=True)
class Estimate:
    """Tokens to read a model, disk for the largest cloud, and seconds (None: no rate is known yet)."""

    tokens: int
    cloud_bytes: int
    seconds: float | None


def estimate(
    clouds: pd.DataFrame,
    checkpoints: pd.DataFrame,
    models: Iterable[tuple[int, int]],
    *,
    sequences: int,
    repeats: int = 1,
    position: str = "all",
    passes: int = 1,
) -> Estimate:
    """What a job will take.

    Arguments:
        clouds, checkpoints: the store's tables.
        models: (parameters without embeddings, width) of each checkpoint to measure.
        sequences, repeats, position: as in the job's settings. passes: how often a model reads each sample.

    Time is tokens · (parameters + fixed share) · the median of seconds per such unit in earlier extractions;
    reading a token costs about two operations a parameter, and tiny models are bound by the fixed share.
    """
    models = list(models)
    fixed = (
        1_000_000  # parameters' worth of overhead a token, so that tiny models do not promise the impossible
    )
    tokens = round(sequences * TOKENS_PER_SEQUENCE) * repeats
    rows = tokens // repeats if position == "all" else sequences
    cloud_bytes = max((rows * width * 4 for _, width in models), default=0)
    timed = clouds.dropna(subset=["seconds", "tokens"]).merge(checkpoints, on="subject")
    timed = timed[(timed["tokens"] > 0) & (timed["seconds"] > 0)]
    if timed.empty or not models:
        return Estimate(tokens, cloud_bytes, None)
    cost = timed["tokens"] * (timed["parameters_without_embeddings"].fillna(0) + fixed)
    rate = float((timed["seconds"] / cost).median())
    return Estimate(tokens, cloud_bytes, rate * passes * tokens * sum(size + fixed for size, _ in models))
