"""Odd files of vectors as text: separated, GloVe and word2vec, lists in cells, JSON."""

import json
import random
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from tests.file_faults import plain

WORDS = ["the", '"', "#", "nan", "2008", ",", "'s", "é", "null", "-", "0.5", "NA", "naïve", "a", "of", "in"]


@dataclass(frozen=True)
class Made:
    """A file of vectors. expected: what is in it, (n, d), None: it is to be refused. asks: a question is
    right too. options: of `Choice`. separator: of its cells, None: it is no such text. decimal: its sign.
    """

    name: str
    content: bytes | dict[str, bytes]
    what: str
    expected: np.ndarray | None
    asks: bool = False
    options: dict[str, object] = field(default_factory=dict)
    separator: str | None = None
    decimal: str = "."


def table(rng: np.random.Generator, chance: random.Random, most: int = 6) -> np.ndarray:
    """Numbers with six decimals, (n, d)."""
    n, d = chance.randint(3, 24), chance.randint(2, most)
    scale = chance.choice([1.0, 1.0, 1.0, 1e-3, 1e4])
    values = rng.standard_normal((n, d)) * scale + np.arange(d) * scale
    return np.round(values, 6 if scale == 1 else 9 if scale < 1 else 3)


def written(value: float, chance: random.Random) -> str:
    """A number in one of the ways in which people write it."""
    text = repr(float(value))
    way = chance.random()
    if way < 0.1 and value > 0:
        return f"+{text}"
    if way < 0.2:
        return f"{value:.9e}" if chance.random() < 0.5 else f"{value:.9E}"
    if way < 0.25 and text.startswith("0."):
        return text[1:]
    return text


def separated(rng: np.random.Generator, chance: random.Random) -> Made:
    """CSV and its kin, in every combination of what programs write."""
    x = table(rng, chance)
    n, d = x.shape
    separator = chance.choice([",", ",", ";", "\t", "|", " "])
    decimal = "," if separator in ";\t|" and chance.random() < 0.4 else "."
    plain_way = chance.random() < 0.7
    rows = [[repr(float(v)) if plain_way else written(v, chance) for v in row] for row in x]
    names = chance.choice(
        [[f"x{i}" for i in range(d)], [str(i) for i in range(d)], [chr(97 + i) for i in range(d)]]
    )
    names = chance.choice([names, [f"emb_{i + 1}" for i in range(d)], [f"dim {i}" for i in range(d)]])
    names = [name.replace(" ", "_") for name in names] if separator == " " else names
    heading = chance.random() < 0.7
    said = [separator, decimal, "heading" if heading else "no heading"]
    extra = chance.random()
    if heading and extra < 0.5 and separator != " ":
        kind = chance.choice(["", "Unnamed: 0", "index", "id", "label", "text", "time", "words"])
        cells = {
            "label": [str(float(chance.randint(0, 2))).replace(".", decimal) for _ in range(n)],
            "text": [chance.choice(["a", "b c", "é"]) for _ in range(n)],
            "words": [f"w{i}" for i in range(n)],
            "time": [f"2024-01-0{i % 9 + 1}" for i in range(n)],
        }.get(kind, [str(i) for i in range(n)])
        place = 0 if kind in ("", "Unnamed: 0") else chance.choice([0, d])
        names = [*names[:place], kind, *names[place:]]
        rows = [[cell.replace(".", decimal) for cell in row] for row in rows]
        rows = [[*row[:place], cell, *row[place:]] for row, cell in zip(rows, cells, strict=True)]
        said.append(f"column {kind!r}")
    else:
        rows = [[cell.replace(".", decimal) for cell in row] for row in rows]
    bad = chance.sample(range(n), 1) if n > 4 and chance.random() < 0.1 else []
    for row in bad:
        place = 1 if len(rows[row]) > d else d // 2  # of a vector, wherever another column stands
        rows[row][place] = chance.choice(["nan", "NaN", "NA", "null", "inf"])
        said.append("a bad row")
    quoted = separator != " " and chance.random() < 0.2
    lines = [[f'"{cell}"' for cell in row] for row in rows] if quoted else rows
    joint = f"{separator} " if separator in ",;|" and chance.random() < 0.1 else separator
    text = [joint.join(line) for line in lines]
    head = joint.join(f'"{name}"' if quoted else name for name in names)
    text = [head, *text] if heading else text
    if separator in ",;\t" and chance.random() < 0.1:
        text = [line + separator for line in text]
        said.append("separator at the end")
    if separator in ",;|" and chance.random() < 0.05:
        text = [f"sep={separator}", *text]
        said.append("sep=")
    elif chance.random() < 0.05:
        text = ["# made by a tool", *text]
        said.append("a remark")
    end = chance.choice(["\n", "\n", "\r\n", "\r"] if chance.random() < 0.3 else ["\n"])
    content = end.join(text) + end * chance.choice([0, 1, 1, 3])
    encoding = chance.choice(["utf-8"] * 6 + ["utf-8-sig", "utf-16", "latin-1"])
    said += [repr(end), encoding]
    name = f"mine{chance.choice(['.csv', '.txt', '.tsv' if separator == chr(9) else '.csv'])}"
    return Made(
        name,
        content.encode(encoding),
        " ".join(said),
        np.delete(x, bad, axis=0) if len(bad) < n else None,
        asks=bool(bad),
        options={"skip_bad_rows": True} if bad and chance.random() < 0.5 else {},
        separator=separator,
        decimal=decimal,
    )


