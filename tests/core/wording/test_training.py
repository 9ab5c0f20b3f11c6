"""Each sentence on the studies that train models, once."""

import pytest

from core.studies.push_away import Comparison, Mark, Run
from core.studies.quantized import Rounded
from core.wording.training import of_push_away, of_quantized


def compared(difference: float, low: float | None, high: float | None) -> Comparison:
    return Comparison(1e-3, 0.1, 8, "Wiki", 20.0, 20.0 + difference, difference, low, high, 3 if low else 1)


def run(push: float, dispersion: float, across: float | None = None) -> Run:
    return Run(1e-3, push, 0, [Mark(8, {}, {}, dispersion, across)])


@pytest.mark.parametrize(
    ("one", "sentence"),
    [
        (
            compared(-1, -1.5, -0.5),
            "On Wiki, at learning rate 0.001, λ = 0.1 (chosen on validation text) lowered perplexity, as in "
            "the paper: 20 to 19 (difference −1.00, 95 % interval −1.50 to −0.50, 3 seeds).",
        ),
        (
            compared(1, 0.5, 1.5),
            "On Wiki, at learning rate 0.001, λ = 0.1 (chosen on validation text) raised perplexity, against "
            "the paper: 20 to 21 (difference +1.00, 95 % interval +0.50 to +1.50, 3 seeds).",
        ),
        (
            compared(1, -0.5, 1.5),
            "On Wiki, at learning rate 0.001, λ = 0.1 (chosen on validation text) made no difference that "
            "3 seeds could tell: 20 to 21 (difference +1.00, 95 % interval −0.50 to +1.50), where the paper "
            "found lower perplexity.",
        ),
        (
            compared(1, None, None),
            "On Wiki, at learning rate 0.001, λ = 0.1 (chosen on validation text) moved test perplexity from "
            "20 to 21, with one seed, so without an interval.",
        ),
    ],
)
def test_the_effect_on_perplexity(one: Comparison, sentence: str) -> None:
    assert of_push_away([one], [run(0, 0.1), run(0.1, 0.2)])[0] == sentence


def test_only_the_last_step_is_told_of_and_what_was_pushed() -> None:
    early = Comparison(1e-3, 0.1, 4, "Wiki", 1, 2, 1, 0.5, 1.5, 3)
    lines = of_push_away([early, compared(-1, -1.5, -0.5)], [run(0, 0.1), run(0.1, 0.2), run(0.5, 0.05)])
    assert len(lines) == 2 and lines[1] == (
        "The dispersion of the test text was larger with the loss in 1 of 2 runs (λ 0.1 and 0.5)."
    )
    across = [run(0, 0.1, 0.5), run(0.1, 0.2, 0.6)]
    assert of_push_away([compared(-1, -1.5, -0.5)], across)[1] == (
        "The distance between the domains was larger with the loss in every one of 1 runs (λ 0.1)."
    )
    assert of_push_away([], []) == []


def test_what_rounding_costs_by_both_methods() -> None:
    rounded = [
        Rounded(8, "gptq", 2.0, 0.0001, -0.001, 0.002),
        Rounded(8, "nearest", 2.0, 0.0, -0.001, 0.002),
        Rounded(3, "gptq", 2.5, 0.5, 0.45, 0.55),
        Rounded(3, "nearest", 3.0, 1.0, 0.9, 1.1),
    ]
    assert of_quantized("mine", rounded) == [
        "8 bits by GPTQ cost mine no loss that this text can tell.",
        "3 bits by GPTQ cost mine +0.500 nats a token (95 % interval +0.450 to +0.550), less than rounding "
        "to the nearest (+1.000).",
    ]
