"""The matrix of all measures against SciPy, ordered in groups."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from core.charts import evidence as charts_evidence
from core.evidence.correlation_matrix import correlation_matrix, pairs


def clusters() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    base = rng.normal(size=(50, 2))
    frame = {f"a{i}": base[:, 0] + 0.05 * rng.normal(size=50) for i in range(3)}
    frame |= {"b0": base[:, 1], "b1": -base[:, 1] + 0.05 * rng.normal(size=50)}
    return pd.DataFrame(frame).assign(flat=1.0, rare=np.r_[1.0, 2.0, np.full(48, np.nan)])


def test_the_matrix_agrees_with_scipy_and_stands_in_clusters() -> None:
    frame = clusters()
    compared = correlation_matrix(frame, ["a0", "b0", "a1", "b1", "a2", "flat", "rare"])
    assert set(compared.groups) == {g for g in compared.groups if {n[0] for n in g} in ({"a"}, {"b"})}
    assert [len(group) for group in compared.groups] == [3, 2]
    assert {name[0] for name in compared.rho.index[:3]} in ({"a"}, {"a", "b"})
    order = "".join(name[0] for name in compared.rho.index)
    assert order in ("aaabb", "bbaaa")
    for one in compared.rho:
        for other in compared.rho:
            theirs = stats.spearmanr(frame[one], frame[other]).statistic
            assert compared.rho.loc[one, other] == pytest.approx(theirs, abs=1e-9)
    assert len(pairs(compared)) == 25 and set(pairs(compared)["n"]) == {50}


def test_the_matrix_holds_its_figures_while_they_can_be_read() -> None:
    frame = clusters()
    few = correlation_matrix(frame, ["a0", "a1", "b0"])
    drawn = charts_evidence.matrix(pairs(few), list(few.rho)).to_dict()
    assert [layer["mark"]["type"] for layer in drawn["layer"]] == ["rect", "text"]
    many = correlation_matrix(
        pd.DataFrame(np.random.default_rng(0).normal(size=(9, 30))).rename(columns=str),
        list(map(str, range(30))),
    )
    drawn = charts_evidence.matrix(pairs(many), list(many.rho)).to_dict()
    assert [layer["mark"]["type"] for layer in drawn["layer"]] == ["rect"]
