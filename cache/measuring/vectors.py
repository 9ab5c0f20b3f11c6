"""The vectors that measures are taken of: hidden states of a text sample, an upload, an output embedding.

How many there are is known from the store where they were had before; else they are obtained. What a reader
of their measures should know comes with them.
"""

import json
from collections.abc import Callable
from dataclasses import astuple, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cache.files import Remembered, key, now, writable
from cache.requests import Vectors
from cache.store import Store
from core.errors import InputError

if TYPE_CHECKING:
    import numpy as np

    from cache.requests import Progress, Settings, Subject
    from core.checkpoints.output_embedding import StoredMatrix
    from core.checkpoints.resolve import Checkpoint
    from core.corpora.sources import Sample


@dataclass(frozen=True)
class Obtained:
    """Vectors, (n, d), and a note that belongs to every measure of them, or None."""

    vectors: "np.ndarray | StoredMatrix"
    note: str | None


class Source:
    """One table of vectors, obtained when first asked for and then kept open.

    cloud: the key of its measurements; "" for the output-embedding matrix.
    obtain: gives the vectors. stored: gives their number where it is known without them, else None.
    """

    def __init__(
        self, cloud: str, obtain: Callable[[], Obtained], stored: Callable[[], int | None] = lambda: None
    ) -> None:
        self.cloud = cloud
        self._obtain = obtain
        self._stored = stored

    @cached_property
    def obtained(self) -> Obtained:
        """The vectors and their note."""
        return self._obtain()

    @property
    def is_obtained(self) -> bool:
        """Whether the vectors were asked for."""
        return "obtained" in self.__dict__

    @cached_property
    def n(self) -> int:
        """How many vectors there are."""
        stored = None if self.is_obtained else self._stored()
        return self.obtained.vectors.shape[0] if stored is None else stored


def hidden_states(
    store: Store,
    checkpoint: "Checkpoint",
    sample: "Sample",
    settings: "Settings",
    precision: str,
    cloud: str,
    progress: "Progress",
) -> Source:
    """The hidden states of a checkpoint on a text sample: from disk, else by running the model."""

    def row() -> dict[str, Any] | None:
        rows = store.query("SELECT n, note FROM clouds WHERE cloud = ? AND n IS NOT NULL", [cloud])
        return None if rows.empty else {"n": int(rows["n"][0]), "note": rows["note"][0]}

    def stored() -> int | None:
        entry = row()
        return None if entry is None else entry["n"]

    def obtain() -> Obtained:
        from cache.clouds import Clouds

        made: list[dict[str, Any]] = []

        def make(path: Path) -> None:
            made.append(_extract(checkpoint, sample, settings, precision, cloud, path, progress))
            store.add("clouds", made)

        vectors = Clouds(store.folder / "clouds").obtain(cloud, make)
        if made:
            return Obtained(vectors, made[0]["note"])
        store.ingest()  # another process may have made them a moment ago
        entry = row()
        return Obtained(vectors, None if entry is None else entry["note"] or None)

    return Source(cloud, obtain, stored)


def _extract(
    checkpoint: "Checkpoint",
    sample: "Sample",
    settings: "Settings",
    precision: str,
    cloud: str,
    path: Path,
    progress: "Progress",
) -> dict[str, Any]:
    """Run the model, write the hidden states to `path`, and return their row of `clouds`."""
    from core.hidden_states.extraction import extract

    progress("loading the model", 0, 0, "")
    made = extract(
        checkpoint,
        sample.sequences,
        path,
        layer=settings.layer,
        position=settings.position,
        max_length=settings.max_length,
        device=settings.device,
        precision=precision,
        progress=progress,
    )
    made_row = {"layer": made.layer, "precision": made.precision, "n": made.n, "d": made.d}
    made_row |= {"tokens": made.tokens, "seconds": made.seconds, "note": made.note}
    return cloud_row(checkpoint, sample, settings, cloud) | made_row


