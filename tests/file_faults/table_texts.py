"""Tables of names and numbers in the forms in which programs write them; their cells by plain readers."""

import csv
import io
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import pyarrow.parquet as pq

from tests.file_faults import plain

Rows = list[dict[str, object]]


@dataclass(frozen=True)
class Table:
    """A table as a file. separator: of its cells, None: it is no such text. decimal: its decimal sign."""

    name: str
    content: bytes
    what: str
    separator: str | None = None
    decimal: str = "."


def as_file(rows: Rows, chance: random.Random, texts: Sequence[str]) -> Table:
    """Rows as CSV and its kin, Parquet or JSON. texts: columns that hold text whatever it looks like."""
    way = chance.random()
    if way < 0.15:
        return _parquet(rows, chance, texts)
    if way < 0.3:
        return _json(rows, chance)
    return _separated(rows, chance)


def _separated(rows: Rows, chance: random.Random) -> Table:
    separator = chance.choice([",", ",", ";", "\t", "|"])
    decimal = "," if separator != "," and chance.random() < 0.4 else "."
    names = list(rows[0])
    file = io.StringIO()
    end = chance.choice(["\n", "\n", "\r\n", "\r"])
    quoting = chance.choice([csv.QUOTE_MINIMAL, csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])
    writer = csv.writer(file, delimiter=separator, lineterminator=end, quoting=quoting)
    index = chance.random() < 0.15
    writer.writerow(([""] if index else []) + names)
    for number, row in enumerate(rows):
        cells = [_cell(row[name], decimal) for name in names]
        writer.writerow(([str(number)] if index else []) + cells)
        if chance.random() < 0.03:
            file.write(end)
    text = file.getvalue()
    if chance.random() < 0.3:
        text = text.rstrip("\r\n")
    said = [repr(separator), decimal, repr(end), f"quoting {quoting}", "index" * index]
    if chance.random() < 0.08:
        text, said = "".join(f"{line}{separator}{end}" for line in text.split(end) if line), [*said, "end"]
    elif chance.random() < 0.08 and not any('"' in line for line in text.split(end)):
        text, said = text.replace(separator, f"{separator} "), [*said, "blanks"]
    if chance.random() < 0.05:
        text, said = f"sep={separator}{end}{text}", [*said, "sep="]
    encoding = chance.choice(["utf-8"] * 5 + ["utf-8-sig", "utf-16", "cp1252"])
    name = f"mine{chance.choice(['.csv', '.csv', '.txt', '.tsv'])}"
    return Table(name, text.encode(encoding), " ".join([*said, encoding]), separator, decimal)


def _cell(value: object, decimal: str) -> str:
    if value is None:
        return ""
    return repr(value).replace(".", decimal) if isinstance(value, float) else str(value)


def _parquet(rows: Rows, chance: random.Random, texts: Sequence[str]) -> Table:
    frame = pd.DataFrame(rows)
    said = ["Parquet"]
    for column in frame.columns:
        way = chance.random()
        if column in texts and way < 0.3:
            frame[column] = frame[column].astype("category")
            said.append(f"{column} categories")
        elif column not in texts and frame[column].dtype == float and way < 0.3:
            frame[column] = frame[column].astype(chance.choice(["Float64", "float64"]))
    if chance.random() < 0.2:
        frame.index = pd.Index([float(i) / 2 for i in range(len(frame))])
        frame = frame.reset_index(drop=True)
    file = io.BytesIO()
    frame.to_parquet(file, index=chance.choice([None, True, False]))
    return Table("mine.parquet", file.getvalue(), " ".join(said))


def _json(rows: Rows, chance: random.Random) -> Table:
    rows = [
        {key: value for key, value in row.items() if value is not None or chance.random() < 0.5}
        for row in rows
    ]
    ascii_only = chance.random() < 0.5
    if chance.random() < 0.5:
        text = chance.choice(["\n", "\r\n"]).join(json.dumps(row, ensure_ascii=ascii_only) for row in rows)
        name = "mine.jsonl"
    else:
        text, name = json.dumps(rows, ensure_ascii=ascii_only, indent=chance.choice([None, 1])), "mine.json"
    return Table(name, text.encode(chance.choice(["utf-8", "utf-8-sig"])), "JSON")


def cells_of(table: Table, data: bytes) -> list[plain.Cells]:
    """What plain readers find in (damaged) bytes, each as rows of cells with the names of columns first."""
    if table.separator is not None:
        found = []
        for separator in dict.fromkeys([table.separator, ",", ";", "\t", "|"]):
            try:
                found.append(plain.separated(data, separator))
            except csv.Error:
                continue
            if separator == "\t":
                lines = plain.text_of(data).splitlines()
                found.append([line.split("\t") for line in lines if line.strip()])
        return found
    if table.name.endswith(".parquet"):
        read = pq.read_table(io.BytesIO(data))
        rows = zip(*(column.to_pylist() for column in read.columns), strict=True)
        return [[list(read.column_names), *([_text(cell) for cell in row] for row in rows)]]
    text = plain.text_of(data)
    try:
        rows = json.loads(text)
    except ValueError:
        rows = [json.loads(line) for line in text.split("\n") if line.strip()]
    rows = rows if isinstance(rows, list) else [rows]
    keys = list(dict.fromkeys(key for row in rows for key in row))
    return [[keys, *([row.get(key) for key in keys] for row in rows)]]


def _text(cell: object) -> object:
    return cell.decode("utf-8", errors="replace") if isinstance(cell, bytes) else cell


def number(cell: object, decimal: str) -> float:
    """A cell as a number, percentages included."""
    if isinstance(cell, str) and cell.strip().endswith("%"):
        return plain.number(cell.strip().rstrip("% "), decimal) / 100
    return plain.number(cell, decimal)
