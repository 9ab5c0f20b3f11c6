"""Byte ranges of files, on this machine or on an HTTP server: many at once, and never a whole file.

Ranges that touch, or nearly, are read as one; the rest are read in parallel, since what costs is the wait for
each answer and not its bytes.
"""

import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.errors import InputError
from core.weights.remote_file import RemoteFile

Span = tuple[int, int]  # the bytes [start, end)
File = Path | RemoteFile

LONGEST = 8 * 2**20  # longer spans are read in pieces, so that one dropped connection costs little
_BEGINNING = 2**15  # nearly every safetensors header is shorter, so one request is enough for it
# What lies between two spans is read along where that is cheaper than another request: a page of a local
# disk; of a server what arrives within a small part of one round trip.
_GAPS = {True: 2**14, False: 2**12}
_THREADS = 32


@dataclass(frozen=True)
class Traffic:
    """How many bytes were read, and by how many requests (of a server) or reads (of a local file)."""

    bytes_read: int = 0
    requests: int = 0

    def __add__(self, other: "Traffic") -> "Traffic":
        return Traffic(self.bytes_read + other.bytes_read, self.requests + other.requests)


NOTHING = Traffic()


class Meter:
    """Counts traffic of several threads."""

    def __init__(self) -> None:
        self.traffic = NOTHING
        self._lock = threading.Lock()

    def add(self, traffic: Traffic) -> None:
        """Count `traffic` too."""
        with self._lock:
            self.traffic += traffic


def size(file: File) -> int:
    """The number of bytes a file holds."""
    return file.size if isinstance(file, RemoteFile) else file.stat().st_size


def beginning(file: File, count: int, meter: Meter) -> bytes:
    """The first `count` bytes, or all of a shorter file; of a remote file they are kept."""
    wanted = min(count, size(file))
    if not isinstance(file, RemoteFile):
        return bytes(read(file, [(0, wanted)], meter))
    if len(file.kept) < wanted:
        likely = min(max(file.size // 64, 2**11), _BEGINNING)  # of a small file not all of it
        end = min(max(wanted, likely), file.size)
        file.kept += bytes(read(file, [(len(file.kept), end)], meter))
    return file.kept[:wanted]


def merge(spans: Sequence[Span], *, remote: bool) -> list[list[int]]:
    """Groups of indices into `spans` (ascending) to be read as one: near each other, and not too long."""
    groups: list[list[int]] = []
    for index, (start, end) in enumerate(spans):
        if groups:
            first, last = spans[groups[-1][0]], spans[groups[-1][-1]]
            if start - last[1] <= _GAPS[remote] and end - first[0] <= LONGEST:
                groups[-1].append(index)
                continue
        groups.append([index])
    return groups


def read(file: File, spans: Sequence[Span], meter: Meter) -> bytes | memoryview:
    """The bytes of all spans of a file, one after another; `meter` counts what was read, retries too.

    Errors: InputError if any of them cannot be had; the others are given up then.
    """
    if isinstance(file, RemoteFile):
        return _fetch(file, spans, meter)
    try:
        descriptor = os.open(file, os.O_RDONLY)
    except OSError as error:
        raise InputError(f"{file} cannot be read ({error.strerror}): give a file that can.") from error
    try:
        if len(spans) > 1 and hasattr(os, "posix_fadvise"):
            # The disk may start on all of them at once, and need not read ahead of any.
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_RANDOM)
            for start, end in spans:
                os.posix_fadvise(descriptor, start, end - start, os.POSIX_FADV_WILLNEED)
        return _read(file, descriptor, spans, meter)
    finally:
        os.close(descriptor)


def _fetch(file: RemoteFile, spans: Sequence[Span], meter: Meter) -> bytes:
    def fetch(span: Span) -> bytes:
        data, arrived, requests = file.read(*span)
        meter.add(Traffic(arrived, requests))
        return data

    if len(spans) == 1:
        return fetch(spans[0])
    with ThreadPoolExecutor(_THREADS) as pool:
        try:
            return b"".join(pool.map(fetch, spans))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _read(file: Path, descriptor: int, spans: Sequence[Span], meter: Meter) -> memoryview:
    # An array and not bytes, which would be filled with zeros first.
    whole = np.empty(sum(end - start for start, end in spans), np.uint8).data
    filled = reads = 0
    for start, end in spans:
        stop = filled + end - start
        while filled < stop:  # one read gives at most 2 GiB
            got = os.preadv(descriptor, [whole[filled:stop]], end - (stop - filled))
            if not got:
                raise InputError(f"{file} was cut off while it was being read: save or download it again.")
            filled += got
            reads += 1
    meter.add(Traffic(filled, reads))
    return whole
