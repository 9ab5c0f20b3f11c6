"""The process that reads under limits: `python -m cache.limited_process KIND ARGUMENTS`, which prints JSON.

KIND is one of KINDS; ARGUMENTS are a JSON list: bytes of memory, seconds of computing, the kind's arguments.
"""

import json
import resource
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cache import uploads
from cache.documents import from_json
from core.corpora.questions import columns_of
from core.errors import InputError, OpenChoiceError
from core.scores.covariates import look_at_covariates
from core.scores.files import look_at_scores, score_files
from core.tables import read_table


def _vectors(folder: str, called: str, limit: int, choice: dict[str, Any]) -> Any:
    picked = from_json(uploads.Choice, choice)
    return asdict(uploads.keep_here(Path(folder), sys.stdin.buffer, called, limit_bytes=limit, choice=picked))


def _scores(files: list[str], given: dict[str, str | None]) -> Any:
    return [asdict(look_at_scores(path, **given)) for path in score_files(list(map(Path, files)))]


KINDS: dict[str, Callable[..., Any]] = {
    "vectors": _vectors,
    "scores": _scores,
    "covariates": lambda file: asdict(look_at_covariates(Path(file))),
    "labelled": lambda file: len(read_table(Path(file), Path(file).name)[0]),
    "questions": lambda file: columns_of(Path(file)) is None,
}


def _plain(value: Any) -> Any:
    """A value that JSON does not know as one that it knows."""
    return value.item() if hasattr(value, "item") else str(value)


def main(kind: str, given: str) -> None:
    """Read as asked for, under the limits asked for, and print what came of it."""
    import numpy  # noqa: F401 (what libraries take for themselves does not count)
    import pandas  # noqa: F401
    import pyarrow as pa
    import pyarrow.parquet

    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    memory, seconds, arguments = json.loads(given)
    limits = {resource.RLIMIT_CPU: seconds, resource.RLIMIT_CORE: 0}
    taken = Path("/proc/self/statm")
    if taken.exists():  # Linux; other systems do not hold processes to this limit
        pages = int(taken.read_text().split()[0])
        limits[resource.RLIMIT_AS] = pages * resource.getpagesize() + memory
    for limit, value in limits.items():
        resource.setrlimit(limit, (value, value + 1))  # at the second of them, the end comes without a reason
    answer: dict[str, Any]
    try:
        answer = {"value": KINDS[kind](**arguments)}
    except OpenChoiceError as error:
        answer = {"choice": [error.statement, error.remedy, error.field, error.answers]}
    except InputError as error:
        answer = {"error": str(error)}
    except MemoryError:
        answer = {"memory": True}
    print(json.dumps(answer, default=_plain))


if __name__ == "__main__":
    main(*sys.argv[1:])
