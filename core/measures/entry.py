"""What a measure is: its entry in the registry, and the value that it gives.

An entry stands in the module of its family, beside the function that it names: `ENTRIES` of the modules in
`core.measures.families`, which the registry collects.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from core.formatting import capital
from core.quantizers import QUANTIZERS

GEOMETRY = "Marbut et al. 2024, arXiv 2406.12159"
DISPERSION = "On the predictive power of representation dispersion in language models"
DISENTANGLING = "Disentangling geometry, performance, and training in language models"
ROY = "Roy and Vetterli 2007"

# What a measure can need of its table of vectors; what several need is computed once for all of them.
NEEDS = {
    "directions": "the sum of the unit vectors, from one pass over the vectors",
    "pairs": "distances of pairs of vectors: all, or a sample drawn by the seed",
    "spectrum": "the covariance of the vectors, summed in the same pass, and its eigenvalues",
    **{f"{name}_codes": f"the cells of the quantizer {name}, trained on all vectors" for name in QUANTIZERS},
    "matrix": "that the vectors are the rows of an output-embedding matrix",
    "token_sets": "the rows of two sets of tokens, which only the gap command and the tab Token gap ask for",
    "losses": "the loss of every token of the text, from a forward pass of a decoder with its head",
    "labels": "a label for each text, which only `--labels` and the form for labelled text ask for",
}


@dataclass(frozen=True)
class Group:
    """A group of measures, by which they are asked for and shown.

    place: its position among the groups. note: what to know before values are compared.
    """

    name: str
    meaning: str
    place: int
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One measure: how it is computed, the words that explain it, and what may be expected of its values.

    function: takes a `core.measures.cloud.Cloud`; with the cells of a quantizer among `needs` a
        `core.measures.quantized.Cells`; with labels a `core.measures.labelled.Labelled`; with losses a
        `core.measures.families.decoder.TextLoss`; with token sets the rows of two of them, and gives one
        value for each distance. Returns a `Measured` or a plain float; raises InputError where it is
        undefined.
    """

    name: str
    function: Callable[..., Any]
    needs: tuple[str, ...]  # keys of NEEDS
    title: str
    meaning: str  # one sentence for a reader who has not read the papers
    direction: str  # what a high or low value says
    source: str
    group: str  # the name of a Group
    cost: str  # "one pass", "one pass and d³", "pairs", "training" or "a forward pass of its own"
    low: float = 0.0
    high: float = math.inf
    better: str = (
        ""  # "higher" or "lower": which the literature expects of better models; "": it does not say
    )
    estimated: bool = False  # True: the value has a sampling error of its own
    version: int = 1  # raised with the definition or its accuracy, so that stored values are not mixed

    def __post_init__(self) -> None:
        if unknown := set(self.needs) - set(NEEDS):
            raise ValueError(f"{self.name} needs {', '.join(sorted(unknown))}: give keys of NEEDS.")

    @property
    def subject(self) -> str:
        """What it is taken of: a table of vectors, "cloud" or "unembedding", or the "text" itself."""
        if "losses" in self.needs:
            return "text"
        return "unembedding" if "matrix" in self.needs else "cloud"

    @property
    def computed(self) -> bool:
        """Whether a checkpoint and a text are enough to compute it."""
        return not {"token_sets", "labels"} & set(self.needs)

    @property
    def quantizer(self) -> str | None:
        """The quantizer that is trained for it, or None."""
        return next((name for name in QUANTIZERS if f"{name}_codes" in self.needs), None)

    @property
    def selected_by(self) -> tuple[str, ...]:
        """The words that stand for it among others: group, quantizer, and "all".

        "all" stands for what any text gives of any checkpoint, without training.
        """
        if {"labels", "losses"} & set(self.needs):
            return (self.group,)
        return (self.group, self.quantizer) if self.quantizer else ("all", self.group)

    @property
    def explanation(self) -> str:
        """What it says and what a high value says, as tooltips and lists give it."""
        return f"{self.meaning} {capital(self.direction)}."

    def to_json(self) -> dict[str, Any]:
        """The entry without its function."""
        words = ("name", "title", "meaning", "direction", "better", "source", "group", "low", "high", "cost")
        facts = ("subject", "estimated", "version", "computed")
        return {field: getattr(self, field) for field in (*words, *facts)}


@dataclass(frozen=True)
class Measured:
    """One value, the standard error it has of its own (None: it has none) and what else to know of it."""

    value: float
    standard_error: float | None = None
    note: str | None = None
