"""Which measurements of labels stand for a measure, where the same checkpoints have several.

A labelled text is a label set: other texts or other labels are another, and values compare within one only.
So all rows show the one that most checkpoints were measured on, of equally many the newest, averaged over
layers.
"""

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

from core.measures.registry import MEASURES

if TYPE_CHECKING:
    import pandas as pd

NAMES = frozenset(name for name, measure in MEASURES.items() if "labels" in measure.needs)


def shown(measurements: "pd.DataFrame", averaged: Iterable[str]) -> "pd.Series":
    """Whether each of `measurements` is one of labels that stands for its measure: boolean, same index.

    Arguments:
        measurements: of the store, with columns subject, cloud, measure, parameters, value and, to say which
            label set is the newest, created_at.
        averaged: clouds that are a mean over layers.
    """
    of_labels = measurements["measure"].isin(NAMES) & measurements["cloud"].isin(set(averaged))
    of_labels &= measurements["value"].notna()
    kept = measurements[of_labels]
    sets = kept["parameters"].map(label_set)
    grouped = kept.assign(set=sets, newest=kept.get("created_at", 0)).groupby("set")
    order = grouped.agg(subjects=("subject", "nunique"), newest=("newest", "max"))
    if len(order):
        chosen = order.sort_values(["subjects", "newest"]).index[-1]
        of_labels[of_labels] = (sets == chosen).to_numpy()
    return of_labels


def label_set(parameters: str) -> str:
    """The digest of the labelled text that a measurement's parameters name; "" where they name none."""
    return str(json.loads(parameters or "{}").get("labels", ""))
