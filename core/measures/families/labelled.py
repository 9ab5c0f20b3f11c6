"""Measures of vectors that carry a label each: how well labels could be read off the vectors.

A family stands in one module, and these four have little code in common: hence its more than 300 lines.

Sources: You et al. 2021 (LogME, arXiv 2102.11005); Bao et al. 2019 (H-score) with the shrinkage covariance of
Ibrahim et al. 2021 (arXiv 2110.06893); leave-one-out neighbours and cross-validated linear probes as usual.

Standard errors say what other rows of the same kind would change, at fixed counts of the classes. Those of
LogME and the H-score are the sd over random halves drawn without replacement, which equals the standard error
of the whole (a half has twice its variance, of which one half is seen between halves). A bootstrap would
repeat rows: then vectors reproduce the labels where n ≤ d, and the evidence has no maximum. The other two are
means over rows that were not fitted to, which a bootstrap resamples.

What this does not show: what fine-tuning changes. All four look at the vectors as they are.
"""

import math
import warnings
from typing import TYPE_CHECKING

import numpy as np

from core.errors import InputError
from core.measures.entry import Group, Measure, Measured

if TYPE_CHECKING:
    from jaxtyping import Float, Int

    from core.measures.labelled import Labelled

NEIGHBOURS = 5
FOLDS = 5
RESAMPLES = 1_000
PENALTIES = tuple(10.0**power for power in range(-2, 6))  # of the ridge regression
_GRID = (-62, 32, 189)  # ln τ less ln of the largest s²: from below rounding to where vectors say nothing
_ROUNDS, _STEPS = 5, 10  # of narrowing the grid
_REPRODUCED = 1e-13  # a share of ‖y‖² that is rounding
_EQUAL = 1e-26  # a variance below this share of the squared length is rounding
_NOISE = 1e-12  # squared singular values of a half below this share of the largest are rounding


def logme(labelled: "Labelled") -> Measured:
    """Log of the maximum evidence of a Bayesian linear regression of the labels, divided by n.

    y = F w + noise with w ~ N(0, 1/α), noise ~ N(0, 1/β), F the vectors, neither centred nor scaled, without
    an intercept. Of classes: the mean over one regression a class, y being 1 in its rows and 0 elsewhere; of
    numbers y as given, so that another unit shifts the value. With F = U S Vᵀ, z = Uᵀy and τ = α/β the best
    β is n/Q, Q = ‖y‖² − ‖z‖² + Σ z²τ/(τ + s²), and the evidence
    n/2 ln(n/Q) − ½ Σ ln(1 + s²/τ) − n/2 (1 + ln 2π), maximised over a grid of ln τ that is narrowed.
    Undefined where fewer directions than rows reproduce the labels: the evidence grows without bound.
    """
    left, singular = labelled.decomposition
    value, bounded = _evidence(singular**2, left.T @ labelled.targets, labelled.targets)
    if not bounded:
        raise InputError(
            f"LogME has no maximum: fewer directions than the {labelled.n:,} rows reproduce the labels; "
            "leave out rows that repeat others, or give more rows."
        )
    halves = []
    for half in labelled.halves:
        vectors, targets = labelled.rotated[half], labelled.targets[half]
        halves.append(_evidence(*_half(vectors, targets), targets)[0])
    return Measured(value, _spread(halves), _labels_in_words(labelled))


def _half(
    vectors: "Float[np.ndarray, 'm k']", targets: "Float[np.ndarray, 'm c']"
) -> "tuple[Float[np.ndarray, ' r'], Float[np.ndarray, 'r c']]":
    """Squared singular values of some rows and Uᵀy, from the smaller Gram matrix."""
    m, k = vectors.shape
    if m <= k:
        squares, left = np.linalg.eigh(vectors @ vectors.T)
        return np.maximum(squares, 0), left.T @ targets
    squares, axes = np.linalg.eigh(vectors.T @ vectors)
    kept = squares > _NOISE * squares[-1]
    squares = squares[kept]
    return squares, (axes[:, kept].T @ (vectors.T @ targets)) / np.sqrt(squares)[:, None]


