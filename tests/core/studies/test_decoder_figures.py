"""Tables of kNN-LM and of accuracy without labels, made and shipped."""

import numpy as np
import pytest

from core.studies.decoder_figures import ALONE, KNNLM, LABEL_FREE, knnlm_table, label_free_table, shipped
from core.studies.key_layers import Spread
from core.studies.knnlm import KeyResult
from core.studies.label_free import calibrate

FOUND = KeyResult("attention", 5, 8, [Spread(10, 0.5, 0.1), Spread(50, 0.6, 0.02)], 0.2, 3, 21, 22, None, [3])


def test_a_table_has_a_row_a_key_and_one_of_the_model_alone() -> None:
    table = knnlm_table([FOUND], 30.0, 31.0)
    assert table["key"].tolist() == [ALONE, "attention of block 5"]
    assert table["perplexity"].tolist() == [30, 22] and table["dispersion_50"][1] == 0.6
    assert np.isnan(table["dispersion_100"]).all() and np.isnan(table["recall"][1])


def test_a_curve_has_a_row_a_mixture() -> None:
    draw = np.random.default_rng(0)
    curve = calibrate(draw.normal(size=(80, 4)), np.arange(80) % 2 == 0, queries=20, seeds=3)
    table = label_free_table(curve)
    assert table["share"].tolist() == [step / 10 for step in range(11)]
    assert table["dispersion"].tolist() == [point.dispersion for point in curve.points]


@pytest.mark.parametrize("name", [KNNLM, LABEL_FREE])
def test_shipped_tables_have_the_columns_of_those_made(name: str) -> None:
    table = shipped(name)
    made = knnlm_table([FOUND], 30.0, 31.0) if name == KNNLM else ["share", "dispersion", "standard_error"]
    assert set(made) <= set(table.columns) and table["checkpoint"].nunique() >= 1
    assert shipped("no such table.csv").empty
