"""Size and loss of the decoders with published scores, as baselines."""

import pytest

from core.statistics.correlation import spearman
from core.studies.size_and_loss import CHOICES, LOSSES, decoders, size_and_loss


def test_there_are_61_decoders_with_a_score_and_a_size() -> None:
    rows = decoders()
    assert len(rows) == 61 and rows[["score", "parameters"]].notna().all(axis=None)
    assert rows[list(LOSSES)].notna().all(axis=1).sum() == 53
    assert rows.loc["google/gemma-7b-it", "parameters"] == 7e9
    tuned = {name for name in rows.index if not rows.loc[name, "base"]}
    assert {"Qwen/Qwen1.5-7B-Chat", "google/gemma-2-2b-it", "meta-llama/Llama-3.2-1B-Instruct"} <= tuned
    assert rows["base"].sum() == 37 and "01-ai/Yi-6B" not in tuned


def test_size_and_loss_order_all_decoders_and_less_within_a_class() -> None:
    table = size_and_loss()
    assert len(table) == len(CHOICES) * 4
    cells = table.set_index(["decoders", "predictor"])
    assert cells.loc[("all decoders", "parameters"), "spearman"] == pytest.approx(0.91, abs=0.01)
    assert cells.loc[("all decoders", "wiki_2025"), "n"] == 53
    within = cells.loc[("6 to 9B", "wiki_2025")]
    assert within["low"] < 0 < within["spearman"] < cells.loc[("all decoders", "wiki_2025"), "low"]


def test_less_loss_is_read_as_better() -> None:
    rows = decoders().head(12)
    table = size_and_loss(rows.assign(wiki_2025=-rows["score"])).set_index(["decoders", "predictor"])
    assert table.loc[("all decoders", "wiki_2025"), "spearman"] == 1
    expected = spearman(rows["parameters"], rows["score"])
    assert table.loc[("all decoders", "parameters"), "spearman"] == expected
