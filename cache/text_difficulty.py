"""What the page of text by its difficulty draws: the shipped tables, and the studies of this store."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from cache import text_studies
from cache.store import Store
from cache.tasks.clusters import StudiedClusters
from cache.tasks.layers import StudiedLayers
from cache.tasks.perplexity import StudiedPerplexity
from core.studies import text_difficulty as tables

if TYPE_CHECKING:
    import pandas as pd

    from core.studies.perplexity import Association, Curve

OWN, SHIPPED = "measured here", "shipped"


def state(store: Store) -> str:
    """Changes when a study is added."""
    files = [path.name for path in (store.folder / "text_studies").glob("Studied*.json")]
    return f"{len(files)}-{hash(tuple(sorted(files)))}"


def table(store: Store, kind: str) -> "pd.DataFrame":
    """A table of `core.studies.text_difficulty` with a column `origin`; what was measured here comes first.

    Of several studies of one checkpoint and text the newest counts.
    """
    import pandas as pd

    own = tables.table(kind, list(_rows(store, kind)))
    shipped = tables.shipped(kind)
    parts = [frame.assign(origin=origin) for frame, origin in ((own, OWN), (shipped, SHIPPED)) if len(frame)]
    return pd.concat(parts, ignore_index=True)


def _rows(store: Store, kind: str) -> Iterator[dict[str, Any]]:
    seen = set()
    kinds: dict[str, Any] = {
        "points": (StudiedPerplexity, point_rows),
        "layers": (StudiedLayers, layer_rows),
        "clusters": (StudiedClusters, cluster_rows),
    }
    result, rows = kinds[kind]
    for one in text_studies.kept(store, result):
        if (one.name, one.corpus) not in seen:
            seen.add((one.name, one.corpus))
            yield from rows(one)


def point_rows(one: StudiedPerplexity) -> list[dict[str, Any]]:
    """Of one result, as `core.studies.text_difficulty.points`."""
    return tables.points(one.name, one.corpus, [one.whole, *one.contexts])


def layer_rows(one: StudiedLayers) -> list[dict[str, Any]]:
    """Of one result, as `core.studies.text_difficulty.layer_rows`."""
    return tables.layer_rows(one.name, one.corpus, one.layers)


def cluster_rows(one: StudiedClusters) -> list[dict[str, Any]]:
    """Of one result: a row."""
    fields = {field: getattr(one, field) for field in tables.COLUMNS["clusters"][2:]}
    return [{"checkpoint": one.name, "text": one.corpus} | fields]


def curve_of(rows: "pd.DataFrame") -> "Curve":
    """The curve that rows of a table "points" are the bins of."""
    from core.studies.perplexity import Curve, Point, association

    first, picked = rows.iloc[0], rows[rows["picked"].astype(bool)]
    points = [
        Point(float(row.perplexity), float(row.dispersion), int(row.segments), bool(row.picked))
        for row in rows.itertuples()
    ]
    both = [association(some["perplexity"], some["dispersion"]) for some in (picked, rows)]
    return Curve(int(first["tokens"]), int(first["layer"]), bool(first["last_token"]), points, *both)


def correlation_of(row: "pd.Series[Any]") -> "Association | None":
    """The correlation that a row of a table "layers" holds; None where there is no perplexity."""
    import pandas as pd

    from core.studies.perplexity import Association

    if pd.isna(row["n"]):
        return None
    sides = [f"{name}{end}" for name in ("pearson", "spearman") for end in ("", "_low", "_high")]
    return Association(int(row["n"]), *(None if pd.isna(row[one]) else float(row[one]) for one in sides))
