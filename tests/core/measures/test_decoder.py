"""Loss and bits a byte out of sums: definitions, and where there is no value."""

import math

import numpy as np
import pytest

from core.errors import InputError
from core.measures import measure, measure_text, select
from core.measures.families.decoder import TextLoss


def test_a_model_that_guesses_one_of_256_bytes_has_ln_256_nats_and_8_bits() -> None:
    text = TextLoss(nats=1000 * math.log(256), tokens=1000, bytes=1000)
    values = measure_text(text, ["loss", "bits_per_byte"])
    assert values["loss"].value == pytest.approx(math.log(256), rel=1e-12)
    assert values["bits_per_byte"].value == pytest.approx(8, rel=1e-12)


def test_longer_tokens_change_the_loss_and_not_the_bits_a_byte() -> None:
    short, long = (measure_text(TextLoss(90.0, n, 120), ["loss", "bits_per_byte"]) for n in (60, 30))
    assert (short["loss"].value, long["loss"].value) == (1.5, 3.0)
    assert short["bits_per_byte"] == long["bits_per_byte"]


@pytest.mark.parametrize(
    ("text", "undefined"),
    [
        (
            TextLoss(0.0, 0, 0),
            dict.fromkeys(
                ("loss", "bits_per_byte"),
                "No sequence has a token before another to predict it from: give longer ones.",
            ),
        ),
        (
            TextLoss(5.0, 3, None),
            {
                "bits_per_byte": "The tokenizer does not say which text a token stands for, so there are no "
                "bits a byte: save a fast one (tokenizer.json) beside the weights."
            },
        ),
        (
            TextLoss(math.inf, 3, 4),
            {
                name: f"{name} is inf here, which is no value: leave it out."
                for name in ("loss", "bits_per_byte")
            },
        ),
    ],
)
def test_what_is_undefined_says_why(text: TextLoss, undefined: dict[str, str]) -> None:
    reasons: dict[str, str] = {}
    values = measure_text(text, ["loss", "bits_per_byte"], reasons)
    assert reasons == undefined
    assert set(values) == {"loss", "bits_per_byte"} - set(undefined)
    with pytest.raises(InputError):
        measure_text(text, ["loss", "bits_per_byte"])


def test_they_are_asked_for_by_name_and_are_no_measures_of_vectors() -> None:
    assert select("decoder") == ["loss", "bits_per_byte"]
    assert not {"loss", "bits_per_byte"} & set(select("all"))
    with pytest.raises(InputError) as refused:
        measure(np.eye(3), "loss")
    assert str(refused.value) == "loss is no measure of vectors: it takes a decoder and a text."
