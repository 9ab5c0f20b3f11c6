"""What may be asked for: subjects, and what to measure of them, on which text, how."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Progress = Callable[[str, int, int, str], None]


@dataclass(frozen=True)
class Subject:
    """What is measured: kind "checkpoint" (folder, hub id or "minilm") or "vectors" (the file at `path`).

    Kind "corpus" stands for the text itself: how representative the sample is. Kind "gap" is a checkpoint of
    which the dispersion gap that the settings ask for is measured, and nothing else; kind "glue" one that is
    fine-tuned, and not measured.
    """

    kind: str
    name: str
    path: str | None = None
    revision: str | None = None


@dataclass(frozen=True)
class Settings:
    """What to measure, on which text, how; the defaults are the published protocol.

    corpus: a name of core.corpora.sources.CORPORA, a file, or "auto": PTB + WikiText-2 where copies of both
    are here. repeats: as many text samples, of seeds seed, seed + 1, …
    layer: numbered as hidden_states; None is the last. position: "all", "last" or "mean".
    gap: for subjects of kind "gap", a cache.tasks.gap.Request as its to_json gives it.
    at: cell measures are taken of a draw of so many vectors, the same draw of the same cloud; None: of all.
    quantizer_seeds: of cell measures on the first text sample, seed, seed + 1, …; None: as many as repeats.
        Further text samples have one each.
    M, k, engine: of the quantizers, see core.quantizers.quantize.
    study: a cache.tasks.cell_study.Plan as its to_json gives it; the subjects are measured at each of its
    sizes. glue: for subjects of kind "glue", a cache.tasks.glue_run.Request as its to_json gives it.
    """

    corpus: str = "auto"
    column: str | None = None
    sequences: int = 5000
    measures: str = "all"
    layer: int | None = None
    position: str = "all"
    max_length: int | None = None
    seed: int = 0
    repeats: int = 1
    device: str = "auto"
    precision: str = "auto"
    gap: dict[str, Any] | None = None
    at: int | None = None
    quantizer_seeds: int | None = None
    M: int = 4
    k: int = 256
    engine: str = "own"
    study: dict[str, Any] | None = None
    glue: dict[str, Any] | None = None
