"""The predictors that are compared: what they are called, what they read, and how each is fitted.

The mean baseline is the first of them. Then the regression of Marbut et al. 2024 (arXiv 2406.12159,
Section 4.1: linear in one measure, with and without a term for the architecture), and seven
kinds of scikit-learn at their usual settings, each on three sets of measures: those that need no quantizer,
those of the LSQ cells with them, and all. Kinds that depend on the scale of a measure are fitted twice: to
standardised values, and to ranks, where each measure is replaced by its place within the reference, so that
a value beyond the reference counts as its extreme and none is extrapolated.

Nothing here is tuned by hand; what a kind tunes itself (ridge penalty, kernel widths) it tunes inside the
checkpoints it is fitted to. Which is best is for `core.prediction.selection` to say.
"""

import warnings
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from core.measures import MEASURES
from core.prediction.intervals import FitPredict
from core.prediction.regression import least_squares, source_terms

PATCHINESS = ("lsq_patchiness_published",)
SPREAD = ("eee", "vrm", "isoscore")  # measured here and published, under the same definition
CELLS = (
    *("patchiness_published", "count_variance", "count_kl", "reconstruction_error"),
    *("reconstruction_iqr", "reconstruction_skew", "centroid_variance", "cluster_eee"),
)
LSQ, PQ = (tuple(f"{kind}_{cell}" for cell in CELLS) for kind in ("lsq", "pq"))
SETS: dict[str, tuple[str, ...]] = {
    "patchiness": PATCHINESS,
    "spread": SPREAD,
    "spread+lsq": (*SPREAD, *LSQ),
    "all": (*SPREAD, *LSQ, *PQ),
}
SET_TITLES = {
    "patchiness": "point patchiness",
    "spread": "EEE, VRM and IsoScore",
    "spread+lsq": "EEE, VRM, IsoScore and 8 cell measures",
    "all": "all 19 measures",
    "size": "the logarithm of the parameters",
    "loss": "the loss in bits per byte",
    "dispersion": "dispersion",
    "geometry": "all geometry measures",
    "size+geometry": "size and all geometry measures",
    "labelled": "what labelled data says",
    "size+labelled": "size and what labelled data says",
}
METHODS = {
    "mean": "Mean baseline",
    "line": "Linear regression",
    "ridge": "Ridge regression",
    "elastic-net": "Elastic net",
    "neighbours": "10 nearest neighbours",
    "svr": "Support vector regression",
    "gaussian-process": "Gaussian process",
    "random-forest": "Random forest",
    "extra-trees": "Extra trees",
    "boosting": "Gradient boosting",
}
SCALED = ("ridge", "elastic-net", "neighbours", "svr", "gaussian-process")
TREES = ("random-forest", "extra-trees", "boosting")  # which see only the order of a measure's values


