"""What may be asked for, as plain values: a request says what to do, a subject what to do it with.

Job files hold them as JSON. A new kind of job may define its request in its own module under `cache/tasks/`;
those here are the ones that several places make.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from core.errors import InputError
from core.token_sets import TokenSet, load, random_size

Progress = Callable[[str, int, int, str], None]  # stage, done, total, unit
Value = TypeVar("Value")

REFERENCE = "everyday"  # the token set that a domain is compared with by default
GLUE = ("CoLA", "MNLI", "MRPC", "QNLI", "QQP", "RTE", "SST-2", "STS-B")  # of which the average is formed


def a_file(default: Any) -> Any:
    """A field that may name a file or a folder, which is queued by its full path."""
    return field(default=default, metadata={"file": True})


@dataclass(frozen=True)
class Subject:
    """What a piece works on, by name: a checkpoint (folder, hub id or "minilm"), a text, an objective.

    path: where it is, or is to be, on this machine. revision: branch, tag or commit of a hub id.
    """

    name: str
    path: str | None = field(default=None, kw_only=True)
    revision: str | None = field(default=None, kw_only=True)


@dataclass(frozen=True)
class Vectors(Subject):
    """A file of vectors, at `path`.

    columns, array, skip_bad_rows: what to take of it, see core.hidden_states.vector_readers.Choice.
    family: what the vectors are counted to; None: "uploaded vectors".
    """

    columns: str | None = field(default=None, kw_only=True)
    array: str | None = field(default=None, kw_only=True)
    skip_bad_rows: bool = field(default=False, kw_only=True)
    family: str | None = field(default=None, kw_only=True)


@dataclass(frozen=True)
class Settings:
    """What to measure, on which text, how; the defaults are the published protocol.

    corpus: a name of core.corpora.sources.CORPORA, a file, or "auto": PTB + WikiText-2 where copies of both
    are here. repeats: as many text samples, of seeds seed, seed + 1, …
    layer: numbered as hidden_states; None is the last. position: "all", "last" or "mean".
    at: cell measures are taken of a draw of so many vectors, the same draw of the same cloud; None: of all.
    quantizer_seeds: of cell measures on the first text sample, seed, seed + 1, …; None: as many as repeats.
        Further text samples have one each.
    M, k, engine: of the quantizers, see core.quantizers.quantize.
    """

    corpus: str = a_file("auto")
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
    at: int | None = None
    quantizer_seeds: int | None = None
    M: int = 4
    k: int = 256
    engine: str = "own"


@dataclass(frozen=True)
class Plan:
    """The sizes of a study of cells: every M with every k, at every share of the vectors.

    A share 1 is the number of vectors that cell measures are taken of anyway (Settings.at, or all).
    """

    M: tuple[int, ...] = (4,)
    k: tuple[int, ...] = (256,)
    shares: tuple[float, ...] = (1.0,)

    def sizes(self) -> "list[tuple[float, int, int]]":
        """(share, M, k), the whole cloud first, since its size is what shares are of."""
        return [
            (share, M, k)
            for share in sorted(self.shares, reverse=True)
            for M in sorted(self.M)
            for k in sorted(self.k)
        ]


@dataclass(frozen=True)
class Request:
    """What a job does with each of its subjects; `cache.tasks.task_of` says how."""


@dataclass(frozen=True)
class Measure(Request):
    """Measure checkpoints and files of vectors."""

    settings: Settings = Settings()


@dataclass(frozen=True)
class CellStudy(Request):
    """Measure cells at every size of a plan."""

    settings: Settings = Settings()
    plan: Plan = Plan()


@dataclass(frozen=True)
class Gap(Request):
    """The dispersion gap of two token sets. reference: a token set, or "random:N", a seeded draw from the
    vocabulary. form, cases, several: how words become tokens, see core.token_sets.resolving.resolve.
    """

    domain: TokenSet
    reference: TokenSet | str
    form: str | None = None
    cases: bool = False
    several: str = "skip"
    seed: int = 0

    @classmethod
    def of(cls, domain: str, reference: str = REFERENCE, **options: Any) -> "Gap":
        """By names of sets, files, or random:N for the reference; InputError where there is no such set."""
        if random_size(domain):
            raise InputError(f"{domain} can be a reference only: give a token set or a file as the domain.")
        return cls(load(domain), reference if random_size(reference) else load(reference), **options)

    @property
    def names(self) -> tuple[str, str]:
        """What the two sets are called."""
        return self.domain.name, self.reference if isinstance(self.reference, str) else self.reference.name

    @property
    def parameters(self) -> str:
        """What tells this gap from others of one checkpoint and seed: JSON, sets by the digest of words."""
        sets = {"domain": self.domain, "reference": self.reference}
        named = {key: value if isinstance(value, str) else value.digest for key, value in sets.items()}
        forms = {
            f"{key}_form": self.form or value.form
            for key, value in sets.items()
            if not isinstance(value, str)
        }
        return json.dumps(named | forms | {"cases": self.cases, "several": self.several}, sort_keys=True)


@dataclass(frozen=True)
class GlueRun(Request):
    """Fine-tune checkpoints on GLUE. data: a folder of Parquet files; None: the hub.

    protocol: what differs from the defaults of core.fine_tuning.training.Protocol, by its fields.
    """

    tasks: tuple[str, ...] = GLUE
    data: str | None = a_file(None)
    protocol: dict[str, Any] = field(default_factory=dict)
    device: str = "auto"


@dataclass(frozen=True)
class Pretrain(Request):
    """Pre-train small encoders on a corpus, one an objective: the subject's name, its path the folder."""

    corpus: str = a_file("auto")


@dataclass(frozen=True)
class TextSample(Request):
    """Find out how representative a sample of a corpus is."""

    corpus: str = a_file("auto")
    column: str | None = None
    sequences: int = 5000
    seed: int = 0


def full_path(name: str) -> str:
    """A file or folder by its full path, other names as they are.

    Of a variant, which is written behind a plus sign, that of the folder it is made from.
    """
    for cut in (len(name), name.find("+")):
        path = Path(name[: max(cut, 0)]).expanduser()
        if name[: max(cut, 0)] and path.exists():
            return f"{path.resolve()}{name[cut:]}"
    return name


def anchored(value: Value) -> Value:
    """A request with its files by their full paths, since a worker runs in another folder."""
    news: dict[str, Any] = {}
    for one in fields(value):  # type: ignore[arg-type]
        content = getattr(value, one.name)
        if one.metadata.get("file") and content:
            news[one.name] = full_path(content)
        elif is_dataclass(content) and not isinstance(content, type):
            news[one.name] = anchored(content)
    return replace(value, **news)  # type: ignore[type-var]
