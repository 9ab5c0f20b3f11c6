"""Everything that is pinned, made anew; read from its files, written to them, and compared."""

import json
import math
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cache.store import Store
from tests.golden import commands, inputs
from tests.golden.rankings import rankings

HERE = Path(__file__).parent
CLOSED, COMPUTED = (1e-9, 0.0), (1e-5, 1e-6)
ILL_CONDITIONED = {"A": 1e-6}  # fields; the scale of a law whose exponent is at its limit
TOLERANCES = {  # relative and absolute, of the numbers in each file
    "documents_published": CLOSED,
    "documents_measured": COMPUTED,
    "keys": COMPUTED,
    "ranking_shortlist": CLOSED,
    "ranking_predicted": CLOSED,
    "minilm": COMPUTED,
}
MINILM = """
measure minilm --sequences 20 --corpus @/corpus.txt
gap minilm --domain digits --reference function
"""
TABLES = {  # what identifies a row, and what it says
    "checkpoints": "subject, name, origin, source, base, variant, alpha, family, architecture, kind, "
    "parameters, parameters_without_embeddings, layers, width, heads, vocabulary, tied, dtype, max_positions",
    "clouds": "cloud, subject, corpus, corpus_fingerprint, sample_fingerprint, sequences, text_seed, layer, "
    "position, max_length, precision, extractor_version, n, d, tokens",
    "measurements": "subject, cloud, measure, parameters, seed, version, n, d, value",
    "gaps": "subject, parameters, seed, version, domain, reference",
    "cell_curves": "subject, cloud, quantizer, parameters, seed, version",
    "fine_tunings": "subject, task, protocol, data, version, score",
    "scores": "subject, name, benchmark, task, metric, split, value",
    "covariates": "subject, name, covariate, value",
}


@contextmanager
def workplace() -> Iterator[Path]:
    """A folder with the inputs and a store in it that commands use; on one thread, which is faster here."""
    import torch
    from threadpoolctl import threadpool_limits

    names = ("LATENT_SHORTLIST_STORE", "LATENT_SHORTLIST_ROOTS", "LATENT_SHORTLIST_CORPORA")
    before = {name: os.environ.pop(name, None) for name in names}
    folder = Path(tempfile.mkdtemp(prefix="latent-shortlist-golden-")).resolve()
    os.environ["LATENT_SHORTLIST_STORE"] = str(folder / "store")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            inputs.write_all(folder)
            yield folder
    finally:
        torch.set_num_threads(threads)
        os.environ.pop("LATENT_SHORTLIST_STORE")
        os.environ.update({name: value for name, value in before.items() if value is not None})
        shutil.rmtree(folder, ignore_errors=True)


def made(folder: Path) -> dict[str, Any]:
    """Every file's content by its name, computed in a workplace."""
    content = {"documents_published": commands.documents(commands.PUBLISHED, folder)}
    content |= rankings(folder / "store")
    content["documents_measured"] = commands.documents(commands.MEASURED, folder)
    content["keys"] = keys(folder)
    return content


def made_of_minilm(folder: Path) -> dict[str, Any]:
    """The content of the file on the real encoder."""
    return {"minilm": commands.documents(MINILM, folder)}


def keys(folder: Path) -> dict[str, Any]:
    """{table: {"columns", "rows"}} of all that is not published, in the order of the columns."""
    store = Store.open(folder / "store")
    return {
        table: {"columns": columns.split(", "), "rows": _rows(store, table, columns, folder)}
        for table, columns in TABLES.items()
    }


def _rows(store: Store, table: str, columns: str, folder: Path) -> list[list[Any]]:
    unpublished = "subject NOT LIKE 'published:%'"
    frame = store.query(f"SELECT {columns} FROM {table} WHERE {unpublished} ORDER BY ALL")
    rows = json.loads(frame.to_json(orient="values", double_precision=15))
    return [commands.comparable(row, folder) for row in rows]


def path_of(name: str) -> Path:
    """The file of that name."""
    return HERE / f"{name}.json"


def read(name: str) -> Any:
    """The content of a file."""
    return json.loads(path_of(name).read_text())


def write(name: str, content: Any) -> None:
    """Write a file: numbers to 12 digits, what fits into a line on one."""
    path_of(name).write_text(_text(content) + "\n")


def _text(value: Any, indent: str = "") -> str:
    if isinstance(value, float):
        value = float(f"{value:.12g}")
    short = json.dumps(_rounded(value), ensure_ascii=False)
    if len(short) + len(indent) <= 200 or not isinstance(value, dict | list):
        return short
    deeper = indent + " "
    if isinstance(value, list):
        inner = [f"{deeper}{_text(item, deeper)}" for item in value]
        return "[\n" + ",\n".join(inner) + f"\n{indent}]"
    inner = [
        f"{deeper}{json.dumps(key, ensure_ascii=False)}: {_text(item, deeper)}" for key, item in value.items()
    ]
    return "{\n" + ",\n".join(inner) + f"\n{indent}}}"


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return float(f"{value:.12g}") if isinstance(value, float) and math.isfinite(value) else value


def differences(expected: Any, got: Any, tolerance: tuple[float, float], place: str = "") -> Iterator[str]:
    """One line for each place where `got` is not what was expected; fields added to an object are none.

    tolerance: relative and absolute, of numbers.
    """
    if isinstance(expected, dict) and isinstance(got, dict):
        for key, item in expected.items():
            if key in got:
                wider = max(tolerance[0], ILL_CONDITIONED.get(key, 0.0)), tolerance[1]
                yield from differences(item, got[key], wider, f"{place} › {key}")
            else:
                yield f"{place} › {key}: missing, expected {_brief(item)}"
    elif isinstance(expected, list) and isinstance(got, list):
        if len(expected) != len(got):
            yield f"{place}: {len(got)} entries instead of {len(expected)}"
            yield from _unshared(expected, got, place)
            return
        for number, (item, other) in enumerate(zip(expected, got, strict=True)):
            yield from differences(item, other, tolerance, f"{place}[{number}]")
    elif _is_number(expected) and _is_number(got):
        if not math.isclose(expected, got, rel_tol=tolerance[0], abs_tol=tolerance[1]):
            yield f"{place}: {got!r} instead of {expected!r}"
    elif expected != got or type(expected) is not type(got):
        yield f"{place}: {_brief(got)} instead of {_brief(expected)}"


def _unshared(expected: list[Any], got: list[Any], place: str) -> Iterator[str]:
    """Entries that only one of two lists of other lengths has, numbers left aside."""
    texts = [[json.dumps(_without_floats(item)) for item in items] for items in (expected, got)]
    for word, ours, theirs in (("lacks", texts[0], texts[1]), ("has besides", texts[1], texts[0])):
        yield from (f"{place} {word} {text[:200]}" for text in ours if text not in set(theirs))


def _without_floats(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_floats(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_floats(item) for item in value]
    return None if isinstance(value, float) else value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _brief(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 120 else f"{text[:117]}…"
