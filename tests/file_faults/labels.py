"""Odd files of labelled texts, and what is wrong with a reading of one."""

import random
from pathlib import Path

import pandas as pd
import pyarrow as pa

from core.corpora.labelled import LabelledText, read_labelled
from tests.file_faults import OddFile, table_texts
from tests.file_faults.damage import changed
from tests.file_faults.table_texts import Rows


def labelled(chance: random.Random) -> OddFile:
    """A table of texts and labels, whole or damaged."""
    n, kinds = chance.randint(24, 40), chance.choice(["abc", [0, 1], [0.5, 1.5, 2.25], ["01", "1"]])
    rows: Rows = [
        {
            "text": chance.choice(["a, b", "é c", '"q"', "007", "1.5", "x"]) + f" {i}",
            "label": kinds[i % len(kinds)],
        }
        for i in range(n)
    ]
    if chance.random() < 0.3:
        rows = [{"id": i, **row} for i, row in enumerate(rows)]
    table = table_texts.as_file(rows, chance, ["text"])
    texts = {str(row["text"]).strip(): row["label"] for row in rows}

    def read(path: Path) -> LabelledText:
        return read_labelled(path, path.name, text="text")

    def of_whole(read: LabelledText) -> str | None:
        return _labels_unlike(read, list(texts.items()))

    def of_damaged(read: LabelledText) -> str | None:
        why = "a plain reader finds no row"
        for cells in table_texts.cells_of(table, data):
            pairs = _pairs(cells, read.columns.label)
            why = _labels_unlike(read, pairs, damaged=True) or ""
            if not why:
                return None
        return why

    if chance.random() < 0.5:
        return OddFile("labels", table.name, table.content, table.what, read, of_whole, readable=True)
    data = changed(table.content, chance)
    return OddFile("damaged labels", table.name, data, table.what, read, of_damaged)


def _pairs(cells: table_texts.plain.Cells, called: str) -> list[tuple[str, object]]:
    """(text, label) of each row; called: the column of the label."""
    head = [str(cell).strip().strip("\ufeff") for cell in cells[0]] if cells else []
    if not {"text", called} <= set(head):
        return []
    text, label = head.index("text"), head.index(called)
    return [(str(row[text]).strip(), row[label]) for row in cells[1:] if len(row) > max(text, label)]


def _labels_unlike(
    read: LabelledText, pairs: list[tuple[str, object]], *, damaged: bool = False
) -> str | None:
    known: dict[str, list[object]] = {}
    for text, label in pairs:
        known.setdefault(text, []).append(label)
    labels = [read.labels.classes[v] if read.labels.classes else v for v in read.labels.values]
    for text, label in zip(read.texts, labels, strict=True):
        if not any(_same(label, one) for one in known.get(text, [])):
            return f"gives {text!r} the label {label!r}, which it has not"
    if len(read.texts) != len(known) and not (damaged and read.notes):
        return f"has {len(read.texts)} texts, not {len(known)}"
    return None


def _same(read: object, given: object) -> bool:
    if isinstance(given, pa.Scalar):
        given = given.as_py()
    if str(read) == str(given).strip():
        return True
    numbers = [table_texts.number(one, sign) for one in (read, given) for sign in (".",)]
    numbers.append(table_texts.number(given, ","))
    return numbers[0] in numbers[1:] and not pd.isna(numbers[0])
