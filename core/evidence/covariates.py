"""What is held fixed: covariates of checkpoints, out of their facts and of what was published or imported.

A covariate is a number that a measure and a score may both follow: size, training tokens, noise, batch size.
Facts come from the checkpoint itself; everything else from the store's table `covariates`. What was imported
goes before what is published, and both before a fact of the same name.

Not covered: covariates that are no numbers, such as the training corpus; within-family correlations stand in
for the architecture.
"""

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.errors import InputError
from core.formatting import listed

FACTS = (
    *("parameters", "alpha", "parameters_without_embeddings", "layers", "width"),
    *("heads", "vocabulary"),
)
HELD_FACTS = ("parameters", "alpha")  # of the facts, what is held fixed unless told; the rest follow size
SIZE, TOKENS, COMPUTE = "parameters", "training_tokens", "training_compute"
CALLED = {  # what else people call them, compared without regard to case, spaces and dashes
    SIZE: ("params", "n_parameters", "n_params", "non_embedding_parameters", "model_size"),
    TOKENS: ("tokens", "n_tokens", "pretraining_tokens", "train_tokens", "token_budget"),
    COMPUTE: ("compute", "flops", "training_flops"),
}
KNOWN = 0.8  # share of the checkpoints that must have a covariate for it to be held fixed unasked


@dataclass(frozen=True)
class Held:
    """Covariates that are held fixed, and those that are not with the reason in a few words."""

    used: tuple[str, ...]
    missing: dict[str, str]

    @property
    def told(self) -> str:
        """Both in one or two sentences."""
        said = f"Held fixed: {listed(self.used)}." if self.used else "Nothing is held fixed."
        if self.missing:
            said += f" Not held fixed: {', '.join(f'{k} ({why})' for k, why in self.missing.items())}."
        return said


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


def held(covariates: pd.DataFrame, asked: list[str] | tuple[str, ...] | None = None) -> Held:
    """Which covariates can be held fixed among the checkpoints in `covariates` (those with the score).

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
        if asked is not None or name not in FACTS or name in HELD_FACTS
    ]
    used, missing = [], {}
    for name in names:
        values = covariates[name].dropna()
        if asked is None and len(values) < KNOWN * n:
            missing[name] = f"known for {len(values)} of {n}" if len(values) else "not known"
        elif values.nunique() < 2:
            missing[name] = "the same for all" if len(values) else "not known"
        else:
            used.append(name)
    if asked is None:
        for role in (SIZE, TOKENS):
            if called(covariates, role) is None:
                missing[role] = "not known"
    return Held(tuple(used), missing)
