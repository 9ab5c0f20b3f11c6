"""kNN-LM of one checkpoint with each candidate key, key by key: what was kept is not computed again."""

import math
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cache import samples, text_studies
from cache.requests import Progress, Request, Subject, a_file
from cache.results import Result
from cache.store import Store
from cache.tasks import Page, Task, called
from core.errors import InputError
from core.formatting import first_few
from core.studies.knnlm import NEIGHBOURS, VERSION, KeyResult
from core.studies.nearest_tokens import FLAT_UP_TO

if TYPE_CHECKING:
    from core.checkpoints.resolve import Checkpoint
    from core.studies.key_layers import Key

TEXTS = ("train", "validation", "test")
_ALL = 10**9  # segments


@dataclass(frozen=True)
class KnnLm(Request):
    """Build the kNN-LM of a checkpoint with each key.

    train, validation, test: texts, as `Settings.corpus`. column: of a table. train_tokens: of the datastore,
    about; tokens: of validation and of test, each. length: of a segment; shorter: shorter ones, where a
    checkpoint reads less. neighbours: of a query. every: keys of every block and layer, else of the last
    block. flat_up_to: keys up to which the search is exact.
    """

    train: str = a_file("")
    validation: str = a_file("")
    test: str = a_file("")
    column: str | None = None
    train_tokens: int = 100_000
    tokens: int = 20_000
    length: int = 128
    shorter: bool = False
    neighbours: int = NEIGHBOURS
    every: bool = False
    flat_up_to: int = FLAT_UP_TO
    seed: int = 0
    device: str = "auto"
    precision: str = "auto"


@dataclass(frozen=True)
class PlainKnn(Result):
    """Perplexity of the model alone on validation and test, tokens predicted in each, and layers and chunks.

    last: the last layer. chunks: that dispersion is measured on. note: what a reader should know, or None.
    """

    validation_perplexity: float
    perplexity: float
    train_tokens: int
    validation_tokens: int
    test_tokens: int
    length: int
    last: int
    chunks: int
    note: str | None


@dataclass(frozen=True)
class KeptKey(Result):
    """What was found of one key."""

    found: KeyResult


@dataclass(frozen=True)
class StudiedKnn(Result):
    """kNN-LM of a checkpoint with each key.

    subject, name, fingerprint: the checkpoint as asked for, as people call it, and its key.
    train, validation, test: what people call the texts. plain: the model alone. keys: in their order.
    """

    subject: str
    name: str
    fingerprint: str
    train: str
    validation: str
    test: str
    plain: PlainKnn
    neighbours: int
    keys: list[KeyResult] = field(default_factory=list)
    seconds: float = 0.0
    cached: bool = False


def check(request: KnnLm) -> None:
    """InputError for texts that are not there and sizes that cannot be."""
    for name in TEXTS:
        if not getattr(request, name):
            raise InputError(f"kNN-LM needs a training, a validation and a test text: give the {name} text.")
        samples.source_of(getattr(request, name), request.column)
    if request.validation == request.test:
        raise InputError(
            "λ and the temperature must be chosen on another text than the test text: give two different "
            "ones."
        )
    if min(request.train_tokens, request.tokens, request.neighbours) < 1:
        raise InputError("A number of tokens and of neighbours is 1 at least: give larger ones.")


def study(
    store: Store,
    subject: Subject,
    request: KnnLm,
    progress: Progress | None = None,
    *,
    roots: Iterable[Path] | None = None,
) -> StudiedKnn:
    """Study one checkpoint; keys that were kept are not computed again.

    Errors: InputError for a checkpoint, text or sizes that cannot be used.
    """
    from core.checkpoints.language_models import refuse_others
    from core.hidden_states.devices import resolve_precision
    from core.studies.key_layers import keys_of

    started = time.perf_counter()
    check(request)
    tell = progress or (lambda stage, done, total, unit: None)
    checkpoint = text_studies.checkpoint_of(store, subject, roots, tell)
    refuse_others(checkpoint)
    sources = [samples.source_of(getattr(request, name), request.column) for name in TEXTS]
    sizes = (request.train_tokens, request.tokens, request.length, request.shorter, request.seed)
    parts = (VERSION, checkpoint.fingerprint, *sources, *sizes, resolve_precision(request.precision))
    search = (request.neighbours, request.flat_up_to)
    key_name = partial(text_studies.key_of, "knnlm", *parts)

    def kept_keys(last: int) -> "dict[Key, KeyResult]":
        names = {key: key_name(*search, key.kind, key.number) for key in keys_of(last, request.every)}
        found = {key: text_studies.find(store, KeptKey, name) for key, name in names.items()}
        return {key: one.found for key, one in found.items() if one}

    plain = text_studies.find(store, PlainKnn, key_name("plain"))
    done = kept_keys(plain.last) if plain else {}
    missing = [key for key in keys_of(plain.last, request.every) if key not in done] if plain else None
    if missing is None or missing:
        with tempfile.TemporaryDirectory(prefix=".tmp-knnlm-", dir=store.folder) as folder:
            plain, found = _computed(checkpoint, request, Path(folder), missing, tell)
            text_studies.keep(store, key_name("plain"), plain)
            for one in found:
                text_studies.keep(store, key_name(*search, one.kind, one.number), KeptKey(one))
        done = kept_keys(plain.last)
    assert plain is not None
    result = StudiedKnn(
        subject=subject.name,
        name=called(subject),
        fingerprint=checkpoint.fingerprint,
        **{name: samples.title(getattr(request, name)) for name in TEXTS},
        plain=plain,
        neighbours=request.neighbours,
        keys=[done[key] for key in keys_of(plain.last, request.every)],
        seconds=time.perf_counter() - started,
        cached=missing == [],
    )
    whole = key_name(*search, "whole", request.every)
    if not result.cached or text_studies.find(store, StudiedKnn, whole) is None:
        text_studies.keep(store, whole, result)
    return result


