"""Simple regression: the line and its band against SciPy, and group by group."""

import numpy as np
import pandas as pd
import pytest

from core.statistics.regression import trend


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

    lines, residuals = trend(made, "eee", "score")
    known = linregress(made["eee"], made["score"])
    told = known.intercept + known.slope * lines["eee"].to_numpy()
    left = (made["score"] - known.intercept - known.slope * made["eee"]).to_numpy()
    assert lines["score"].to_numpy() == pytest.approx(told, abs=1e-10)
    assert residuals.to_numpy() == pytest.approx(left, abs=1e-10)
    at_mean = np.sqrt((residuals**2).sum() / 58 / 60) * t.ppf(0.975, 58)
    assert (lines["high"] - lines["score"]).min() == pytest.approx(at_mean, rel=1e-3)


def test_one_line_a_family_and_none_for_a_family_too_small(made: pd.DataFrame) -> None:
    few = pd.concat([made, made.iloc[:2].assign(family="few")], ignore_index=True)
    lines, residuals = trend(few, "eee", "score", by="family")
    assert sorted(lines["group"].unique()) == ["a", "b", "c"]
    assert residuals[few["family"] == "few"].isna().all()
    assert (residuals.groupby(few["family"]).mean().drop("few").abs() < 1e-12).all()
    empty, _ = trend(few[few["family"] == "few"], "eee", "score")
    assert empty.empty and list(empty.columns) == ["eee", "score", "low", "high", "group"]
