"""Labelled text that was uploaded, kept by content, and what the store holds of a label set.

A browser's upload lives only as long as its session, and the job that reads it may run tomorrow: so the file
is kept as it is, under its name, in `labelled/DIGEST` beside the store, or `questions/DIGEST`.
"""

import hashlib
import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from cache import limited
from cache.files import replacing, writable
from cache.remembered import by_state
from cache.store import Store
from core.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from core.corpora.labelled import Columns


def keep(store: Store, content: bytes, name: str, kind: str = "labelled") -> Path:
    """The place of an uploaded file, kept there where it is not yet.

    kind: the folder beside the store; one of `cache.limited_process.KINDS`.
    Errors: InputError for a file that cannot be read, or takes too much to read (`cache.limited`).
    """
    digest = hashlib.blake2b(content, digest_size=16).hexdigest()
    path = store.folder / kind / digest / Path(name).name
    if path.exists():
        with suppress(OSError):
            path.parent.touch()  # else it may be swept away as unused, see `cache.sweeping`
    else:
        with writable(store.folder):
            path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(path) as temporary:
                temporary.write_bytes(content)
            if not limited.harmless([path]):
                try:
                    limited.read(kind, path.name, len(content), file=str(path))
                except InputError:
                    path.unlink()
                    raise
    return path


def look(path: Path) -> "tuple[pd.DataFrame, Columns | None]":
    """The rows of a table, and which columns text and label are, where only one reading is left.

    Errors: InputError for a file that cannot be read as a table.
    """
    from core.corpora.labelled import guess
    from core.tables import read_table

    frame, _ = read_table(path, path.name)
    try:
        return frame, guess(frame, path.name)
    except InputError:
        return frame, None


@by_state(8)
def measured(store: Store, digest: str) -> "pd.DataFrame":
    """What the store holds of the label set of that digest, of vectors averaged over layers.

    Returns: index: name of the checkpoint; columns: each measure of labels that one has, and `MEASURE_error`,
    its standard error; best by the first measure on top.
    """
    from core.measures.labelled import NAMES

    long = store.query(
        "SELECT c.name, m.subject, m.measure, m.value, m.standard_error FROM measurements m "
        "JOIN clouds k USING (cloud) JOIN checkpoints c ON c.subject = m.subject "
        "WHERE m.parameters = ? AND k.layer IS NULL AND m.value IS NOT NULL AND NOT isnan(m.value)",
        [json.dumps({"labels": digest})],
    )
    names = [name for name in NAMES if name in set(long["measure"])]
    wide = long.pivot_table(index=["name", "subject"], columns="measure", values="value").reindex(
        columns=names
    )
    errors = long.pivot_table(index=["name", "subject"], columns="measure", values="standard_error")
    wide = wide.join(errors.reindex(columns=names).add_suffix("_error")).droplevel("subject")
    return wide.sort_values(names[0], ascending=False) if names else wide
