"""Questions whose answers are known to be right or wrong, or are to be found out: tables, and ARC's own form.

A table has a row a question: a column of text, a column that says whether the model's answer was correct
where that is known, and the model's confidence where it is at hand. ARC's form (JSON lines with `question`,
its `stem` and `choices`, and `answerKey`) has choices, which a checkpoint scores itself.
"""

import gzip
import hashlib
import io
import json
import lzma
import zlib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.corpora import packed
from core.errors import InputError
from core.tables import read_table

if TYPE_CHECKING:
    import pandas as pd

PROMPT = "Question: {stem}\nAnswer:"  # a choice follows after a space
TEXTS = ("text", "question", "query", "prompt")
CORRECT, CONFIDENCE = ("correct", "is_correct"), ("confidence", "probability")
_TRUE, _FALSE = ("true", "yes", "1", "1.0"), ("false", "no", "0", "0.0")


@dataclass(frozen=True)
class Questions:
    """n questions.

    texts: what a model reads. choices: of each, or None; keys: index of the right choice, −1 where it is not
    said. correct: (n,), bool, and confidence: (n,), from 0 to 1, of the model's answers; None: not known.
    """

    name: str
    texts: list[str] = field(repr=False)
    choices: list[list[str]] | None = field(default=None, repr=False)
    keys: np.ndarray | None = field(default=None, repr=False)
    correct: np.ndarray | None = field(default=None, repr=False)
    confidence: np.ndarray | None = field(default=None, repr=False)
    notes: tuple[str, ...] = ()

    @cached_property
    def digest(self) -> str:
        """32 hex digits over all of it."""
        arrays = (self.keys, self.correct, self.confidence)
        content = [self.texts, self.choices, *(None if one is None else one.tolist() for one in arrays)]
        return hashlib.blake2b(json.dumps(content).encode(), digest_size=16).hexdigest()


@dataclass(frozen=True)
class Columns:
    """The columns of a table of questions, and those that `read_questions` takes where none is given."""

    names: list[str]
    text: str | None
    correct: str | None
    confidence: str | None


def columns_of(path: Path) -> Columns | None:
    """The columns of a file of questions; None for ARC's form. Errors: as of `read_questions`."""
    data, name = _opened(path)
    if _arc_rows(data, name):
        return None
    frame, _ = read_table(io.BytesIO(data), name, TEXTS)
    return Columns(
        list(map(str, frame.columns)), *(_usual(frame, usual) for usual in (TEXTS, CORRECT, CONFIDENCE))
    )


def read_questions(
    path: Path,
    *,
    text: str | None = None,
    correct: str | None = None,
    confidence: str | None = None,
    needed: bool = True,
) -> Questions:
    """The questions of a file; it may be packed as .xz or .gz.

    text, correct, confidence: names of columns of a table; those not given are the first of TEXTS, CORRECT
    and CONFIDENCE that there is, whatever their case. needed: whether columns given for the latter two must
    be there; else they may be missing.
    Errors: InputError, one sentence, for a file that cannot be read, a column that is missing, a row without
    text, and values of `correct` or `confidence` that are none.
    """
    data, name = _opened(path)
    if rows := _arc_rows(data, name):
        return _of_arc(path.name, rows)
    frame, notes = read_table(io.BytesIO(data), name, [text] if text else TEXTS)
    texts = frame[_column(frame, name, text, TEXTS, "the text")].tolist()
    lacking = next(
        (row for row, one in enumerate(texts, 1) if not isinstance(one, str) or not one.strip()), 0
    )
    if lacking:
        raise InputError(f"Row {lacking:,} of {name} has no text: leave it out, or name the column of text.")
    if not needed:
        correct, confidence = (one if one in frame.columns else None for one in (correct, confidence))
    column = _column(frame, name, correct, CORRECT)
    sure = _column(frame, name, confidence, CONFIDENCE)
    return Questions(
        path.name,
        texts,
        correct=None if column is None else _truths(frame[column].tolist(), name, column),
        confidence=None if sure is None else _shares(frame[sure].tolist(), name, sure),
        notes=tuple(notes),
    )


def _opened(path: Path) -> tuple[bytes, str]:
    """The bytes of a file, unpacked, and its name without the ending of packed ones."""
    try:
        with packed.opened(path) as stream:
            return stream.read(), packed.inner_name(path)
    except (lzma.LZMAError, EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(f"{path.name} is cut off or damaged: save or download it again.") from error
    except OSError as error:
        raise InputError(f"{path} cannot be opened ({error.strerror}): give a file of questions.") from None


def _usual(frame: "pd.DataFrame", usual: tuple[str, ...]) -> str | None:
    """The first of the usual names that is a column, whatever its case, as the table writes it."""
    by_name = {str(column).lower(): column for column in frame.columns}
    return next((by_name[one] for one in usual if one in by_name), None)


def _column(
    frame: "pd.DataFrame", name: str, given: str | None, usual: tuple[str, ...], needed: str = ""
) -> str | None:
    """A column by its name, else the first usual one; needed: what is missing where there is none."""
    listed = ", ".join(map(str, frame.columns))
    if given is not None:
        if given not in frame.columns:
            raise InputError(f"{name} has no column {given}: it has {listed}.")
        return given
    found = _usual(frame, usual)
    if found is None and needed:
        raise InputError(f"{name}: say which column holds {needed}, of {listed}.")
    return found


def _truths(values: list[Any], name: str, column: str) -> np.ndarray:
    words = [str(value).strip().lower() for value in values]
    wrong = next((row for row, word in enumerate(words, 1) if word not in (*_TRUE, *_FALSE)), 0)
    if wrong:
        raise InputError(
            f"{column} of {name} holds {values[wrong - 1]!r} in row {wrong:,}: give true or false, or 1 or "
            "0, for each answer."
        )
    return np.array([word in _TRUE for word in words])


def _shares(values: list[Any], name: str, column: str) -> np.ndarray:
    try:
        shares = np.array(values, dtype=np.float64)
    except (TypeError, ValueError):
        shares = np.array([np.nan])
    if not ((shares >= 0) & (shares <= 1)).all():
        raise InputError(f"{column} of {name} must hold a probability from 0 to 1 in every row.")
    return shares


def _arc_rows(data: bytes, name: str) -> list[dict[str, Any]]:
    """The rows of a file in ARC's form; none where it is another."""
    if not name.lower().endswith((".jsonl", ".json")):
        return []
    try:
        rows = [json.loads(line) for line in data.decode("utf-8-sig").splitlines() if line.strip()]
    except ValueError:
        return []
    whole = rows and isinstance(rows[0], dict) and isinstance(rows[0].get("question"), dict)
    return rows if whole else []


def _of_arc(name: str, rows: list[dict[str, Any]]) -> Questions:
    texts, choices, keys = [], [], []
    for number, row in enumerate(rows, 1):
        try:
            question = row["question"]
            labels = [str(one["label"]) for one in question["choices"]]
            texts.append(PROMPT.format(stem=question["stem"]))
            choices.append([str(one["text"]) for one in question["choices"]])
            key = row.get("answerKey")
            keys.append(-1 if key is None else labels.index(str(key)))
        except (KeyError, TypeError, ValueError):
            raise InputError(
                f"Question {number:,} of {name} has no stem, no choices, or an answerKey that is none of "
                "their labels: give all questions in ARC's form."
            ) from None
        if len(choices[-1]) < 2:
            raise InputError(f"Question {number:,} of {name} has fewer than two choices: leave it out.")
    return Questions(name, texts, choices, np.array(keys))
