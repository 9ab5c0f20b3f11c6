"""How representative a sample of a text is: found out once, kept beside the sample."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from cache import samples
from cache.requests import Progress, Request, Settings, Subject, TextSample, Vectors
from cache.store import Store
from cache.tasks import Task


def run(
    store: Store, subject: Subject, request: TextSample, progress: Progress, roots: Iterable[Path] | None
) -> None:
    """Compare ten samples with the whole text, unless that is known."""
    progress("comparing samples with the whole text", 0, 0, "")
    samples.compare(store, request.corpus, request.sequences, request.seed, request.column)


def request_of(settings: Settings) -> tuple[TextSample, Subject]:
    """The sample that settings read, and what to call it."""
    asked = TextSample(settings.corpus, settings.column, settings.sequences, settings.seed)
    return asked, Subject(samples.label(settings.corpus))


def beside(store: Store, settings: Settings, subjects: Sequence[Subject]) -> list[tuple[Request, Subject]]:
    """The comparison for what the settings read, where one of the subjects reads text and it is not known.

    Errors: InputError for a corpus that is not there.
    """
    if all(isinstance(subject, Vectors) for subject in subjects):
        return []
    read = (settings.corpus, settings.sequences, settings.seed, settings.column)
    return [] if samples.compared(store, *read) else [request_of(settings)]


def called(subject: Subject) -> str:
    """What the piece finds out, with the text as people call it."""
    return f"How far the text sample stands for the whole ({samples.title(subject.name)})"


def title(request: TextSample, subjects: Sequence[Subject]) -> str:
    """Of a job that compares one sample alone."""
    return f"Text: {request.sequences:,} sequences of {samples.title(request.corpus)}"


TASK = Task(
    name="text_sample",
    request=TextSample,
    run=run,
    verb="Comparing samples of",
    title=title,
    remedy="free some, or compare fewer sequences",
    called=called,
)
