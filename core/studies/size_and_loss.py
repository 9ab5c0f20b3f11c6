"""How well size and language-model loss alone order real decoders: the baseline that any geometry must beat.

From the shipped scores of arXiv 2507.05195: Spearman's ρ of the number of parameters, and of the loss on
texts of 2025 (read as lower is better), with the mean of seven fine-tuned GLUE tasks; over all decoders, over
base models, and within classes of size. Intervals resample checkpoints.

Not covered: dependence between checkpoints of a family. Numbers of parameters are those of the names, so
rounded. The source does not say whether its loss is one a token or one a byte.
"""

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.reference.members import parameters
from core.reference.real_checkpoints import DIRECT, FINE_TUNED, GLUE_TASKS, decoder_scores
from core.statistics.correlation import correlation

PARAMETERS = "parameters"
LOSSES = ("wiki_2025", "arxiv_2025", "stackexchange_2025")
_TUNED = re.compile(r"-(it|chat|instruct)$", re.IGNORECASE)
_BILLION = 1e9


@dataclass(frozen=True)
class Choice:
    """A set of decoders: sizes in billions of parameters, both ends included; base: base models only."""

    title: str
    low: float = 0.0
    high: float = np.inf
    base: bool = False


CHOICES = (
    Choice("all decoders"),
    Choice("base models", base=True),
    Choice("up to 1B", high=1),
    Choice("1.1 to 4B", low=1.1, high=4),
    Choice("6 to 9B", low=6, high=9),
    Choice("base models of 6 to 9B", low=6, high=9, base=True),
)


def decoders() -> pd.DataFrame:
    """One row a decoder (index: hub id): score, the mean of the seven fine-tuned tasks; parameters; base,
    False where the name says it was tuned on instructions; LOSSES (NaN: not published)."""
    long = decoder_scores()
    tuned = long[(long["protocol"] == FINE_TUNED) & long["task"].isin(GLUE_TASKS)]
    scores = tuned.pivot(index="checkpoint", columns="task", values="value")
    losses = long[(long["protocol"] == DIRECT) & long["task"].isin(LOSSES)]
    table = losses.pivot(index="checkpoint", columns="task", values="value").reindex(scores.index)
    return table[list(LOSSES)].assign(
        score=scores.mean(axis=1, skipna=False),
        parameters=[parameters(name) for name in scores.index],
        base=[not _TUNED.search(name) for name in scores.index],
    )


def size_and_loss(rows: pd.DataFrame | None = None) -> pd.DataFrame:
    """One row a choice of decoders and predictor: decoders, predictor, n, spearman, low, high (95 %).

    rows: as `decoders` gives them, which is the default. ρ is positive where more parameters, or less loss,
    go with a higher score; NaN with fewer than three decoders or one size only.
    """
    rows = decoders() if rows is None else rows
    found = []
    for choice in CHOICES:
        size = rows["parameters"] / _BILLION
        kept = rows[(size >= choice.low) & (size <= choice.high) & (rows["base"] | (not choice.base))]
        for name in (PARAMETERS, *LOSSES):
            one = correlation(kept[name] * (1 if name == PARAMETERS else -1), kept["score"])
            found.append(
                {"decoders": choice.title, "predictor": name, "n": one.n, "spearman": one.spearman}
                | {"low": one.spearman_low, "high": one.spearman_high}
            )
    return pd.DataFrame(found)
