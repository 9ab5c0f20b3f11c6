"""Odd and damaged files of vectors, scores, covariates and labels, and whether each is read right.

Each is made from content that is known, in one of the forms in which people have such files, and about half
of them are damaged afterwards. A file is read right, or refused in one sentence: what is read is compared
with the content it was made from, or, once damaged, with what a plain reader finds (the csv module, json,
NumPy, pyarrow, safetensors). `python -m tests.file_faults --examples 10000` prints totals.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class OddFile:
    """One file and how it is judged.

    form: of what it is, for totals. content: bytes, or those of the files in a folder by name. made: how it
    was made, for messages. read: reads it, given its place; raises InputError where it is refused. fault:
    what is wrong with what was read, or None. readable: whether a refusal is a fault too.
    """

    form: str
    name: str
    content: bytes | dict[str, bytes]
    made: str
    read: Callable[..., object]
    fault: Callable[..., str | None]
    readable: bool = False
