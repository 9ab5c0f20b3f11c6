"""A hub that was asked too often is asked again after the time that it states, a few times."""

from types import SimpleNamespace

import pytest

from core.errors import InputError
from core.hub import patience
from core.hub.patience import FIRST_WAIT, TRIES, patiently


class AnswerError(Exception):
    """An answer of a status, as the hub's library raises it."""

    def __init__(self, status: int, **headers: str) -> None:
        super().__init__(f"{status}")
        self.response = SimpleNamespace(status_code=status, headers=headers)


def asked(errors: list[Exception | None], **options: float) -> tuple[int, list[float]]:
    """How many of these answers were asked for, None being a good one, and the waits between them."""
    waits: list[float] = []
    answers = iter(errors)
    count = 0

    def ask() -> int:
        nonlocal count
        count += 1
        if error := next(answers):
            raise error
        return count

    return patiently("org/model", ask, waits.append, **options), waits


def test_it_waits_as_long_as_the_hub_states_and_else_longer_each_time() -> None:
    assert asked([None]) == (1, [])
    stated = AnswerError(429, **{"retry-after": "7"})
    assert asked([stated, AnswerError(429), None]) == (3, [7.0, 14.0])
    assert asked([AnswerError(429), AnswerError(429), None]) == (3, [FIRST_WAIT, 2 * FIRST_WAIT])


def test_the_answer_may_stand_behind_other_errors() -> None:
    try:
        try:
            raise AnswerError(429, **{"retry-after": "1"})
        except AnswerError as error:
            raise InputError("org/model could not be reached.") from error
    except InputError as error:
        wrapped = error
    assert asked([wrapped, None]) == (2, [1.0])


def test_other_errors_are_not_waited_for() -> None:
    for error in (AnswerError(404), InputError("org/model is gone."), ZeroDivisionError()):
        with pytest.raises(type(error)):
            asked([error, None])


def test_it_gives_up_after_a_few_tries_or_where_the_wait_is_too_long() -> None:
    with pytest.raises(InputError) as caught:
        asked([AnswerError(429, **{"retry-after": "2"})] * TRIES + [None])
    assert str(caught.value) == (
        "org/model was left out, since the hub answered that it was asked too often (429) and asks to wait 2 "
        "seconds: resume the job later, or sign in with `hf auth login`."
    )
    for longest in (patience.LONGEST_WAIT, 3.0):
        long = AnswerError(429, **{"retry-after": str(int(longest) + 1)})
        with pytest.raises(InputError):
            asked([long, None], longest=longest)
