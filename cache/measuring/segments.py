"""What one pass gives of the segments of a text, kept: every study of a checkpoint and text reads the same.

The vectors are a file among the clouds, which may be given up and made again; losses lie beside it.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cache import samples
from cache.clouds import Clouds
from cache.files import key, replacing, writable
from cache.requests import Progress, a_file
from cache.store import Store

if TYPE_CHECKING:
    import numpy as np

    from core.checkpoints.resolve import Checkpoint
    from core.studies.segments import Read


@dataclass(frozen=True)
class SegmentedText:
    """Segments to cut from a text, and how the model runs on them.

    corpus, column: as in `cache.requests.Settings`. segments: how many; length: in tokens.
    shorter: take shorter ones, where a checkpoint reads less.
    contexts: also of so many tokens, the beginnings of the segments.
    """

    corpus: str = a_file("auto")
    column: str | None = None
    segments: int = 5000
    length: int = 128
    shorter: bool = False
    contexts: tuple[int, ...] = (16, 64, 128, 256)
    seed: int = 0
    device: str = "auto"
    precision: str = "auto"


@dataclass(frozen=True)
class Obtained:
    """read: of each segment. vectors: (slots, n, d), memory-mapped. length: in tokens. new: read just now."""

    read: "Read"
    vectors: "np.ndarray"
    length: int
    new: bool


def obtain(
    store: Store, checkpoint: "Checkpoint", text: SegmentedText, paths: bool, tell: Progress
) -> Obtained:
    """Segments of a text as a checkpoint reads them: from disk, else by running the model.

    paths: whether prompt entropy and curvature are needed too.
    Errors: InputError for a text, a length or a checkpoint that cannot be used.
    """
    clouds = Clouds(store.folder / "clouds")
    for richer in (True, False):
        if richer or not paths:
            name = key_of(checkpoint, text, richer)
            figures, vectors = _figures(store, name), clouds.get(name)
            if figures is not None and vectors is not None:
                return Obtained(*_loaded(figures, vectors), new=False)
    name = key_of(checkpoint, text, paths)

    def make(path: Path) -> None:
        from core.studies import segments

        tell("reading the text", 0, 0, "")
        corpus = samples.whole(text.corpus, text.column)
        cut = segments.cut(
            checkpoint,
            corpus.texts,
            text.length,
            text.segments,
            text.seed,
            shorter=text.shorter,
            progress=tell,
        )
        tell("loading the model", 0, 0, "")
        made = segments.read(
            checkpoint,
            cut,
            path,
            contexts=text.contexts,
            paths=paths,
            device=text.device,
            precision=text.precision,
            progress=tell,
        )
        _keep(store, name, made, cut.ids.shape[1])

    if _figures(store, name) is None:  # without its figures a file of vectors says nothing
        clouds.path_for(name).unlink(missing_ok=True)
    vectors = clouds.obtain(name, make)
    figures = _figures(store, name)
    assert figures is not None
    return Obtained(*_loaded(figures, vectors), new=True)


def key_of(checkpoint: "Checkpoint", text: SegmentedText, paths: bool = False) -> str:
    """What identifies the segments of a text as a checkpoint reads them; nothing of the text is read."""
    from core.hidden_states.devices import resolve_precision
    from core.studies.segments import VERSION

    source = samples.source_of(text.corpus, text.column)
    parts = (text.segments, text.length, text.shorter, text.contexts, text.seed)
    precision = resolve_precision(text.precision)
    return key("segments", VERSION, checkpoint.fingerprint, source, *parts, precision, paths)


def _path(store: Store, name: str) -> Path:
    return store.folder / "segments" / f"{name}.npz"


def _keep(store: Store, name: str, made: "Read", length: int) -> None:
    import numpy as np

    arrays = {
        "slots": np.array([(one.layer, -1 if one.tokens is None else one.tokens) for one in made.slots]),
        "loss": made.loss,
        "contexts": np.array(list(made.last_loss), dtype=int),
        "last_loss": np.array(list(made.last_loss.values())),
        "note": np.array(made.note or ""),
        "length": np.array(length),
    }
    for name_of_path in ("prompt_entropy", "curvature"):
        if (values := getattr(made, name_of_path)) is not None:
            arrays[name_of_path] = values
    with writable(store.folder):
        _path(store, name).parent.mkdir(parents=True, exist_ok=True)
        with replacing(_path(store, name)) as temporary, temporary.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)


def _figures(store: Store, name: str) -> "dict[str, np.ndarray] | None":
    import numpy as np

    try:
        with np.load(_path(store, name), allow_pickle=False) as kept:
            return dict(kept)
    except (OSError, ValueError, EOFError, KeyError):
        return None


def _loaded(figures: "dict[str, np.ndarray]", vectors: "np.ndarray") -> "tuple[Read, np.ndarray, int]":
    from core.studies.segments import Read, Slot

    slots = [Slot(int(layer), None if tokens < 0 else int(tokens)) for layer, tokens in figures["slots"]]
    last = dict(zip(map(int, figures["contexts"]), figures["last_loss"], strict=True))
    paths = (figures.get("prompt_entropy"), figures.get("curvature"))
    read = Read(slots, figures["loss"], last, *paths, str(figures["note"]) or None)
    return read, vectors, int(figures["length"])
