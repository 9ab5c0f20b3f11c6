"""Pre-training the study's encoder: what is masked, what is asked, and that a seed gives the same weights."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from core.checkpoints import loading
from core.checkpoints import resolve as checkpoints
from core.errors import InputError
from core.studies import own_study, pretraining
from core.studies.pretraining import OBJECTIVES, Plan
from tests import tiny

TEXTS = tiny.sentences(120, longest=14)
SMALL = {"vocabulary": 120, "width": 16, "length": 16, "batch": 8, "epochs": 1.0, "positions": 32}


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Models so small wait longer for a second thread than they compute."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory):
    return pretraining.train_tokenizer(TEXTS, tmp_path_factory.mktemp("tokenizer"), 120)


@pytest.mark.parametrize("objective", list(OBJECTIVES))
def test_each_objective_gives_an_encoder_that_loads(objective: str, tokenizer, tmp_path: Path) -> None:
    report = pretraining.pretrain(TEXTS, tokenizer, tmp_path / "made", Plan(objective=objective, **SMALL))
    checkpoint = checkpoints.resolve(str(tmp_path / "made"))
    assert checkpoint.facts.layers == 2
    assert loading.load_model(checkpoint, "cpu", torch.float32).config.hidden_size == 16
    assert np.isfinite(report["loss"])


def test_the_same_seed_gives_the_same_fingerprint_and_another_another(tokenizer, tmp_path: Path) -> None:
    result = []
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        pretraining.pretrain(TEXTS, tokenizer, tmp_path / name, Plan(seed=seed, **SMALL))
        result.append(checkpoints.resolve(str(tmp_path / name)).fingerprint)
    assert result[0] == result[1] != result[2]


def test_training_brings_the_loss_below_chance(tokenizer, tmp_path: Path) -> None:
    report = pretraining.pretrain(
        TEXTS, tokenizer, tmp_path / "made", Plan(**SMALL | {"epochs": 6.0, "learning_rate": 1e-2})
    )
    assert report["loss"] < report["loss_of_chance"] - 0.5


def test_masking_touches_15_percent_and_never_a_special_token(tokenizer) -> None:
    rng = np.random.default_rng(0)
    batch = rng.integers(0, len(tokenizer), (500, 100))
    ids, masked = pretraining._mask(batch, tokenizer, rng)
    assert not masked[batch < 5].any()
    assert masked[batch >= 5].mean() == pytest.approx(0.15, abs=0.01)
    assert np.array_equal(ids[~masked], batch[~masked])
    assert (ids[masked] == tokenizer.mask_token_id).mean() == pytest.approx(0.8, abs=0.02)
    assert (ids[masked] == batch[masked]).mean() == pytest.approx(0.1, abs=0.03)


def test_the_strange_objectives_ask_what_they_say(tokenizer) -> None:
    rng = np.random.default_rng(0)
    token = np.array([tokenizer.convert_tokens_to_ids("the")])
    classes, answer = pretraining._answers(tokenizer, "first-character")
    assert (classes, answer(token, rng)[0]) == (37, "abcdefghijklmnopqrstuvwxyz".index("t"))
    classes, answer = pretraining._answers(tokenizer, "ascii-sum")
    assert (classes, answer(token, rng)[0]) == (5, sum(b"the") % 5)
    classes, answer = pretraining._answers(tokenizer, "random-number")
    counts = np.bincount(answer(np.zeros(5000, dtype=int), rng), minlength=5)
    assert classes == 5
    assert counts.min() > 900


def test_shuffling_keeps_the_words_and_loses_their_order(tokenizer) -> None:
    def stream(objective: str) -> list[int]:
        return pretraining._stream(TEXTS, tokenizer, objective, np.random.default_rng(0)).tolist()

    plain, within, corpus = map(stream, ("masked-words", "shuffled-sentences", "shuffled-corpus"))
    assert plain != within
    assert sorted(plain) == sorted(within)
    assert sorted(plain) != sorted(corpus)


def test_an_unknown_objective_and_too_little_text_are_refused(tokenizer, tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        pretraining.pretrain(TEXTS, tokenizer, tmp_path / "made", Plan(objective="next-word"))
    assert str(refused.value) == (
        "next-word is no objective: give one of masked-words, first-character, ascii-sum, random-number, "
        "shuffled-sentences, shuffled-corpus."
    )
    with pytest.raises(
        InputError, match=r"^\d tokens are fewer than the 128 of one batch: give more text\.$"
    ):
        pretraining.pretrain(["the of"], tokenizer, tmp_path / "made", Plan(**SMALL))
    assert not (tmp_path / "made").exists()


def test_the_study_has_what_the_issue_asks_for(tmp_path: Path) -> None:
    small, minilm = (own_study.members(part, tmp_path) for part in own_study.PARTS)
    noisy = [m for m in small if m.variant == "perturbed"]
    assert len({m.alpha for m in noisy}) >= 12
    assert len({m.noise_seed for m in noisy}) == 3
    assert len({m.alpha for m in minilm if m.variant == "perturbed"}) >= 8
    assert {m.objective for m in small} == set(OBJECTIVES)
    swapped = len(own_study.SWAPPED)
    for part, others in ((small, 3 + swapped), (minilm, 3)):
        assert len({m.label for m in part}) == len(part)
        assert sum(m.variant == "non-standard" for m in part) == others
