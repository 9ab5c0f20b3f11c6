"""Sentences on kNN-LM: whether the most dispersed key was the best, from results made by hand."""

import math

import pytest

from core.studies.key_layers import Spread
from core.studies.knnlm import KeyResult, difference, verdict
from core.wording.knnlm import TOO_FEW, made_of, searched, sentences


def key(
    kind: str, number: int, dispersion: float | None, losses: list[float], weight: float = 0.2
) -> KeyResult:
    spreads = [] if dispersion is None else [Spread(10, 0.5, 0.1), Spread(50, dispersion, 0.02)]
    perplexity = math.exp(sum(losses) / len(losses))
    return KeyResult(kind, number, 8, spreads, weight, 3.0, perplexity, perplexity, None, losses)


BEST = key("layer", 4, 0.3, [2.0, 2.2, 2.1])
WIDE = key("attention", 5, 0.83, [2.1, 2.31, 2.2])
LAST = key("feed_forward", 5, 0.24, [2.3, 2.4, 2.35])


def test_the_widest_key_that_is_not_the_best_is_said_with_its_interval() -> None:
    found = verdict([BEST, WIDE, LAST])
    assert found is not None and (found.widest, found.best, found.rank) == (WIDE, BEST, 2)
    apart = [0.1, 0.11, 0.1]
    error = math.sqrt(sum((one - sum(apart) / 3) ** 2 for one in apart) / 2 / 3)
    assert found.difference.loss == pytest.approx(sum(apart) / 3)
    assert found.difference.low == pytest.approx(sum(apart) / 3 - 1.96 * error)
    assert sentences(found, 9.5) == [
        "The most dispersed of 3 keys was not the best: attention of block 5 (dispersion 0.83) had test "
        "perplexity 9.06, place 2, 11 % above layer 4 (dispersion 0.30); the difference is more than chance "
        "over segments (0.1033 nats a token, 95 % interval +0.0968 to +0.1099).",
        "The model alone has test perplexity 9.50; the best key lowers it by 14 %, with λ = 0.20.",
        "The higher the dispersion, the lower the perplexity: Spearman's ρ = −0.50 over 3 keys.",
        "Of the last block, attention is more dispersed than feed-forward (0.83 against 0.24) and the better "
        "key (test perplexity 9.06 against 10.49), as the paper's rule says.",
    ]


def test_the_widest_key_may_be_the_best_and_the_datastore_worth_nothing() -> None:
    poor = key("attention", 5, 0.9, [2.0, 2.0], weight=0.0)
    wide = key("feed_forward", 5, 0.95, [2.0, 2.0], weight=0.0)
    found = verdict([wide, poor])
    assert sentences(found, math.exp(2)) == [
        "The most dispersed of 2 keys was the best: feed-forward of block 5 (dispersion 0.95) had the lowest "
        "test perplexity, 7.39.",
        "No key lowers the test perplexity of the model alone, 7.39.",
        "Of the last block, attention is less dispersed than feed-forward (0.90 against 0.95) and no better "
        "or worse a key (test perplexity 7.39 against 7.39).",
    ]


def test_without_dispersion_there_is_no_verdict() -> None:
    assert verdict([key("layer", 4, None, [2.0, 2.1]), BEST]) is None
    assert sentences(None, 9.0) == [TOO_FEW]
    alone = difference(key("layer", 4, 0.2, [2.0]), key("layer", 5, 0.2, [2.1]))
    assert alone.loss == pytest.approx(-0.1) and (alone.low, alone.high) == (-math.inf, math.inf)


def test_what_a_study_was_made_of_and_how_it_was_searched() -> None:
    of = {"train": "a.txt", "validation": "b.txt", "test": "c.txt", "train_tokens": 29640.0, "neighbours": 64}
    assert made_of(of | {"test_tokens": 4940, "length": 96}) == (
        "Datastore: 29,640 tokens of a.txt, 64 neighbours of each token. λ and the temperature were chosen "
        "on b.txt, whose chunks of 96 tokens dispersion is measured on, mean ± standard deviation over ten "
        "draws. Test perplexity: of 4,940 tokens of c.txt."
    )
    assert searched([]) == "The search for neighbours is exact."
    assert searched([0.9, 0.815]) == "The search for neighbours is inexact: recall 0.81 to 0.90."