def _computed(
    checkpoint: "Checkpoint", request: KnnLm, folder: Path, only: "list[Key] | None", tell: Progress
) -> "tuple[PlainKnn, Iterator[KeyResult]]":
    """The model alone, and the results of the keys that are missing (None: all), as they are ready.

    folder: of the vectors, which are not kept.
    """
    import numpy as np

    from core.studies import knnlm
    from core.studies.key_layers import CHUNKS, drawn, last_vectors, spreads
    from core.studies.segments import cut

    run: dict[str, Any] = {"device": request.device, "precision": request.precision}
    most = {
        "train": max(2, request.train_tokens // request.length),
        "validation": max(2, request.tokens // request.length),
        "test": max(2, request.tokens // request.length),
    }
    segments: dict[str, np.ndarray] = {}
    read: dict[str, knnlm.Reading] = {}
    notes: list[str | None] = []
    for name, count in most.items():
        prefixed = partial(_prefixed, tell, f"{name}: ")
        prefixed("reading the text", 0, 0, "")
        corpus = samples.whole(getattr(request, name), request.column)
        wanted = _ALL if name == "validation" else count  # whose further segments are chunks for dispersion
        made = cut(
            checkpoint,
            corpus.texts,
            request.length,
            wanted,
            request.seed,
            shorter=request.shorter,
            progress=prefixed,
        )
        segments[name] = made.ids
        place = folder / f"{name}.npy"
        read[name] = knnlm.read(
            checkpoint, made.ids[:count], place, request.every, only=only, progress=prefixed, **run
        )
        if made.available < count:
            notes.append(f"the {name} text has {made.available:,} segments, {count:,} were asked for")
        notes.append(read[name].note)
    chunks = segments["validation"]
    chosen = drawn(len(chunks), CHUNKS, seed=request.seed)
    rows, places = np.unique(chosen, return_inverse=True)
    vectors = last_vectors(
        checkpoint, chunks[rows], request.every, progress=partial(_prefixed, tell, "dispersion: "), **run
    )
    spread = {key: spreads(one, places.reshape(chosen.shape)) for key, one in vectors.items()}
    validation, test = read["validation"], read["test"]
    plain = PlainKnn(
        validation_perplexity=math.exp(validation.losses.mean()),
        perplexity=math.exp(test.losses.mean()),
        train_tokens=len(read["train"].tokens),
        validation_tokens=len(validation.tokens),
        test_tokens=len(test.tokens),
        length=chunks.shape[1],
        last=test.last,
        chunks=len(chunks),
        note="; ".join(dict.fromkeys(filter(None, notes))) or None,
    )
    found = knnlm.results(
        read["train"],
        validation,
        test,
        spread,
        neighbours=request.neighbours,
        flat_up_to=request.flat_up_to,
        seed=request.seed,
        progress=tell,
    )
    return plain, found


def _prefixed(tell: Progress, before: str, stage: str, done: int, total: int, unit: str) -> None:
    tell(before + stage, done, total, unit)


def run(
    store: Store, subject: Subject, request: KnnLm, progress: Progress, roots: Iterable[Path] | None
) -> StudiedKnn:
    """`study` for a piece of a job."""
    return study(store, subject, request, progress, roots=roots)


def title(request: KnnLm, subjects: Sequence[Subject]) -> str:
    """Of a job that was given none: the training text, and the checkpoints."""
    return f"kNN-LM on {samples.title(request.train)}: {first_few(map(called, subjects))}"


TASK = Task(
    name="knnlm",
    request=KnnLm,
    run=run,
    verb="Building the kNN-LM of",
    title=title,
    page=lambda request: Page("explore", "Explore", "difficulty", "knnlm"),
    remedy="free some, or give fewer tokens of the training text",
    check=check,
)
