"""What the hub said of the sizes of checkpoints, remembered so that they can be stated without a request."""

import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from cache.documents import from_json, to_json
from cache.files import Remembered
from cache.store import Store
from core.checkpoints.remote_size import matrix_bytes
from core.errors import InputError
from core.hub.listing import listing
from core.hub.patience import LONGEST_WAIT, patiently
from core.hub.remote import is_off

THREADS = 4


@dataclass(frozen=True)
class Asked:
    """What the hub said of a checkpoint: bytes of all its files and of the output matrix, parameters.

    problem: why it cannot be measured, in one sentence, or "".
    """

    bytes: int | None = None
    matrix: int | None = None
    parameters: int | None = None
    problem: str = ""


def remembered(store: Store, name: str) -> Asked:
    """What the hub said of a checkpoint when it was asked last."""
    try:
        return from_json(Asked, json.loads(_kept(store)[name]))
    except (KeyError, ValueError):
        return Asked()


def ask(
    store: Store,
    wanted: Mapping[str, bool],
    progress: Callable[[int, int], object] = lambda done, total: None,
    *,
    longest: float = LONGEST_WAIT,
) -> None:
    """Ask the hub how large checkpoints are, and remember it.

    wanted: hub id → whether the size of the output-embedding matrix is to be asked for too.
    progress: called with how many are done, of how many; may raise to stop. longest: seconds to wait where
    the hub was asked too often.
    Raises InputError where the hub is off.
    """
    if is_off():
        raise InputError("The hub cannot be asked while it is off (HF_HUB_OFFLINE is set): unset it.")
    with ThreadPoolExecutor(THREADS) as pool:
        waiting = [pool.submit(_ask, store, name, matrix, longest) for name, matrix in wanted.items()]
        try:
            for done, one in enumerate(waiting, start=1):
                one.result()
                progress(done, len(waiting))
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _ask(store: Store, name: str, with_matrix: bool, longest: float) -> None:
    before = remembered(store, name)
    try:
        listed = patiently(name, lambda: listing(name), longest=longest)
        matrix = before.matrix
        if with_matrix:
            digests = Remembered(store.folder / "digests")
            matrix = patiently(name, lambda: matrix_bytes(name, listed.commit, digests), longest=longest)
        asked = Asked(listed.bytes, matrix, listed.parameters)
    except InputError as error:
        asked = Asked(before.bytes, before.matrix, before.parameters, str(error))
    _kept(store)[name] = json.dumps(to_json(asked))


def _kept(store: Store) -> Remembered:
    return Remembered(store.folder / "hub_sizes")
