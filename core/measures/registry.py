"""What each measure is called, says and costs: the one list that tooltips, help texts and docs are made from.

The definitions stand with the code, in `dispersion`, `spread`, `cells` and `unembedding` beside this module.
"""

import difflib
import math
from collections.abc import Iterable
from dataclasses import dataclass

from core.errors import InputError

GEOMETRY = "Marbut et al. 2024, arXiv 2406.12159"
DISPERSION = "On the predictive power of representation dispersion in language models"
DISENTANGLING = "Disentangling geometry, performance, and training in language models"
ROY = "Roy and Vetterli 2007"


@dataclass(frozen=True)
class Measure:
    """One measure: an identifier, the words that explain it, and what may be expected of its values."""

    name: str
    title: str
    meaning: str  # one sentence for a reader who has not read the papers
    direction: str  # what a high or low value says
    source: str
    group: str  # a key of GROUPS
    low: float = 0.0
    high: float = math.inf
    cost: str = "one pass and d³"  # | "one pass" | "pairs" | "training"
    subject: str = "cloud"  # | "unembedding"
    estimated: bool = False  # True: the value has a sampling error of its own
    version: int = (
        1  # raised when the definition or its accuracy changes, so that stored values are not mixed
    )
    computed: bool = True  # False: only published values of it exist here


@dataclass(frozen=True)
class Measured:
    """One value, the standard error it has of its own (None: it has none) and what else to know of it."""

    value: float
    standard_error: float | None = None
    note: str | None = None


GROUPS: dict[str, str] = {
    "dispersion": "how far apart two vectors are on average",
    "spread": "how evenly the cloud uses its directions",
    "cells": "how evenly the cloud fills the cells of a quantizer",
    "unembedding": "the geometry of the output-embedding matrix, read without running the model",
}

QUANTIZERS = ("lsq", "pq")  # each also stands for its own half of the cells where measures are asked for

_CLOUD = (
    Measure(
        name="dispersion",
        title="Dispersion",
        meaning="How differently two vectors point on average: the mean cosine distance over all pairs.",
        direction="higher: directions spread more widely",
        source=f"{DISPERSION}, Section 2.1",
        group="dispersion",
        high=2.0,
        cost="one pass",
    ),
    Measure(
        name="dispersion_euclidean",
        title="Euclidean dispersion",
        meaning="How far apart two vectors lie on average, in the units of the vectors themselves.",
        direction="higher: points lie farther apart",
        source=f"{DISPERSION}, Section 3.2",
        group="dispersion",
        cost="pairs",
        estimated=True,
    ),
    Measure(
        name="mean_cosine_similarity",
        title="Mean cosine similarity",
        meaning="How much two vectors point the same way on average: 1 minus the dispersion.",
        direction="higher: directions crowd into a narrower cone",
        source=f"{DISENTANGLING}, Section 2",
        group="dispersion",
        low=-1.0,
        high=1.0,
        cost="one pass",
    ),
    Measure(
        name="eee",
        title="Eigenvalue early enrichment",
        meaning="How much of the cloud's variance lies in a few directions instead of evenly in all.",
        direction="higher: variance sits in fewer directions",
        source=f"{GEOMETRY}, Eq. 2",
        group="spread",
        high=1.0,
    ),
    Measure(
        name="vrm",
        title="Vasicek ratio MSE",
        meaning="How far the cloud is from a bell shape of the same size along each principal direction.",
        direction="higher: less like an even bell-shaped cloud",
        source=f"{GEOMETRY}, Eqs. 8 and 9 as their code computes them",
        group="spread",
    ),
    Measure(
        name="isoscore",
        title="IsoScore",
        meaning="The share of its dimensions the cloud uses evenly: 0 for a line, 1 when all are used alike.",
        direction="higher: more dimensions used evenly",
        source=f"Rudman et al. 2022; {GEOMETRY}, Eqs. 10 and 11",
        group="spread",
        high=1.0,
    ),
    Measure(
        name="effective_rank",
        title="Effective rank",
        meaning="How many directions the vectors effectively use, as seen from the origin.",
        direction="higher: more directions in use",
        source=f"{ROY}; {DISENTANGLING}, Eq. 1",
        group="spread",
        low=1.0,
    ),
    Measure(
        name="effective_rank_ratio",
        title="Effective rank ratio",
        meaning="The effective rank as a share of the largest it could be for a cloud of this size.",
        direction="higher: a larger share of the directions in use",
        source=f"{ROY}; {DISENTANGLING}, Eq. 1",
        group="spread",
        high=1.0,
    ),
)

