"""Numbers, names and lists as people read them."""

import numpy as np
import pytest

from core import formatting


def test_first_letters_change_and_the_rest_stays() -> None:
    assert formatting.lower_first("Mean of GLUE") == "mean of GLUE"
    for title in (
        "LogME",
        "IsoScore",
        "H-score",
        "GLUE average",
        "Vasicek ratio MSE",
        "Euclidean dispersion",
    ):
        assert formatting.lower_first(title) == title
    assert formatting.capital("higher: like GLUE") == "Higher: like GLUE"
    assert formatting.capital("") == formatting.lower_first("") == ""


def test_numbers_have_a_true_minus_sign() -> None:
    assert [formatting.signed(value) for value in (0.574, -0.292, 0.0, np.float64(-1))] == [
        "+0.57",
        "−0.29",
        "+0.00",
        "−1.00",
    ]
    assert formatting.signed(-0.2916, 3) == "−0.292"
    assert formatting.decimal(0.574) == "0.57" and formatting.decimal(-0.2916, 3) == "−0.292"
    assert formatting.minus("-3.5 %") == "−3.5 %"


def test_percent_is_whole_unless_a_format_says_otherwise() -> None:
    assert [formatting.percent(share) for share in (0.9, 0.004, 1, -0.08)] == ["90 %", "0 %", "100 %", "−8 %"]
    assert [formatting.percent(share, "g") for share in (0.07, 0.045)] == ["7 %", "4.5 %"]
    shares = (0.005, 0.1, 0.683, 0.0484)
    assert [formatting.fine_percent(share) for share in shares] == ["0.5 %", "10 %", "68 %", "4.8 %"]


def test_counts_in_short() -> None:
    counts = (512, 2_000, 28_763_648, 1.1e9, np.nan)
    assert [formatting.short_number(count) for count in counts] == ["512", "2k", "28.8M", "1.1B", "–"]


def test_counts_of_a_whole() -> None:
    counts = ((3, 8), (8, 8), (0, 8))
    assert [formatting.count_of(*pair) for pair in counts] == ["3 of 8", "all 8", "none of 8"]


def test_lists_in_a_sentence() -> None:
    assert [formatting.listed("abc"[:n]) for n in range(4)] == ["", "a", "a and b", "a, b and c"]
    assert formatting.first_few("a") == "a" and formatting.first_few("abcd") == "a and 3 more"
    assert formatting.first_few(iter("abcd"), 3) == "a, b, c and 1 more"
    assert formatting.first_few("abc", 3) == "a, b, c" and formatting.first_few([]) == ""


@pytest.mark.parametrize(
    ("error", "line", "typed"),
    [
        (ValueError("\n Not a table.\nat line 3"), "Not a table", "ValueError: Not a table"),
        (KeyError(), "KeyError", "KeyError"),
        (RuntimeError("..."), "RuntimeError", "RuntimeError"),
    ],
)
def test_an_exception_in_one_line(error: Exception, line: str, typed: str) -> None:
    assert formatting.first_line(error) == line
    assert formatting.typed_line(error) == typed
