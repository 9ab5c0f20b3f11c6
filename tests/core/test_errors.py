"""The message of an error of input is one sentence in one line."""

from core.errors import InputError, OpenChoiceError


def test_what_is_quoted_of_a_file_breaks_no_line() -> None:
    assert str(InputError("a.csv gives 0\n.5 as a value: give a number.")) == (
        "a.csv gives 0 .5 as a value: give a number."
    )
    question = OpenChoiceError("a\nb is open", "choose", "field", {})
    assert (str(question), question.statement) == ("a b is open: choose.", "a b is open")
