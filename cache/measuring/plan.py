"""What is to be measured of a subject: tables of vectors, by what identifies them, and how to come by them.

Making a subject out is cheap and imports no torch: digests of files, text samples and fingerprints of vectors
are remembered in the store's folder. Only `Target.load` runs a model or reads a matrix.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cache.files import Remembered, key, now, writable
from cache.store import Store
from core.errors import InputError

if TYPE_CHECKING:
    import numpy as np

    from cache.requests import Progress, Settings, Subject
    from core.checkpoints.output_embedding import StoredMatrix
    from core.checkpoints.resolve import Checkpoint

    Load = Callable[[], tuple[np.ndarray | StoredMatrix, str | None]]

# Of a cell measurement; "n" None is all vectors of the cloud. What differs stands in its parameters.
CELL_DEFAULTS = {"n": None, "M": 4, "k": 256, "engine": "own"}


@dataclass(frozen=True)
class Target:
    """A table of vectors that some measures are taken of, with one seed.

    `load` gives the vectors, (n, d), and a note on them that belongs to every measure, or None.
    sample: which text sample, from 0. parameters: JSON of what is not the default.
    at: for cell measures, how many of the vectors are quantized; None: all, or no cell measures.
    """

    cloud: str
    seed: int
    names: list[str]
    load: "Load"
    sample: int = 0
    parameters: str = "{}"
    at: int | None = None

    def key(self, name: str) -> tuple[str, str, str, int, int]:
        """What identifies a measurement of one subject."""
        from core.measures import MEASURES

        return self.cloud, name, self.parameters, self.seed, MEASURES[name].version


@dataclass(frozen=True)
class Found:
    """A subject made out: its fingerprint, its row of `checkpoints`, and what is to be measured of it."""

    fingerprint: str
    row: dict[str, Any]
    targets: list[Target]


def of_checkpoint(
    store: Store,
    subject: "Subject",
    settings: "Settings",
    names: list[str],
    tell: "Progress",
    roots: Iterable[Path] | None,
) -> Found:
    """A checkpoint: the hidden states of each text sample, and its output-embedding matrix."""
    from core.checkpoints.resolve import resolve
    from core.hidden_states.devices import resolve_precision
    from core.hidden_states.extraction import EXTRACTOR_VERSION
    from core.measures import MEASURES

    tell("reading the checkpoint", 0, 0, "")
    digests = Remembered(store.folder / "digests")
    checkpoint = resolve(
        subject.path or subject.name, roots=roots, revision=subject.revision, digests=digests
    )
    targets = []
    of_clouds = [name for name in names if MEASURES[name].subject == "cloud" and not of_cells(name)]
    cells = [name for name in names if of_cells(name)]
    if of_clouds or cells:
        from cache import samples

        precision = resolve_precision(settings.precision)
        for repeat in range(settings.repeats):
            seed = settings.seed + repeat
            told = tell if settings.repeats == 1 else _numbered(tell, repeat + 1, settings.repeats)
            told("drawing the text sample", 0, 0, "")
            sample = samples.text_sample(store, settings.corpus, settings.sequences, seed, settings.column)
            layer = checkpoint.facts.layers if settings.layer is None else settings.layer
            identity = (sample.fingerprint, layer, settings.position, settings.max_length, precision)
            cloud = key(checkpoint.fingerprint, sample.corpus_fingerprint, *identity, EXTRACTOR_VERSION)
            load = _extraction(store, checkpoint, sample, settings, precision, cloud, told)
            if of_clouds:
                targets.append(Target(cloud, seed, of_clouds, load, repeat))
            # One training for each further text sample: the first alone shows what the quantizer's seed does.
            trainings = quantizer_seeds(settings) if repeat == 0 else 1
            targets += _of_cells(store, cloud, cells, settings, load, seed, trainings, repeat)
    if of_matrix := [name for name in names if MEASURES[name].subject == "unembedding"]:

        def load_matrix() -> "tuple[np.ndarray | StoredMatrix, str | None]":
            from core.checkpoints import output_embedding as weights

            if checkpoint.recipe is not None and checkpoint.recipe.changes_embedding:
                from core.checkpoints.loading import input_embedding

                return input_embedding(checkpoint), "the input embedding of a variant whose head is not made"
            at = weights.output_embedding(checkpoint)
            return weights.StoredMatrix(at), at.note

        targets += _of_one_table("", of_matrix, settings, load_matrix)
    return Found(checkpoint.fingerprint, checkpoint_row(checkpoint, subject), targets)


def checkpoint_row(checkpoint: "Checkpoint", subject: "Subject") -> dict[str, Any]:
    """The row of `checkpoints` of what `subject` stands for."""
    row = asdict(checkpoint.facts) | {
        "subject": checkpoint.fingerprint,
        "name": checkpoint.name,
        "origin": "measured",
        "source": checkpoint.source,
        "path": str(checkpoint.folder),
        "revision": checkpoint.revision,
    }
    if checkpoint.recipe is None:
        return row
    return row | {
        "source": "variant",
        "path": subject.path or subject.name,
        "base": checkpoint.base,
        "variant": checkpoint.recipe.variant,
        "alpha": checkpoint.recipe.alpha,
    }


def _extraction(
    store: Store,
    checkpoint: Any,
    sample: Any,
    settings: "Settings",
    precision: str,
    cloud: str,
    tell: "Progress",
) -> "Load":
    """How to come by the hidden states of a checkpoint on a sample: from disk, else by running it."""

    def make(path: Path) -> None:
        from core.hidden_states.extraction import EXTRACTOR_VERSION, extract

        tell("loading the model", 0, 0, "")
        made = extract(
            checkpoint,
            sample.sequences,
            path,
            layer=settings.layer,
            position=settings.position,
            max_length=settings.max_length,
            device=settings.device,
            precision=precision,
            progress=tell,
        )
        row = {
            "cloud": cloud,
            "subject": checkpoint.fingerprint,
            "corpus": sample.corpus,
            "corpus_fingerprint": sample.corpus_fingerprint,
            "sample_fingerprint": sample.fingerprint,
            "sequences": len(sample.sequences),
            "text_seed": sample.seed,
            "layer": made.layer,
            "position": settings.position,
            "max_length": settings.max_length,
            "precision": made.precision,
            "extractor_version": EXTRACTOR_VERSION,
            "n": made.n,
            "d": made.d,
            "tokens": made.tokens,
            "seconds": made.seconds,
            "note": made.note,
            "created_at": now(),
        }
        store.add("clouds", [row])
        store.ingest()  # `load` reads the note

    def load() -> "tuple[np.ndarray, str | None]":
        from cache.clouds import Clouds

        vectors = Clouds(store.folder / "clouds").obtain(cloud, make)
        notes = store.query("SELECT note FROM clouds WHERE cloud = ? AND note IS NOT NULL", [cloud])
        return vectors, None if notes.empty else notes["note"][0]

    return load


def of_vectors(
    store: Store,
    subject: "Subject",
    settings: "Settings",
    names: list[str],
    tell: "Progress",
    roots: Iterable[Path] | None,
) -> Found:
    """A file of vectors, which are kept by content: the same vectors in any format are one subject."""
    from core.measures import MEASURES

    names = [name for name in names if MEASURES[name].subject == "cloud"]
    if not names:
        raise InputError(
            f"{subject.name} is a file of vectors and has no output-embedding matrix: ask for measures of a "
            "cloud, for example spread."
        )
    tell("reading the vectors", 0, 0, "")
    fingerprint = _kept(store, Path(subject.path or subject.name), subject.name)
    path = store.folder / "uploads" / f"{fingerprint}.npy"

    def load() -> "tuple[np.ndarray, str | None]":
        import numpy as np

        vectors = np.load(path, mmap_mode="r", allow_pickle=False)
        n, d = vectors.shape
        row = {"cloud": fingerprint, "subject": fingerprint, "n": n, "d": d, "created_at": now()}
        store.add("clouds", [row])
        return vectors, None

    row = {
        "subject": fingerprint,
        "name": subject.name,
        "origin": "uploaded",
        "source": "file",
        "path": str(path),
        "family": "uploaded vectors",
    }
    cells = [name for name in names if of_cells(name)]
    targets = _of_one_table(fingerprint, [name for name in names if name not in cells], settings, load)
    trainings = quantizer_seeds(settings)
    targets += _of_cells(store, fingerprint, cells, settings, load, settings.seed, trainings, 0)
    return Found(fingerprint, row, targets)


def of_cells(name: str) -> bool:
    """Whether a measure trains a quantizer."""
    from core.measures import MEASURES

    return MEASURES[name].quantizer is not None


def quantizer_seeds(settings: "Settings") -> int:
    """How many seeds of the quantizer there are on the first sample: as many as repeats, unless said."""
    return settings.repeats if settings.quantizer_seeds is None else settings.quantizer_seeds


def _of_cells(
    store: Store,
    cloud: str,
    names: list[str],
    settings: "Settings",
    load: "Load",
    seed: int,
    trainings: int,
    sample: int,
) -> list[Target]:
    """Cell measures of one cloud, a target a seed of the quantizer."""
    if not names:
        return []
    known = store.query("SELECT n FROM clouds WHERE cloud = ? AND n IS NOT NULL", [cloud])
    at = None if len(known) and settings.at == known["n"][0] else settings.at
    options = {"n": at, "M": settings.M, "k": settings.k, "engine": settings.engine}
    told = {key: value for key, value in options.items() if value != CELL_DEFAULTS[key]}
    parameters = json.dumps(told, sort_keys=True)
    return [Target(cloud, seed + i, names, load, sample, parameters, at) for i in range(trainings)]


def _kept(store: Store, path: Path, name: str) -> str:
    """The fingerprint of the vectors in a file, kept under it; read only where that is not known yet."""
    from cache import uploads

    if path.parent == store.folder / "uploads":
        return path.stem
    try:
        status = path.stat()
    except OSError as error:
        raise InputError(f"{name} cannot be read ({error.strerror}): give a file of vectors.") from error
    remembered = Remembered(store.folder / "digests")
    place = f"vectors|{path.resolve()}|{status.st_size}|{status.st_mtime_ns}"
    fingerprint = remembered.get(place)
    if fingerprint is None or not (store.folder / "uploads" / f"{fingerprint}.npy").exists():
        with writable(store.folder), path.open("rb") as file:
            fingerprint = uploads.keep(store.folder, file, name).fingerprint
        remembered[place] = fingerprint
    return fingerprint


def _of_one_table(cloud: str, names: list[str], settings: "Settings", load: "Load") -> list[Target]:
    """Vectors that depend on no text: what is exact is measured once, what is sampled once a repeat."""
    from core.measures import MEASURES

    exact = [name for name in names if not MEASURES[name].estimated]
    sampled = [name for name in names if MEASURES[name].estimated]
    targets = [Target(cloud, 0, exact, load)] if exact else []
    seeds = range(settings.seed, settings.seed + settings.repeats)
    return targets + [Target(cloud, seed, sampled, load) for seed in seeds if sampled]


def _numbered(tell: "Progress", number: int, repeats: int) -> "Progress":
    return lambda stage, *far: tell(f"{stage} (sample {number} of {repeats})", *far)
