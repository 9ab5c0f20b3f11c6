"""The figures of arXiv 2406.12159 as data: which panels each has, and the points, lines and cells in them.

As in the paper's charts, perturbed models are drawn as the median of each noise level, non-standard models
one by one. Differing from them, both untrained BERT-base models are drawn, as both count in the errors.
"""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from core.measures.titles import title_of
from core.statistics.regression import r_squared
from core.studies.latent_geometry import (
    ADDITIVE,
    GLUE,
    MEASURES,
    PRODUCT,
    SHORT,
    SMALL,
    SPREAD,
    medians,
    others,
    perturbed,
    regression,
)


@dataclass(frozen=True)
class Panel:
    """One picture of a figure.

    kind: "noise", "measure", "prediction" or "matrix"; measure: what it shows; points: family, variant,
    label, runs, x and glue_average (or, for a matrix, row, column and r); line: x and y, may be empty.
    """

    kind: str
    title: str
    measure: str
    points: pd.DataFrame = field(repr=False)
    line: pd.DataFrame = field(repr=False, default_factory=lambda: pd.DataFrame({"x": [], "y": []}))


TURN = 0.25  # of a measure's range: smaller changes of direction are noise of three runs
SHOWN = {  # figure → the measures of its panels
    "figure-3": ("lsq_patchiness_published",),
    "figure-6": (ADDITIVE["RS"], ADDITIVE["CDvar"], ADDITIVE["PDEEE"], "eee"),
    "figure-9": tuple(ADDITIVE.values()),
    "figure-10": tuple(PRODUCT.values()),
    "figure-11": tuple(SPREAD.values()),
}


def panels(figure: str, frame: pd.DataFrame) -> list[Panel]:
    """The panels of a figure ("figure-1" … "figure-11", without "figure-2"), in the paper's order."""
    patchiness, cluster = ADDITIVE["PP"], ADDITIVE["PDEEE"]
    if figure == "figure-1":
        return [noise(frame)]
    if figure == "figure-4":
        plain = prediction(frame, patchiness, architecture=False, literature=False)
        typed = prediction(frame, patchiness, architecture=True, literature=False)
        return [plain, typed]
    if figure in ("figure-5", "figure-7"):
        shown = patchiness if figure == "figure-5" else cluster
        return [prediction(frame, shown, architecture=True, literature=True)]
    if figure == "figure-8":
        return [matrix(frame)]
    return [against_glue(frame, name, literature=figure != "figure-3") for name in SHOWN[figure]]


def against_glue(frame: pd.DataFrame, measure: str, *, literature: bool) -> Panel:
    """GLUE average against one measure; `literature`: with the non-standard models."""
    drawn = medians(frame, [measure]).rename(columns={measure: "x"})
    parts = [drawn]
    if literature:
        parts.append(others(frame).rename(columns={measure: "x"}).assign(runs=1))
    points = pd.concat([part[_POINT] for part in parts], ignore_index=True).dropna(subset=["x"])
    return Panel("measure", f"{SHORT[measure]}: {title_of(measure)}", measure, points)


def noise(frame: pd.DataFrame) -> Panel:
    """GLUE average of every perturbed BERT-small against its noise, with the exponential decay through it."""
    points = perturbed(frame, SMALL).assign(runs=1).rename(columns={"alpha": "x", "name": "said"})
    fitted = decay(frame)
    x = np.geomspace(points["x"].min(), points["x"].max(), 120)
    line = pd.DataFrame({"x": x, "y": fitted.floor + fitted.height * np.exp(-x / fitted.scale)})
    points = points.assign(label=points["said"])[_POINT].reset_index(drop=True)
    return Panel("noise", "Noise in the weights", "alpha", points, line)


@dataclass(frozen=True)
class Decay:
    """GLUE = floor + height · exp(−α/scale), with the share of the variance that it explains."""

    floor: float
    height: float
    scale: float
    r2: float


def decay(frame: pd.DataFrame) -> Decay:
    """The exponential decay of BERT-small's GLUE average with noise, by least squares."""
    from scipy.optimize import curve_fit  # here, since it takes long to import

    rows = perturbed(frame, SMALL)
    alpha, glue = rows["alpha"].to_numpy(np.float64), rows[GLUE].to_numpy(np.float64)

    def curve(x: np.ndarray, floor: float, height: float, scale: float) -> np.ndarray:
        return floor + height * np.exp(-x / scale)

    (floor, height, scale), _ = curve_fit(curve, alpha, glue, p0=(glue.min(), np.ptp(glue), 0.05))
    r2 = r_squared(glue, curve(alpha, floor, height, scale))
    return Decay(float(floor), float(height), float(scale), r2)


def predictions(frame: pd.DataFrame, measure: str, *, architecture: bool) -> pd.DataFrame:
    """`frame` with the column `predicted`: what the regression on `measure` says of each, not clipped."""
    return frame.assign(predicted=regression(frame, measure, architecture=architecture).predict(frame))


def prediction(frame: pd.DataFrame, measure: str, *, architecture: bool, literature: bool) -> Panel:
    """GLUE average against what the regression predicts of it; `literature`: with the non-standard models."""
    printed = predictions(frame, measure, architecture=architecture)
    drawn = [medians(printed, ["predicted"]).rename(columns={"predicted": "x"})]
    if literature:
        drawn.append(others(printed).rename(columns={"predicted": "x"}).assign(runs=1))
    points = pd.concat([part[_POINT] for part in drawn], ignore_index=True).dropna(subset=["x"])
    ends = [points[GLUE].min(), points[GLUE].max()]
    title = SHORT[measure] + (" and architecture" if architecture else " alone")
    return Panel("prediction", title, measure, points, pd.DataFrame({"x": ends, "y": ends}))


def correlations(frame: pd.DataFrame) -> pd.DataFrame:
    """Pearson's r of all 19 measures with each other over the perturbed BERT-small. Returned: (19, 19)."""
    return perturbed(frame, SMALL)[list(MEASURES)].corr()


def matrix(frame: pd.DataFrame) -> Panel:
    """Figure 8: the correlations as cells; row and column are the paper's short names."""
    named = correlations(frame).rename(index=SHORT, columns=SHORT).rename_axis(index="row", columns="column")
    cells = named.stack().rename("r").reset_index()
    return Panel("matrix", "Pearson's r over the perturbed BERT-small", "", cells)


def turns(frame: pd.DataFrame, measure: str) -> int:
    """How often a measure changes direction by TURN of its range or more as noise grows in BERT-small."""
    rows = medians(frame, [measure])[lambda table: table["family"] == SMALL].sort_values("alpha")
    values = rows[measure].to_numpy(np.float64)
    least, count, direction = TURN * np.ptp(values), 0, 0
    low = high = values[0]
    for value in values[1:]:
        low, high = min(low, value), max(high, value)
        if direction >= 0 and high - value >= least:
            count, direction, low, high = count + (direction > 0), -1, value, value
        elif direction <= 0 and value - low >= least:
            count, direction, low, high = count + (direction < 0), 1, value, value
    return count


_POINT = ["family", "variant", "label", "runs", "x", GLUE]
