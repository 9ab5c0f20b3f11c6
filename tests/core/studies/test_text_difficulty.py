"""Tables of text by its difficulty: rows of results, and the figures that come with the project."""

import numpy as np
import pytest

from core.studies.layers import LayerFigures
from core.studies.perplexity import Association, Curve, Point
from core.studies.text_difficulty import COLUMNS, layer_rows, points, shipped, table

NOTHING = Association(0, None, None, None, None, None, None)


def test_rows_are_bins_and_layers() -> None:
    bins = [Point(2.0, 0.5, 100, True), Point(3.0, 0.25, 150, False)]
    curves = [Curve(tokens, 4, last, bins, NOTHING, NOTHING) for tokens, last in ((96, False), (16, True))]
    made = table("points", points("small", "PTB", curves))
    assert made[["tokens", "last_token", "perplexity", "picked"]].to_numpy().tolist() == [
        [96, False, 2.0, True],
        [96, False, 3.0, False],
        [16, True, 2.0, True],
        [16, True, 3.0, False],
    ]
    found = Association(20, 0.5, 0.25, 0.75, None, None, None)
    layers = [LayerFigures(0, {"curvature": 1.5, "alpha_req": None}, {"curvature": found})]
    made = table("layers", layer_rows("small", "PTB", layers))
    assert made.loc[0, ["value", "n", "pearson_high"]].tolist() == [1.5, 20, 0.75]
    assert made.loc[1, ["value", "n"]].isna().all()


@pytest.mark.parametrize("kind", COLUMNS)
def test_figures_of_small_decoders_come_with_the_project(kind: str) -> None:
    made = shipped(kind)
    assert tuple(made.columns) == COLUMNS[kind]
    assert {"gpt1-shakespeare-char-ep0", "gpt1-shakespeare-char-ep3"} <= set(made["checkpoint"])
    assert not made.duplicated(subset=[c for c in COLUMNS[kind][:5] if c != "tokens"] + list(made)[5:7]).any()


def test_shipped_correlations_are_those_of_the_shipped_points() -> None:
    """At the last layer both tables hold the same bins' dispersion."""
    bins, layers = shipped("points"), shipped("layers")
    whole = bins[~bins["last_token"] & bins["picked"]]
    for (name, text), rows in whole.groupby(["checkpoint", "text"]):
        same = (layers["checkpoint"] == name) & (layers["text"] == text) & (layers["measure"] == "dispersion")
        last = layers[same].sort_values("layer").iloc[-1]
        r = np.corrcoef(rows["perplexity"], rows["dispersion"])[0, 1]
        assert r == pytest.approx(last["pearson"], abs=2e-4) and last["n"] == len(rows)
