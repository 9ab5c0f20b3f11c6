"""Parts a second into the store, against writing to DuckDB directly and trying again while it is locked.

Four processes write, two read, one of the writers is killed in the middle; ours and the naive way in
turn within each round. Time runs from the moment all processes are ready until everything that was promised
can be read; meanwhile the process that started them takes parts in, as a worker does.
The naive readers try again too: DuckDB locks them out while anybody writes.
"""

import multiprocessing
import os
import signal
import tempfile
import time
from collections.abc import Callable
from functools import cache
from multiprocessing.synchronize import Barrier
from pathlib import Path
from statistics import median

import duckdb

from cache.store import Store

ROUNDS = 3
WRITERS, READERS = 4, 2
PARTS = {"ours": 75, "naive": 6}  # a writer; the rates do not depend on how many there are
KEY = {"cloud": "", "measure": "eee", "parameters": "{}", "version": 1, "value": 0.5, "origin": "measured"}


@cache
def opened(folder: Path) -> Store:
    """One Store in each process, as the workers and the app have it."""
    return Store(folder)


def store_write(folder: Path, writer: str, number: int) -> None:
    """Ours: leave a part, which is kept from then on."""
    opened(folder).add("measurements", [KEY | {"subject": writer, "seed": number}])


def store_count(folder: Path) -> int:
    """Ours: rows in the snapshot."""
    return int(opened(folder).query("SELECT count(*) FROM measurements WHERE origin = 'measured'").iloc[0, 0])


def connected(folder: Path, read_only: bool) -> duckdb.DuckDBPyConnection:
    """The naive way: try until nobody holds the file."""
    while True:
        try:
            return duckdb.connect(str(folder / "naive.duckdb"), read_only=read_only)
        except duckdb.IOException:
            time.sleep(0.01)


def naive_write(folder: Path, writer: str, number: int) -> None:
    """Naive: one transaction a part."""
    with connected(folder, read_only=False) as connection:
        connection.execute("INSERT INTO measurements VALUES (?, ?, 0.5)", [writer, number])


def naive_count(folder: Path) -> int:
    """Naive: rows in the file."""
    with connected(folder, read_only=True) as connection:
        return connection.execute("SELECT count(*) FROM measurements").fetchall()[0][0]


WRITE: dict[str, Callable[[Path, str, int], None]] = {"ours": store_write, "naive": naive_write}
COUNT: dict[str, Callable[[Path], int]] = {"ours": store_count, "naive": naive_count}


def writer(way: str, folder: Path, name: str, ready: Barrier) -> None:
    """Write parts one by one, noting each that was promised to be kept."""
    with (folder / f"{name}.promised").open("w", buffering=1) as promised:
        WRITE[way](folder, name, 0)  # imports and first opening are not what is timed
        promised.write("0\n")
        ready.wait()
        for number in range(1, PARTS[way] + 1):
            WRITE[way](folder, name, number)
            promised.write(f"{number}\n")


def reader(way: str, folder: Path, name: str, ready: Barrier) -> None:
    """Read until told to stop; rows must never become fewer, and no read may fail."""
    last, reads = COUNT[way](folder), 0
    ready.wait()
    while not (folder / "stop").exists():
        now = COUNT[way](folder)
        if now < last:
            raise RuntimeError("rows that were there are gone")
        last, reads = now, reads + 1
        (folder / f"{name}.reads").write_text(str(reads))
        time.sleep(0.01)


def run(way: str) -> dict[str, float]:
    """One round of one way: parts and reads a second, rows lost, readers that failed."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if way == "ours":
            Store.open(folder)
        else:
            with duckdb.connect(str(folder / "naive.duckdb")) as connection:
                connection.execute(
                    "CREATE TABLE measurements (subject TEXT, seed BIGINT, value DOUBLE, "
                    "PRIMARY KEY (subject, seed))"
                )
        spawn = multiprocessing.get_context("spawn")
        ready = spawn.Barrier(WRITERS + READERS + 1)
        writers = [spawn.Process(target=writer, args=(way, folder, f"w{i}", ready)) for i in range(WRITERS)]
        readers = [spawn.Process(target=reader, args=(way, folder, f"r{i}", ready)) for i in range(READERS)]
        for process in writers + readers:
            process.start()
        ready.wait()
        started = time.perf_counter()
        while (folder / "w0.promised").read_text().count("\n") <= PARTS[way] // 2:
            time.sleep(0.001)
        os.kill(writers[0].pid or 0, signal.SIGKILL)
        while any(process.is_alive() for process in writers):
            if way == "ours":
                opened(folder).ingest()
            time.sleep(0.01)
        if way == "ours":
            opened(folder).ingest()
        kept = COUNT[way](folder)
        seconds = time.perf_counter() - started
        (folder / "stop").touch()
        for process in readers:
            process.join()
        promised = sum(len((folder / f"w{i}.promised").read_text().split()) for i in range(WRITERS))
        reads = sum(int((folder / f"r{i}.reads").read_text()) for i in range(READERS))
        return {
            "parts": (kept - WRITERS) / seconds,
            "reads": reads / seconds,
            "lost": max(0, promised - kept),
            "failed": sum(process.exitcode != 0 for process in readers),
        }


def main() -> None:
    """Print the rates, what was lost and how many readers failed."""
    rounds = [{way: run(way) for way in WRITE} for _ in range(ROUNDS)]
    result = {way: {what: [r[way][what] for r in rounds] for what in rounds[0][way]} for way in WRITE}
    print(f"{WRITERS} writing processes, {READERS} reading, one killed; median of {ROUNDS} rounds")
    print(f"{'':28}{'parts, snapshot':>16}{'retry on lock':>16}{'ratio':>8}")
    for what, label in (("parts", "parts a second"), ("reads", "reads a second")):
        ours, naive = (median(result[way][what]) for way in WRITE)
        ratio = median(r["ours"][what] / r["naive"][what] for r in rounds)
        print(f"{label:28}{ours:16.1f}{naive:16.1f}{ratio:8.1f}")
    for what, label in (("lost", "promised rows lost"), ("failed", "readers that failed")):
        print(f"{label:28}{sum(result['ours'][what]):16.0f}{sum(result['naive'][what]):16.0f}")


if __name__ == "__main__":
    main()
