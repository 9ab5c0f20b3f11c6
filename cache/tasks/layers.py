"""Measures at every layer of one checkpoint on one text, and how each goes with perplexity."""

import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cache import samples, text_studies
from cache.measuring import segments
from cache.measuring.segments import SegmentedText
from cache.requests import Progress, Request, Subject
from cache.results import Result
from cache.store import Store
from cache.tasks import Page, Task, called, perplexity
from core.formatting import first_few
from core.studies.layers import LayerFigures
from core.studies.perplexity import BIN, PICKED

VERSION = 1


@dataclass(frozen=True)
class LayerStudy(Request):
    """Measure every layer on the segments of a text. size, count: as in `Perplexity`."""

    text: SegmentedText = field(default_factory=SegmentedText)
    size: int = BIN
    count: int = PICKED


@dataclass(frozen=True)
class StudiedLayers(Result):
    """Every layer of a checkpoint, as `StudiedPerplexity`; loss and perplexity None: it predicts nothing."""

    subject: str
    name: str
    fingerprint: str
    corpus: str
    seed: int
    segments: int
    length: int
    loss: float | None
    perplexity: float | None
    size: int
    count: int
    layers: list[LayerFigures]
    seconds: float
    cached: bool
    note: str | None = None


def check(request: LayerStudy) -> None:
    """InputError for sizes that cannot be, and a text that is not there."""
    perplexity.check(perplexity.Perplexity(request.text, None, request.size, request.count))


def study(
    store: Store,
    subject: Subject,
    request: LayerStudy,
    progress: Progress | None = None,
    *,
    roots: Iterable[Path] | None = None,
) -> StudiedLayers:
    """Study one checkpoint; what was kept is not computed again.

    Errors: InputError for a checkpoint, text or sizes that cannot be used.
    """
    from core.studies.layers import layers

    started = time.perf_counter()
    check(request)
    tell = progress or (lambda stage, done, total, unit: None)
    checkpoint = text_studies.checkpoint_of(store, subject, roots, tell)
    name = text_studies.key_of(
        "layers", VERSION, segments.key_of(checkpoint, request.text, True), request.size, request.count
    )
    if found := text_studies.again(store, StudiedLayers, name, subject, started):
        return found
    made = segments.obtain(store, checkpoint, request.text, True, tell)
    loss = float(made.read.loss.mean()) if len(made.read.loss) else None
    result = StudiedLayers(
        subject=subject.name,
        name=called(subject),
        fingerprint=checkpoint.fingerprint,
        corpus=samples.title(request.text.corpus),
        seed=request.text.seed,
        segments=made.vectors.shape[1],
        length=made.length,
        loss=loss,
        perplexity=None if loss is None else math.exp(loss),
        size=request.size,
        count=request.count,
        layers=layers(made.read, made.vectors, request.size, request.count, tell),
        seconds=time.perf_counter() - started,
        cached=not made.new,
        note=made.read.note,
    )
    text_studies.keep(store, name, result)
    return result


def run(
    store: Store, subject: Subject, request: LayerStudy, progress: Progress, roots: Iterable[Path] | None
) -> StudiedLayers:
    """`study` for a piece of a job."""
    return study(store, subject, request, progress, roots=roots)


def title(request: LayerStudy, subjects: Sequence[Subject]) -> str:
    """Of a job that was given none: the text, and the checkpoints."""
    return f"Layers on {samples.title(request.text.corpus)}: {first_few(map(called, subjects))}"


TASK = Task(
    name="layers",
    request=LayerStudy,
    run=run,
    verb="Measuring the layers of",
    title=title,
    page=lambda request: Page("explore", "Explore", "difficulty", "layers"),
    remedy="free some, or ask for fewer or shorter segments",
    check=check,
)
