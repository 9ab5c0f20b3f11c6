"""At what text and size cell measures were taken: only those of one sample and size are compared.

Patchiness and its relatives fall with the number of vectors that the quantizer is trained on: that of one
cloud can double when an eighth of it is taken. So each value belongs to a sample: the published protocol
(arXiv 2406.12159: 5,000 sequences of PTB + WikiText-2, every token, last layer, all vectors, how many its
tables do not say), or a text with a number of vectors. Only default M, k and engine are looked at here.

Not covered: two tokenizers cut the same 5,000 sequences into different numbers of vectors, in the published
tables too; there the protocol is the same, the size is not.
"""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from core.measures import MEASURES

PUBLISHED = "published"
TABLES = "published:arxiv-2406.12159/"  # how its subjects' ids begin
PUBLISHED_TEXT = {"corpus": "ptb+wikitext-2", "sequences": 5000, "position": "all"}
NAMES = frozenset(name for name, measure in MEASURES.items() if measure.quantizer)

_COLUMNS = ["subject", "measure", "sample", "value", "error", "over", "n", "whole"]


@dataclass(frozen=True)
class Sample:
    """A text and a number of vectors. n None: all vectors of the published protocol. layer None: the last."""

    id: str
    corpus: str
    sequences: int | None
    position: str = "all"
    layer: int | None = None
    max_length: int | None = None
    n: int | None = None

    @property
    def title(self) -> str:
        """As a person says it."""
        if self.id == PUBLISHED:
            return "The published protocol: 5,000 sequences, all vectors"
        words = [f"{self.n:,} vectors", f"of {self.corpus}"]
        words += [f"({self.sequences:,} sequences)"] if self.sequences else []
        words += [f"layer {self.layer}"] if self.layer is not None else []
        words += [{"last": "last tokens", "mean": "means"}[self.position]] if self.position != "all" else []
        words += [f"cut at {self.max_length}"] if self.max_length else []
        return " ".join(words)


def sample_of(identity: str) -> Sample:
    """The sample with that id."""
    if identity == PUBLISHED:
        return Sample(PUBLISHED, "ptb+wikitext-2", 5000)
    corpus, sequences, position, layer, max_length, n = json.loads(identity)
    return Sample(identity, corpus, sequences, position, layer, max_length, n)


def cell_values(clouds: pd.DataFrame, measurements: pd.DataFrame, layers: pd.Series) -> pd.DataFrame:
    """Every cell measure at every sample it was taken at, a row each.

    Arguments:
        clouds, measurements: the store's tables. layers: of each checkpoint (index: subject), NaN: unknown.

    Returns: columns subject, measure, sample (id), value (mean over text samples of the mean over seeds),
    error (sd between text samples, else between seeds, else NaN), over ("text samples", "quantizer seeds" or
    ""), n (of the first text sample), whole (all vectors of the cloud).
    """
    kept = measurements[measurements["measure"].isin(NAMES)].dropna(subset=["value"])
    settings = kept["parameters"].fillna("{}").map(json.loads)
    kept = kept.assign(at=[entry.get("n") for entry in settings])
    kept = kept[np.array([set(entry) <= {"n"} for entry in settings], bool)]
    newest = kept.groupby(["subject", "cloud", "measure"])["version"].transform("max")
    kept = kept[kept["version"] == newest]
    if kept.empty:
        return pd.DataFrame(columns=_COLUMNS)
    made = clouds.reindex(
        columns=["cloud", "corpus", "sequences", "text_seed", "layer", "position", "max_length"]
    )
    long = kept.merge(made, on="cloud", how="left")
    long["whole"] = long["at"].isna()
    last = long["layer"].isna() | (long["layer"] == long["subject"].map(layers))
    long["layer"] = long["layer"].mask(last)
    protocol = long["whole"] & last & long["max_length"].isna()
    for column, value in PUBLISHED_TEXT.items():
        protocol &= (long[column] == value).fillna(False).astype(bool)
    long["protocol"] = protocol | long["subject"].str.startswith(TABLES)
    # Another text sample of the same text has a few vectors more or less: all go by the first one's size.
    size = ["subject", "corpus", "sequences", "position", "layer", "max_length", "at"]
    long = long.sort_values(["text_seed", "seed"])
    n = long.groupby(size, dropna=False)["n"].transform("first")
    long["n"] = n.where(n.notna(), np.nan)
    long["sample"] = [PUBLISHED if row["protocol"] else _identity(row) for row in long.to_dict("records")]
    keys = ["subject", "measure", "sample"]
    per_cloud = long.groupby([*keys, "cloud"], sort=False)["value"]
    clouds_apart = per_cloud.mean().groupby(keys)
    text, count = clouds_apart.std(), clouds_apart.size()
    seeds = per_cloud.std().groupby(keys).first()
    several = count > 1
    values = pd.DataFrame(
        {
            "value": clouds_apart.mean(),
            "error": text.where(several, seeds),
            "over": np.where(several, "text samples", np.where(seeds.notna(), "quantizer seeds", "")),
            "n": long.groupby(keys)["n"].first(),
            "whole": long.groupby(keys)["whole"].first(),
        }
    )
    return values.reset_index()[_COLUMNS]


def _identity(row: dict) -> str:
    def whole_number(value: Any) -> int | None:
        return None if pd.isna(value) else int(value)

    corpus = row["corpus"] if isinstance(row["corpus"], str) else "text unknown here"
    position = row["position"] if isinstance(row["position"], str) else "all"
    numbers = [whole_number(row[key]) for key in ("layer", "max_length", "n")]
    return json.dumps([corpus, whole_number(row["sequences"]), position, *numbers])


def samples(values: pd.DataFrame, measures: list[str] | None = None) -> list[Sample]:
    """The samples among `values` (of `cell_values`) that `measures` have, most checkpoints first."""
    kept = values if measures is None else values[values["measure"].isin(measures)]
    counts = kept.groupby("sample")["subject"].nunique()
    order = sorted(counts.index, key=lambda name: (-counts[name], name != PUBLISHED, name))
    return [sample_of(name) for name in order]


def left_out(values: pd.DataFrame, sample: str, measures: list[str]) -> dict[str, tuple[Sample, ...]]:
    """Subjects with a value of `measures`, but not at `sample` → at which others, the largest first."""
    asked = [name for name in measures if name in NAMES]
    others: dict[str, tuple[Sample, ...]] = {}
    for subject, rows in values[values["measure"].isin(asked)].groupby("subject"):
        if set(asked) - set(rows.loc[rows["sample"] == sample, "measure"]):
            elsewhere = samples(rows[rows["sample"] != sample])
            if elsewhere:
                others[str(subject)] = tuple(sorted(elsewhere, key=lambda other: -(other.n or 0)))
    return others
