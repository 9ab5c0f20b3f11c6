"""Reading what others wrote in a process of its own with limits on memory and time: what takes more ends.

`cache.limited_process` is that process.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, Any

from core.errors import InputError, OpenChoiceError
from core.formatting import short_bytes

PROCESS = "cache.limited_process"
MEMORY = 7 << 28  # bytes beside what the libraries take: 1.75 GiB
MEMORY_SHARE = 4  # times the size of the file are added: text, columns, float64, float32
SECONDS, BYTES_A_SECOND = 60, 10_000_000
PACKED = (".npz", ".parquet", ".xz", ".gz")  # formats in which a small file may hold much
SMALL = 1 << 18  # bytes of text or plain numbers


def size_of(paths: Iterable[Path]) -> int:
    """Bytes of files, of folders those of all files in them; what is missing has none."""
    files = (file for path in paths for file in (path.rglob("*") if path.is_dir() else [path]))
    return sum(file.stat().st_size for file in files if file.is_file())


def harmless(paths: Sequence[Path]) -> bool:
    """Whether files are small and of formats that do not unpack: such may be read by whoever asks."""
    plain = all(path.suffix.lower() not in PACKED and not path.is_dir() for path in paths)
    return plain and size_of(paths) <= SMALL


def read(kind: str, name: str, size: int, stdin: IO[bytes] | None = None, **arguments: Any) -> Any:
    """What reading gives, as JSON values.

    kind, arguments: one of `cache.limited_process.KINDS`, and what it is called with.
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
            [sys.executable, "-m", PROCESS, kind, json.dumps([memory, seconds, arguments])],
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
