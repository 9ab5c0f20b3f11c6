"""Loss before and after rounding weights, as a job: segments that calibrate are not tested on."""

from pathlib import Path

import numpy as np
import pytest
import torch

from cache.measuring.segments import SegmentedText
from cache.requests import Subject
from cache.store import Store
from cache.tasks.quantized import Quantized, check, study
from core.checkpoints.resolve import resolve
from core.errors import InputError
from core.studies import segments
from tests import tiny

TEXT = SegmentedText("standard-library", segments=30, length=24, shorter=True)


def test_the_plain_loss_is_the_class_own_on_the_segments_left(tmp_path: Path) -> None:
    folder = tiny.llama(tmp_path / "mine")
    store = Store.open(tmp_path / "store")
    made = study(store, Subject(str(folder)), Quantized(TEXT, 10, (3, 8)))
    assert [(one.bits, one.method) for one in made.rounded] == [
        (8, "gptq"), (8, "nearest"), (3, "gptq"), (3, "nearest")
    ]  # fmt: skip
    from transformers import AutoModelForCausalLM

    from core.corpora.sources import load

    cut = segments.cut(resolve(str(folder)), load("standard-library").texts, 24, 30, 0, shorter=True)
    ids = torch.from_numpy(cut.ids[10:].astype(np.int64))
    model = AutoModelForCausalLM.from_pretrained(folder)
    assert made.loss == pytest.approx(model(input_ids=ids, labels=ids).loss.item(), rel=1e-5)
    assert made.segments == 20 and made.calibration == 10 and not made.cached
    for one in made.rounded:
        assert one.loss - made.loss == pytest.approx(one.difference) and one.low <= one.difference <= one.high
    assert abs(made.rounded[0].difference) < abs(made.rounded[3].difference)
    again = study(store, Subject(str(folder)), Quantized(TEXT, 10, (8, 3)))
    assert again.cached and again.rounded == made.rounded


def test_an_encoder_and_numbers_that_cannot_be_are_refused(tmp_path: Path) -> None:
    folder = tiny.encoder(tmp_path / "mine")
    with pytest.raises(InputError, match="need a causal language model"):
        study(Store.open(tmp_path / "store"), Subject(str(folder)), Quantized(TEXT, 10, (4,)))
    with pytest.raises(InputError, match="Weights are rounded to 2 to 8 bits"):
        check(Quantized(TEXT, 10, (1,)))
    with pytest.raises(InputError, match="30 segments leave none to test on beside 29 that calibrate"):
        check(Quantized(TEXT, 29, (4,)))
