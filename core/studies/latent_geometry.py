"""Marbut et al. 2024 (arXiv 2406.12159) from its own data: its models, correlations, regressions and tables.

Every function takes the frame of `models`, one row a model, so that the same tables can be drawn up from
other data. Regressions and errors are the paper's: ordinary least squares on the perturbed models of all
three architectures, mean squared error on the 13 non-standard ones, nothing clipped.

Beside this module: `latent_geometry_print` (what the paper prints), `latent_geometry_figures` (what its
figures draw), `latent_geometry_words` (what they show). Not covered: Figure 2 (the text sample, which the
page Add draws for any text), and why the non-standard models score as they do.
"""

import re
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from core import reference
from core.formatting import percent
from core.statistics import correlation
from core.statistics.regression import least_squares, r_squared

SMALL, BASE, ROBERTA = "BERT-small", "BERT-base", "RoBERTa-base"
FAMILIES = (SMALL, BASE, ROBERTA)
GLUE = "glue_average"
_SUFFIXES = {
    "PP": "patchiness_published",
    "PCvar": "count_variance",
    "PCkl": "count_kl",
    "RS": "reconstruction_skew",
    "RE": "reconstruction_error",
    "RI": "reconstruction_iqr",
    "CDvar": "centroid_variance",
    "PDEEE": "cluster_eee",
}
ADDITIVE = {short: f"lsq_{suffix}" for short, suffix in _SUFFIXES.items()}
PRODUCT = {short: f"pq_{suffix}" for short, suffix in _SUFFIXES.items()}
SPREAD = {"EEE": "eee", "VRM": "vrm", "IS": "isoscore"}
TABLES: dict[str, dict[str, str]] = {  # the paper's name of a row → the measure
    "Table 1": {short: ADDITIVE[short] for short in ("PP", "RS", "CDvar", "PDEEE")} | {"EEE": "eee"},
    "Table 2": {f"AQ {short}": name for short, name in ADDITIVE.items()}
    | {f"PQ {short}": name for short, name in PRODUCT.items()}
    | SPREAD,
}
MEASURES = tuple(TABLES["Table 2"].values())
SHORT = {name: short for short, name in TABLES["Table 2"].items()}
COLUMNS = {"r_bert_small": "r, BERT-small", "r_roberta": "r, RoBERTa", "mse": "MSE, non-standard"}
LOW_NOISE = 0.1  # the paper's border: up to here GLUE falls fast


def models() -> pd.DataFrame:
    """The paper's models, one row each: 168 perturbed with measures and 13 non-standard.

    Columns: subject (index), name, label (as short as the figures have it), family, variant ("perturbed",
    "non-standard"), alpha (fraction of noise), parameters, layers, the 19 measures, and glue_average.
    """
    wide = reference.measurements().pivot(index="subject", columns="measure", values="value")
    scores = reference.scores()
    listed = reference.checkpoints().set_index("subject")
    facts = listed[["name", "family", "variant", "alpha", "parameters", "layers"]]
    frame = facts.join(wide, how="inner").assign(
        glue_average=scores[scores["task"] == GLUE].set_index("subject")["value"]
    )
    return frame.assign(label=frame["name"].map(_label)).sort_values("alpha", kind="stable")


def perturbed(frame: pd.DataFrame, family: str | None = None) -> pd.DataFrame:
    """The models with noise in their weights, all or one family's."""
    kept = frame[frame["variant"] == "perturbed"]
    return kept if family is None else kept[kept["family"] == family]


def others(frame: pd.DataFrame) -> pd.DataFrame:
    """The non-standard models of the literature."""
    return frame[frame["variant"] == "non-standard"]


