"""The bootstrap by counts is the bootstrap by drawing rows, resample by resample."""

import numpy as np
import pytest
from scipy import stats

from core.statistics.bootstrap import (
    counts,
    drawn_ranks,
    interval_of,
    partial_spearman_draws,
    resampled_ranks,
    spearman_draws,
    weighted_pearson,
)
from core.statistics.regression import residuals

N, DRAWS = 17, 60


@pytest.fixture(params=[False, True], ids=["distinct", "ties"])
def sides(request: pytest.FixtureRequest) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x, y, held = rng.normal(size=N), rng.normal(size=N), rng.normal(size=(N, 2))
    return (np.round(x), np.round(y * 2), np.round(held)) if request.param else (x, y, held)


def drawn(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, N, size=(DRAWS, N))


def test_counts_count_the_drawn_rows() -> None:
    result = counts(N, DRAWS, 3)
    for row, rows in zip(result, drawn(3), strict=True):
        assert row.tolist() == np.bincount(rows, minlength=N).tolist()
    assert not np.array_equal(result, counts(N, DRAWS, 4))


def test_resampled_ranks_are_the_ranks_of_the_resample(sides: tuple[np.ndarray, ...]) -> None:
    result = resampled_ranks(sides[0], counts(N, DRAWS))
    for row, rows in zip(result, drawn(), strict=True):
        assert row[rows] == pytest.approx(stats.rankdata(sides[0][rows]), abs=1e-12)
    assert np.array_equal(drawn_ranks(sides[0], DRAWS), result)


def test_correlations_of_resamples_agree_with_numpy(sides: tuple[np.ndarray, ...]) -> None:
    x, y, _ = sides
    pearson, spearman = weighted_pearson(x, y, counts(N, DRAWS)), spearman_draws(x, y, DRAWS)
    for index, rows in enumerate(drawn()):
        assert pearson[index] == pytest.approx(np.corrcoef(x[rows], y[rows])[0, 1], abs=1e-9)
        assert spearman[index] == pytest.approx(stats.spearmanr(x[rows], y[rows]).statistic, abs=1e-9)


@pytest.mark.parametrize("cells", [None, 500], ids=["whole", "in pieces"])
def test_partial_correlations_of_resamples_agree_with_regressions_on_ranks(
    sides: tuple[np.ndarray, ...], cells: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if cells:
        monkeypatch.setattr("core.statistics.bootstrap._CELLS", cells)
    x, y, held = sides
    result = partial_spearman_draws(x, y, held, DRAWS)
    for index, rows in enumerate(drawn()):
        Z = np.column_stack([stats.rankdata(column[rows]) for column in held.T])
        a, b = (residuals(stats.rankdata(side[rows]), Z) for side in (x, y))
        assert result[index] == pytest.approx(a @ b / np.sqrt(a @ a * (b @ b)), abs=1e-8)


def test_a_resample_that_does_not_vary_has_no_correlation() -> None:
    x = np.array([0.0, 0.0, 0.0, 1.0])
    result = weighted_pearson(x, np.arange(4.0), np.array([[1.0, 1, 1, 1], [2.0, 1, 1, 0]]))
    assert np.isfinite(result).tolist() == [True, False]


def test_intervals_leave_undefined_resamples_out() -> None:
    assert interval_of(np.array([np.nan, 1.0, 1.0])) == (1.0, 1.0)
    assert np.isnan(interval_of(np.array([np.nan]))).all()
