"""One trial: a store with rows, a fault, and what is left after the next start."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from cache.store import Store
from tests import TOP, stores

WRITER = """
import sys
from pathlib import Path
from cache.store import Store
from tests.faults.trials import row
store = Store.open(Path(sys.argv[1]))
with open(sys.argv[2], "a", buffering=1) as promised:
    for number in range(10_000):
        store.add("measurements", [row("w", number)])
        promised.write(f"w {number}\\n")
        if number % 4 == 0:
            store.ingest()
"""


@dataclass
class Outcome:
    """faults: injected. expected, found: own rows; doubled or changed ones count as not found."""

    faults: int
    expected: int
    found: int


def row(subject: str, number: int) -> dict:
    key = {"subject": subject, "cloud": "", "measure": "eee", "parameters": "{}", "seed": number}
    return key | {"version": 1, "value": number / 7, "origin": "measured"}


def killed(store: Store, draw: random.Random) -> set[tuple[str, int]]:
    """A process that adds and ingests gets SIGKILL; what it has noted was promised."""
    note = store.folder.parent / "promised"
    command = [sys.executable, "-c", WRITER, str(store.folder), str(note)]
    with subprocess.Popen(command, cwd=TOP) as process:
        while not note.exists() or not note.stat().st_size:
            assert process.poll() is None
            time.sleep(0.005)
        time.sleep(draw.random() * 2)
        os.kill(process.pid, signal.SIGKILL)
    lines = note.read_text().splitlines()
    return {(word, int(number)) for word, number in map(str.split, lines)}


def bad_block(store: Store, draw: random.Random) -> set[tuple[str, int]]:
    """4 KiB of the database or of a snapshot are inverted."""
    file = draw.choice([store.database, store._snapshot()])
    content = bytearray(file.read_bytes())
    at = draw.randrange(12_288, len(content) - 4096)
    content[at : at + 4096] = bytes(byte ^ 255 for byte in content[at : at + 4096])
    _replaced(file, bytes(content))
    return set()


def cut_short(store: Store, draw: random.Random) -> set[tuple[str, int]]:
    """The database or the newest snapshot ends early, or is gone."""
    file = draw.choice([store.database, store._snapshot()])
    if draw.random() < 0.3:
        file.unlink()
    else:
        _replaced(file, file.read_bytes()[: draw.randrange(file.stat().st_size)])
    return set()


def odd_files(store: Store, draw: random.Random) -> set[tuple[str, int]]:
    """Files that are none of the store's lie among its parts and snapshots."""
    (store.parts / f"{draw.randrange(100)}-measurements-x.parquet").write_bytes(draw.randbytes(500))
    (store.parts / "data.parquet").symlink_to("/nowhere")
    shutil.copy(store._snapshot(), store.snapshots / "backup.duckdb")
    return set()


def clock_back(store: Store, draw: random.Random) -> set[tuple[str, int]]:
    """The clock jumps back between two parts."""
    clock, by = time.time_ns, draw.randrange(10**9, 10**14)
    with mock.patch("time.time_ns", lambda: clock() - by):
        store.add("measurements", [row("late", 0)])
    return {("late", 0)}


KINDS: dict[str, Callable[[Store, random.Random], set[tuple[str, int]]]] = {
    one.__name__: one for one in (killed, bad_block, cut_short, odd_files, clock_back)
}


def _replaced(file: Path, content: bytes) -> None:
    """Give a file that may be open another content under its name, as after a restart."""
    other = file.with_name("damage")
    other.write_bytes(content)
    other.replace(file)


def trial(kind: str, seed: int, folder: Path) -> Outcome:
    """Inject one fault of a kind, start again, write on, and count."""
    draw = random.Random(f"{kind} {seed}")
    store = stores.new(folder / "store")
    expected = {("a", number) for number in range(draw.randrange(1, 9))}
    for subject, number in sorted(expected):
        store.add("measurements", [row(subject, number)])
        if draw.random() < 0.5:
            store.ingest()
    expected |= KINDS[kind](store, draw)
    again = Store.open(folder / "store")
    again.add("measurements", [row("z", 0)])
    again.ingest()
    expected.add(("z", 0))
    rows = again.query("SELECT subject, seed, value FROM main.measurements WHERE origin = 'measured'")
    values = [(subject, int(number), value) for subject, number, value in rows.itertuples(index=False)]
    right = {one[:2] for one in values if one[2] == one[1] / 7 and values.count(one) == 1}
    return Outcome(1, len(expected), len(right & expected))
