"""Measures at every layer: closed cases of α-ReQ, and values and correlations against a direct reading."""

import math

import numpy as np
import pytest

from core.measures import measure
from core.studies.layers import MEASURES, alpha_req, layers, of_vectors
from core.studies.perplexity import association
from core.studies.segments import Read, Slot


@pytest.mark.parametrize("a", [0.5, 1.0, 2.7])
@pytest.mark.parametrize("k", [5, 29, 30, 64, 400])
def test_the_decay_of_a_power_law_is_its_exponent(a: float, k: int) -> None:
    law = np.arange(1, k + 1.0) ** -a
    assert alpha_req(7 * law) == pytest.approx(a, rel=1e-9)


def test_the_decay_is_that_of_the_ranks_11_to_100() -> None:
    law = np.arange(1, 301.0) ** -1.5
    bent = law.copy()
    bent[:10] *= 50
    bent[100:] *= 1e-3
    assert alpha_req(bent) == pytest.approx(1.5)
    assert alpha_req(bent[:25]) > 1.6  # too few: from the first on
    assert alpha_req(np.r_[law[:40], 1e-30, 0]) == pytest.approx(1.5)  # rounding is no eigenvalue
    assert math.isnan(alpha_req(np.array([1.0, 0]))) and math.isnan(alpha_req(np.array([])))


def test_vectors_on_axes_of_a_power_law_have_its_exponent() -> None:
    draw = np.random.default_rng(0)
    square, _ = np.linalg.qr(draw.normal(size=(200, 41)) - 0.0)
    centred = square - square.mean(0)
    orthogonal, _ = np.linalg.qr(centred)
    vectors = orthogonal[:, :40] * np.arange(1, 41) ** -0.6 + 3  # variances i^−1.2
    assert of_vectors(vectors)["alpha_req"] == pytest.approx(1.2, rel=1e-6)
    turned = vectors @ np.linalg.qr(draw.normal(size=(40, 40)))[0]
    assert of_vectors(turned)["alpha_req"] == pytest.approx(1.2, rel=1e-6)


def test_each_layer_is_measured_whole_and_within_bins() -> None:
    draw = np.random.default_rng(0)
    loss, vectors = draw.uniform(1, 4, 60), draw.normal(size=(2, 60, 5)).astype(np.float32)
    entropy, bend = draw.uniform(size=(2, 60)), draw.uniform(size=(2, 60))
    entropy[1, 7] = np.nan
    read = Read([Slot(0, 9), Slot(1, 9)], loss, {9: loss}, entropy, bend, None)
    made = layers(read, vectors, 10, 6)
    assert [one.layer for one in made] == [0, 1]
    assert set(made[1].values) == set(made[1].correlations) == set(MEASURES)
    assert made[1].values["dispersion"] == measure(vectors[1], ["dispersion"])["dispersion"]
    assert made[1].values["effective_rank"] == measure(vectors[1], ["effective_rank"])["effective_rank"]
    assert made[1].values["prompt_entropy"] == pytest.approx(np.nanmean(entropy[1]))
    order = np.argsort(loss).reshape(6, 10)
    x = np.exp(loss)[order].mean(1)
    ranks = [measure(vectors[0][rows], ["effective_rank"])["effective_rank"] for rows in order]
    assert made[0].correlations["effective_rank"] == association(x, np.array(ranks))
    assert made[0].correlations["curvature"].pearson == pytest.approx(
        np.corrcoef(x, bend[0][order].mean(1))[0, 1]
    )


def test_without_perplexity_there_are_values_alone_and_equal_vectors_have_no_decay() -> None:
    read = Read([Slot(0, None)], np.empty(0), {}, np.ones((1, 30)), np.ones((1, 30)), None)
    (one,) = layers(read, np.ones((1, 30, 4), np.float32), 10, 6)
    assert one.correlations == {}
    assert one.values["alpha_req"] is None and one.values["dispersion"] == pytest.approx(0, abs=1e-7)
