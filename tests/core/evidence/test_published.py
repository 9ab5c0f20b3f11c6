"""The doubting paper's figures in sentences, and the matrix of all measures."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from core import reference
from core.charts import evidence as charts_evidence
from core.evidence.correlation_matrix import correlation_matrix, pairs, told
from core.evidence.published import beside, disagreements, headline, medians, published


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return published(reference.findings())


def test_five_measures_in_eight_settings_by_five_statistics(rows: pd.DataFrame) -> None:
    assert len(rows) == 5 * 8 * 5
    assert rows["setting"].nunique() == 8 and rows["measure"].nunique() == 5


def test_the_headline_is_computed(rows: pd.DataFrame) -> None:
    raw = rows.loc[rows["statistic"] == "raw_spearman", "value"].abs().median()
    partial = rows.loc[rows["statistic"] == "partial_spearman", "value"].abs().median()
    assert f"falls from {raw:.2f} to {partial:.2f}" in headline(rows)
    assert medians(rows)["raw_spearman"] == raw


def test_disagreements_are_those_in_the_tables(rows: pd.DataFrame) -> None:
    said = disagreements(rows)
    assert len(said) == 4
    assert "no smaller than it in 21 of 40 cases" in said[0]
    assert "grow for 2 of 5 measures" in said[1]
    assert "in all 8 settings (ρ = +0.73 to +0.91)" in said[2] and "in 7 of 8" in said[2]
    assert said[3].endswith("in fine-tuning (StarCoder-Python), ρ = −0.68.")


def test_a_disagreement_that_is_not_there_is_not_claimed(rows: pd.DataFrame) -> None:
    law = rows["statistic"] == "residual_spearman_chinchilla"
    calm = rows.assign(value=rows["value"].where(~law, 0.0))
    calm.loc[calm["statistic"] == "partial_spearman", "value"] = 0.0
    calm.loc[calm["measure"] == "effective_rank_ratio", "value"] = 0.0
    assert disagreements(calm) == []


def test_ours_stands_beside(rows: pd.DataFrame) -> None:
    ours = pd.DataFrame({"raw": [0.8, -0.6], "partial": [0.2, -0.15]})
    assert beside(rows, ours) == (
        "Here, over 2 measures, it goes from 0.70 to 0.17: 25 % of the raw correlation is left, against 29 % "
        "there."
    )
    assert beside(rows, ours.assign(partial=np.nan)) == (
        "Here nothing is known to hold fixed, so the same fall cannot be looked at."
    )


def clusters() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    base = rng.normal(size=(50, 2))
    frame = {f"a{i}": base[:, 0] + 0.05 * rng.normal(size=50) for i in range(3)}
    frame |= {"b0": base[:, 1], "b1": -base[:, 1] + 0.05 * rng.normal(size=50)}
    return pd.DataFrame(frame).assign(flat=1.0, rare=np.r_[1.0, 2.0, np.full(48, np.nan)])


def test_the_matrix_agrees_with_scipy_and_stands_in_clusters() -> None:
    frame = clusters()
    found = correlation_matrix(frame, ["a0", "b0", "a1", "b1", "a2", "flat", "rare"])
    assert set(found.groups) == {g for g in found.groups if {n[0] for n in g} in ({"a"}, {"b"})}
    assert [len(group) for group in found.groups] == [3, 2]
    assert {name[0] for name in found.rho.index[:3]} in ({"a"}, {"a", "b"})
    order = "".join(name[0] for name in found.rho.index)
    assert order in ("aaabb", "bbaaa")
    for one in found.rho:
        for other in found.rho:
            theirs = stats.spearmanr(frame[one], frame[other]).statistic
            assert found.rho.loc[one, other] == pytest.approx(theirs, abs=1e-9)
    assert len(pairs(found)) == 25 and set(pairs(found)["n"]) == {50}
    assert told(found).endswith("the 5 are 2. The largest group is " + ", ".join(found.groups[0]) + ".")


def test_a_matrix_of_nothing_says_so() -> None:
    found = correlation_matrix(clusters(), ["a0", "flat"])
    assert told(found) == "Too few measures are known for these checkpoints to compare them."


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