def _evidence(
    squares: "Float[np.ndarray, ' k']", z: "Float[np.ndarray, 'k c']", targets: "Float[np.ndarray, 'n c']"
) -> tuple[float, bool]:
    """(mean over columns of the maximum evidence / n, whether there is a maximum).

    squares: s², with zeros or rounding among them where the rank is lower. z: Uᵀy.
    """
    n = len(targets)
    power, z2 = np.square(targets).sum(axis=0), np.square(z)
    largest = float(squares.max())
    if largest == 0:
        raise InputError("LogME is undefined: all vectors are zero.")
    rest = np.zeros_like(power) if len(squares) == n else np.maximum(power - z2.sum(axis=0), 0)

    def at(logs: np.ndarray, columns: int | slice) -> np.ndarray:
        """The evidence / n at each of the ln τ, (g,) for one column or (g, c)."""
        share = squares / np.exp(logs)[:, None]  # (g, k): s²/τ
        residual = rest[columns] + (1 / (1 + share)) @ z2[:, columns]
        complexity = np.log1p(share).sum(axis=1).reshape(-1, *[1] * (residual.ndim - 1)) / n
        with np.errstate(divide="ignore"):  # labels that are reproduced
            fit = np.log(n / residual)
        return (fit - complexity - 1 - math.log(2 * math.pi)) / 2

    grid = math.log(largest) + np.linspace(*_GRID)
    best = grid[at(grid, slice(None)).argmax(axis=0)]
    highest = []
    for column, centre in enumerate(best):
        step = grid[1] - grid[0]
        for _ in range(_ROUNDS):
            logs = centre + np.linspace(-step, step, 2 * _STEPS + 1)
            values = at(logs, column)
            centre, step = logs[values.argmax()], step / _STEPS
        highest.append(float(values.max()))
    noise = squares <= largest * (max(n, len(squares)) * np.finfo(np.float64).eps) ** 2
    reproduced = rest + z2[noise].sum(axis=0) <= _REPRODUCED * power
    bounded = len(squares) - int(noise.sum()) >= n or not reproduced.any()
    return float(np.mean(highest)), bounded


def h_score(labelled: "Labelled") -> Measured:
    """How much of the variance of the vectors, whitened, lies between the means of the classes.

    H = (1 − λ) tr(Σ_λ⁻¹ Σ_b): Σ_b is the covariance of the class means over the rows, Σ_λ = (1 − λ)Σ + λμI
    the covariance of the vectors shrunk towards a multiple of the identity, μ = tr Σ/d, with the λ of Ledoit
    and Wolf (as scikit-learn's `ledoit_wolf`). Covariances are divided by n. At most the number of classes
    minus 1. Undefined for labels that are numbers.
    """
    classes = len(labelled.labels.classes)
    if not classes:
        raise InputError("The H-score is defined for classes; these labels are numbers.")
    codes = labelled.labels.values
    value = _h_score(labelled.rotated, codes, classes, labelled.d)
    halves = [_h_score(labelled.rotated[half], codes[half], classes, labelled.d) for half in labelled.halves]
    return Measured(value, _spread(halves), _labels_in_words(labelled))


def _h_score(
    vectors: "Float[np.ndarray, 'n k']", codes: "Int[np.ndarray, ' n']", classes: int, d: int
) -> float:
    """The H-score of vectors in coordinates of their span; d: dimensions of the space that this lies in."""
    from scipy.linalg import pinvh, solve

    n = len(vectors)
    centred = vectors - vectors.mean(axis=0)
    covariance = centred.T @ centred / n
    trace, power = float(np.trace(covariance)), float(np.square(covariance).sum())
    if trace <= _EQUAL * float(np.square(vectors).sum()) / n:
        raise InputError("The H-score is undefined: all vectors are equal.")
    spread = power - trace**2 / d  # d times what shrinking to the identity would change
    error = (float(np.square(np.square(centred).sum(axis=1)).sum()) / n - power) / n
    shrinkage = 1.0 if spread <= error else error / spread
    if shrinkage == 1:  # the same variance everywhere: Σ_λ has nothing of the vectors' own
        return 0.0
    members = np.eye(classes)[codes]
    sums = members.T @ centred  # (c, k)
    counts = members.sum(axis=0)
    between = sums[counts > 0] / np.sqrt(n * counts[counts > 0])[:, None]  # betweenᵀ between = Σ_b
    shrunk = (1 - shrinkage) * covariance
    shrunk[np.diag_indices_from(shrunk)] += shrinkage * trace / d
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an ill-conditioned matrix, whose directions weigh little here
            whitened = solve(shrunk, between.T, assume_a="pos")
    except np.linalg.LinAlgError:
        whitened = pinvh(shrunk) @ between.T
    return float((1 - shrinkage) * (between.T * whitened).sum())


def knn_accuracy(labelled: "Labelled") -> Measured:
    """Share of the rows whose class is the commonest among their 5 nearest other rows, by cosine distance.

    Leave one out: a row is never its own neighbour. Of classes equally common among the 5 the one with the
    nearest neighbour counts. The standard error is that of a bootstrap over rows, √(p(1 − p)/n). Undefined
    for labels that are numbers.
    """
    codes, n = labelled.labels.values, labelled.n
    classes = len(labelled.labels.classes)
    if not classes:
        raise InputError("The share of right classes is defined for classes; these labels are numbers.")
    lengths = np.linalg.norm(labelled.features, axis=1, keepdims=True)
    unit = np.divide(labelled.features, lengths, out=np.zeros_like(labelled.features), where=lengths > 0)
    cosines = unit @ unit.T
    np.fill_diagonal(cosines, -np.inf)
    nearest = np.argpartition(-cosines, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]
    order = np.argsort(-np.take_along_axis(cosines, nearest, axis=1), axis=1, kind="stable")
    votes = np.eye(classes)[codes[np.take_along_axis(nearest, order, axis=1)]]  # (n, 5, c)
    places = (NEIGHBOURS - np.arange(NEIGHBOURS))[:, None]
    ranked = votes.sum(axis=1) + (votes * places).max(axis=1) / (NEIGHBOURS + 1)
    hits = ranked.argmax(axis=1) == codes
    share = float(hits.mean())
    return Measured(share, math.sqrt(share * (1 - share) / n), _labels_in_words(labelled))


