"""A decoder's answers are those of a plain loop over choices."""

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from core.checkpoints.resolve import resolve
from core.corpora.questions import Questions
from core.errors import InputError
from core.studies.multiple_choice import answer
from tests import tiny


@pytest.mark.parametrize("make", [tiny.gpt2, tiny.llama])
def test_answers_and_confidence_are_those_of_a_plain_loop(make, tmp_path: Path) -> None:
    folder = make(tmp_path / "small")
    texts = tiny.sentences(12, longest=10)
    choices = [tiny.sentences(3 + row % 2, seed=row + 1, longest=4) for row in range(12)]
    found = answer(resolve(str(folder)), Questions("q", texts, choices), device="cpu")
    model = AutoModelForCausalLM.from_pretrained(folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert found.rows.tolist() == list(range(12)) and found.note is None
    for row, text in enumerate(texts):
        scores = []
        for choice in choices[row]:
            start = len(tokenizer(text)["input_ids"])
            ids = torch.tensor([tokenizer(f"{text} {choice}")["input_ids"]])
            with torch.no_grad():
                logs = model(input_ids=ids).logits[0].log_softmax(-1)
            scores.append(sum(float(logs[t - 1, ids[0, t]]) for t in range(start, ids.shape[1])))
        shares = np.exp(scores) / np.exp(scores).sum()
        assert found.chosen[row] == np.argmax(scores)
        assert found.confidence[row] == pytest.approx(shares.max(), rel=1e-4)


def test_questions_that_do_not_fit_are_left_out_and_said(tmp_path: Path) -> None:
    checkpoint = resolve(str(tiny.gpt2(tmp_path / "small")))
    long = " ".join(["the"] * 80)
    found = answer(checkpoint, Questions("q", [long, "the of"], [["a", "b"], ["is", "to"]]), device="cpu")
    assert found.rows.tolist() == [1]
    assert found.note == "1 of 2 questions of q are longer than small reads and are left out"
    with pytest.raises(InputError) as refused:
        answer(checkpoint, Questions("q", [long], [["a", "b"]]), device="cpu")
    assert str(refused.value) == (
        "None of the 1 questions of q fits what small reads at once, 64 tokens: give shorter ones."
    )
    with pytest.raises(InputError, match=r"^q has no choices to answer"):
        answer(checkpoint, Questions("q", ["the"]))
