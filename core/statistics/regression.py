"""Ordinary least squares: the fit, what it explains, and the straight line with its confidence band."""

import numpy as np
import pandas as pd

FOLDS = 5


def with_constant(X: np.ndarray) -> np.ndarray:
    """A column of ones before the columns of X (n, k): (n, 1 + k)."""
    return np.column_stack([np.ones(len(X)), X])


def least_squares(X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The coefficients (k,) that minimise ‖y − X·b‖²; the shortest where several do. X: (n, k); y: (n,)."""
    return np.linalg.lstsq(X, y, rcond=None)[0]


def ridge(X: np.ndarray, y: np.ndarray, penalties: np.ndarray) -> tuple[np.ndarray, float]:
    """Ridge regression with the penalty of the lowest leave-one-out error (Golub, Heath and Wahba 1979).

    Arguments:
        X: (n, p) without a constant; y: (n,); penalties: (k,), of which one is taken.

    Columns are centred and scaled to their standard deviation, a constant one counts as zero. Leave-one-out
    errors have a closed form in the singular values, so that nothing is fitted twice; the same as
    scikit-learn's StandardScaler and RidgeCV.

    Returns: weights of the columns as given (p,), and the constant.
    """
    n = len(y)
    centre, scale = X.mean(axis=0), X.std(axis=0)
    scale = np.where(scale > 0, scale, np.inf)
    mean = float(y.mean())
    U, s, Vt = np.linalg.svd((X - centre) / scale, full_matrices=False)
    shrunk = s**2 / (s**2 + penalties[:, None])  # (k, r)
    z = U.T @ (y - mean)
    left = (y - mean) - (shrunk * z) @ U.T  # (k, n)
    leverage = shrunk @ (U**2).T + 1 / n
    best = int(np.argmin(((left / (1 - leverage)) ** 2).sum(axis=1)))
    weights = Vt.T @ (s / (s**2 + penalties[best]) * z) / scale
    return weights, mean - float(centre @ weights)


def residuals(y: np.ndarray, X: np.ndarray) -> np.ndarray:
    """What a regression on a constant and the columns of X leaves of y: (n,). y: (n,); X: (n, k)."""
    design = with_constant(X)
    return y - design @ least_squares(design, y)


def r_squared(y: np.ndarray, predicted: np.ndarray) -> float:
    """R² = 1 − Σ(y − ŷ)²/Σ(y − ȳ)² of (n,) predictions ŷ, NaN where y does not vary."""
    total = float(((y - y.mean()) ** 2).sum())
    return 1 - float(((y - predicted) ** 2).sum()) / total if total > 0 else float("nan")


def cross_validated_r2(X: np.ndarray, y: np.ndarray, *, k: int = FOLDS, seed: int = 0) -> float:
    """R² of a regression's predictions of rows that it was not fitted to, in k shuffled folds.

    Arguments:
        X: (n, p) without the constant; y: (n,).
    """
    from sklearn.model_selection import KFold  # here, since it takes long to import

    design, predicted = with_constant(X), np.empty(len(y))
    for train, test in KFold(k, shuffle=True, random_state=seed).split(design):
        predicted[test] = design[test] @ least_squares(design[train], y[train])
    return r_squared(y, predicted)


def trend(
    points: pd.DataFrame, x: str, y: str, *, by: str | None = None, log_x: bool = False, level: float = 0.95
) -> tuple[pd.DataFrame, pd.Series]:
    """The straight line through y against x with the confidence band of its mean, for all or group by group.

    Arguments:
        points: the columns x, y and `by`; rows that lack one are left out.
        by: a column to fit one line for each value of; groups of fewer than 4 points get none.
        log_x: fit against log10 x.

    Returns: (lines, residuals): lines has x, y, low, high, group ("all" without `by`), 60 points a line;
    residuals is y minus the line, NaN where there is none. The band is the ordinary one for the mean of y, so
    it assumes independent errors of equal size.
    """
    from scipy.special import stdtrit  # Student's quantile, without the seconds that scipy.stats takes

    kept = points.dropna(subset=[x, y])
    left = pd.Series(np.nan, index=points.index)
    groups = [("all", kept)] if by is None else [(str(name), group) for name, group in kept.groupby(by)]
    parts = [pd.DataFrame(columns=[x, y, "low", "high", "group"])]
    for name, group in groups:
        a = np.log10(group[x].to_numpy(np.float64)) if log_x else group[x].to_numpy(np.float64)
        b = group[y].to_numpy(np.float64)
        n = len(a)
        if n < 4 or np.ptp(a) == 0:
            continue
        centre, spread = a.mean(), ((a - a.mean()) ** 2).sum()
        slope = ((a - centre) * b).sum() / spread
        error = b - (b.mean() + slope * (a - centre))
        left[group.index] = error
        grid = np.linspace(a.min(), a.max(), 60)
        mean = b.mean() + slope * (grid - centre)
        scale = np.sqrt((error**2).sum() / (n - 2) * (1 / n + (grid - centre) ** 2 / spread))
        half = stdtrit(n - 2, (1 + level) / 2) * scale
        shown = 10**grid if log_x else grid
        parts.append(
            pd.DataFrame({x: shown, y: mean, "low": mean - half, "high": mean + half, "group": name})
        )
    return pd.concat(parts[1:] or parts, ignore_index=True), left