@dataclass(frozen=True)
class Candidate:
    """One predictor: a method, the measures it reads, as values or as ranks, with architecture or without."""

    method: str  # a key of METHODS
    set: str = ""  # a key of SET_TITLES; "" for the mean
    ranks: bool = False
    architecture: bool = False
    measures: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The identifier, for example "ridge:spread:ranks"."""
        parts = [self.method, self.set, "ranks" * self.ranks, "architecture" * self.architecture]
        return ":".join(part for part in parts if part)

    @property
    def title(self) -> str:
        """The display name, for example "Ridge regression on ranks of EEE, VRM and IsoScore"."""
        if self.method == "mean":
            return METHODS["mean"]
        names = SET_TITLES.get(self.set) or ", ".join(MEASURES[name].title for name in self.measures)
        plus = " + architecture" if self.architecture else ""
        return f"{METHODS[self.method]} on {'ranks of ' * self.ranks}{names}{plus}"


def candidate(method: str, name: str = "", *, ranks: bool = False, architecture: bool = False) -> Candidate:
    """The candidate of a method on a set of measures (a key of SETS)."""
    return Candidate(method, name, ranks, architecture, SETS.get(name, ()))


def candidates() -> list[Candidate]:
    """Every predictor that is compared, plain ones first: 3 + 1 + 5 · 3 · 2 + 3 · 3 = 43."""
    plain = [candidate("mean"), candidate("line", "patchiness")]
    plain += [candidate("line", "patchiness", architecture=True), candidate("line", "spread")]
    sets = [name for name in SETS if name != "patchiness"]
    scaled = [candidate(m, s, ranks=r) for m in SCALED for s in sets for r in (False, True)]
    return plain + scaled + [candidate(m, s) for m in TREES for s in sets]


def named(name: str) -> Candidate:
    """The candidate whose `name` this is. Raises KeyError for an unknown one."""
    return {entry.name: entry for entry in candidates()}[name]


def fit_predict(chosen: Candidate, score: str) -> FitPredict:
    """The candidate as a function that fits on one frame and predicts the rows of another.

    Both frames need the candidate's measures without gaps; the first, the score too.
    """
    if chosen.method == "line":
        return least_squares(score, chosen.measures, chosen.architecture)

    def run(rest: pd.DataFrame, others: pd.DataFrame) -> np.ndarray:
        y = rest[score].to_numpy(np.float64)
        if chosen.method == "mean":
            return np.full(len(others), y.mean())
        measured = (frame[list(chosen.measures)].to_numpy(np.float64) for frame in (rest, others))
        sources = source_terms(rest, rest), source_terms(rest, others)
        X, Z = (np.column_stack(both) for both in zip(measured, sources, strict=True))
        return _values(chosen, X.shape, X.tobytes(), y.tobytes(), Z.tobytes()).copy()

    return run


@lru_cache(maxsize=512)  # what is new to the store is no reason to fit to the same reference again
def _values(chosen: Candidate, shape: tuple[int, int], X: bytes, y: bytes, Z: bytes) -> np.ndarray:
    """The prediction of each row of Z by the estimator fitted to X, of that shape, and y; all float64."""
    from sklearn.exceptions import ConvergenceWarning

    given, scores, asked = (np.frombuffer(part, np.float64) for part in (X, y, Z))
    with warnings.catch_warnings():
        # A kernel parameter at its bound, a short path of the elastic net: the held-out error shows it.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = _estimator(chosen, shape[0]).fit(given.reshape(shape), scores)
        return np.ravel(model.predict(asked.reshape(-1, shape[1]))).astype(np.float64)


def _estimator(chosen: Candidate, n: int) -> Any:
    """An unfitted scikit-learn estimator for n checkpoints."""
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import QuantileTransformer, StandardScaler

    if chosen.method in TREES:
        return _tree(chosen.method)
    steps = [QuantileTransformer(n_quantiles=n)] if chosen.ranks else []
    return make_pipeline(*steps, StandardScaler(), _regressor(chosen.method, n))


def _tree(method: str) -> Any:
    from sklearn.ensemble import ExtraTreesRegressor, GradientBoostingRegressor, RandomForestRegressor

    if method == "boosting":
        return GradientBoostingRegressor(random_state=0)
    forest = RandomForestRegressor if method == "random-forest" else ExtraTreesRegressor
    return forest(n_estimators=100, random_state=0)


def _regressor(method: str, n: int) -> Any:
    if method == "ridge":
        from sklearn.linear_model import RidgeCV

        return RidgeCV(np.logspace(-2, 4, 25))
    if method == "elastic-net":
        from sklearn.linear_model import ElasticNetCV

        return ElasticNetCV(l1_ratio=0.5, cv=min(5, n))
    if method == "neighbours":
        from sklearn.neighbors import KNeighborsRegressor

        return KNeighborsRegressor(min(10, n))
    if method == "svr":
        from sklearn.svm import SVR

        return SVR(C=1.0, epsilon=0.01)
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF, ConstantKernel, DotProduct, WhiteKernel

    kernel = ConstantKernel() * RBF(3.0) + DotProduct() + WhiteKernel()
    return GaussianProcessRegressor(kernel, normalize_y=True, random_state=0)
