"""The vectors of a labelled text at every layer of a checkpoint, from one extraction, and their rows.

Each layer is a cloud of its own, as any other of position "mean"; the mean over all layers is one without a
layer. On disk they are one file, which can be made again.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cache.files import key, now
from cache.measuring.revisions import revisions
from cache.store import Store

if TYPE_CHECKING:
    import numpy as np

    from cache.requests import Progress
    from core.checkpoints.resolve import Checkpoint
    from core.corpora.labelled import LabelledText

POSITION = "mean"
MEAN_OF_LAYERS = "mean of layers"  # stands in keys where other clouds have a layer
EVERY_LAYER = "every layer"


@dataclass(frozen=True)
class LayerCloud:
    """One layer of a checkpoint on a labelled text; layer None: the mean over all of them."""

    cloud: str
    layer: int | None
    n: int
    d: int
    note: str | None


class Layers:
    """The layers of one checkpoint on one labelled text, obtained when first asked for."""

    def __init__(
        self,
        store: Store,
        checkpoint: "Checkpoint",
        text: "LabelledText",
        precision: str,
        max_length: int | None,
        device: str,
        progress: "Progress",
    ) -> None:
        """precision: as resolved; the other options are those of `extract_layers`."""
        self._store, self._checkpoint, self._text = store, checkpoint, text
        self._precision, self._max_length, self._device = precision, max_length, device
        self._progress = progress

    def key(self, layer: int | str) -> str:
        """The key of a layer's cloud, formed as that of any other cloud."""
        from core.hidden_states.extraction import EXTRACTOR_VERSION

        sample = (self._text.fingerprint, layer, POSITION, self._max_length, self._precision)
        parts = (*sample, EXTRACTOR_VERSION, *self._revisions)
        return key(self._checkpoint.fingerprint, self._text.fingerprint, *parts)

    @cached_property
    def _revisions(self) -> tuple[str, ...]:
        texts = [*self._text.texts, *(self._text.pairs or [])]
        return revisions(self._store, self._checkpoint, texts, self._text.fingerprint)

    @cached_property
    def obtained(self) -> "np.ndarray":
        """The vectors, (L + 1, n, d), memory-mapped: from disk, else by running the model."""
        from cache.clouds import Clouds

        def make(path: Path) -> None:
            self._store.add("clouds", self._extract(path))

        vectors = Clouds(self._store.folder / "clouds").obtain(self.key(EVERY_LAYER), make)
        self._store.ingest()
        return vectors

    @property
    def is_obtained(self) -> bool:
        """Whether the vectors were asked for."""
        return "obtained" in self.__dict__

    def clouds(self) -> list[LayerCloud]:
        """Layers 0 to L, then their mean; from the store where they are known, else obtained."""
        stored = self._stored()
        if not stored:
            self.obtained  # noqa: B018  adds their rows
            stored = self._stored()
        return stored

    def _stored(self) -> list[LayerCloud]:
        last = self._store.query("SELECT cloud FROM clouds WHERE cloud = ?", [self.key(MEAN_OF_LAYERS)])
        if last.empty:
            return []
        rows = self._store.query(
            "SELECT cloud, layer, n, d, note FROM clouds WHERE subject = ? AND sample_fingerprint = ? "
            "AND position = ?",
            [self._checkpoint.fingerprint, self._text.fingerprint, POSITION],
        ).set_index("cloud")
        found = []
        for layer in (*range(len(rows)), MEAN_OF_LAYERS):
            cloud = self.key(layer)
            if cloud in rows.index:
                row = rows.loc[cloud]
                place = None if layer == MEAN_OF_LAYERS else int(layer)
                found.append(LayerCloud(cloud, place, int(row["n"]), int(row["d"]), row["note"] or None))
        return found

    def _extract(self, path: Path) -> list[dict[str, Any]]:
        """Run the model, write the vectors to `path`, and return the rows of `clouds`."""
        from core.hidden_states.extraction import EXTRACTOR_VERSION
        from core.hidden_states.pooled import extract_layers

        self._progress("loading the model", 0, 0, "")
        made = extract_layers(
            self._checkpoint,
            self._text.texts,
            path,
            pairs=self._text.pairs,
            max_length=self._max_length,
            device=self._device,
            precision=self._precision,
            progress=self._progress,
        )
        common = {
            "subject": self._checkpoint.fingerprint,
            "corpus": self._text.name,
            "corpus_fingerprint": self._text.fingerprint,
            "sample_fingerprint": self._text.fingerprint,
            "sequences": made.n,
            "position": POSITION,
            "max_length": self._max_length,
            "precision": made.precision,
            "extractor_version": EXTRACTOR_VERSION,
            "n": made.n,
            "d": made.d,
            "tokens": made.tokens,
            "seconds": made.seconds,
            "note": made.note,
            "created_at": now(),
        }
        rows = [common | {"cloud": self.key(layer), "layer": layer} for layer in range(made.last + 1)]
        return [*rows, common | {"cloud": self.key(MEAN_OF_LAYERS), "layer": None}]
