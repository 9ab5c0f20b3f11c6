"""Asking the hub again after it has answered that it was asked too often (429)."""

import time
from collections.abc import Callable
from typing import Any, TypeVar

from core.errors import InputError

Made = TypeVar("Made")

TRIES = 4
FIRST_WAIT = 5.0  # seconds where the answer states no Retry-After; doubled after each try
LONGEST_WAIT = 330.0  # the hub counts requests over five minutes


def patiently(
    name: str,
    ask: Callable[[], Made],
    wait: Callable[[float], None] = time.sleep,
    longest: float = LONGEST_WAIT,
) -> Made:
    """What `ask()` returns; where the hub answers 429, after the seconds of its Retry-After once more.

    name: the repository, for the message. wait: called with seconds; may raise to stop.
    Errors: InputError after TRIES answers of 429, or where one asks to wait longer than `longest` seconds;
    any other error of `ask`.
    """
    pause = FIRST_WAIT
    for remaining in reversed(range(TRIES)):
        try:
            return ask()
        except Exception as error:
            response = _too_often(error)
            if response is None:
                raise
            stated = str(response.headers.get("retry-after", ""))
            pause = float(stated) if stated.isdigit() else pause
            if not remaining or pause > longest:
                raise InputError(
                    f"{name} was left out, since the hub answered that it was asked too often (429) and asks "
                    f"to wait {pause:.0f} seconds: resume the job later, or sign in with `hf auth login`."
                ) from error
        wait(pause)
        pause *= 2
    raise AssertionError("the last try returns or raises")


def _too_often(error: BaseException | None) -> Any:
    """The answer of status 429 behind an error, or None."""
    while error is not None:
        response = getattr(error, "response", None)
        if getattr(response, "status_code", None) == 429:
            return response
        error = error.__cause__ or error.__context__
    return None
