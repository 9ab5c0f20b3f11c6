"""Checkpoints in the store: a row each, under one fingerprint.

A checkpoint whose weights were not read has a provisional fingerprint. Once they are read, the store knows
which checkpoint that stands for. Readers need not ask: `cache.merged` shows every row under the checkpoint's
own fingerprint. Whoever is about to look for a checkpoint's rows, or to add some, asks `subject_of`, and says
with `remember_aliases` what it has read.
"""

from collections.abc import MutableMapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from cache.files import now
from cache.store import Store

if TYPE_CHECKING:
    from core.checkpoints.resolve import Checkpoint


def row_of(checkpoint: "Checkpoint", written: str) -> dict[str, Any]:
    """The row of `checkpoints` of a checkpoint, which the user wrote as `written`."""
    row = asdict(checkpoint.facts) | {
        "subject": checkpoint.fingerprint,
        "name": checkpoint.name,
        "origin": "measured",
        "source": checkpoint.source,
        "path": None if checkpoint.remote else str(checkpoint.folder),
        "revision": checkpoint.revision,
    }
    if checkpoint.recipe is None:
        return row
    return row | {
        "source": "variant",
        "path": written,
        "base": checkpoint.base,
        "variant": checkpoint.recipe.variant,
        "alpha": checkpoint.recipe.alpha,
    }


def keep(store: Store, row: dict[str, Any]) -> None:
    """Add a row of `checkpoints`, unless its subject has one."""
    if store.query("SELECT 1 FROM checkpoints WHERE subject = ?", [row["subject"]]).empty:
        store.add("checkpoints", [row | {"added_at": now()}])


def subject_of(store: Store, fingerprint: str) -> str:
    """The own fingerprint of the checkpoint that a fingerprint stands for, else the same."""
    rows = store.query("SELECT subject FROM aliases WHERE provisional = ?", [fingerprint])
    return fingerprint if rows.empty else str(rows["subject"][0])


def remember_aliases(
    store: Store, checkpoint: "Checkpoint", digests: MutableMapping[str, str] | None = None
) -> None:
    """Add which fingerprints a checkpoint had, or may be given, unread; they count once they are ingested.

    Nothing is added for one that is provisional itself, for what is known, and for a variant, which has no
    files of its own. digests: as in `core.checkpoints.resolve.resolve`.
    """
    from core.checkpoints import fingerprints
    from core.weights.tensor_files import weight_files

    if checkpoint.provisional or checkpoint.recipe is not None:
        return
    unread = fingerprints.unread(weight_files(checkpoint.folder))
    first = fingerprints.fingerprint(checkpoint.folder, unread, digests)
    if subject_of(store, first) == checkpoint.fingerprint:
        return
    names = fingerprints.provisional(checkpoint.folder, checkpoint.revision, digests)
    row = {"subject": checkpoint.fingerprint, "created_at": now()}
    store.add("aliases", [row | {"provisional": name} for name in names])


def rename(store: Store, subject: str, name: str) -> None:
    """Call a checkpoint by its hub id where the store has it under a name that means another or none.

    Its earlier name stays one of its names. What names mean: `core.scores.names`.
    """
    from core.scores.names import match

    rows = store.query("SELECT * FROM checkpoints WHERE subject = ?", [subject])
    if rows.empty:
        return
    row = rows.astype(object).where(rows.notna(), None).iloc[0].to_dict()
    if not match([name], {subject: filter(None, (row["name"], row["path"]))}).found:
        earlier = {"subject": subject, "name": row["name"], "path": row["path"] or "", "created_at": now()}
        store.add("names", [earlier])
        store.add("checkpoints", [row | {"name": name}])
        store.ingest()


def keep_name(store: Store, row: dict[str, Any]) -> None:
    """Remember what a checkpoint is called here, where the store has it under another name or place.

    row: of `checkpoints`. A second copy of a checkpoint is the same one, and its scores may use either name.
    """
    called = row["name"], row["path"] or ""
    names_before = store.query(
        "SELECT name, coalesce(path, '') FROM checkpoints WHERE subject = $subject "
        "UNION ALL SELECT name, path FROM names WHERE subject = $subject",
        {"subject": row["subject"]},
    )
    if len(names_before) and called not in set(names_before.itertuples(index=False, name=None)):
        names = dict(zip(("name", "path"), called, strict=True))
        store.add("names", [names | {"subject": row["subject"], "created_at": now()}])
