"""Checkpoints in the store: a row each, under one fingerprint.

A checkpoint whose weights were not read has a provisional fingerprint. Once they are read, the store knows
which checkpoint that stands for. Readers need not ask: `cache.merged` shows every row under the checkpoint's
own fingerprint. Whoever is about to look for a checkpoint's rows, or to add some, asks `subject_of`, and says
with `remember_aliases` what it has read.
"""

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