def cloud_row(checkpoint: "Checkpoint", sample: "Sample", settings: "Settings", cloud: str) -> dict[str, Any]:
    """What a row of `clouds` says of hidden states before they are made."""
    from core.hidden_states.extraction import EXTRACTOR_VERSION

    return {
        "cloud": cloud,
        "subject": checkpoint.fingerprint,
        "corpus": sample.corpus,
        "corpus_fingerprint": sample.corpus_fingerprint,
        "sample_fingerprint": sample.fingerprint,
        "sequences": len(sample.sequences),
        "text_seed": sample.seed,
        "position": settings.position,
        "max_length": settings.max_length,
        "extractor_version": EXTRACTOR_VERSION,
        "created_at": now(),
    }


def output_embedding(
    checkpoint: "Checkpoint", scratch: Path | None = None, progress: "Progress | None" = None
) -> Source:
    """The output-embedding matrix, read as it is needed; of a variant whose weights are made, the input's.

    scratch: a folder for a copy of a matrix that is on the hub.
    """

    def obtain() -> Obtained:
        from core.checkpoints import output_embedding as weights

        if checkpoint.recipe is not None and checkpoint.recipe.changes_embedding:
            from core.checkpoints.loading import input_embedding

            note = "the input embedding of a variant whose head is not made"
            return Obtained(input_embedding(checkpoint), note)
        at = weights.output_embedding(checkpoint)
        if scratch is not None:
            at = weights.copied(at, scratch / "matrix", progress)
        return Obtained(weights.StoredMatrix(at), at.note)

    return Source("", obtain)


def uploaded(store: Store, fingerprint: str) -> Source:
    """Vectors that are kept under their fingerprint."""

    def read() -> "np.ndarray":
        import numpy as np

        path = store.folder / "uploads" / f"{fingerprint}.npy"
        return np.load(path, mmap_mode="r", allow_pickle=False)

    def obtain() -> Obtained:
        vectors = read()
        n, d = vectors.shape
        row = {"cloud": fingerprint, "subject": fingerprint, "n": n, "d": d, "created_at": now()}
        store.add("clouds", [row])
        return Obtained(vectors, None)

    return Source(fingerprint, obtain, lambda: len(read()))


def kept_upload(store: Store, subject: "Subject") -> tuple[str, list[str]]:
    """(fingerprint, notes on the reading) of the vectors in a file, kept under their fingerprint.

    Read only where that is not known yet, or was read by an earlier READER_VERSION.
    Errors: InputError for a file that cannot be read as vectors.
    """
    from cache import uploads
    from core.hidden_states.vector_readers import READER_VERSION, Choice

    path, name = Path(subject.path or subject.name), subject.name
    if path.parent == store.folder / "uploads":
        return path.stem, []
    choice = Choice()
    if isinstance(subject, Vectors):
        choice = Choice(subject.columns, subject.array, subject.skip_bad_rows)
    try:
        state = _state(path)
    except OSError as error:
        raise InputError(f"{name} cannot be read ({error.strerror}): give a file of vectors.") from error
    remembered = Remembered(store.folder / "digests")
    place = key("vectors", READER_VERSION, str(path.resolve()), state, astuple(choice))
    known = json.loads(remembered.get(place, "null"))
    if known is None or not (store.folder / "uploads" / f"{known[0]}.npy").exists():
        with writable(store.folder):
            if path.is_dir():
                made = uploads.keep(store.folder, path, name, choice=choice)
            else:
                with path.open("rb") as file:
                    made = uploads.keep(store.folder, file, name, choice=choice)
        known = made.fingerprint, made.notes
        remembered[place] = json.dumps(known)
    return known[0], known[1]


def _state(path: Path) -> list[tuple[str, int, int]]:
    """What changes where a file, or a part of a folder of Parquet files, is written anew."""
    from core.hidden_states.vector_parquet import parquet_parts

    files = parquet_parts(path) if path.is_dir() else [path]
    return [(str(file), (status := file.stat()).st_size, status.st_mtime_ns) for file in files]
