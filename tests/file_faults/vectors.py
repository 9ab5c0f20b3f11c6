"""Odd files of vectors, and what is wrong with a reading of one."""

import random
import warnings
from pathlib import Path

import numpy as np

from core.hidden_states import vector_files
from core.hidden_states.vector_readers import Choice
from tests.file_faults import OddFile, plain, vector_arrays, vector_texts
from tests.file_faults.damage import changed
from tests.file_faults.vector_texts import Made

MAKERS = (*vector_texts.MAKERS, *vector_arrays.MAKERS)
Read = tuple[np.ndarray, list[str]]


def odd_file(seed: str) -> OddFile:
    """A file of vectors, whole or damaged."""
    chance = random.Random(seed)
    maker = chance.choice(MAKERS)
    made = maker(np.random.default_rng(chance.randrange(2**32)), chance)
    form = "folder of Parquet" if isinstance(made.content, dict) else made.name.rpartition(".")[2]
    options = dict(made.options)
    if chance.random() < 0.5:
        return OddFile(
            f"vectors, {form}",
            made.name,
            made.content,
            made.what,
            lambda path: _read(path, options),
            lambda read: _of_whole(made, read),
            readable=made.expected is not None and not made.asks,
        )
    options |= chance.choice([{}, {}, {"skip_bad_rows": True}, {"columns": "all"}])
    if isinstance(made.content, dict):
        part = chance.choice(sorted(name for name in made.content if name.startswith("part")))
        damaged = made.content | {part: changed(made.content[part], chance)}
        return OddFile(
            f"damaged vectors, {form}",
            made.name,
            damaged,
            made.what,
            lambda path: _read(path, options),
            lambda read: _of_parts(made, damaged, read, "columns" in options),
        )
    data = changed(made.content, chance)
    return OddFile(
        f"damaged vectors, {form}",
        made.name,
        data,
        made.what,
        lambda path: _read(path, options),
        lambda read: _of_damaged(made, data, read, "columns" in options),
    )


def _read(path: Path, options: dict[str, object]) -> Read:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return vector_files.read(path, path.name, choice=Choice(**options))  # type: ignore[arg-type]


def _of_whole(made: Made, read: Read) -> str | None:
    vectors, _ = read
    if made.expected is None:
        return f"was read as {vectors.shape}, which it is not"
    if vectors.shape != made.expected.shape:
        return f"has shape {vectors.shape}, not {made.expected.shape}"
    return None if np.allclose(vectors, made.expected, rtol=1e-6, atol=1e-9) else "has other values"


def _of_damaged(made: Made, data: bytes, read: Read, chosen: bool) -> str | None:
    vectors, notes = read
    if not (vectors.ndim == 2 and len(vectors) > 1 and np.isfinite(vectors).all()):
        return f"was read as {vectors.shape}, or with NaN"
    of = vector_texts if made.separator is not None or "json" in made.name else vector_arrays
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tables = of.tables(made, data)
    except Exception as error:
        return f"was read, and a plain reader cannot ({type(error).__name__}: {error})"
    signs = dict.fromkeys((made.decimal, ".", ","))
    found = [plain.contradiction(vectors, notes, tables, sign, chosen=chosen) for sign in signs]
    return None if None in found else found[0]


def _of_parts(made: Made, content: dict[str, bytes], read: Read, chosen: bool) -> str | None:
    rows: plain.Cells = []
    for name in sorted(content):
        if name.startswith("part"):
            try:
                rows += vector_arrays.tables(made, content[name])[0]
            except Exception as error:
                return f"was read, and a plain reader cannot ({type(error).__name__}: {error})"
    return None if "other orders" in made.what else plain.contradiction(*read, [rows], ".", chosen=chosen)