def savetxt(rng: np.random.Generator, chance: random.Random) -> Made:
    """What numpy.savetxt writes, with a heading as a remark, numbers in fixed width, or none of it."""
    x = table(rng, chance)
    form = chance.choice(["%.18e", "%.9f", "%12.6f", "%g"])
    rows = [" ".join(form % v for v in row) for row in x]
    expected = np.array([[float(form % v) for v in row] for row in x])
    head = chance.choice([[], ["# a b c"], ["#"], [""]])
    return Made(
        "mine.txt", "\n".join([*head, *rows, ""]).encode(), f"savetxt {form} {head}", expected, separator=" "
    )


def glove(rng: np.random.Generator, chance: random.Random) -> Made:
    """GloVe and word2vec text, whose words may look like numbers, separators or remarks."""
    x = table(rng, chance)
    n, d = x.shape
    words = chance.sample(WORDS, min(len(WORDS), n // 3)) + [f"w{i}" for i in range(n)]
    words = words[:n]
    chance.shuffle(words)
    end = chance.choice(["", " "])
    rows = [f"{word} {' '.join(map(repr, map(float, row)))}{end}" for word, row in zip(words, x, strict=True)]
    counts = chance.random() < 0.5
    text = "\n".join([*([f"{n} {d}"] if counts else []), *rows]) + "\n"
    name = chance.choice(["w2v.vec", "glove.txt"])
    return Made(
        name, text.encode(), f"words, {'counts' if counts else 'no counts'}", x, separator=" ", asks=True
    )


def lists_in_cells(rng: np.random.Generator, chance: random.Random) -> Made:
    """A column of lists as text, as pandas writes lists and arrays, beside other columns."""
    x = table(rng, chance)
    if chance.random() < 0.5:
        cells = [str(list(map(float, row))) for row in x]
    else:
        with np.printoptions(precision=17, linewidth=chance.choice([30, 75])):
            cells = [str(row) for row in x]
    frame = pd.DataFrame({"embedding": cells})
    for column in chance.sample(["id", "text", "score"], chance.randint(0, 3)):
        frame[column] = {"id": range(len(x)), "text": "a, b", "score": 0.5}[column]
    data = frame.to_csv(index=chance.random() < 0.3, sep=(separator := chance.choice([",", ";", "\t"])))
    return Made("mine.csv", data.encode(), "lists in cells", x, separator=separator)


def as_json(rng: np.random.Generator, chance: random.Random) -> Made:
    """Lists or objects, one a line or in one document."""
    x = table(rng, chance)
    rows: list[object] = [list(map(float, row)) for row in x]
    form = chance.choice(["lists", "objects of lists", "objects of numbers"])
    if form == "objects of lists":
        more = chance.choice([{}, {"id": 1}, {"text": "é"}, {"id": 1, "text": "a", "meta": {"a": 1}}])
        rows = [{"embedding": row} | more for row in rows]
    elif form == "objects of numbers":
        rows = [{f"x{i}": value for i, value in enumerate(row)} for row in x.tolist()]
    lined = chance.random() < 0.5
    if lined:
        text = chance.choice(["\n", "\r\n", "\n\n"]).join(json.dumps(row) for row in rows)
    else:
        indent = chance.choice([None, 2])
        document: object = rows if chance.random() < 0.7 else {"data": rows}
        text = json.dumps(document, indent=indent)
    name = "mine.jsonl" if lined else "mine.json"
    encoding = chance.choice(["utf-8", "utf-8", "utf-8-sig"])
    return Made(name, text.encode(encoding), f"{form}, {'lines' if lined else 'document'}", x)


MAKERS = (separated, separated, separated, savetxt, glove, lists_in_cells, as_json)


def tables(made: Made, data: bytes) -> list[plain.Cells]:
    """What plain readers find in the bytes of a file that was made here and may have been damaged."""
    if made.separator is None:
        return [plain.objects(data)]
    found = []
    for separator in dict.fromkeys([made.separator, ",", ";", "\t", "|", " "]):
        try:
            found.append(plain.separated(data, separator))
        except Exception:  # it is none for that reader
            continue
    return found
