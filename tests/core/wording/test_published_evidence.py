"""Published correlations with loss, and where papers disagree: each sentence once, from the table."""

import numpy as np
import pandas as pd
import pytest

from core import reference
from core.evidence.published import published
from core.wording.published_evidence import beside, disagreements, headline, takeaways


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return published(reference.findings())


def test_the_headline(rows: pd.DataFrame) -> None:
    raw, partial = (
        rows.loc[rows["statistic"] == name, "value"].abs().median()
        for name in ("raw_spearman", "partial_spearman")
    )
    assert headline(rows) == (
        "Over 8 settings in arXiv 2602.20433 the median |ρ| of 5 measures with the loss falls from "
        f"{raw:.2f} to {partial:.2f} controlling for size and training, and no measure adds more than 0.05 "
        "to R² (4 of 40 add more than 0.01)."
    )


def test_limitations() -> None:
    findings = reference.findings()
    claims = takeaways(findings)
    assert claims == [
        (
            "Geometry mostly reflects how a model was trained.",
            "Over 8 settings the unembedding effective rank ratio correlates with loss at ρ = −0.70 to "
            "−0.59; controlling for size and training, at −0.28 to −0.17. Batch size and weight decay change "
            "it whether or not performance follows.",
        ),
        (
            "It adds almost nothing to size and training.",
            "Of 40 pairs of measure and setting, 2 add 0.02 or more to R² on held-out models; the largest "
            "adds 0.050, and 20 make it worse. The mean |ρ| falls from 0.52 to 0.18.",
        ),
        (
            "The same measure can have the opposite sign for another task.",
            "Mean cosine similarity correlates with loss at ρ = −0.36 in one setting and +0.69 in another. "
            "Compare models trained alike, and evaluate those you shortlist.",
        ),
    ]
    assert takeaways(findings.iloc[:0]) == []
    one_sign = findings.assign(value=findings["value"].abs())
    assert len(takeaways(one_sign)) == 2


def test_disagreements_are_those_in_the_tables(rows: pd.DataFrame) -> None:
    residuals, text, spread, remains = disagreements(rows)
    assert residuals.startswith("Its two ways of controlling for size and tokens contradict each other: ")
    assert "no smaller than it in 21 of 40 cases" in residuals
    assert "grow for 2 of 5 measures" in text
    assert "in all 8 settings (ρ = +0.73 to +0.91)" in spread and "in 7 of 8" in spread
    assert remains.endswith("in fine-tuning (StarCoder-Python), ρ = −0.68.")


def test_a_disagreement_that_is_not_there_is_not_claimed(rows: pd.DataFrame) -> None:
    law = rows["statistic"] == "residual_spearman_chinchilla"
    calm = rows.assign(value=rows["value"].where(~law, 0.0))
    calm.loc[calm["statistic"] == "partial_spearman", "value"] = 0.0
    calm.loc[calm["measure"] == "effective_rank_ratio", "value"] = 0.0
    assert disagreements(calm) == []


def test_ours_beside_theirs(rows: pd.DataFrame) -> None:
    ours = pd.DataFrame({"raw": [0.8, -0.6], "partial": [0.2, -0.15]})
    assert beside(rows, ours) == (
        "Here, over 2 measures, it falls from 0.70 to 0.17: 25 % of the raw correlation remains, against 29 "
        "% there."
    )
    assert beside(rows, ours.assign(partial=np.nan)) == (
        "Here no covariate is controlled for, so there is no fall to compare."
    )
