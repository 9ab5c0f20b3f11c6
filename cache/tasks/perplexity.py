"""Perplexity against dispersion of one checkpoint on one text, bin by bin."""

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
from cache.tasks import Page, Task, called
from core.errors import InputError
from core.formatting import first_few
from core.studies.perplexity import BIN, PICKED, Curve

VERSION = 1


@dataclass(frozen=True)
class Perplexity(Request):
    """Set the dispersion of segments of a text against their perplexity.

    layer: of the vectors, 0 to L; None: the last. size: segments a bin. count: bins that Algorithm 1 picks.
    """

    text: SegmentedText = field(default_factory=SegmentedText)
    layer: int | None = None
    size: int = BIN
    count: int = PICKED


@dataclass(frozen=True)
class StudiedPerplexity(Result):
    """Perplexity against dispersion.

    Attributes:
        subject, name, fingerprint: the checkpoint as it was asked for, as people call it, and its key.
        corpus: what people call the text. seed: of the draw.
        segments, length: how many segments of how many tokens.
        loss, perplexity: mean nats a predicted token over all segments, and exp of it.
        size, count: as asked for.
        whole: of perplexity over whole segments. contexts: of the last token's, one a length of context.
        note: what a reader should know, or None.
    """

    subject: str
    name: str
    fingerprint: str
    corpus: str
    seed: int
    segments: int
    length: int
    loss: float
    perplexity: float
    size: int
    count: int
    whole: Curve
    contexts: list[Curve]
    seconds: float
    cached: bool
    note: str | None = None


def check(request: Perplexity) -> None:
    """InputError for sizes that cannot be, and a text that is not there."""
    text = request.text
    if request.size < 2 or request.count < 2:
        raise InputError(
            "Bins need two segments at least, and their course two bins: give larger numbers for both."
        )
    if text.segments < 2 * request.size:
        raise InputError(
            f"{text.segments:,} segments do not make two bins of {request.size}: ask for "
            f"{2 * request.size:,} or more, or for smaller bins."
        )
    samples.source_of(text.corpus, text.column)


def study(
    store: Store,
    subject: Subject,
    request: Perplexity,
    progress: Progress | None = None,
    *,
    roots: Iterable[Path] | None = None,
) -> StudiedPerplexity:
    """Study one checkpoint; what was kept is not computed again.

    Errors: InputError for a checkpoint, text or sizes that cannot be used.
    """
    from core.checkpoints.language_models import refuse_others

    started = time.perf_counter()
    check(request)
    tell = progress or (lambda stage, done, total, unit: None)
    checkpoint = text_studies.checkpoint_of(store, subject, roots, tell)
    refuse_others(checkpoint)
    sizes = (request.layer, request.size, request.count)
    name = text_studies.key_of(VERSION, segments.key_of(checkpoint, request.text), sizes)
    if found := text_studies.again(store, StudiedPerplexity, name, subject, started):
        return found
    made = segments.obtain(store, checkpoint, request.text, False, tell)
    tell("comparing bins", 0, 0, "")
    whole, contexts = curves(made, request, checkpoint.name)
    loss = float(made.read.loss.mean())
    result = StudiedPerplexity(
        subject=subject.name,
        name=called(subject),
        fingerprint=checkpoint.fingerprint,
        corpus=samples.title(request.text.corpus),
        seed=request.text.seed,
        segments=len(made.read.loss),
        length=made.length,
        loss=loss,
        perplexity=math.exp(loss),
        size=request.size,
        count=request.count,
        whole=whole,
        contexts=contexts,
        seconds=time.perf_counter() - started,
        cached=not made.new,
        note=made.read.note,
    )
    text_studies.keep(store, name, result)
    return result


def curves(
    made: segments.Obtained, request: Perplexity, called_in_messages: str
) -> tuple[Curve, list[Curve]]:
    """Of whole segments at the layer asked for, and of the last token of each context at the last layer."""
    import numpy as np

    from core.studies.perplexity import curve
    from core.studies.segments import layer_of

    read, vectors = made.read, made.vectors
    rows = {(slot.layer, slot.tokens): row for row, slot in enumerate(read.slots)}
    last = layer_of(called_in_messages, read, None)
    layer = layer_of(called_in_messages, read, request.layer)

    def one(perplexity: np.ndarray, layer: int, tokens: int, last_token: bool) -> Curve:
        return curve(
            perplexity,
            vectors[rows[layer, tokens]],
            tokens=tokens,
            layer=layer,
            last_token=last_token,
            size=request.size,
            count=request.count,
        )

    kept = [tokens for tokens in read.last_loss if tokens in request.text.contexts]
    contexts = [one(np.exp(read.last_loss[tokens]), last, tokens, True) for tokens in kept]
    return one(read.perplexity, layer, made.length, False), contexts


def run(
    store: Store, subject: Subject, request: Perplexity, progress: Progress, roots: Iterable[Path] | None
) -> StudiedPerplexity:
    """`study` for a piece of a job."""
    return study(store, subject, request, progress, roots=roots)


def title(request: Perplexity, subjects: Sequence[Subject]) -> str:
    """Of a job that was given none: the text, and the checkpoints."""
    return f"Perplexity on {samples.title(request.text.corpus)}: {first_few(map(called, subjects))}"


TASK = Task(
    name="perplexity",
    request=Perplexity,
    run=run,
    verb="Reading text with",
    title=title,
    page=lambda request: Page("explore", "Explore", "difficulty"),
    remedy="free some, or ask for fewer or shorter segments",
    check=check,
)
