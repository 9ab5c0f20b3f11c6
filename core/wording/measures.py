"""The page of documentation on measures, made from the registry and the docstrings beside it."""

import inspect
import math
import re
from collections.abc import Iterable

from core.formatting import capital, minus
from core.measures.entry import NEEDS, Group, Measure

HEAD = """\
# Measures

<!-- Made by `python cli.py measures --markdown > docs/measures.md`: change core/measures/families. -->

A measure is taken of a cloud: n vectors in d dimensions, the hidden states of a checkpoint over a sample of
text, or vectors of your own. Those called `unembedding_…` and `gap_…` are taken of the rows of a checkpoint's
output-embedding matrix instead, for which the model is not run. Names are the same on the command line, in
the store, in JSON and in exported files; `--measures` takes names, the groups below, `lsq` and `pq` for the
halves of the cells, and `all` for everything but cells and labelled.
"""
FOOT = """
Seed: "matters" where the value is sampled or trained, and so has an error of its own. Cost: one pass over the
vectors takes the least time, training a quantizer by far the most; `make bench` prints the seconds of each.
"""
COLUMNS = ("name", "what it says", "direction", "range", "needs", "seed", "cost", "source")


def page(groups: Iterable[Group], measures: Iterable[Measure]) -> str:
    """The Markdown page: a table and the definitions of each group, then what the columns mean.

    Arguments:
        groups: in the order of the page; measures: each of one of these groups.
    """
    entries = list(measures)
    lines = [HEAD]
    for group in groups:
        rows = _rows([entry for entry in entries if entry.group == group.name])
        lines += [
            f"## {capital(group.name)}: {group.meaning}\n",
            *([f"{group.note}\n"] if group.note else []),
        ]
        lines += [_line(COLUMNS), "|---" * len(COLUMNS) + "|"]
        lines += [_line(_cells(row)) for row in rows]
        lines += ["", *(f"- {_names(row)}: {_definition(row[0])}" for row in rows), ""]
    lines.append("## What the columns mean\n")
    lines.append("Needs: what is computed first, once for all measures that need it.\n")
    used = {need for entry in entries for need in entry.needs}
    lines += [f"- {_plain(need)}: {meaning}" for need, meaning in NEEDS.items() if need in used]
    return "\n".join([*lines, FOOT])


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cells(row: list[Measure]) -> tuple[str, ...]:
    """What the columns say of a row's measures, which differ in the quantizer at most."""
    needs = ", ".join(dict.fromkeys(_plain(need) for entry in row for need in entry.needs))
    one = row[0]
    seed = "matters" if one.estimated else ""
    return _names(row), one.meaning, one.direction, _range(one), needs, seed, one.cost, one.source


def _names(row: list[Measure]) -> str:
    return ", ".join(f"`{entry.name}`" for entry in row)


def _plain(need: str) -> str:
    return need.replace("_", " ")


def _rows(entries: list[Measure]) -> list[list[Measure]]:
    """The measures of each row; those that differ in the quantizer alone share one."""
    rows: dict[object, list[Measure]] = {}
    for entry in entries:
        rows.setdefault(entry.function if entry.quantizer else entry.name, []).append(entry)
    return list(rows.values())


def _range(entry: Measure) -> str:
    low, high = (minus(f"{limit:g}") for limit in (entry.low, entry.high))
    if math.isinf(entry.low):
        return "any" if math.isinf(entry.high) else f"up to {high}"
    return f"{low} and up" if math.isinf(entry.high) else f"{low} to {high}"


def _definition(entry: Measure) -> str:
    """What the function's docstring says of its value, and of where it has none, in one paragraph."""
    text = re.split(r"\n\s*(?:Arguments|Returns|Errors)\b", inspect.getdoc(entry.function) or "")[0]
    text = re.sub(r"Raises InputError (?=for|with|where|if)", "Undefined ", text)
    return " ".join(text.split())
