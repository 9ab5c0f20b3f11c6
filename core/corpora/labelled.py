"""Labelled text: the rows of a table with a text, or a pair of texts, and a label each.

Rows whose text repeats that of an earlier row, but for case and blanks, are left out and counted: a neighbour
that is the same text says nothing, and LogME has no maximum where repeated rows reproduce the labels.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from core.errors import InputError
from core.measures.labels import Labels, labels_of, refuse_missing
from core.tables import READERS, read_table

if TYPE_CHECKING:
    import pandas as pd

FORMATS = tuple(suffix.removeprefix(".") for suffix in READERS)
PAIRS = (
    *(("sentence1", "sentence2"), ("premise", "hypothesis"), ("question1", "question2")),
    *(("question", "sentence"), ("text", "text_pair"), ("text1", "text2")),
)
TEXTS = ("text", "sentence")
LABELS = ("label", "labels", "class", "target", "score")


@dataclass(frozen=True)
class Columns:
    """Which columns of a table hold the text, its second text (None: no pairs) and the label."""

    text: str
    pair: str | None
    label: str


@dataclass(frozen=True)
class LabelledText:
    """n texts, or pairs of them, and their labels. name: of the file; notes: on how it was read."""

    name: str
    columns: Columns
    texts: list[str] = field(repr=False)
    pairs: list[str] | None = field(repr=False)
    labels: Labels = field(repr=False)
    notes: tuple[str, ...] = ()

    @cached_property
    def fingerprint(self) -> str:
        """32 hex digits over the texts, in their order."""
        return _digest([self.texts, self.pairs])

    @cached_property
    def digest(self) -> str:
        """32 hex digits over texts and labels: what is compared among checkpoints."""
        return _digest([self.fingerprint, self.labels.digest])


def _digest(content: object) -> str:
    return hashlib.blake2b(json.dumps(content).encode(), digest_size=16).hexdigest()


def read_labelled(
    source: Path | BinaryIO,
    name: str,
    *,
    text: str | None = None,
    pair: str | None = None,
    label: str | None = None,
    kind: str = "auto",
) -> LabelledText:
    """The labelled text of a table in one of FORMATS.

    Arguments:
        source, name: as `core.tables.read_table` takes them.
        text, pair, label: names of columns; those not given are guessed, see `guess`. Where `text` is given,
            no pair is guessed. kind: of labels, see `core.measures.labels.labels_of`.

    Raises InputError, one sentence, for a file that cannot be read, a column that is missing or cannot be
    guessed, a row without text, and labels that cannot be used.
    """
    given = [column for column in (text, pair) if column]
    frame, notes = read_table(source, name, given)
    columns = guess(frame, name, text, pair, label)
    texts = _texts(frame, columns.text)
    pairs = None if columns.pair is None else _texts(frame, columns.pair)
    values = frame[columns.label].tolist()
    refuse_missing(values, columns.label)
    kept = _first_of_each([texts] if pairs is None else [texts, pairs])
    if repeated := len(texts) - len(kept):
        notes.append(f"{name}: {repeated:,} rows repeat the text of an earlier row and were left out.")
    labels = labels_of([values[row] for row in kept], kind, columns.label)
    chosen = None if pairs is None else [pairs[row] for row in kept]
    return LabelledText(name, columns, [texts[row] for row in kept], chosen, labels, tuple(notes))


def guess(
    frame: "pd.DataFrame",
    name: str,
    text: str | None = None,
    pair: str | None = None,
    label: str | None = None,
) -> Columns:
    """The columns that are given, and for the others those that only one reading is left for.

    Text: a first name of PAIRS, with the second as its pair, or one of TEXTS, or the only column of text
    besides the label. Label: one of LABELS, or the only column left. Case does not matter in either.
    Raises InputError for a column that the table lacks, and where more than one could be meant.
    """
    names = [str(column) for column in frame.columns if not frame[column].isna().all()]
    listed = ", ".join(map(str, frame.columns))
    for column in (text, pair, label):
        if column is not None and column not in frame.columns:
            raise InputError(f"{name} has no column {column}: it has {listed}.")
    usual = {column.lower(): column for column in names if column not in (text, pair, label)}
    if text is None and pair is None:
        text, pair = next(
            ((usual[first], usual[second]) for first, second in PAIRS if first in usual and second in usual),
            (None, None),
        )
    if label is None:
        label = next((usual[one] for one in LABELS if one in usual), None)
    if text is None:
        text = next((usual[one] for one in TEXTS if one in usual), None)
    if text is None:
        words = [one for one in names if frame[one].dtype == object and one not in (pair, label)]
        text = words[0] if len(words) == 1 and (label or len(names) == 2) else None
    if text is None:
        raise InputError(f"{name}: say which column holds the text, of {listed}.")
    if label is None:
        rest = [one for one in names if one not in (text, pair)]
        if len(rest) != 1:
            raise InputError(f"{name}: say which column holds the label, of {listed}.")
        label = rest[0]
    if len({text, pair, label} - {None}) < 2 + (pair is not None):
        raise InputError(f"{name}: text, second text and label must be columns of their own, of {listed}.")
    return Columns(text, pair, label)


def _texts(frame: "pd.DataFrame", column: str) -> list[str]:
    values = frame[column].tolist()
    refuse_missing(values, column)
    if not all(isinstance(value, str) for value in values):
        row = next(row for row, value in enumerate(values, 1) if not isinstance(value, str))
        value = values[row - 1]
        raise InputError(f"{column} holds {value!r} in row {row}, which is no text: name a column of text.")
    return [value.strip() for value in values]


def _first_of_each(columns: Sequence[Iterable[str]]) -> list[int]:
    """The rows whose texts do not repeat those of an earlier row."""
    seen: dict[tuple[str, ...], int] = {}
    for row, texts in enumerate(zip(*columns, strict=True)):
        seen.setdefault(tuple(" ".join(text.casefold().split()) for text in texts), row)
    return list(seen.values())
