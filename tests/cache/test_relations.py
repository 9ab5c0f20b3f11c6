"""Points within a rectangle, and their correlation."""

import pandas as pd
import pytest

from cache.relations import pooled, within


def test_a_rectangle_keeps_what_lies_in_both_ranges() -> None:
    points = pd.DataFrame({"x": [0.0, 1.0, 2.0, 3.0, 4.0], "y": [0.0, 1.0, 2.0, 9.0, 4.0]})
    inside = within(points, {"x": (0.5, 4.0), "y": (1.0, 5.0)})
    assert inside.index.tolist() == [1, 2, 4]
    found = pooled(inside, "x", "y")
    assert found.n == 3 and found.pearson == pytest.approx(1)
