"""The shapes of the controlled suite have the published sizes."""

import pytest

from core.training.decoders import PRINTED, Shape, counted, learning_rate, made


@pytest.mark.parametrize(("name", "named", "inner"), [("4M", 3_466_048, 246_592), ("8M", 7_423_616, 984_704)])
def test_the_two_smallest_have_their_published_numbers_of_parameters(name, named, inner) -> None:
    model = made(Shape(PRINTED[name]), 0)
    assert counted(model) == (named, inner)
    width, layers = PRINTED[name], 6
    # 4 d² of attention, 3 matrices of 2 d², two norms a layer and one behind them
    assert inner == layers * (10 * width**2 + 2 * width) + width
    assert named == inner + 50304 * width
    config = model.config
    assert (config.hidden_act, config.num_attention_heads, config.tie_word_embeddings) == ("silu", 4, False)


def test_every_name_is_its_number_of_millions_but_for_rounding() -> None:
    layers, vocabulary = 6, 50304
    for name, width in PRINTED.items():
        millions = (layers * 10 * width**2 + vocabulary * width) / 1e6
        assert float(name.rstrip("M")) == pytest.approx(millions, abs=1.5)


def test_rates_between_the_published_ones_lie_between() -> None:
    assert learning_rate(64) == 1.5e-2
    assert 1.1e-2 < learning_rate(96) < 1.5e-2 < learning_rate(32)