# Suffix, title, meaning, direction, equation, low, high; each exists for both quantizers.
_CELLS = (
    (
        "patchiness",
        "Point patchiness",
        "How unevenly vectors fill the quantizer's cells: about 1 at random, more when they clump.",
        "higher: more clumped",
        "Eq. 3",
        0.0,
        math.inf,
    ),
    (
        "patchiness_published",
        "Point patchiness as published",
        "How unevenly vectors fill the quantizer's cells, on the scale of the paper's own tables.",
        "higher: more clumped",
        "Eq. 3 as their code computes it",
        0.0,
        math.inf,
    ),
    (
        "count_variance",
        "Cell odds variance",
        "How much the odds of falling into a cell differ from cell to cell.",
        "higher: cells filled less evenly",
        "Eqs. 12 and 13",
        0.0,
        math.inf,
    ),
    (
        "count_kl",
        "Cell count divergence",
        "How far the shares of the cells are from all being equal, as a Kullback-Leibler divergence in nats.",
        "higher: cells filled less evenly",
        "Eq. 14, against the exact uniform",
        0.0,
        math.inf,
    ),
    (
        "reconstruction_error",
        "Reconstruction error",
        "Which share of the vectors' squared length is lost when each is replaced by its quantized version.",
        "higher: harder to quantize",
        "Eq. 15",
        0.0,
        math.inf,
    ),
    (
        "reconstruction_iqr",
        "Reconstruction error range",
        "How much the quantization errors of the middle half of the vectors differ, relative to the largest.",
        "higher: cells of more unequal size",
        "Appendix, normalised error magnitude",
        0.0,
        1.0,
    ),
    (
        "reconstruction_skew",
        "Reconstruction skew",
        "Which way the quantization errors lean: near 0 for an even cloud, negative for a clustered one.",
        "lower: more clustered",
        "Eq. 5",
        -math.inf,
        math.inf,
    ),
    (
        "centroid_variance",
        "Centroid distance variance",
        "How unevenly the quantizer's cell centres are placed, by the distance to the nearest other.",
        "higher: cell centres placed less evenly",
        "Eq. 6 with squared distances, as their code computes it",
        0.0,
        0.25,
    ),
    (
        "cluster_eee",
        "Cluster early enrichment",
        "How much of the variance inside a cell lies in its first few directions, averaged over the cells.",
        "higher: cells of more elongated shape",
        "Eq. 7",
        0.0,
        1.0,
    ),
)

_QUANTIZED = tuple(
    Measure(
        name=f"{prefix}_{suffix}",
        title=f"{title} ({prefix.upper()})",
        meaning=meaning,
        direction=direction,
        source=f"{GEOMETRY}, {equation}",
        group="cells",
        low=low,
        high=high,
        cost="training",
        estimated=True,
    )
    for prefix in QUANTIZERS
    for suffix, title, meaning, direction, equation, low, high in _CELLS
)

