"""What came of a sweep: totals, and the page of the documentation."""

import json
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.sweep.comparing import FOLDER, OUTCOMES, Result
from tests.sweep.making import Case


def read(file: Path | None) -> dict[Case, Result]:
    """The results that `keep` wrote to a file, by class."""
    if file is None or not file.is_file():
        return {}
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    return {(case := Case(*row[:2])): Result(case, *row[2:]) for row in rows}


def keep(result: Result, file: Path | None) -> None:
    """Write a result at the end of a file."""
    if file is not None:
        case = result.case
        row = [case.model_type, case.name, result.outcome, result.reason]
        with file.open("a", encoding="utf-8") as opened:
            opened.write(json.dumps(row, ensure_ascii=False) + "\n")


def totals(results: Sequence[Result]) -> str:
    """One line: how many classes came to each outcome."""
    counts = Counter(one.outcome for one in results)
    parts = [f"{counts[outcome]} {words}" for outcome, words in OUTCOMES.items() if counts[outcome]]
    return f"{len(results)} classes: " + "; ".join(parts)


def page(results: Sequence[Result], classes: int) -> str:
    """docs/model-types.md: totals, a table of each outcome with its reasons, and the equal classes.

    classes: how many there are to sweep; the page says how many were not yet.
    """
    import transformers

    parts = [_HEAD.format(version=transformers.__version__, totals=_table_of_totals(results, classes))]
    for outcome, title in _TITLES.items():
        rows = sorted(f"| {_class(one)} | {_reason(one)} |" for one in results if one.outcome == outcome)
        if rows:
            parts.append(
                f"## {title}\n\n| class (model type) | what is said |\n|---|---|\n" + "\n".join(rows)
            )
    equal = sorted(_class(one) for one in results if one.outcome == "equal")
    parts.append("## Equal to plain transformers\n\n" + ",\n".join(equal) + ".")
    return "\n\n".join(parts) + "\n"


_HEAD = """# Model types

Each text model class of transformers {version}, built small with random weights, saved with a tokenizer, and
measured: the hidden states of the last layer beside those of plain transformers, which runs one sequence at a
time. Equal means within 1e-4 of a token's norm. `python -m tests.sweep --write` writes this page anew;
`--keep FILE` lets a sweep be stopped and go on.

Swept are the classes of the model types that transformers lists as causal, masked or sequence-to-sequence
language models or as text encoders, and of other types without a part for images or sound: of each type the
class without a head, and one of each kind of head.

{totals}"""
_TITLES = {
    "apart": "Apart from plain transformers",
    "refused": "Refused",
    "noted": "Equal, with a note",
    "not run": "Not run by plain transformers, on tokens alone or in small sizes",
    "not built": "Not built small",
}


def _table_of_totals(results: Sequence[Result], classes: int) -> str:
    counts = Counter(one.outcome for one in results)
    rows = [f"| {words} | {counts[outcome]} |" for outcome, words in OUTCOMES.items()]
    rows += [f"| not swept yet | {left} |"] if (left := classes - len(results)) else []
    return "\n".join(["| outcome | classes |", "|---|---|", *rows, f"| all | {classes} |"])


def _class(result: Result) -> str:
    return f"{result.case.name} ({result.case.model_type})"


def _reason(result: Result) -> str:
    """A reason as a cell of a table; the folder of a class is always called the same."""
    said = re.sub(rf"\b{FOLDER}\b", "the checkpoint", result.reason)
    said = said[:1].upper() + said[1:]
    return re.sub(r"([|<>*_`\[\]])", r"\\\1", " ".join(said.split()))
