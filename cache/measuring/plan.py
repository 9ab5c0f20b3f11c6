"""What is to be measured of a subject: tables of vectors and texts, the measures of each, and their keys.

Making a subject out is cheap and imports no torch: digests of files, text samples and fingerprints of vectors
are remembered in the store's folder. Targets are made one after another, since the key of a cell measure may
need the number of vectors, and then those of a text sample are obtained before its targets are made.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cache import checkpoints
from cache.files import Remembered, key
from cache.measuring import losses, vectors
from cache.measuring.losses import Losses
from cache.measuring.revisions import revisions
from cache.measuring.vectors import Source
from cache.store import Store
from core.errors import InputError

if TYPE_CHECKING:
    from cache.requests import Progress, Settings, Subject
    from core.checkpoints.resolve import Checkpoint

Key = tuple[str, str, str, int, int]  # cloud, measure, parameters, seed, version

# Of a cell measurement; "n" None is all vectors of the cloud. What differs stands in its parameters.
CELL_DEFAULTS = {"n": None, "M": 4, "k": 256, "engine": "own"}


@dataclass(frozen=True)
class Target:
    """A table of vectors, or the losses of a text, that some measures are taken of, with one seed.

    sample: which text sample, from 0. parameters: JSON of what is not the default.
    at: for cell measures, how many of the vectors are quantized; None: all, or no cell measures.
    impossible: why nothing can be measured, or "".
    losses: of the text whose hidden states `source` is; None: the measures are of the vectors.
    """

    source: Source
    seed: int
    names: list[str]
    sample: int = 0
    parameters: str = "{}"
    at: int | None = None
    impossible: str = ""
    losses: Losses | None = None

    @property
    def is_obtained(self) -> bool:
        """Whether the vectors or the losses were asked for."""
        return self.source.is_obtained or (self.losses is not None and self.losses.is_obtained)

    def key(self, name: str) -> Key:
        """What identifies a measurement of one subject."""
        from core.measures import MEASURES

        return self.source.cloud, name, self.parameters, self.seed, MEASURES[name].version


@dataclass(frozen=True)
class Plan:
    """A subject made out: its fingerprint, its row of `checkpoints`, and what is to be measured of it.

    targets: made as they are asked for, once. checkpoint: what a subject other than vectors is.
    notes: what to know of how the subject was read.
    """

    fingerprint: str
    row: dict[str, Any]
    targets: Iterator[Target]
    checkpoint: "Checkpoint | None" = None
    notes: list[str] = field(default_factory=list)


def of_checkpoint(
    store: Store,
    subject: "Subject",
    settings: "Settings",
    names: list[str],
    tell: "Progress",
    roots: Iterable[Path] | None,
) -> Plan:
    """A checkpoint: the hidden states of each text sample, and its output-embedding matrix."""
    from core.checkpoints.resolve import resolve

    tell("reading the checkpoint", 0, 0, "")
    digests = Remembered(store.folder / "digests")
    checkpoint = resolve(
        subject.path or subject.name, roots=roots, revision=subject.revision, digests=digests
    )
    row = checkpoints.row_of(checkpoint, subject.path or subject.name)
    return of_resolved(store, checkpoint, row, settings, names, tell)


def of_resolved(
    store: Store,
    checkpoint: "Checkpoint",
    row: dict[str, Any],
    settings: "Settings",
    names: list[str],
    tell: "Progress",
    scratch: Path | None = None,
) -> Plan:
    """A checkpoint that is made out already. row: its row of `checkpoints`.

    scratch: a folder for a copy of the output-embedding matrix, where the weights are on the hub.
    """
    matrix = vectors.output_embedding(checkpoint, scratch, tell)
    targets = _of_checkpoint(store, checkpoint, settings, names, tell, matrix)
    return Plan(checkpoint.fingerprint, row, targets, checkpoint)


def _of_checkpoint(
    store: Store,
    checkpoint: "Checkpoint",
    settings: "Settings",
    names: list[str],
    tell: "Progress",
    matrix: Source,
) -> Iterator[Target]:
    from core.hidden_states.devices import resolve_precision
    from core.hidden_states.extraction import EXTRACTOR_VERSION
    from core.measures import MEASURES

    cells = [name for name in names if of_cells(name)]
    of_clouds = [name for name in names if MEASURES[name].subject == "cloud" and name not in cells]
    of_text = [name for name in names if MEASURES[name].subject == "text"]
    if of_clouds or cells or of_text:
        from cache import samples

        precision = resolve_precision(settings.precision)
        for repeat in range(settings.repeats):
            seed = settings.seed + repeat
            progress = tell if settings.repeats == 1 else _numbered(tell, repeat + 1, settings.repeats)
            progress("drawing the text sample", 0, 0, "")
            sample = samples.text_sample(store, settings.corpus, settings.sequences, seed, settings.column)
            layer = checkpoint.facts.layers if settings.layer is None else settings.layer
            identity: tuple[Any, ...] = (
                sample.fingerprint,
                layer,
                settings.position,
                settings.max_length,
                precision,
            )
            identity += (
                EXTRACTOR_VERSION,
                *revisions(store, checkpoint, sample.sequences, sample.fingerprint),
            )
            cloud = key(checkpoint.fingerprint, sample.corpus_fingerprint, *identity)
            source = vectors.hidden_states(store, checkpoint, sample, settings, precision, cloud, progress)
            if of_clouds:
                yield Target(source, seed, of_clouds, repeat)
            if of_text:
                text = losses.of_checkpoint(checkpoint, sample, settings, precision, cloud, progress)
                none = losses.why_none(checkpoint)
                yield Target(source, seed, of_text, repeat, impossible=none, losses=text)
            # One training for each further text sample: the first alone shows what the quantizer's seed does.
            trainings = quantizer_seeds(settings) if repeat == 0 else 1
            yield from _of_cells(source, cells, settings, seed, trainings, repeat)
    if of_matrix := [name for name in names if MEASURES[name].subject == "unembedding"]:
        yield from _of_one_table(matrix, of_matrix, settings)


def of_vectors(
    store: Store,
    subject: "Subject",
    settings: "Settings",
    names: list[str],
    tell: "Progress",
    roots: Iterable[Path] | None,
) -> Plan:
    """A file of vectors, which are kept by content: the same vectors in any format are one subject."""
    from core.measures import MEASURES

    of_text = [name for name in names if MEASURES[name].subject == "text"]
    names = [name for name in names if MEASURES[name].subject == "cloud"]
    if not names:
        raise InputError(
            f"{subject.name} is a file of vectors, with no output-embedding matrix and no text to predict: "
            "ask for measures of a cloud, for example spread."
        )
    tell("reading the vectors", 0, 0, "")
    fingerprint, notes = vectors.kept_upload(store, subject)
    row = {
        "subject": fingerprint,
        "name": subject.name,
        "origin": "uploaded",
        "source": "file",
        "path": str(store.folder / "uploads" / f"{fingerprint}.npy"),
        "family": getattr(subject, "family", None) or "uploaded vectors",
    }
    targets = _of_vectors(vectors.uploaded(store, fingerprint), settings, names, of_text)
    return Plan(fingerprint, row, targets, notes=notes)


def _of_vectors(
    source: Source, settings: "Settings", names: list[str], of_text: list[str]
) -> Iterator[Target]:
    if of_text:
        why = "A file of vectors predicts no text: measure the checkpoint that they come from."
        yield Target(source, settings.seed, of_text, impossible=why)
    cells = [name for name in names if of_cells(name)]
    yield from _of_one_table(source, [name for name in names if name not in cells], settings)
    yield from _of_cells(source, cells, settings, settings.seed, quantizer_seeds(settings), 0)


def of_cells(name: str) -> bool:
    """Whether a measure trains a quantizer."""
    from core.measures import MEASURES

    return MEASURES[name].quantizer is not None


def quantizer_seeds(settings: "Settings") -> int:
    """How many seeds of the quantizer there are on the first sample: as many as repeats, unless said."""
    return settings.repeats if settings.quantizer_seeds is None else settings.quantizer_seeds


def _of_cells(
    source: Source, names: list[str], settings: "Settings", seed: int, trainings: int, sample: int
) -> Iterator[Target]:
    """Cell measures of one cloud, a target a seed of the quantizer; a draw of all vectors is no draw."""
    if not names:
        return
    at = None if settings.at is not None and settings.at == source.n else settings.at
    options = {"n": at, "M": settings.M, "k": settings.k, "engine": settings.engine}
    unusual = {option: value for option, value in options.items() if value != CELL_DEFAULTS[option]}
    parameters = json.dumps(unusual, sort_keys=True)
    impossible = (
        f"{at:,} vectors were asked for, but there are {source.n:,}: ask for no more than those."
        if at is not None and at > source.n
        else ""
    )
    for training in range(trainings):
        yield Target(source, seed + training, names, sample, parameters, at, impossible)


def _of_one_table(source: Source, names: list[str], settings: "Settings") -> Iterator[Target]:
    """Vectors that depend on no text: what is exact is measured once, what is sampled once a repeat."""
    from core.measures import MEASURES

    exact = [name for name in names if not MEASURES[name].estimated]
    if exact:
        yield Target(source, 0, exact)
    if sampled := [name for name in names if MEASURES[name].estimated]:
        for seed in range(settings.seed, settings.seed + settings.repeats):
            yield Target(source, seed, sampled)


def _numbered(tell: "Progress", number: int, repeats: int) -> "Progress":
    return lambda stage, *far: tell(f"{stage} (sample {number} of {repeats})", *far)
