"""What the project's own study shows, in charts' data and in words computed from it.

It stands beside the figures of arXiv 2406.12159 with the same axes, so that a reader sees where a small
repetition agrees and where it does not. Correlations are over perturbed checkpoints of one base, as in the
paper's Table 2; checkpoints made from the same weights are not independent, so no interval is given.
"""

from dataclasses import dataclass

import pandas as pd

from core.charts import title_of
from core.studies.latent_geometry import GLUE, signed
from core.studies.own_study import COLUMNS, wide

AVERAGED = ("CoLA", "MRPC", "RTE", "STS-B")
SHOWN = ("lsq_patchiness", "lsq_reconstruction_skew", "lsq_centroid_variance", "lsq_cluster_eee", "eee")
FEWEST = 5  # checkpoints for a correlation to be told
_KINDS = {"plain": "perturbed", "perturbed": "perturbed"}


@dataclass(frozen=True)
class OwnFinding:
    """One picture: points (family, variant, label, x, value) of a title, an axis across and one up."""

    title: str
    x: str
    y: str
    points: pd.DataFrame
    said: str


def frame(long: pd.DataFrame) -> pd.DataFrame:
    """One row a checkpoint, as `latent_geometry.models` has them, from the study's long table.

    `glue_average` is the mean of the four tasks, for checkpoints that have all of them; `alpha` is 0 for the
    plain checkpoint. Columns that no row has are absent, but for `glue_average`.
    """
    if long.empty:
        return pd.DataFrame(columns=["family", "variant", "label", "alpha", GLUE])
    rows = wide(long[list(COLUMNS)])
    tasks = rows.reindex(columns=list(AVERAGED))
    return rows.assign(
        family=rows["base"],
        label=rows.index,
        alpha=rows["alpha"].where(rows["variant"] != "plain", 0.0),
        variant=[_KINDS.get(kind, "non-standard") for kind in rows["variant"]],
        **{GLUE: tasks.mean(axis=1, skipna=False)},
    )


def findings(long: pd.DataFrame) -> list[OwnFinding]:
    """The pictures that the study's table allows, the scores' first; [] for an empty table."""
    rows = frame(long)
    shown: list[OwnFinding] = []
    scored = rows.dropna(subset=[GLUE])
    if len(scored) >= FEWEST:
        noisy = scored.dropna(subset=["alpha"]).rename(columns={"alpha": "x"})
        shown.append(_finding("Noise in the weights", "Noise α (as a fraction)", "GLUE", noisy, GLUE))
        for name in SHOWN:
            if name in scored and scored[name].notna().sum() >= FEWEST:
                points = scored.dropna(subset=[name]).rename(columns={name: "x"})
                shown.append(_finding(title_of(name), title_of(name), "GLUE", points, GLUE))
    for name in SHOWN:
        if name in rows and rows[name].notna().sum() >= FEWEST:
            points = rows.dropna(subset=[name, "alpha"]).rename(columns={"alpha": "x"})
            title = f"{title_of(name)} under noise"
            shown.append(_finding(title, "Noise α (as a fraction)", title_of(name), points, name))
    return shown


def _finding(title: str, x: str, y: str, points: pd.DataFrame, column: str) -> OwnFinding:
    kept = points.rename(columns={column: "value"})
    y_title = "Mean of CoLA, MRPC, RTE and STS-B (as a fraction)" if y == "GLUE" else y
    return OwnFinding(
        title,
        x,
        y_title,
        kept[["family", "variant", "label", "x", "value"]].reset_index(drop=True),
        " ".join(_told(str(family), group) for family, group in kept.groupby("family")),
    )


def _told(family: str, points: pd.DataFrame) -> str:
    """How x and value go together over the perturbed checkpoints of one base."""
    kept = points[points["variant"] == "perturbed"]
    if len(kept) < FEWEST or kept["x"].nunique() < 2 or kept["value"].nunique() < 2:
        return f"{family}: too few checkpoints to tell (n = {len(kept)})."
    pearson = float(kept["x"].corr(kept["value"]))
    spearman = float(kept["x"].rank().corr(kept["value"].rank()))
    low, high = kept["value"].min(), kept["value"].max()
    return (
        f"{family}: r = {signed(pearson, 2)}, Spearman {signed(spearman, 2)} over {len(kept)} perturbed "
        f"checkpoints; from {low:.3g} to {high:.3g}."
    )


def protocols(long: pd.DataFrame) -> list[str]:
    """By which protocols the scores of the study were made, in words, the commonest first."""
    kept = long.loc[long["kind"] == "score", "protocol"].dropna()
    return [str(name) for name in kept.value_counts().index]
