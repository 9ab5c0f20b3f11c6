"""What was imported: the list of it, what becomes of a score, and taking values out again."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cache.imports import KEY
from cache.remembered import by_state
from cache.store import Store
from cache.tables import one_row_each

if TYPE_CHECKING:
    import pandas as pd

KEYS = {"scores": KEY, "covariates": ("subject", "covariate", "source")}
COLUMNS = {
    "scores": ("name", "benchmark", "task", "metric", "split", "value", "source"),
    "covariates": ("name", "covariate", "value", "source"),
}


@dataclass(frozen=True)
class Standing:
    """How far an imported score is from a prediction.

    score: what pages and options call it; None: no checkpoint that is measured here has it. count: how many
    checkpoints that are measured alike have it. needed: how many a prediction needs.
    """

    task: str
    score: str | None
    count: int
    needed: int


def values(store: Store, table: str) -> "pd.DataFrame":
    """The imported rows of `scores` or `covariates`, the newest first.

    Returns: columns KEYS and COLUMNS of the table; `known`, whether the store has that checkpoint, and
    `replaced`, whether a newer value counts instead.
    """
    from core.scores.readings import attributed, replaced

    order = "added_at DESC, name" if table == "scores" else "name, covariate"
    frame = store.query(f"SELECT * FROM {table} WHERE origin = 'imported' ORDER BY {order}")
    rows = store.query("SELECT subject, name, path FROM checkpoints WHERE origin <> 'published'")
    called = {
        row.subject: [w for w in (row.name, row.path) if isinstance(w, str)] for row in rows.itertuples()
    }
    found = attributed(frame, called).index if len(frame) else []
    gone = replaced(frame) if table == "scores" else False
    return frame.assign(known=frame.index.isin(found), replaced=gone)


@by_state(4)
def standings(store: Store) -> list[Standing]:
    """Each imported score, the one that most checkpoints have first."""
    from core.prediction.references import FEWEST, sizes
    from core.scores.readings import IDENTITY

    overview = one_row_each(store)
    names = {overview.identities[name]: name for name in overview.scores}
    rows = store.query(f"SELECT DISTINCT {', '.join(IDENTITY)} FROM scores WHERE origin = 'imported'")
    listed = []
    for identity in rows.itertuples(index=False, name=None):
        score = names.get(identity)
        count = sizes(overview, score)["own"] if score else 0
        listed.append(Standing(str(identity[1]), score, count, FEWEST))
    return sorted(listed, key=lambda one: (-one.count, one.task))


def delete(store: Store, table: str, rows: "pd.DataFrame") -> int:
    """Take imported values out; how many those were.

    rows: some of `values`. An earlier import of the same score, if there is one, counts again. An import of
    the same file brings them back.
    """
    columns = [*KEYS[table], *COLUMNS[table], "origin"]
    kept = rows[list(dict.fromkeys(columns))].astype(object).to_dict("records")
    store.add(table, [row | {"deleted": True} for row in kept])
    store.ingest()
    return len(kept)
