"""What is shown of kNN-LM and of accuracy without labels: shipped tables, and the studies of this store."""

from typing import TYPE_CHECKING, Any

from cache import text_studies
from cache.store import Store
from cache.tasks.knnlm import StudiedKnn
from cache.tasks.label_free import StudiedLabelFree
from core.studies.decoder_figures import (
    KNNLM,
    LABEL_FREE,
    QUERIES,
    key_results,
    knnlm_table,
    label_free_table,
    shipped,
)

if TYPE_CHECKING:
    import pandas as pd

    from core.studies.knnlm import Verdict


def keys(one: StudiedKnn) -> "pd.DataFrame":
    """A result as `core.studies.decoder_figures.knnlm_table`, with what it is of."""
    plain = one.plain
    of = {name: getattr(one, name) for name in ("name", "train", "validation", "test", "neighbours")}
    of |= {name: getattr(plain, name) for name in ("train_tokens", "validation_tokens", "test_tokens")}
    of |= {"length": plain.length, "chunks": plain.chunks, "note": plain.note}
    return _of(of, knnlm_table(one.keys, plain.perplexity, plain.validation_perplexity))


def curve(one: StudiedLabelFree) -> "pd.DataFrame":
    """A result as `core.studies.decoder_figures.label_free_table`, with what it is of and what is known."""
    of = {name: getattr(one, name) for name in ("name", "calibration", "unlabelled", "layer", "accuracy")}
    of |= {name: getattr(one, name) for name in ("confidence", "mean_confidence", "truth")}
    return _of(of | {"note": "; ".join(one.notes) or None}, label_free_table(one.curve, one.estimate))


def queries(one: StudiedLabelFree) -> "pd.DataFrame":
    """The queries of a result, the one that adds least to dispersion first: row (of the file, from 1), text,
    distance, change, confidence and correct; without columns of which nothing is known."""
    import pandas as pd

    names = ["row", "text", "distance", "change", "confidence", "correct"]
    rows = [[getattr(query, name) for name in names] for query in one.queries]
    return pd.DataFrame(rows, columns=names).dropna(axis="columns", how="all")


def verdict_of(table: "pd.DataFrame") -> "Verdict | None":
    """Whether the most dispersed key of a table, as `keys`, was the best."""
    from core.studies.knnlm import verdict

    return verdict(key_results(table))


def _of(of: dict[str, Any], table: "pd.DataFrame") -> "pd.DataFrame":
    import pandas as pd

    same = pd.DataFrame([of] * len(table)).rename(columns={"name": "checkpoint"})
    return pd.concat([same, table], axis="columns")


def knnlm(store: Store) -> "dict[str, pd.DataFrame]":
    """Each study of kNN-LM by its title, as `keys`: those of this store first, and of these the newest; of
    several with one title the newest counts."""
    found: dict[str, pd.DataFrame] = {}
    for table in map(keys, text_studies.kept(store, StudiedKnn)):
        found.setdefault(_knnlm_title(table), table)
    for _, table in shipped(KNNLM).groupby("checkpoint", sort=False):
        found.setdefault(_knnlm_title(table), table.reset_index(drop=True))
    return found


def label_free(store: Store) -> "dict[str, tuple[pd.DataFrame, pd.DataFrame]]":
    """Each study of accuracy without labels by its title, in the order of `knnlm`: `curve` and `queries`.

    The shipped queries have no text.
    """
    found: dict[str, tuple[pd.DataFrame, pd.DataFrame]] = {}
    for one in text_studies.kept(store, StudiedLabelFree):
        found.setdefault(_set(table := curve(one)), (table, queries(one)))
    table = shipped(LABEL_FREE)
    found.setdefault(_set(table), (table, shipped(QUERIES)))
    return found


def _knnlm_title(table: "pd.DataFrame") -> str:
    first = table.iloc[0]
    return f"{first['checkpoint']}, {first['train_tokens']:,} tokens of {first['train']}"


def _set(table: "pd.DataFrame") -> str:
    import pandas as pd

    first = table.iloc[0]
    return f"{first['checkpoint']}, {first['calibration' if pd.isna(first['unlabelled']) else 'unlabelled']}"
