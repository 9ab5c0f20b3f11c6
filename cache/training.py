"""What pages draw of the studies that train models: the shipped figures, and the runs of this store."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cache import text_studies
from cache.store import Store
from cache.tasks.push_away import StudiedPushAway
from core.studies import training_tables as tables
from core.wording import training as wording

if TYPE_CHECKING:
    import pandas as pd

OWN, SHIPPED = "trained here", "shipped with the program"


def push_away(store: Store) -> "pd.DataFrame":
    """The table of `training_tables` with a column `origin`: of each setting what was trained here last, else
    what is shipped.
    """
    import pandas as pd

    frames = {}
    for name, rows in tables.shipped("push_away").groupby("setting", sort=False):
        frames[name] = rows.assign(origin=SHIPPED)
    seen = set()
    for one in text_studies.kept(store, StudiedPushAway):
        if one.subject not in seen:
            seen.add(one.subject)
            own = tables.table("push_away", tables.push_away_rows(one.subject, one.runs))
            frames[one.subject] = own.assign(origin=OWN)
    empty = tables.table("push_away", []).assign(origin="")
    return pd.concat(list(frames.values()), ignore_index=True) if frames else empty


@dataclass(frozen=True)
class Compared:
    """Runs of one setting for a page.

    sentences: what they show. table: differences. chosen: by learning rate, the rows of the plain runs and of
    the chosen λ.
    """

    sentences: list[str]
    table: "pd.DataFrame"
    chosen: "list[tuple[float, pd.DataFrame]]"


def compared(rows: "pd.DataFrame") -> Compared:
    """What a page shows of the rows of one setting."""
    import pandas as pd

    made = tables.push_away_comparisons(rows)
    pushes = {one.rate: one.push for one in made}
    chosen = [
        (rate, rows[(rows["rate"] == rate) & rows["push"].isin([0.0, push])]) for rate, push in pushes.items()
    ]
    table = pd.DataFrame(
        [
            (
                one.domain,
                one.step,
                one.rate,
                one.push,
                one.plain,
                one.pushed,
                one.difference,
                one.low,
                one.high,
            )
            for one in made
        ],
        columns=[
            *("Text", "Steps", "Learning rate", "λ", "Without", "With the loss"),
            *("Difference", "Low", "High"),
        ],
    )
    return Compared(wording.of_push_away(made, tables.push_away_runs(rows)), table, chosen)
