"""What is printed for people: text as it is, without markup, and without what a terminal would act upon."""

import re
from typing import Any

from rich.console import Console
from rich.text import Text

# What a terminal acts upon or draws in another order: control characters but the end of a line, and the marks
# of direction by which a name may look like another one.
UNSAFE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def safe(text: str) -> str:
    """Text with what a terminal acts upon as its code, the escape character as "\\x1b"."""
    return UNSAFE.sub(lambda match: ascii(match[0])[1:-1], text)


class _Console(Console):
    """A console on which no text is markup, and none controls the terminal."""

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, markup=False, emoji=False)

    def render_str(self, text: str, **options: Any) -> Text:
        return super().render_str(safe(text), **options)


people = _Console()
notices = _Console(stderr=True)
