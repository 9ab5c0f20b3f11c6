"""Least squares against statsmodels and scikit-learn; the line and its band against SciPy, group by group."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.metrics import r2_score
from sklearn.model_selection import KFold, cross_val_predict
from statsmodels.regression.linear_model import OLS
from statsmodels.tools import add_constant

from core.statistics.regression import (
    cross_validated_r2,
    least_squares,
    r_squared,
    residuals,
    trend,
    with_constant,
)


def drawn(n: int = 60, k: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """(X, y) of a noisy linear relation."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, k))
    return X, X @ np.arange(1.0, k + 1) + 2 + rng.normal(size=n)


def test_coefficients_and_residuals_agree_with_statsmodels() -> None:
    X, y = drawn()
    fitted = OLS(y, add_constant(X)).fit()
    assert least_squares(with_constant(X), y) == pytest.approx(fitted.params, abs=1e-12)
    assert residuals(y, X) == pytest.approx(fitted.resid, abs=1e-12)
    assert r_squared(y, y - residuals(y, X)) == pytest.approx(fitted.rsquared, abs=1e-12)


def test_of_many_solutions_the_shortest_is_taken() -> None:
    X, y = drawn(k=1)
    assert least_squares(np.column_stack([X, X]), y) == pytest.approx(np.repeat(least_squares(X, y) / 2, 2))


def test_r_squared_is_scikit_learns_and_unknown_for_a_constant() -> None:
    y, predicted = np.array([1.0, 2, 4]), np.array([4.0, 2, 1])
    assert r_squared(y, predicted) == pytest.approx(r2_score(y, predicted)) and r_squared(y, predicted) < 0
    assert np.isnan(r_squared(np.ones(3), predicted))


@pytest.mark.parametrize("n", [23, 60])
def test_cross_validated_r2_is_scikit_learns(n: int) -> None:
    X, y = drawn(n)
    split = KFold(5, shuffle=True, random_state=7)
    theirs = r2_score(y, cross_val_predict(LinearRegression(), X, y, cv=split))
    assert cross_validated_r2(X, y, seed=7) == pytest.approx(theirs, abs=1e-12)


@pytest.fixture
def made() -> pd.DataFrame:
    """Three families on one line of slope 2, each with an offset of its own and a little noise."""
    rng = np.random.default_rng(3)
    x = rng.uniform(0.1, 0.3, 60)
    family = np.repeat(["a", "b", "c"], 20)
    offset = pd.Series(family).map({"a": 0.0, "b": 0.05, "c": -0.05}).to_numpy()
    y = 0.1 + 2 * x + offset + rng.normal(0, 0.01, 60)
    return pd.DataFrame({"eee": x, "vrm": rng.uniform(size=60), "score": y, "family": family})


def test_the_trend_is_the_line_and_band_of_scipy(made: pd.DataFrame) -> None:
    from scipy.stats import linregress, t

    lines, left = trend(made, "eee", "score")
    listed = linregress(made["eee"], made["score"])
    sentence = listed.intercept + listed.slope * lines["eee"].to_numpy()
    expected = (made["score"] - listed.intercept - listed.slope * made["eee"]).to_numpy()
    assert lines["score"].to_numpy() == pytest.approx(sentence, abs=1e-10)
    assert left.to_numpy() == pytest.approx(expected, abs=1e-10)
    at_mean = np.sqrt((left**2).sum() / 58 / 60) * t.ppf(0.975, 58)
    assert (lines["high"] - lines["score"]).min() == pytest.approx(at_mean, rel=1e-3)


def test_one_line_a_family_and_none_for_a_family_too_small(made: pd.DataFrame) -> None:
    few = pd.concat([made, made.iloc[:2].assign(family="few")], ignore_index=True)
    lines, left = trend(few, "eee", "score", by="family")
    assert sorted(lines["group"].unique()) == ["a", "b", "c"]
    assert left[few["family"] == "few"].isna().all()
    assert (left.groupby(few["family"]).mean().drop("few").abs() < 1e-12).all()
    empty, _ = trend(few[few["family"] == "few"], "eee", "score")
    assert empty.empty and list(empty.columns) == ["eee", "score", "low", "high", "group"]