def probe_score(labelled: "Labelled") -> Measured:
    """How well a linear probe predicts the labels of rows that it was not fitted to, over 5 folds.

    Of classes: accuracy of logistic regression (L2, C = 1 / d on standardised vectors; folds with each class
    in its share). Of numbers: R² of ridge regression, 1 − Σ(y − ŷ)² / Σ(y − ȳ)² over all folds, its penalty
    chosen by leave-one-out within the fitted rows. Vectors are standardised by the fitted rows. The standard
    error is that of a bootstrap over the predicted rows.
    """
    from sklearn.linear_model import LogisticRegression, RidgeCV
    from sklearn.model_selection import KFold, StratifiedKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    values, features, n = labelled.labels.values, labelled.features, labelled.n
    classes = labelled.labels.classes
    options = {"n_splits": FOLDS, "shuffle": True, "random_state": labelled.seed}
    folds = StratifiedKFold(**options) if classes else KFold(**options)
    linear = LogisticRegression(C=1 / labelled.d, max_iter=1_000) if classes else RidgeCV(PENALTIES)
    predicted = np.empty(n, values.dtype)
    for fitted, kept in folds.split(features, values if classes else None):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of convergence: a probe that stops early is a probe still
            probe = make_pipeline(StandardScaler(), linear).fit(features[fitted], values[fitted])
        predicted[kept] = probe.predict(features[kept])
    if classes:
        share = float((predicted == values).mean())
        return Measured(share, math.sqrt(share * (1 - share) / n), _labels_in_words(labelled))
    counts = np.random.default_rng(labelled.seed).multinomial(n, np.full(n, 1 / n), size=RESAMPLES)
    means = counts @ values / n
    total = counts @ np.square(values) - n * np.square(means)
    drawn = 1 - (counts @ np.square(values - predicted)) / total
    score = 1 - np.square(values - predicted).sum() / np.square(values - values.mean()).sum()
    return Measured(float(score), float(drawn.std(ddof=1)), _labels_in_words(labelled))


def _spread(halves: list[float]) -> float | None:
    """The sd over halves; None where one of them has no value, as rare numbers may bring about."""
    return float(np.std(halves, ddof=1)) if np.isfinite(halves).all() else None


def _labels_in_words(labelled: "Labelled") -> str:
    """What a value compares with: the share of the largest class, or that labels are numbers."""
    labels = labelled.labels
    if not labels.classes:
        return f"{labelled.n:,} rows with numbers"
    largest = labels.counts.max() / labelled.n
    return f"{labelled.n:,} rows of {len(labels.classes)} classes, {largest:.3f} of them in the largest"


GROUP = Group(
    "labelled",
    "how well labels of yours can be read off the vectors",
    place=5,
    note="They are asked for with `cli.py measure CHECKPOINT --labels FILE` or the form on *Add*, of "
    "vectors averaged over the tokens of a text. Values compare only between checkpoints on the same "
    "labelled rows.",
)
ENTRIES = (
    Measure(
        name="logme",
        function=logme,
        title="LogME",
        meaning="How probable the labels are under the best linear model of the vectors, per row.",
        direction="higher: labels fit the vectors better",
        better="higher",
        source="You et al. 2021, arXiv 2102.11005",
        cost="one pass and d³",
        low=-math.inf,
        needs=("labels",),
        group="labelled",
        estimated=True,
    ),
    Measure(
        name="h_score",
        function=h_score,
        title="H-score",
        meaning="How much of the whitened variance of the vectors lies between classes.",
        direction="higher: classes lie farther apart",
        better="higher",
        source="Bao et al. 2019; shrinkage as in Ibrahim et al. 2021, arXiv 2110.06893",
        cost="one pass and d³",
        needs=("labels",),
        group="labelled",
        estimated=True,
    ),
    Measure(
        name="knn_accuracy",
        function=knn_accuracy,
        title="Nearest-neighbour accuracy",
        meaning="How often the 5 nearest other rows name the right class.",
        direction="higher: rows of a class lie together",
        better="higher",
        source="Cover and Hart 1967, leave one out",
        cost="pairs",
        high=1.0,
        needs=("labels",),
        group="labelled",
        estimated=True,
    ),
    Measure(
        name="probe_score",
        function=probe_score,
        title="Linear probe",
        meaning="How well a linear model predicts labels of other rows: accuracy or, for numbers, R².",
        direction="higher: labels can be read off linearly",
        better="higher",
        source="Alain and Bengio 2016, arXiv 1610.01644; scikit-learn",
        cost="training",
        low=-math.inf,
        high=1.0,
        needs=("labels",),
        group="labelled",
        estimated=True,
    ),
)
