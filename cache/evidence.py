"""The evidence of measures: what it rests on in the store, the choices, and what was computed of them.

Correlations of all measures with a score take seconds to minutes, so a job computes them
(cache.tasks.evidence) and keeps them in the store's folder under a key of all that they rest on.
"""

import difflib
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cache import files
from cache.documents import from_json, to_json
from cache.remembered import by_state
from cache.store import Store
from cache.tables import one_row_each
from core.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from core.evidence.association import Association
    from core.evidence.correlation_matrix import Matrix

ALL, PERTURBED = "all", "perturbed"
FEWEST = 3  # checkpoints with both numbers for a correlation to be tried
VERSION = 1  # of what is computed: rises when a statistic changes


@dataclass(frozen=True)
class Material:
    """rows: checkpoints with measures, scores, facts; covariates: of the same; metrics: of each score."""

    rows: "pd.DataFrame"
    covariates: "pd.DataFrame"
    measures: list[str]
    scores: list[str]
    metrics: dict[str, str]


@by_state(4)
def material(store: Store) -> Material:
    """Everything that evidence rests on, out of the store's newest snapshot."""
    from core.evidence.covariates import covariates_of

    data = one_row_each(store)
    beside = covariates_of(data.rows, store.query("SELECT * FROM covariates"))
    return Material(data.rows, beside, data.measures, data.scores, data.metrics)


def sets_of(rows: "pd.DataFrame") -> "dict[str, pd.DataFrame]":
    """The sets of checkpoints that can be looked at, by name: all, those of each reference, each family."""
    here = rows["origin"] != "published"
    encoder, decoder = (rows["kind"].eq(name) if "kind" in rows else False for name in ("encoder", "decoder"))
    references = {
        PERTURBED: (rows["variant"] == PERTURBED) & ~here,
        "own": here,
        "encoders": here & encoder,
        "decoders": here & decoder,
    }
    families = {str(name): rows["family"] == name for name in sorted(rows["family"].unique())}
    kept = {name: mask for name, mask in (families | references).items() if mask.any()}
    order = [name for name in (*references, *families) if name in kept]
    return {ALL: rows} | {name: rows[kept[name]] for name in order}


def choices(rows: "pd.DataFrame") -> list[str]:
    """The names of `sets_of`."""
    return list(sets_of(rows))


def chosen(rows: "pd.DataFrame", name: str) -> "pd.DataFrame":
    """The rows of a set. Raises InputError for a set that `choices` does not name."""
    offered = sets_of(rows)
    if name not in offered:
        raise InputError(
            f"There is no set of checkpoints called {name!r}: choose among {', '.join(offered)}."
        )
    return offered[name]


def tried(rows: "pd.DataFrame", measures: list[str], score: str) -> list[str]:
    """The measures that a few of the rows have beside the score: those that q-values are over."""
    counts = rows.loc[rows[score].notna(), measures].notna().sum()
    return [name for name in measures if counts[name] >= FEWEST]


@by_state(4)
def associated(store: Store) -> list[str]:
    """The scores that a few checkpoints have beside some measure."""
    data = material(store)
    return [score for score in data.scores if tried(data.rows, data.measures, score)]


def require(data: Material, measure: str, score: str) -> None:
    """Raises InputError where the store has no such measure or no such score."""
    for name, available, what, remedy in (
        (measure, data.measures, "measure", "measure it first; the store has"),
        (score, data.scores, "score", "import it first; the store has"),
    ):
        if name not in available:
            close = difflib.get_close_matches(name, available)
            hint = f" (did you mean {' or '.join(close)}?)" if close else ""
            raise InputError(
                f"The store has no {what} {name!r}{hint}: {remedy} {'; '.join(available) or 'none'}."
            )


@dataclass(frozen=True)
class Computed:
    """What a job computed: each measure's association with the score, and how measures correlate."""

    associations: "list[Association]"
    matrix: "Matrix"


def key(data: Material, score: str, checkpoints: str, covariates: Sequence[str]) -> str:
    """32 hex over everything that the evidence of these choices rests on.

    Arguments:
        checkpoints: a set that `choices` names; covariates: what to control for; none: all that are known.
    """
    import pandas as pd

    rows = chosen(data.rows, checkpoints)
    columns = ["family", score, *data.measures]
    digest = hashlib.blake2b(digest_size=16)
    for frame in (rows[columns], data.covariates.reindex(rows.index)):
        digest.update(pd.util.hash_pandas_object(frame).to_numpy().tobytes())
        digest.update(json.dumps(list(frame.columns)).encode())
    asked = (score, data.metrics[score], checkpoints, *covariates)
    return files.key(VERSION, digest.hexdigest(), *asked)


@by_state(64)
def key_of(store: Store, score: str, checkpoints: str, covariates: tuple[str, ...]) -> str:
    """`key` of what the store holds."""
    return key(material(store), score, checkpoints, covariates)


def compute(
    data: Material,
    score: str,
    checkpoints: str,
    covariates: Sequence[str],
    tell: Callable[[int, int], None] = lambda done, total: None,
) -> Computed:
    """Correlate every measure with the score, and the measures with each other. tell: done, total."""
    from core.evidence.association import associations
    from core.evidence.correlation_matrix import correlation_matrix

    rows = chosen(data.rows, checkpoints)
    measures = tried(rows, data.measures, score)
    made = associations(
        rows,
        data.covariates,
        measures,
        score,
        asked=list(covariates) or None,
        metric=data.metrics[score],
        tell=lambda done: tell(done, len(measures)),
    )
    return Computed(made, correlation_matrix(rows, data.measures))


def save(store: Store, name: str, computed: Computed) -> None:
    """Keep what was computed under its key. Raises InputError for a store that cannot be written."""
    rho, n = (frame.to_numpy().tolist() for frame in (computed.matrix.rho, computed.matrix.n))
    content = {
        "associations": [to_json(entry) for entry in computed.associations],
        "matrix": {
            "measures": list(computed.matrix.rho.index),
            "rho": rho,
            "n": n,
            "groups": computed.matrix.groups,
        },
    }
    with files.writable(store.folder):
        _path(store, name).parent.mkdir(exist_ok=True)
        files.write_json(_path(store, name), content)


def read(store: Store, name: str) -> Computed | None:
    """What was computed under that key, or None."""
    import pandas as pd

    from core.evidence.association import Association
    from core.evidence.correlation_matrix import Matrix

    content = files.read_json(_path(store, name))
    if not content:
        return None
    matrix, names = content["matrix"], content["matrix"]["measures"]
    rho, n = (pd.DataFrame(matrix[name], names, names) for name in ("rho", "n"))
    groups = tuple(tuple(group) for group in matrix["groups"])
    return Computed(
        [from_json(Association, entry) for entry in content["associations"]], Matrix(rho, n, groups)
    )


def _path(store: Store, name: str) -> Path:
    return store.folder / "evidence" / f"{name}.json"
