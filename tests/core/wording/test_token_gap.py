"""Sentences on gaps, from the published tables and from panels made by hand."""

from dataclasses import replace

import numpy as np
import pandas as pd

from core.reference import gap as published
from core.token_sets.comparison import Panel, published_panels, size, verdict
from core.wording import token_gap as wording

DISTANCES = ("cosine", "euclidean")


def test_a_verdict_says_how_gaps_rank_scores() -> None:
    panel = published_panels(published())[0]
    judged = verdict(panel, "cosine")
    assert (judged.right_within, judged.pairs_within) == (7, 7)
    assert (judged.right_between, judged.pairs_between) == (7.5, 20)
    sentence = wording.verdict(judged, "MATH")
    assert sentence.startswith(
        "Spearman of gap and MATH: **+0.11** over 8 checkpoints (95 % bootstrap interval"
    )
    assert sentence.endswith(
        "In the right order are 7 of 7 pairs of one size and 7.5 of 20 pairs of different sizes."
    )


def test_headings_follow_from_the_numbers() -> None:
    panel = published_panels(published())[0]

    def heading(panel: Panel) -> str:
        return wording.heading(panel, verdict(panel, "cosine"), ["a", "b"], "cosine")

    assert heading(panel) == "The gap orders Qwen2.5 models of one size, but not models of different sizes"
    alike = replace(panel, rows=panel.rows.assign(cosine_gap=panel.rows["score"]))
    assert heading(alike) == "The gap of digits follows MATH over 8 Qwen2.5 models"
    unknown = replace(panel, rows=panel.rows.assign(score=np.nan))
    assert heading(unknown) == "a has the largest gap, tied with b"
    alone = replace(unknown, rows=pd.DataFrame({"name": ["a"], "cosine_gap": [0.5], "score": [np.nan]}))
    assert heading(alone) == "a's gap of digits is 0.50: measure others to compare it with"


def test_leaders_are_named_with_whom_they_are_tied() -> None:
    panel = published_panels(published())[0]
    assert "the paper gives no errors" in wording.leader(panel, ["a"])
    own = replace(panel, published=False)
    assert wording.leader(own, ["a"]).startswith("a has the largest gap, beyond the error")
    assert "tied with b, c, d, e and 1 more:" in wording.leader(own, list("abcdef"))


def test_the_papers_claim_is_compared_with_its_tables() -> None:
    panels = {panel.benchmark: panel for panel in published_panels(published())}
    judged = {
        (name, distance): verdict(panel, distance).overall
        for name, panel in panels.items()
        for distance in DISTANCES
    }
    sentence = wording.claim(judged)
    assert "Table 3 has 8 rows, not nine" in sentence
    assert "with MATH is +0.11 by cosine" in sentence


def test_sizes_are_read_off_names() -> None:
    names = ("Qwen2.5-7B", "Llama-2-13b-hf", "bert-base", "x-1.5B-bits")
    assert [size(name) for name in names] == ["7", "13", None, "1.5"]
