"""Reading what others wrote in a process of its own with limits on memory and time: what takes more ends.

`python -m cache.limited KIND ARGUMENTS` reads, and prints its answer as one line of JSON.
"""

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from cache.documents import from_json
from core.errors import InputError, OpenChoiceError
from core.formatting import short_bytes

MEMORY = 7 << 28  # bytes beside what the libraries take: 1.75 GiB
MEMORY_SHARE = 4  # times the size of the file are added: text, columns, float64, float32
SECONDS, BYTES_A_SECOND = 60, 10_000_000
PACKED = (".npz", ".parquet")  # formats in which a small file may hold much
SMALL = 1 << 18  # bytes of text or plain numbers

Kinds = dict[str, Callable[..., Any]]


def size_of(paths: Iterable[Path]) -> int:
    """Bytes of files, of folders those of all files in them; what is missing has none."""
    files = (file for path in paths for file in (path.rglob("*") if path.is_dir() else [path]))
    return sum(file.stat().st_size for file in files if file.is_file())


def harmless(paths: Sequence[Path]) -> bool:
    """Whether files are small and of formats that do not unpack: such may be read by whoever asks."""
    plain = all(path.suffix.lower() not in PACKED and not path.is_dir() for path in paths)
    return plain and size_of(paths) <= SMALL


def read(kind: str, name: str, size: int, stdin: IO[bytes] | None = None, **arguments: Any) -> Any:
    """What `_kinds()[kind](**arguments)` gives, JSON values, done in a process of its own.

    name: what messages call the file. size: bytes of it, from which the limits follow. stdin: a file that it
    reads.
    Errors: InputError and OpenChoiceError as raised there; InputError for what takes too much memory or time.
    """
    seconds = SECONDS + size // BYTES_A_SECOND
    memory = MEMORY + MEMORY_SHARE * size
    remedy = "keep fewer rows or columns, or read it elsewhere and save it as a plain table."
    too_long = InputError(f"{name} takes more than {seconds} s to read: {remedy}")
    too_large = InputError(f"{name} takes more than {short_bytes(memory)} of memory to read: {remedy}")
    try:
        done = subprocess.run(
            [sys.executable, "-m", "cache.limited", kind, json.dumps([memory, seconds, arguments])],
            cwd=Path(__file__).parents[1],
            env=os.environ | {"OMP_NUM_THREADS": "1", "ARROW_DEFAULT_MEMORY_POOL": "system"},
            stdin=stdin or subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=3 * seconds,  # of the clock, on a busy machine
        )
    except subprocess.TimeoutExpired:
        raise too_long from None
    if done.returncode == -signal.SIGXCPU:
        raise too_long
    if done.returncode:  # the limit was met where no exception can be raised
        raise too_large
    answer = json.loads(done.stdout)
    if "choice" in answer:
        raise OpenChoiceError(*answer["choice"])
    if "error" in answer:
        raise InputError(answer["error"])
    if "memory" in answer:
        raise too_large
    return answer["value"]


def _kinds() -> Kinds:
    """What can be read so: functions of JSON values that give JSON values."""
    from cache import uploads
    from core.scores.covariates import look_at_covariates
    from core.scores.files import look_at_scores, score_files
    from core.tables import read_table

    def vectors(folder: str, called: str, limit: int, choice: dict[str, Any]) -> Any:
        picked = from_json(uploads.Choice, choice)
        return asdict(
            uploads.keep_here(Path(folder), sys.stdin.buffer, called, limit_bytes=limit, choice=picked)
        )

    def scores(files: list[str], given: dict[str, str | None]) -> Any:
        return [asdict(look_at_scores(path, **given)) for path in score_files(list(map(Path, files)))]

    return {
        "vectors": vectors,
        "scores": scores,
        "covariates": lambda file: asdict(look_at_covariates(Path(file))),
        "table": lambda file, called: len(read_table(Path(file), called)[0]),
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
    function = _kinds()[kind]
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limits = {
        resource.RLIMIT_AS: pages * resource.getpagesize() + memory,
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_CORE: 0,
    }
    for limit, value in limits.items():
        resource.setrlimit(limit, (value, value))
    answer: dict[str, Any]
    try:
        answer = {"value": function(**arguments)}
    except OpenChoiceError as error:
        answer = {"choice": [error.statement, error.remedy, error.field, error.answers]}
    except InputError as error:
        answer = {"error": str(error)}
    except MemoryError:
        answer = {"memory": True}
    print(json.dumps(answer, default=_plain))


if __name__ == "__main__":
    main(*sys.argv[1:])
