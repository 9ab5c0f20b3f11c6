"""Measures of labels: how well those of a text can be read off a checkpoint's vectors, layer by layer.

What the store holds is not computed again.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cache import checkpoints
from cache.files import Remembered
from cache.measuring.labelled import Value, measured
from cache.measuring.layers import LayerCloud, Layers
from cache.requests import Progress, Request, Subject, Vectors, a_file
from cache.results import LabelSet, LayerMeasures, MeasuredLabels
from cache.store import Store
from cache.tasks import Page, Task, called
from core.errors import InputError
from core.formatting import first_few

if TYPE_CHECKING:
    from core.corpora.labelled import LabelledText


@dataclass(frozen=True)
class Labelled(Request):
    """Measure how well labels can be read off the vectors of checkpoints.

    file: a table; text, text_pair, label: its columns, guessed where they are None. kind: of labels, "auto",
    "classes" or "numbers". measures: names, or "all". The other options are those of `Settings`.
    """

    file: str = a_file("")
    text: str | None = None
    text_pair: str | None = None
    label: str | None = None
    kind: str = "auto"
    measures: str = "all"
    max_length: int | None = None
    device: str = "auto"
    precision: str = "auto"


def read(request: Labelled) -> "LabelledText":
    """The labelled text that a request names; InputError for what cannot be used."""
    from core.corpora.labelled import read_labelled

    path = Path(request.file).expanduser()
    return read_labelled(
        path,
        path.name,
        text=request.text,
        pair=request.text_pair,
        label=request.label,
        kind=request.kind,
    )


def check(request: Labelled) -> None:
    """Raise InputError for a file, columns, labels or measures that cannot be used."""
    from core.measures.labelled import select_labelled

    select_labelled(request.measures)
    read(request)


def measure_labels(
    store: Store,
    subject: Subject,
    request: Labelled,
    progress: Progress | None = None,
    *,
    roots: Iterable[Path] | None = None,
) -> MeasuredLabels:
    """Measure one checkpoint at every layer and over their mean.

    progress: called as progress(stage, done, total, unit); may raise to stop the work.
    roots: folders that a local checkpoint must lie under; None: anywhere.
    Errors: InputError, one sentence, for a checkpoint, a file or labels that cannot be used.
    """
    from core.checkpoints.resolve import resolve
    from core.hidden_states.devices import resolve_precision
    from core.measures.labelled import select_labelled

    started = time.perf_counter()
    tell = progress or (lambda stage, done, total, unit: None)
    names = select_labelled(request.measures)
    text = read(request)
    if isinstance(subject, Vectors):
        raise InputError(
            f"{subject.name} is a file of vectors, which reads no text: measures of labels need a checkpoint."
        )
    tell("reading the checkpoint", 0, 0, "")
    store.ingest()
    digests = Remembered(store.folder / "digests")
    checkpoint = resolve(
        subject.path or subject.name, roots=roots, revision=subject.revision, digests=digests
    )
    precision = resolve_precision(request.precision)
    layers = Layers(store, checkpoint, text, precision, request.max_length, request.device, tell)
    clouds = layers.clouds()
    row = checkpoints.row_of(checkpoint, subject.path or subject.name)
    values = measured(store, row, text, names, layers, clouds, tell)
    checkpoints.remember_aliases(store, checkpoint, digests)
    checkpoints.keep_name(store, row)
    store.ingest()
    every = [_layer(cloud, names, values) for cloud in clouds]
    mean = every[-1]
    if not any(layer.measures for layer in every):
        raise InputError(next(iter(mean.left_out.values())))
    return MeasuredLabels(
        subject=subject.name,
        fingerprint=checkpoint.fingerprint,
        labels=label_set(text),
        n=clouds[-1].n,
        d=clouds[-1].d,
        measures=mean.measures,
        standard_errors=mean.standard_errors,
        left_out=mean.left_out,
        layers=every,
        seconds=time.perf_counter() - started,
        cached=not layers.is_obtained,
    )


def label_set(text: "LabelledText") -> LabelSet:
    """What a labelled text is, in plain values."""
    labels = text.labels
    counts = labels.counts.tolist() if labels.classes else []
    return LabelSet(
        file=text.name,
        text=text.columns.text,
        text_pair=text.columns.pair,
        label=text.columns.label,
        rows=len(labels),
        classes=dict(zip(labels.classes, counts, strict=True)),
        digest=text.digest,
        notes=list(text.notes),
    )


def _layer(cloud: LayerCloud, names: list[str], values: dict[tuple[str, str], Value]) -> LayerMeasures:
    of_layer = {name: values[cloud.cloud, name] for name in names}
    return LayerMeasures(
        layer="mean" if cloud.layer is None else cloud.layer,
        measures={name: one.value for name, one in of_layer.items() if one.value is not None},
        standard_errors={n: one.standard_error for n, one in of_layer.items() if one.value is not None},
        left_out={name: one.note for name, one in of_layer.items() if one.value is None},
    )


def run(
    store: Store, subject: Subject, request: Labelled, progress: Progress, roots: Iterable[Path] | None
) -> MeasuredLabels:
    """`measure_labels` for a piece of a job."""
    return measure_labels(store, subject, request, progress, roots=roots)


def title(request: Labelled, subjects: Sequence[Subject]) -> str:
    """Of a job that was given none: the file, and the checkpoints."""
    return f"Labels of {Path(request.file).name}: {first_few(map(called, subjects))}"


TASK = Task(
    name="labelled",
    request=Labelled,
    run=run,
    verb="Measuring labels with",
    title=title,
    page=lambda request: Page("shortlist", "Shortlist"),
    remedy="free some, or give fewer rows",
    check=check,
)
