"""Trying files one after another, and counting what comes of it."""

import faulthandler
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from core.errors import InputError
from tests.file_faults import OddFile, tables, vectors

HANG = 20.0  # seconds that no file may take to be read


@dataclass
class Totals:
    """What became of files: counts of (form, outcome), a sentence a fault, seconds of the slowest reading."""

    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    slowest: float = 0.0


def files(
    examples: int, seed: int = 0, only: str | None = None
) -> list[tuple[str, Callable[[str], OddFile]]]:
    """(seed, how it is made) of so many files, half of vectors, half of tables; only: that of a seed."""
    makers = {"vectors": vectors.odd_file, "table": tables.odd_file}
    seeds = [f"{('vectors', 'table')[n % 2]}-{seed}-{n}" for n in range(examples)]
    return [(one, makers[one.partition("-")[0]]) for one in ([only] if only else seeds)]


def tried(files: Iterable[tuple[str, Callable[[str], OddFile]]], folder: Path) -> Totals:
    """Make, write and read each file, given as (seed, how it is made), in `folder`."""
    totals = Totals()
    for number, (seed, make) in enumerate(files):
        file = make(seed)
        place = folder / str(number % 2) / file.name
        _write(place, file)
        faulthandler.dump_traceback_later(10 * HANG, exit=True)
        started = time.perf_counter()
        outcome, why = _outcome(file, place)
        seconds = time.perf_counter() - started
        faulthandler.cancel_dump_traceback_later()
        totals.slowest = max(totals.slowest, seconds)
        if why is None and seconds > HANG:
            why = f"took {seconds:.0f} s"
        totals.outcomes[file.form, "fault" if why else outcome] += 1
        if why:
            totals.faults.append(f"{seed}: {file.form} ({file.made}) {why}")
    return totals


def _write(place: Path, file: OddFile) -> None:
    shutil.rmtree(place.parent, ignore_errors=True)
    place.parent.mkdir(parents=True)
    if isinstance(file.content, bytes):
        place.write_bytes(file.content)
        return
    place.mkdir()
    for name, content in file.content.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(content)


def _outcome(file: OddFile, place: Path) -> tuple[str, str | None]:
    """("read" or "refused", what is wrong with that)."""
    try:
        read = file.read(place)
    except InputError as refusal:
        said = str(refusal)
        if "\n" in said.strip() or not said.endswith((".", ")")) or len(said) > 1000:
            return "refused", f"is refused in other than one sentence: {said!r}"
        if file.readable:
            return "refused", f"is refused: {said}"
        return "refused", None
    except Exception as error:
        return "fault", f"ends in {type(error).__name__}: {error}"
    return "read", file.fault(read)
