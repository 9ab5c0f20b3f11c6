"""Stars and notes that a user gives checkpoints."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cache.remembered import by_state
from cache.store import Store

if TYPE_CHECKING:
    import pandas as pd

MOST = 500  # characters of a note


@by_state(4)
def marks(store: Store) -> "pd.DataFrame":
    """Index: subject; starred (bool) and note ("" for none) of every checkpoint that was ever marked."""
    frame = store.query("SELECT subject, starred, note FROM marks").set_index("subject")
    return frame.assign(starred=frame["starred"].eq(True), note=frame["note"].fillna(""))


def mark(store: Store, subject: str, *, starred: bool | None = None, note: str | None = None) -> None:
    """Set the star or the note of a checkpoint (None: as it was); a note is cut at MOST characters."""
    before = marks(store)
    known = before.loc[subject] if subject in before.index else {"starred": False, "note": ""}
    row = {
        "subject": subject,
        "starred": bool(known["starred"]) if starred is None else starred,
        "note": str(known["note"]) if note is None else note.strip()[:MOST],
        "created_at": datetime.now(UTC).replace(tzinfo=None),
    }
    store.add("marks", [row])
    store.ingest()
