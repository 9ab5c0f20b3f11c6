"""Files of vectors with bytes changed: vectors that a plain reader does not contradict, or one sentence.

VECTOR_FILES sets how many are tried (10,000 take a minute or two); by default a few in every format.
"""

import io
import os
import random
import re
import warnings

import numpy as np
import pandas as pd
import pytest

from core.errors import InputError
from core.hidden_states import vector_files
from core.hidden_states.vector_readers import Choice
from tests.vector_files import in_every_format

TRIED = int(os.environ.get("VECTOR_FILES", "600"))
X = (np.random.default_rng(0).standard_normal((12, 3)) + np.arange(3)).astype(np.float32)
ROWS = [[f"{value:.6f}" for value in row] for row in X.tolist()]
SNIPPETS = [
    *",;\t |\"'[]{}()#-+.eE0159\n\r\0",
    "\r\n",
    "nan",
    "inf",
    "NULL",
    "1e999",
    "abc",
    "\ufeff",
    "é",
    "1_0",
    "０",
]


def originals() -> dict[str, bytes]:
    lists = [list(map(float, row)) for row in ROWS]
    texts = {
        "a.tsv": "\n".join("\t".join(row) for row in ROWS),
        "b.csv": "\n".join(";".join(row).replace(".", ",") for row in ROWS),
        "c.txt": "\n".join(f"w{i} {' '.join(row)}" for i, row in enumerate(ROWS)),
        "d.vec": "12 3\n" + "\n".join(f"w{i} {' '.join(row)}" for i, row in enumerate(ROWS)),
        "e.jsonl": "\n".join(f'{{"id": {i}, "e": {row}}}' for i, row in enumerate(lists)),
        "f.json": str(lists),
        "g.csv": pd.DataFrame(X).assign(label=1.0).to_csv(),
        "h.csv": pd.DataFrame({"t": "a, b", "e": [str(row) for row in lists]}).to_csv(index=False),
    }
    return in_every_format(X) | {name: text.encode() for name, text in texts.items()}


def changed(data: bytes, chance: random.Random) -> bytes:
    """Data with one to three changes: cut, repeated, dropped, overwritten or inserted bytes."""
    for _ in range(chance.randint(1, 3)):
        place = chance.randrange(len(data) + 1)
        end = min(len(data), place + chance.randint(1, 8))
        snippet = chance.choice(SNIPPETS).encode()
        data = chance.choice(
            (
                data[:place],
                data[:place] + data[end:],
                data[:place] + snippet + data[place:],
                data[:place] + snippet + data[place + len(snippet) :],
                data[:end] + data[place:],
                data[:place] + bytes([chance.randrange(256)]) + data[place + 1 :],
            )
        )
    return data


def plain(name: str, data: bytes) -> np.ndarray | None:
    """What pandas reads where commas separate and all cells are numbers, else None."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            frame = pd.read_csv(io.BytesIO(data), index_col=False)
    except Exception:
        return None
    kinds = {kind.kind for kind in frame.dtypes}
    return frame.to_numpy(np.float64) if kinds == {"f"} and name == "cloud.csv" else None


@pytest.mark.filterwarnings("ignore:Reading `.npy`")
@pytest.mark.parametrize("name", originals())
def test_a_damaged_file_gives_vectors_or_one_sentence(name: str) -> None:
    original, chance = originals()[name], random.Random(name)
    for _ in range(max(1, TRIED // len(originals()))):
        data = changed(original, chance)
        choice = Choice(skip_bad_rows=chance.random() < 0.3, columns=chance.choice([None, None, None, "all"]))
        try:
            vectors, notes = vector_files.read(io.BytesIO(data), name, choice=choice)
        except InputError as refusal:
            assert name in str(refusal) and "\n" not in str(refusal), data
            assert re.search(r"[:;] ", str(refusal)), data  # a remedy
            continue
        assert vectors.ndim == 2 and len(vectors) > 1 and np.isfinite(vectors).all(), data
        expected = plain(name, data)
        if expected is not None and not notes and expected.shape == vectors.shape:
            assert np.allclose(vectors, expected, rtol=1e-6), data
        elif expected is not None and np.isfinite(expected).all() and len(expected) > 1:
            assert notes or choice.columns, data  # another shape is not given without a word
