"""What a predictor is fitted to: checkpoints with measures and a known score, measured alike.

A reference is passed to every predictor; none of them knows which checkpoints it holds. Which ones there are
to choose from is for `core.prediction.references` to say; the one built here is that of the 168 perturbed
checkpoints of arXiv 2406.12159. The 13 non-standard checkpoints of the same paper are a test set: no
predictor is fitted to them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from core.errors import InputError
from core.measures.protocol import PUBLISHED, TABLES
from core.metrics import Scale, scale_of
from core.overview import Overview
from core.overview import at_sample as with_cells_of

FAMILY, BASE, SOURCE = "family", "base", "score_source"
SIZE = "log_parameters"  # column: the logarithm to base 10 of the number of parameters
LOSS = "bits_per_byte"  # column: the measured loss of a decoder, in the unit that compares across tokenizers


@dataclass(frozen=True)
class Reference:
    """Checkpoints that a predictor is fitted to.

    rows: one row a checkpoint (index: its id), with measures, the score, the family and the `groups`; `base`,
        `kind`, `corpus`, `sequences`, `layers` and `width` where known.
    score: the column to predict.
    groups: the column whose values are left out together when errors are measured.
    title: what the checkpoints are, in the plural.
    limits: what the score can be.
    sample: the text and size at which the cell measures of `rows` were taken, see `core.measures.protocol`.
    name: by which people ask for it.
    metric: of the score, which says whether more is better.
    unlike: checkpoints that have the score but were measured otherwise than most, and so are not in `rows`.

    Where `rows` has a column SOURCE of several values, regressions have a term for each: scores of different
    protocols or populations share slopes, never levels.
    """

    rows: pd.DataFrame = field(repr=False)
    score: str
    groups: str = FAMILY
    title: str = "checkpoints"
    limits: tuple[float, float] = (0.0, 1.0)
    sample: str = PUBLISHED
    name: str = "perturbed"
    metric: str = "accuracy"
    unlike: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def scale(self) -> Scale:
        """What kind of number the score is; a share where its metric is not known."""
        return scale_of(self.metric) or Scale.SHARE

    @property
    def higher_is_better(self) -> bool:
        """Whether a higher score is a better one."""
        return self.scale.higher_is_better

    def having(self, measures: Sequence[str]) -> "Reference":
        """The same with only those rows that have the score, the family, the group and all `measures`."""
        needed = list(dict.fromkeys([*measures, self.score, FAMILY, self.groups]))
        missing = [name for name in needed if name not in self.rows]
        rows = self.rows.assign(**dict.fromkeys(missing, np.nan)).dropna(subset=needed)
        return replace(self, rows=rows)


def at_sample(overview: Overview, sample: str) -> Overview:
    """The overview with the cell measures of a sample, which it may show already."""
    return overview if overview.sample == sample else with_cells_of(overview, sample)


def sized(rows: pd.DataFrame) -> pd.DataFrame:
    """`rows` with the column SIZE, NaN where the number of parameters is not known."""
    count = pd.to_numeric(rows["parameters"]) if "parameters" in rows else pd.Series(np.nan, rows.index)
    count = count.astype(float)
    return rows.assign(**{SIZE: np.log10(count.where(count > 0))})


def perturbed(rows: pd.DataFrame) -> pd.DataFrame:
    """The published checkpoints of `rows` that were made by adding noise to the weights of another."""
    return rows[rows.index.str.startswith(TABLES) & (rows["variant"] == "perturbed")]


def nonstandard(rows: pd.DataFrame) -> pd.DataFrame:
    """The 13 published checkpoints that stay a test set, in the order of their table."""
    from core.reference import checkpoints

    order = checkpoints()["subject"]
    kept = rows[rows.index.str.startswith(TABLES) & (rows["variant"] == "non-standard")]
    return kept.reindex([subject for subject in order if subject in kept.index])


def perturbed_reference(overview: Overview, score: str) -> Reference:
    """The perturbed published checkpoints with a known `score`, families as groups.

    Raises InputError: no checkpoint has such a score.
    """
    if score not in overview.scores:
        scores = overview.scores
        offered = either(scores) if scores else "a score after `cli.py scores import FILE`"
        raise InputError(f"There is no score {score} in this store: choose {offered}.")
    rows = perturbed(sized(at_sample(overview, PUBLISHED).rows)).dropna(subset=[score])
    return Reference(
        rows,
        score,
        title="perturbed checkpoints",
        limits=limits_of(rows[score]),
        metric=overview.metrics.get(score, ""),
    )


def base_of(frame: pd.DataFrame) -> pd.Series:
    """What each checkpoint was made from; a measured one without a base is its own."""
    base = frame[BASE] if BASE in frame else pd.Series(None, index=frame.index, dtype=object)
    own = frame["name"].where(frame["origin"] == "measured") if {"name", "origin"} <= set(frame) else None
    return base.astype(object) if own is None else base.astype(object).fillna(own.astype(object))


def limits_of(scores: pd.Series) -> tuple[float, float]:
    """What a score can be: correlations reach below zero, everything else is a fraction."""
    return (-1.0 if (scores < 0).any() else 0.0, 1.0)


def either(names: Sequence[str]) -> str:
    """Names to choose from, in a sentence: "a", "a or b", "a, b or c"."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
