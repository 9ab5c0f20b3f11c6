"""Tables of kNN-LM and of accuracy without labels, made and shipped."""

from dataclasses import replace

import numpy as np
import pytest

from core.studies.decoder_figures import (
    ALONE,
    KNNLM,
    LABEL_FREE,
    QUERIES,
    curve_of,
    estimate_of,
    key_results,
    knnlm_table,
    label_free_table,
    shipped,
)
from core.studies.key_layers import Spread
from core.studies.knnlm import KeyResult, verdict
from core.studies.label_free import Estimate, calibrate

FOUND = KeyResult("attention", 5, 8, [Spread(10, 0.5, 0.1), Spread(50, 0.6, 0.02)], 0.2, 3, 21, 22, None, [3])


def test_a_table_has_a_row_a_key_and_one_of_the_model_alone() -> None:
    table = knnlm_table([FOUND], 30.0, 31.0)
    assert table["key"].tolist() == [ALONE, "attention of block 5"]
    assert table["perplexity"].tolist() == [30, 22] and table["dispersion_50"][1] == 0.6
    assert np.isnan(table["dispersion_100"]).all() and np.isnan(table["recall"][1])


def test_results_are_read_back_from_their_table() -> None:
    searched = KeyResult("layer", 4, 8, [], 0.5, 1.5, 11, 12, 0.75, [2.25, 3.0625])
    assert key_results(knnlm_table([FOUND, searched], 30.0, 31.0)) == [FOUND, searched]


def test_a_curve_has_a_row_a_mixture_and_is_read_back_with_its_estimate() -> None:
    draw = np.random.default_rng(0)
    curve = calibrate(draw.normal(size=(80, 4)), np.arange(80) % 2 == 0, queries=20, seeds=3)
    table = label_free_table(curve)
    assert table["share"].tolist() == [step / 10 for step in range(11)]
    assert table["dispersion"].tolist() == [point.dispersion for point in curve.points]
    assert curve_of(table) == curve and estimate_of(table) is None
    flat = replace(curve, spearman=None)
    for estimate in (Estimate(30, 0.5, 0.62, 0.5, 0.75), Estimate(30, 0.5, 1.0, None, None)):
        table = label_free_table(flat, estimate)
        assert (curve_of(table), estimate_of(table)) == (flat, estimate)


@pytest.mark.parametrize("name", [KNNLM, LABEL_FREE])
def test_shipped_tables_have_the_columns_of_those_made(name: str) -> None:
    table = shipped(name)
    curve = calibrate(np.eye(30), np.arange(30) % 2 == 0, queries=4, seeds=2)
    made = knnlm_table([FOUND], 30.0, 31.0) if name == KNNLM else label_free_table(curve)
    assert set(made) <= set(table.columns) and table["checkpoint"].nunique() >= 1
    assert shipped("no such table.csv").empty


def test_of_the_shipped_small_decoders_the_most_dispersed_key_is_the_sixth_best() -> None:
    for _, table in shipped(KNNLM).groupby("checkpoint"):
        found = verdict(key_results(table))
        assert found is not None and (found.keys, found.rank) == (7, 6) and found.difference.low > 0.1


def test_the_shipped_queries_are_those_of_the_shipped_curve_the_least_spread_first() -> None:
    table, estimate = shipped(QUERIES), estimate_of(shipped(LABEL_FREE))
    assert estimate is not None and estimate.n == len(table) == table["row"].nunique()
    assert table["change"].is_monotonic_increasing and "text" not in table
    assert table["distance"].mean() == pytest.approx(estimate.dispersion, rel=1e-4)
    assert table["correct"].mean() == pytest.approx(shipped(LABEL_FREE)["truth"][0], rel=1e-5)
