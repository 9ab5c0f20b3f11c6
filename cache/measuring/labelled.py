"""Measuring labels at every layer of a checkpoint, and the rows of the store that come of it.

A measurement is identified as any other; its parameters hold the digest of texts and labels, since the same
texts may carry other labels. One that is undefined is a row without a value, whose note says why.
"""

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cache import checkpoints
from cache.files import now
from cache.measuring.layers import LayerCloud, Layers
from cache.requests import Progress
from cache.store import Store

if TYPE_CHECKING:
    from core.corpora.labelled import LabelledText

Key = tuple[str, str]  # cloud, measure


@dataclass(frozen=True)
class Value:
    """A measurement; value None: it is undefined, and note says why."""

    value: float | None
    standard_error: float | None
    note: str


def parameters_of(text: "LabelledText") -> str:
    """What tells measurements of one cloud and measure apart: JSON."""
    return json.dumps({"labels": text.digest})


def measured(
    store: Store,
    checkpoint: dict[str, Any],
    text: "LabelledText",
    names: list[str],
    layers: Layers,
    clouds: list[LayerCloud],
    tell: Progress,
) -> dict[Key, Value]:
    """Each measure of each layer: from the store, else measured and added to it; nothing is ingested.

    checkpoint: its row of `checkpoints`, added where the store lacks it.
    """
    from core.measures.labelled import MEAN, at_layer, measure_labelled

    parameters = parameters_of(text)
    known = _known(store, checkpoint["subject"], parameters)
    for index, cloud in enumerate(clouds):
        lacking = [name for name in names if (cloud.cloud, name) not in known]
        if not lacking:
            continue
        checkpoints.keep(store, checkpoint)
        tell("measures of labels", index, len(clouds), "layers")
        vectors = at_layer(layers.obtained, MEAN if cloud.layer is None else cloud.layer)
        values, undefined, seconds = measure_labelled(vectors, text.labels, lacking)
        found = {name: Value(one.value, one.standard_error, one.note or "") for name, one in values.items()}
        found |= {name: Value(None, None, why) for name, why in undefined.items()}
        common = {"subject": checkpoint["subject"], "cloud": cloud.cloud, "parameters": parameters, "seed": 0}
        common |= {"n": cloud.n, "d": cloud.d, "origin": "measured", "created_at": now()}
        of = f"labels in column {text.columns.label}"
        rows = [_row(name, one, seconds[name], cloud.note, of) for name, one in found.items()]
        store.add("measurements", [common | row for row in rows])
        known |= {(cloud.cloud, name): one for name, one in found.items()}
    return known


def _row(name: str, one: Value, seconds: float, note: str | None, of: str) -> dict[str, Any]:
    """What one measure adds to a row of `measurements`."""
    from core.measures import MEASURES

    return {
        "measure": name,
        "version": MEASURES[name].version,
        "value": one.value,
        "standard_error": one.standard_error,
        "note": one.note if one.value is None else "; ".join(filter(None, [note, of, one.note])),
        "seconds": seconds,
    }


def _known(store: Store, fingerprint: str, parameters: str) -> dict[Key, Value]:
    """What the store holds of a subject and a labelled text, at the versions of the registry."""
    from core.measures import MEASURES

    rows = store.query(
        "SELECT cloud, measure, version, value, standard_error, note FROM measurements "
        "WHERE subject = ? AND parameters = ?",
        [fingerprint, parameters],
    )

    def number(value: float) -> float | None:
        return None if math.isnan(value) else float(value)

    return {
        (cloud, measure): Value(number(value), number(error), str(note))
        for cloud, measure, version, value, error, note in rows.itertuples(index=False)
        if measure in MEASURES and version == MEASURES[measure].version
    }
