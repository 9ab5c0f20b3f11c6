"""The pictures of the project's own study, beside the figures of arXiv 2406.12159 with the same axes."""

from dataclasses import dataclass

import pandas as pd

from core.measures.titles import title_of
from core.statistics import correlation
from core.studies.latent_geometry import GLUE
from core.studies.own_study_findings import FEWEST, frame

SHOWN = ("lsq_patchiness", "lsq_reconstruction_skew", "lsq_centroid_variance", "lsq_cluster_eee", "eee")


@dataclass(frozen=True)
class Trend:
    """How x and value go together over the n perturbed checkpoints of a base; the rest None: too few to tell.

    low, high: of the value.
    """

    base: str
    n: int
    pearson: float | None = None
    spearman: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class OwnFinding:
    """One picture: points (family, variant, label, x, value), titles of it and its axes, a trend a base."""

    title: str
    x: str
    y: str
    points: pd.DataFrame
    trends: tuple[Trend, ...]


def pictures(long: pd.DataFrame) -> list[OwnFinding]:
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
    y_title = "Mean of four tasks" if y == "GLUE" else y
    return OwnFinding(
        title,
        x,
        y_title,
        kept[["family", "variant", "label", "x", "value"]].reset_index(drop=True),
        tuple(_trend(str(family), group) for family, group in kept.groupby("family")),
    )


def _trend(base: str, points: pd.DataFrame) -> Trend:
    kept = points[points["variant"] == "perturbed"]
    if len(kept) < FEWEST or kept["x"].nunique() < 2 or kept["value"].nunique() < 2:
        return Trend(base, len(kept))
    return Trend(
        base,
        len(kept),
        correlation.pearson(kept["x"], kept["value"]),
        correlation.spearman(kept["x"], kept["value"]),
        float(kept["value"].min()),
        float(kept["value"].max()),
    )