_UNEMBEDDING = (
    Measure(
        name="unembedding_effective_rank",
        title="Unembedding effective rank",
        meaning="How many directions the rows of the model's output-embedding matrix effectively use.",
        direction="higher: more directions in use",
        source=f"{DISENTANGLING}, Eq. 1",
        group="unembedding",
        low=1.0,
        subject="unembedding",
    ),
    Measure(
        name="unembedding_effective_rank_ratio",
        title="Unembedding effective rank ratio",
        meaning="The effective rank of the output-embedding matrix as a share of the largest it could be.",
        direction="higher: a larger share of the directions in use",
        source=f"{DISENTANGLING}, Eq. 1",
        group="unembedding",
        high=1.0,
        subject="unembedding",
    ),
    Measure(
        name="unembedding_mean_cosine",
        title="Unembedding mean cosine",
        meaning="How much the output embeddings of two vocabulary entries point the same way on average.",
        direction="higher: entries crowd into a narrower cone",
        source=f"{DISENTANGLING}, Section 2",
        group="unembedding",
        low=-1.0,
        high=1.0,
        cost="one pass",
        subject="unembedding",
    ),
    Measure(
        name="unembedding_isotropy",
        title="Unembedding isotropy",
        meaning="How evenly output embeddings surround the origin: 1 if no principal direction is favoured.",
        direction="higher: no direction favoured",
        source=f"Arora et al. 2016; {DISENTANGLING}, Eq. 2",
        group="unembedding",
        high=1.0,
        subject="unembedding",
    ),
)

_GAP = tuple(
    Measure(
        name=f"gap_{distance}",
        title=f"Dispersion gap ({title})",
        meaning=f"How far apart a domain's tokens lie, plus how far from everyday tokens, by {words}.",
        direction="higher: the domain's tokens are set apart more",
        source=f"{DISPERSION}, Section 3.2",
        group="unembedding",
        high=high,
        cost="pairs",
        subject="unembedding",
        estimated=True,
        computed=False,  # it needs token sets, which `cli.py gap` and the Token gap page ask for
    )
    for distance, title, words, high in (
        ("cosine", "cosine", "cosine distance", 4.0),
        ("euclidean", "Euclidean", "Euclidean distance", math.inf),
    )
)

MEASURES: dict[str, Measure] = {entry.name: entry for entry in (*_CLOUD, *_QUANTIZED, *_UNEMBEDDING, *_GAP)}


def select(names: str | Iterable[str] | None) -> list[str]:
    """Measure names for what a person asked for: "all" (or None), groups, names of measures, or a mix.

    Arguments:
        names: a comma-separated string or the names one by one. A group, or "lsq" and "pq" for the halves of
            the cells, stands for those of its measures that are computed here; "all" for all of them but the
            cells, which train a quantizer, take a minute where the rest takes a second, and need as many
            vectors as it has centroids: ask for them with "all,cells". "dispersion" is the group in a string,
            as a person types it, and the measure where names come one by one, so that selecting from a
            selection changes nothing.

    Returns: names of measures in the order asked for, each once.
    Raises InputError for an unknown name, for a measure not computed here, and for no name at all.
    """
    asked = ["all"] if names is None else names.split(",") if isinstance(names, str) else names
    groups = [*GROUPS, *QUANTIZERS]
    chosen: dict[str, None] = {}
    for name in filter(None, (name.strip() for name in asked)):
        if name != "all" and name not in groups and name not in MEASURES:
            close = difflib.get_close_matches(
                name, ["all", *groups, *(m for m in MEASURES if MEASURES[m].computed)]
            )
            hint = f" (did you mean {' or '.join(close)}?)" if close else ""
            raise InputError(
                f"There is no measure called {name!r}{hint}; give 'all', a group ({', '.join(groups)}) "
                "or a name that `cli.py measures` lists."
            )
        alone = name in MEASURES and (name not in GROUPS or not isinstance(names, str))
        meant = [MEASURES[name]] if alone else [e for e in MEASURES.values() if name in _groups(e)]
        if name.startswith("gap_"):
            raise InputError(
                f"{name} compares tokens of two sets: measure it with `cli.py gap CHECKPOINT --domain SET`."
            )
        chosen.update({entry.name: None for entry in meant if entry.computed})
    if not chosen:
        raise InputError("No measure was named; give 'all' or names separated by commas.")
    return list(chosen)


def _groups(entry: Measure) -> list[str]:
    """The words that stand for this measure among others."""
    if entry.group == "cells":
        return ["cells", entry.name.split("_")[0]]
    return ["all", entry.group]
