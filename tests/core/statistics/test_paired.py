"""The signed-rank statistic against SciPy's."""

import numpy as np
import pytest
from scipy.stats import wilcoxon

from core.statistics.paired import signed_rank_z


def test_it_is_the_statistic_of_scipy() -> None:
    differences = np.random.default_rng(0).normal(0.3, 1, (25, 3))
    theirs = [
        wilcoxon(column, alternative="greater", method="asymptotic", correction=False).zstatistic
        for column in differences.T
    ]
    assert signed_rank_z(differences) == pytest.approx(theirs)


def test_of_equal_columns_nothing_is_said() -> None:
    assert signed_rank_z(np.zeros((8, 2))) == pytest.approx([0, 0])
    assert signed_rank_z(np.ones((8, 1))) == pytest.approx([2.52], abs=0.01)
