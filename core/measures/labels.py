"""Labels of texts or vectors: classes (any text, whole numbers, truth values) or numbers, checked."""

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import InputError
from core.formatting import first_few

if TYPE_CHECKING:
    from jaxtyping import Int

KINDS = ("auto", "classes", "numbers")
FEWEST_ROWS, MOST_ROWS = 20, 2_000
FEWEST_OF_A_CLASS = 5  # one for each fold of the probe


@dataclass(frozen=True)
class Labels:
    """n labels, checked. values: codes of `classes` as int64, or numbers as float64 where there are none."""

    values: "np.ndarray"
    classes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.values)

    @property
    def counts(self) -> "Int[np.ndarray, ' c']":
        """Rows of each class."""
        return np.bincount(self.values, minlength=len(self.classes))

    @cached_property
    def digest(self) -> str:
        """32 hex digits over kind and values, in their order."""
        values = [self.classes[code] for code in self.values] if self.classes else self.values.tolist()
        return hashlib.blake2b(json.dumps([bool(self.classes), values]).encode(), digest_size=16).hexdigest()


def labels_of(values: Sequence[Any], kind: str = "auto", name: str = "label") -> Labels:
    """Labels as they are given, checked.

    Arguments:
        values: a label a row. kind: "classes", "numbers", or "auto": numbers with a fraction are numbers, all
            else is classes. name: what messages call the labels.

    Raises InputError, one sentence: for missing or constant labels, too few or too many rows, a class of
    fewer than FEWEST_OF_A_CLASS rows, and what is no number among numbers.
    """
    if kind not in KINDS:
        raise InputError(f"There is no kind of label {kind}: give one of {', '.join(KINDS)}.")
    n = len(values)
    if n < FEWEST_ROWS:
        raise InputError(f"{name} has too few rows, {n}: give at least {FEWEST_ROWS}, better 200.")
    if n > MOST_ROWS:
        raise InputError(
            f"{name} has {n:,} rows: give at most {MOST_ROWS:,}, for example a random sample of them."
        )
    refuse_missing(values, name)
    numbers = [_number(value) for value in values]
    fractions = all(number is not None for number in numbers) and any(
        number % 1 for number in numbers if number
    )
    if kind == "numbers" or (kind == "auto" and fractions):
        return _as_numbers(values, numbers, name)
    return _as_classes(values, name)


def refuse_missing(values: Sequence[Any], name: str) -> None:
    """Raise InputError, which counts rows from 1, where a column of that name has rows without a value."""
    if missing := [row for row, value in enumerate(values, 1) if _is_missing(value)]:
        raise InputError(
            f"{name} has no value in {_rows(missing)}: fill what is missing or leave those rows out."
        )


def _as_numbers(values: Sequence[Any], numbers: list[float | None], name: str) -> Labels:
    if None in numbers:
        value = values[numbers.index(None)]
        raise InputError(f"{name} holds {value!r}, which is no finite number: correct it.")
    array = np.array(numbers, np.float64)
    if np.ptp(array) == 0:
        raise InputError(
            f"{name} is {array[0]:g} in all {len(array):,} rows: labels must differ to be predicted."
        )
    return Labels(array)


def _as_classes(values: Sequence[Any], name: str) -> Labels:
    words = [_word(value) for value in values]
    classes = tuple(sorted(set(words)))
    if len(classes) == 1:
        raise InputError(
            f"{name} is {classes[0]} in all {len(words):,} rows: give rows of at least two classes."
        )
    codes = {word: code for code, word in enumerate(classes)}
    labels = Labels(np.array([codes[word] for word in words], np.int64), classes)
    counts = labels.counts
    numeric = all(_number(word) is not None for word in classes)
    remedy = ", or say that labels are numbers (--label-kind numbers)" if numeric else ""
    if counts.max() == 1:
        raise InputError(
            f"{name} has a class of its own in each of {len(words):,} rows: give at least "
            f"{FEWEST_OF_A_CLASS} rows of each class{remedy}."
        )
    if counts.min() < FEWEST_OF_A_CLASS:
        rare = [f"{classes[code]} ({counts[code]})" for code in np.argsort(counts, kind="stable")]
        rare = rare[: int((counts < FEWEST_OF_A_CLASS).sum())]
        raise InputError(
            f"{name} has classes of fewer than {FEWEST_OF_A_CLASS} rows, {first_few(rare, 3)}: give more "
            f"rows of them or leave them out{remedy}."
        )
    return labels


def _is_missing(value: Any) -> bool:
    return value is None or value != value or (isinstance(value, str) and not value.strip())


def _number(value: Any) -> float | None:
    """A label as a finite number, None where it is none."""
    if isinstance(value, bool | np.bool_):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _word(value: Any) -> str:
    """A class as it is written; a whole number without a point, since a column may have become float."""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value).strip()


def _rows(numbers: list[int]) -> str:
    """ "row 3" or "rows 3, 5, 8 and 2 more"."""
    return f"row{'s' * (len(numbers) > 1)} {first_few(map(str, numbers), 3)}"
