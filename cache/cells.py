"""What the store holds of quantized clouds, as the page on them draws it."""

import json
from typing import TYPE_CHECKING

from cache.remembered import by_state, once
from cache.store import Store
from cache.tasks.cell_study import cell_rows, curve_rows

if TYPE_CHECKING:
    import pandas as pd

    from core.cells.example import Example

USUAL = {
    "M": 4,
    "k": 256,
    "engine": "own",
}  # the sizes that measures are taken at unless others are asked for


@once
def example() -> "Example | None":
    """The quantized checkpoint that comes with the program."""
    from core.cells.example import read

    return read()


@by_state(4)
def drawn(store: Store) -> "pd.DataFrame":
    """Every quantized cloud that can be drawn, newest last: the rows of `curve_rows`, with `curves` read into
    `core.cells.curves.Curves`, None for what is unknown, and `id`, which a link can carry.
    """
    from core.cells.curves import Curves

    rows = curve_rows(store)
    rows = rows.astype(object).where(rows.notna(), None)
    curves = [Curves(**json.loads(text)) for text in rows["curves"]]
    size = rows["at"].map(lambda at: "" if at is None else f"-{at:.0f}")
    return rows.assign(curves=curves, id=rows["subject"].str[:8] + "-" + rows["cloud"].str[:8] + size)


@by_state(4)
def values(store: Store) -> "pd.DataFrame":
    """Every cell measurement taken here; see `cell_rows`."""
    return cell_rows(store)


@by_state(4)
def usual(store: Store) -> "pd.DataFrame":
    """`values` at the usual sizes."""
    rows = values(store)
    for column, value in USUAL.items():
        rows = rows[rows[column] == value]
    return rows


def spread(store: Store, cloud: str, n: int) -> "pd.DataFrame":
    """Of one cloud at n vectors: mean, std and size over quantizer seeds, a row a measure (the index)."""
    rows = usual(store)
    kept = rows[(rows["cloud"] == cloud) & (rows["n"] == n)]
    return kept.groupby("measure")["value"].agg(["mean", "std", "size"])


@by_state(32)
def growth(store: Store, measure: str) -> "pd.DataFrame":
    """A measure at several numbers of vectors, of the checkpoints that have it at more than one.

    Of each checkpoint one text sample is shown, since another has other vectors: that with most sizes.
    Returns: name, subject, n, value (mean over quantizer seeds), sd, seeds, low and high (value ± sd).
    """
    rows = usual(store)
    rows = rows[rows["measure"] == measure]
    sizes = rows.groupby(["subject", "cloud"])["n"].nunique().sort_values(kind="stable")
    best = sizes[sizes > 1].reset_index().drop_duplicates("subject", keep="last")["cloud"]
    grouped = rows[rows["cloud"].isin(best)].groupby(["name", "subject", "n"])["value"]
    shown = grouped.agg(value="mean", sd="std", seeds="size").reset_index().sort_values(["name", "n"])
    return shown.assign(low=shown["value"] - shown["sd"], high=shown["value"] + shown["sd"])


@by_state(32)
def orders(store: Store, measure: str) -> tuple["pd.DataFrame", "pd.DataFrame"]:
    """How the number of cells orders the checkpoints: ranks at each M and k, and their agreement with the
    order at the usual sizes; see `core.cells.sweep`.
    """
    from core.cells.sweep import agreement, comparable, ranks

    rows = values(store)
    kept = comparable(rows[rows["measure"] == measure])
    return ranks(kept), agreement(kept)
