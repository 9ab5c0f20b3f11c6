"""The loss of a checkpoint on a text before and after its weights are rounded to a few bits."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from cache import samples, text_studies
from cache.measuring.segments import SegmentedText
from cache.requests import Progress, Request, Subject
from cache.results import Result
from cache.store import Store
from cache.tasks import Task, called
from core.errors import InputError
from core.formatting import first_few
from core.studies.quantized import BITS, CALIBRATION, Rounded, losses

VERSION = 1


@dataclass(frozen=True)
class Quantized(Request):
    """Round the weights of checkpoints and read a text with them.

    text: its segments; `calibration` of them calibrate GPTQ and are not tested on. bits: 2 to 8.
    """

    text: SegmentedText = field(default_factory=lambda: SegmentedText(segments=640, shorter=True))
    calibration: int = CALIBRATION
    bits: tuple[int, ...] = BITS


@dataclass(frozen=True)
class StudiedQuantized(Result):
    """What rounding changed.

    Attributes:
        subject, name, fingerprint: the checkpoint as it was asked for, as people call it, and its key.
        corpus: what people call the text. segments, length: that were tested on, and in tokens.
        calibration: segments. loss: of the plain checkpoint, nats a token. rounded: each way.
        note: what a reader should know, or None.
    """

    subject: str
    name: str
    fingerprint: str
    corpus: str
    segments: int
    length: int
    calibration: int
    loss: float
    rounded: list[Rounded]
    seconds: float
    cached: bool
    note: str | None = None


def check(request: Quantized) -> None:
    """InputError for numbers that cannot be, and a text that is not there."""
    if not request.bits or min(request.bits) < 2 or max(request.bits) > 8:
        raise InputError("Weights are rounded to 2 to 8 bits: give bits between them.")
    if request.calibration < 1 or request.text.segments < request.calibration + 2:
        raise InputError(
            f"{request.text.segments:,} segments leave none to test on beside {request.calibration:,} that "
            "calibrate: ask for more segments, or calibrate on fewer."
        )
    samples.source_of(request.text.corpus, request.text.column)


def study(
    store: Store,
    subject: Subject,
    request: Quantized,
    progress: Progress | None = None,
    *,
    roots: Iterable[Path] | None = None,
) -> StudiedQuantized:
    """Study one checkpoint; what was kept is not computed again.

    Errors: InputError for a checkpoint, text or numbers that cannot be used.
    """
    from core.checkpoints.language_models import load_language_model, refuse_others
    from core.hidden_states.devices import resolve_device
    from core.studies import segments

    started = time.perf_counter()
    check(request)
    tell = progress or (lambda stage, done, total, unit: None)
    checkpoint = text_studies.checkpoint_of(store, subject, roots, tell)
    refuse_others(checkpoint)
    text = request.text
    source = samples.source_of(text.corpus, text.column)
    sizes = (text.segments, text.length, text.shorter, text.seed, request.calibration, sorted(request.bits))
    name = text_studies.key_of("quantized", VERSION, checkpoint.fingerprint, source, *sizes)
    if found := text_studies.find(store, StudiedQuantized, name):
        seconds = time.perf_counter() - started
        return replace(found, subject=subject.name, name=called(subject), seconds=seconds, cached=True)
    tell("reading the text", 0, 0, "")
    corpus = samples.whole(text.corpus, text.column)
    cut = segments.cut(
        checkpoint, corpus.texts, text.length, text.segments, text.seed, shorter=text.shorter, progress=tell
    )
    rows = cut.ids.astype("int64")
    if len(rows) < request.calibration + 2:
        raise InputError(
            f"The text has {len(rows):,} segments of {rows.shape[1]} tokens, which leave none to test on "
            f"beside {request.calibration:,} that calibrate: give more text, or calibrate on fewer."
        )
    import torch

    device = resolve_device(text.device)
    made = losses(
        lambda: load_language_model(checkpoint, device, torch.float32),
        rows[: request.calibration],
        rows[request.calibration :],
        request.bits,
        tell,
    )
    notes = [cut.note] if cut.note else []
    if made.share < 0.95:
        notes.append(
            f"{made.share:.0%} of the blocks' parameters are matrices of linear layers, which are rounded; "
            "the rest, such as experts kept in one tensor, stay as they are"
        )
    result = StudiedQuantized(
        subject=subject.name,
        name=called(subject),
        fingerprint=checkpoint.fingerprint,
        corpus=samples.title(text.corpus),
        segments=len(rows) - request.calibration,
        length=rows.shape[1],
        calibration=request.calibration,
        loss=made.loss,
        rounded=made.rounded,
        seconds=time.perf_counter() - started,
        cached=False,
        note="; ".join(notes) or None,
    )
    text_studies.keep(store, name, result)
    return result


def run(
    store: Store, subject: Subject, request: Quantized, progress: Progress, roots: Iterable[Path] | None
) -> StudiedQuantized:
    """`study` for a piece of a job."""
    return study(store, subject, request, progress, roots=roots)


def title(request: Quantized, subjects: Sequence[Subject]) -> str:
    """Of a job that was given none."""
    return f"Quantized on {samples.title(request.text.corpus)}: {first_few(map(called, subjects))}"


TASK = Task(
    name="quantized",
    request=Quantized,
    run=run,
    verb="Quantizing",
    title=title,
    remedy="free some, or ask for fewer or shorter segments",
    check=check,
)
