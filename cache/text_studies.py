"""Results of the studies of a text that a checkpoint reads, kept as one JSON file each.

A file is named by a key of all that its numbers depend on, so that a study with the same choices is read and
not computed again.
"""

import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from cache.documents import from_json
from cache.files import Remembered, key, now, read_json, writable, write_json
from cache.requests import Progress, Subject, Vectors
from cache.results import Result
from cache.store import Store
from cache.tasks import called
from core.errors import InputError

if TYPE_CHECKING:
    from core.checkpoints.resolve import Checkpoint

Made = TypeVar("Made", bound=Result)


def checkpoint_of(
    store: Store, subject: Subject, roots: Iterable[Path] | None, tell: Progress
) -> "Checkpoint":
    """The checkpoint that a subject names; InputError for a file of vectors, which reads no text."""
    from core.checkpoints.resolve import resolve

    if isinstance(subject, Vectors):
        raise InputError(f"{subject.name} is a file of vectors, which reads no text: give a checkpoint.")
    tell("reading the checkpoint", 0, 0, "")
    return resolve(
        subject.path or subject.name,
        roots=roots,
        revision=subject.revision,
        digests=Remembered(store.folder / "digests"),
    )


def key_of(*parts: object) -> str:
    """The key of a study: 32 hex digits over what its numbers depend on, values that JSON can hold."""
    return key("text study", *parts)


def find(store: Store, kind: type[Made], name: str) -> Made | None:
    """What was kept under a key, or None where there is none, or one that cannot be read."""
    content = read_json(store.folder / "text_studies" / f"{kind.__name__}-{name}.json")
    try:
        return None if content is None else from_json(kind, content["result"])
    except (ValueError, KeyError, TypeError):
        return None


def again(store: Store, kind: type[Made], name: str, subject: Subject, started: float) -> Made | None:
    """What was kept of a subject, as `find`, called as it is now; seconds since `started`, a perf_counter."""
    if (kept := find(store, kind, name)) is None:
        return None
    of: dict[str, Any] = {"subject": subject.name, "name": called(subject), "cached": True}
    return replace(kept, **of, seconds=time.perf_counter() - started)  # type: ignore[call-arg]


def keep(store: Store, name: str, result: Result) -> None:
    """Keep a result under its key."""
    folder = store.folder / "text_studies"
    with writable(store.folder):
        folder.mkdir(parents=True, exist_ok=True)
        content = {"created_at": now().isoformat(), "result": result.to_json()}
        json.dumps(content, allow_nan=False)  # what is undefined is None
        write_json(folder / f"{type(result).__name__}-{name}.json", content)


def kept(store: Store, kind: type[Made]) -> Iterator[Made]:
    """Every result of a kind, the newest first."""
    found = [read_json(path) for path in (store.folder / "text_studies").glob(f"{kind.__name__}-*.json")]
    for content in sorted(filter(None, found), key=lambda one: one.get("created_at", ""), reverse=True):
        try:
            yield from_json(kind, content["result"])
        except (ValueError, KeyError, TypeError):
            continue
