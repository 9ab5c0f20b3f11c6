"""Distances within and between clusters of contexts that the same words follow, of one checkpoint."""

import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cache import samples, text_studies
from cache.requests import Progress, Request, Subject, a_file
from cache.results import Result
from cache.store import Store
from cache.tasks import Page, Task, called
from core.formatting import first_few
from core.studies.clusters import CLUSTERS, CONTEXT, OCCURRENCES, TOKENS

VERSION = 1


@dataclass(frozen=True)
class ClusterStudy(Request):
    """Measure clusters of contexts that the same `tokens` tokens follow.

    corpus, column: as in `cache.requests.Settings`. occurrences, context, count: of a cluster, in tokens, and
    how many clusters: see `core.studies.clusters.clusters`. layer: 0 to L; None: the last.
    """

    corpus: str = a_file("auto")
    column: str | None = None
    tokens: int = TOKENS
    occurrences: int = OCCURRENCES
    context: int = CONTEXT
    count: int = CLUSTERS
    layer: int | None = None
    seed: int = 0
    device: str = "auto"
    precision: str = "auto"


@dataclass(frozen=True)
class StudiedClusters(Result):
    """Clusters of a checkpoint on a text.

    Attributes:
        tokens, context: of the n-grams and their left contexts. occurrences: of each cluster, which the text
            decided; clusters: how many were found.
        within, between: mean cosine distance to the centroid, and between centroids.
        loss: mean nats a predicted token over the contexts; None: it predicts nothing.
    """

    subject: str
    name: str
    fingerprint: str
    corpus: str
    tokens: int
    context: int
    occurrences: int
    clusters: int
    layer: int
    within: float
    between: float
    loss: float | None
    seconds: float
    cached: bool
    note: str | None = None


def check(request: ClusterStudy) -> None:
    """InputError for a text that is not there, and sizes that make no clusters."""
    from core.studies.clusters import check_sizes

    check_sizes(request.tokens, request.occurrences, request.context, request.count)
    samples.source_of(request.corpus, request.column)


def study(
    store: Store,
    subject: Subject,
    request: ClusterStudy,
    progress: Progress | None = None,
    *,
    roots: Iterable[Path] | None = None,
) -> StudiedClusters:
    """Study one checkpoint; what was kept is not computed again.

    Errors: InputError for a checkpoint, text or sizes that cannot be used.
    """
    import numpy as np

    from core.hidden_states.tokens import running_text
    from core.studies import clusters, segments

    started = time.perf_counter()
    check(request)
    tell = progress or (lambda stage, done, total, unit: None)
    checkpoint = text_studies.checkpoint_of(store, subject, roots, tell)
    sizes = (request.tokens, request.occurrences, request.context, request.count)
    source = samples.source_of(request.corpus, request.column)
    parts = (checkpoint.fingerprint, source, request.layer, request.seed, request.precision)
    name = text_studies.key_of("clusters", VERSION, *parts, sizes)
    if found := text_studies.again(store, StudiedClusters, name, subject, started):
        return found
    tell("reading the text", 0, 0, "")
    corpus = samples.whole(request.corpus, request.column)
    text = running_text(checkpoint, corpus.texts, tell)
    tell("looking for repeated words", 0, 0, "")
    made = clusters.clusters(
        text.ids,
        n=request.tokens,
        occurrences=request.occurrences,
        context=request.context,
        count=request.count,
        seed=request.seed,
    )
    ids = clusters.contexts(text.ids, np.concatenate(made.ends), request.context, text.before)
    segments.check_length(checkpoint, ids.shape[1])
    with tempfile.TemporaryDirectory(dir=store.folder) as scratch:
        out = Path(scratch) / "contexts.npy"
        read = segments.read(
            checkpoint,
            segments.Segments(ids, len(ids), text.note),
            out,
            device=request.device,
            precision=request.precision,
            progress=tell,
        )
        layer = segments.layer_of(checkpoint.name, read, request.layer)
        vectors = np.load(out, mmap_mode="r")[layer]
        within, between = clusters.distances(vectors, [len(one) for one in made.ends])
    result = StudiedClusters(
        subject=subject.name,
        name=called(subject),
        fingerprint=checkpoint.fingerprint,
        corpus=samples.title(request.corpus),
        tokens=request.tokens,
        context=request.context,
        occurrences=made.occurrences,
        clusters=len(made.ends),
        layer=layer,
        within=within,
        between=between,
        loss=float(read.loss.mean()) if len(read.loss) else None,
        seconds=time.perf_counter() - started,
        cached=False,
        note=read.note,
    )
    text_studies.keep(store, name, result)
    return result


def run(
    store: Store, subject: Subject, request: ClusterStudy, progress: Progress, roots: Iterable[Path] | None
) -> StudiedClusters:
    """`study` for a piece of a job."""
    return study(store, subject, request, progress, roots=roots)


def title(request: ClusterStudy, subjects: Sequence[Subject]) -> str:
    """Of a job that was given none: the text, and the checkpoints."""
    return f"Clusters of {samples.title(request.corpus)}: {first_few(map(called, subjects))}"


TASK = Task(
    name="clusters",
    request=ClusterStudy,
    run=run,
    verb="Measuring clusters with",
    title=title,
    page=lambda request: Page("explore", "Explore", "difficulty", "clusters"),
    remedy="free some, or ask for fewer clusters or shorter contexts",
    check=check,
)
