"""What a page shows of its Markdown."""

import re


def text_of(markdown: str) -> str:
    """The characters that Markdown without formatting shows: backslashes that escape are taken out."""
    return re.sub(r"\\(?=[^\w\s])", "", markdown)