def medians(frame: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """The median of `columns` over the runs of each family and noise level: what the paper's charts show.

    Returned: family, alpha, runs, variant, label, glue_average and `columns`, one row a level.
    """
    kept = perturbed(frame)
    grouped = kept.groupby(["family", "alpha"], sort=True)
    table = grouped[list(dict.fromkeys([GLUE, *columns]))].median().assign(runs=grouped.size()).reset_index()
    noise = [percent(alpha, "g") for alpha in table["alpha"].round(8)]
    return table.assign(variant="perturbed", label=table["family"] + ", " + noise + " noise")


def pearson(frame: pd.DataFrame, measure: str, family: str) -> float:
    """Pearson's r of a measure and the GLUE average over the perturbed models of one family."""
    rows = perturbed(frame, family)
    return correlation.pearson(rows[measure], rows[GLUE])


@dataclass(frozen=True)
class Regression:
    """GLUE ~ measure (+ an intercept for each architecture), by least squares; `r2` on the fitted models."""

    measure: str
    families: tuple[str, ...]  # empty: one intercept for all
    weights: np.ndarray = field(repr=False)  # (1 + intercepts,)
    r2: float

    def predict(self, frame: pd.DataFrame) -> np.ndarray:
        """What it says of each row, not clipped; NaN where the measure is missing. Returned: (rows,)."""
        return _design(frame, self.measure, self.families) @ self.weights


def _design(frame: pd.DataFrame, measure: str, families: tuple[str, ...]) -> np.ndarray:
    """The measure, then one column a family, or one of ones. Returned: (rows, 1 + intercepts)."""
    own = [frame["family"] == name for name in families] or [np.ones(len(frame))]
    return np.column_stack([frame[measure], *own]).astype(np.float64)


def regression(
    frame: pd.DataFrame, measure: str, *, architecture: bool, family: str | None = None
) -> Regression:
    """The paper's regression of the GLUE average on one measure, of all perturbed models or one family's.

    architecture: an intercept for each family of the rows, as the paper has it, instead of one for all.
    """
    rows = perturbed(frame, family).dropna(subset=[measure])
    families = tuple(dict.fromkeys(rows["family"])) if architecture else ()
    design, glue = _design(rows, measure, families), rows[GLUE].to_numpy(np.float64)
    weights = least_squares(design, glue)
    return Regression(measure, families, weights, r_squared(glue, design @ weights))


def error(model: Regression, frame: pd.DataFrame) -> float:
    """Mean squared error of a regression on the models of `frame`, nothing clipped."""
    return float(np.nanmean((model.predict(frame) - frame[GLUE]) ** 2))


def mean_error(frame: pd.DataFrame) -> float:
    """Mean squared error of the mean baseline (of the perturbed models) on the non-standard ones."""
    return float(((perturbed(frame)[GLUE].mean() - others(frame)[GLUE]) ** 2).mean())


def recomputed(frame: pd.DataFrame) -> pd.DataFrame:
    """Both tables from the data: table, row, measure, the columns of COLUMNS, and mse_alone, r2, r2_alone.

    `mse` and `r2` have the term for the architecture, as the paper's tables do; `…_alone` have none.
    """
    of = {}
    for measure in MEASURES:
        typed, alone = (regression(frame, measure, architecture=flag) for flag in (True, False))
        of[measure] = {
            "measure": measure,
            "r_bert_small": pearson(frame, measure, SMALL),
            "r_roberta": pearson(frame, measure, ROBERTA),
            "mse": error(typed, others(frame)),
            "mse_alone": error(alone, others(frame)),
            "r2": typed.r2,
            "r2_alone": alone.r2,
        }
    return pd.DataFrame(
        [
            {"table": table, "row": row, **of[measure]}
            for table, entries in TABLES.items()
            for row, measure in entries.items()
        ]
    )


def error_of(frame: pd.DataFrame, measure: str) -> float:
    """The tables' error: of the regression with architecture on the non-standard models."""
    return error(regression(frame, measure, architecture=True), others(frame))


def _label(name: str) -> str:
    short = re.sub(r" \([^)]*\)$|, unperturbed$", "", name)
    return {
        "Standard": "Standard RoBERTa",
        "Shuffled embeddings": "Shuffle",
        "Untrained with embeddings": "Untrained + embeddings",
    }.get(short, short)
