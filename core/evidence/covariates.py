"""What can be controlled for: covariates of checkpoints, from their facts or published or imported.

A covariate is a number that a measure and a score may both follow: size, training tokens, noise, batch size.
Facts come from the checkpoint itself, or are its measured bits per byte, the loss that compares across
tokenizers; everything else comes from the store's table `covariates`. What was imported goes before what is
published, and both before a fact of the same name.

Not covered: covariates that are no numbers, such as the training corpus; within-family correlations stand in
for the architecture.
"""

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.errors import InputError
from core.reasons import Reason

FACTS = (
    *("parameters", "alpha", "parameters_without_embeddings", "layers", "width"),
    *("heads", "vocabulary", "bits_per_byte"),
)
CONTROLLED_FACTS = ("parameters", "alpha")  # controlled for unasked; other facts follow size
SIZE, TOKENS, COMPUTE = "parameters", "training_tokens", "training_compute"
CALLED = {  # what else people call them, compared without regard to case, spaces and dashes
    SIZE: ("params", "n_parameters", "n_params", "non_embedding_parameters", "model_size"),
    TOKENS: ("tokens", "n_tokens", "pretraining_tokens", "train_tokens", "token_budget"),
    COMPUTE: ("compute", "flops", "training_flops"),
}
KNOWN = 0.8  # share of the checkpoints that must have a covariate for it to be controlled for unasked
UNKNOWN = Reason("unknown")


@dataclass(frozen=True)
class Controlled:
    """The covariates that are controlled for, and those that are not with the reason."""

    names: tuple[str, ...]
    missing: dict[str, Reason]


def covariates_of(rows: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """One row a checkpoint (index: subject), one column a covariate; NaN where it is not known.

    Arguments:
        rows: checkpoints with their facts (index: subject), as `core.overview.overview` gives them.
        table: the store's covariates: subject, name, covariate, value, source, origin. Of several imported
            values of one covariate the mean is taken.
    """
    wide = pd.DataFrame(
        {name: pd.to_numeric(rows[name]).astype(np.float64) for name in FACTS if name in rows},
        index=rows.index,
    )
    long = table.assign(imported=table["origin"] != "published")
    long = long[long["imported"] == long.groupby(["subject", "covariate"])["imported"].transform("max")]
    given = long.groupby(["subject", "covariate"])["value"].mean().unstack().reindex(rows.index)
    for name in given.columns:
        wide[name] = given[name].combine_first(wide[name]) if name in wide else given[name]
    return wide.loc[:, wide.notna().any()].astype(np.float64)


def called(frame: pd.DataFrame, role: str) -> str | None:
    """The column of `frame` that holds SIZE, TOKENS or COMPUTE, whatever it is called; None: none does."""
    if role in frame:
        return role
    plain = {re.sub(r"[\s\-]+", "_", str(name).strip().lower()): str(name) for name in frame.columns}
    return next((plain[name] for name in (role, *CALLED[role]) if name in plain), None)


def controlled(covariates: pd.DataFrame, asked: list[str] | tuple[str, ...] | None = None) -> Controlled:
    """Which covariates can be controlled for among the checkpoints in `covariates` (those with the score).

    Arguments:
        asked: names; None: parameters, noise and everything published or imported that at least 80 % of the
            checkpoints have. Checkpoints that lack one are left out by whoever uses it.

    Raises InputError for a name that the store has no value of.
    """
    n = len(covariates)
    if asked is not None and (unknown := [name for name in asked if name not in covariates]):
        offered = ", ".join(covariates.columns) or "none"
        raise InputError(
            f"The store holds no covariate {', '.join(unknown)} for these checkpoints: choose among "
            f"{offered}, or import it with `cli.py covariates import FILE`."
        )
    names = [
        name
        for name in (covariates.columns if asked is None else dict.fromkeys(asked))
        if asked is not None or name not in FACTS or name in CONTROLLED_FACTS
    ]
    used: list[str] = []
    missing: dict[str, Reason] = {}
    for name in names:
        values = covariates[name].dropna()
        if asked is None and len(values) < KNOWN * n:
            missing[name] = Reason("rarely_known", n=len(values), of=n) if len(values) else UNKNOWN
        elif values.nunique() < 2:
            missing[name] = Reason("constant") if len(values) else UNKNOWN
        else:
            used.append(name)
    if asked is None:
        for role in (SIZE, TOKENS):
            if called(covariates, role) is None:
                missing[role] = UNKNOWN
    return Controlled(tuple(used), missing)
