"""What comes of a request: plain values, whose `to_json` is what commands print and jobs keep."""

from dataclasses import dataclass, field
from typing import Any

from cache import documents


@dataclass(frozen=True)
class Result:
    """Of one subject. seconds: of this call; cached: nothing had to be computed."""

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values, in their order."""
        return documents.to_json(self)


@dataclass(frozen=True)
class CellSettings:
    """What cell measures were taken at: n vectors, M codebooks of k centroids each, by an engine."""

    n: int
    M: int
    k: int
    engine: str


@dataclass(frozen=True)
class Measured(Result):
    """Measures of a subject, each the mean over text samples and seeds.

    Attributes:
        n, d: of the vectors of the first measure; without any, n are predicted tokens, and d is 0.
        measures: name → value.
        sd: name → between text samples where there are several, else between seeds; None for one value.
        sd_text, sd_quantizer: name → that of either kind, of cell measures and where it exists. The text
            samples of `sd_text` have one quantizer seed each, so that it holds the quantizer's share as well;
            `sd_quantizer` is that of the first sample.
        cells: None where no cell measure has a value.
        left_out: name → why it has no value.
        notes: what was left out of a file of vectors, and the like.
    """

    subject: str
    fingerprint: str
    n: int
    d: int
    measures: dict[str, float]
    sd: dict[str, float | None]
    sd_text: dict[str, float]
    sd_quantizer: dict[str, float]
    cells: CellSettings | None
    left_out: dict[str, str]
    seconds: float
    cached: bool
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class LabelSet:
    """Labelled rows: the file and columns they are from, and how many there are of each class.

    classes: class → rows; none where labels are numbers. digest: of texts and labels. notes: on the reading.
    """

    file: str
    text: str
    text_pair: str | None
    label: str
    rows: int
    classes: dict[str, int]
    digest: str
    notes: list[str]


@dataclass(frozen=True)
class LayerMeasures:
    """Measures of labels at one layer, 0 to L, or "mean": of the vectors averaged over all layers.

    standard_errors: name → that of the value, None where it has none. left_out: name → why it has no value.
    """

    layer: int | str
    measures: dict[str, float]
    standard_errors: dict[str, float | None]
    left_out: dict[str, str]


@dataclass(frozen=True)
class MeasuredLabels(Result):
    """Measures of labels of a checkpoint.

    Attributes:
        n, d: of the vectors of a layer.
        measures, standard_errors, left_out: of the vectors averaged over all layers.
        layers: each layer in its order, then "mean".
    """

    subject: str
    fingerprint: str
    labels: LabelSet
    n: int
    d: int
    measures: dict[str, float]
    standard_errors: dict[str, float | None]
    left_out: dict[str, str]
    layers: list[LayerMeasures]
    seconds: float
    cached: bool


@dataclass(frozen=True)
class Distances:
    """A gap in one distance: mean distances, their sum within_domain + between, and its standard error."""

    within_domain: float
    within_reference: float
    between: float
    gap: float
    se: float


@dataclass(frozen=True)
class SkippedWord:
    """A word that is not counted; set: "domain" or "reference"."""

    word: str
    set: str
    reason: str


@dataclass(frozen=True)
class MeasuredGap(Result):
    """The dispersion gap of a checkpoint between two token sets.

    Attributes:
        domain, reference: names of the sets.
        domain_ids, reference_ids: the tokens that count, each once.
        bytes_read, requests: of this call, headers included.
        note: what a reader should know, or None.
        parameters, seed: what tells the gap from others of the same checkpoint.
    """

    subject: str
    fingerprint: str
    domain: str
    reference: str
    cosine: Distances
    euclidean: Distances
    domain_ids: list[int]
    reference_ids: list[int]
    skipped: list[SkippedWord]
    bytes_read: int
    requests: int
    cached: bool
    seconds: float
    note: str | None
    parameters: str
    seed: int


@dataclass(frozen=True)
class Size:
    """Cell measures at one size: of n vectors, with M codebooks of k centroids; sd as in `Measured`."""

    M: int
    k: int
    n: int
    measures: dict[str, float]
    sd: dict[str, float | None]


@dataclass(frozen=True)
class SizeLeftOut:
    """A size that could not be measured, and why; n None: all vectors."""

    M: int
    k: int
    n: int | None
    reason: str


@dataclass(frozen=True)
class StudiedCells(Result):
    """Cell measures of a subject at every size of a plan; n, d: of its vectors."""

    subject: str
    fingerprint: str
    n: int
    d: int
    values: list[Size]
    left_out: list[SizeLeftOut]
    seconds: float
    cached: bool


@dataclass(frozen=True)
class GlueScores(Result):
    """scores: task → score; averages: name → mean; examples: task → which were used, in words."""

    subject: str
    fingerprint: str
    scores: dict[str, float]
    averages: dict[str, float]
    examples: dict[str, str]
    seconds: float
    cached: bool
