"""A measure that is undefined on some vectors says why, and withholds no other."""

import re

import numpy as np
import pytest

from core.errors import InputError
from core.measures import MEASURES, measure, measure_detailed, select

MATRIX = {name for name in MEASURES if MEASURES[name].subject == "unembedding"}


@pytest.mark.parametrize(
    ("vectors", "lacking"),
    [
        (np.random.default_rng(0).standard_normal((60, 1)), {"isoscore"}),
        (np.random.default_rng(0).standard_normal((2, 8)), {"vrm"}),
        (np.random.default_rng(0).standard_normal((4, 8)), {"vrm"}),
        (np.ones((10, 4)), {"eee", "vrm", "isoscore"}),
        (np.zeros((10, 4)), {*select("all")} - {"dispersion_euclidean", *MATRIX}),
    ],
)
def test_a_measure_that_is_undefined_withholds_no_other(vectors: np.ndarray, lacking: set[str]) -> None:
    names = [name for name in select("all") if name not in MATRIX]
    undefined: dict[str, str] = {}
    values = measure_detailed(vectors, names, undefined=undefined)
    assert set(undefined) == lacking and set(values) == set(names) - lacking
    assert all(np.isfinite(one.value) for one in values.values())
    for name in names:
        if name in lacking:
            with pytest.raises(InputError, match=re.escape(undefined[name])):
                measure(vectors, [name])
        else:
            assert measure(vectors, [name])[name] == values[name].value
    apart = np.linalg.norm(vectors[:, None] - vectors, axis=2)
    n = len(vectors)
    assert values["dispersion_euclidean"].value == pytest.approx(apart.sum() / (n * (n - 1)))


def test_vectors_that_are_not_finite_are_refused_whole() -> None:
    vectors = np.ones((10, 4))
    vectors[3, 1] = np.nan
    with pytest.raises(InputError, match="Row 3 holds NaN or infinite values"):
        measure_detailed(vectors, "dispersion", undefined={})
