"""The picture of one quantized cloud as a job: two dimensions, cells and tokens of a sample of its vectors.

The quantizer is trained as the cell measures train it (same vectors, seed and sizes), so cells are the same.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from cache import cell_pictures, checkpoints
from cache.files import reason
from cache.requests import Progress, Request, Settings, Subject, Vectors
from cache.results import Result
from cache.store import Store
from cache.tasks import Page, Task, called
from core.errors import InputError
from core.formatting import first_few

if TYPE_CHECKING:
    import numpy as np

    from cache.measuring.plan import Plan, Target
    from core.cells.curves import Curves
    from core.cells.picture import Picture
    from core.checkpoints.resolve import Checkpoint
    from core.measures.quantized import Cells

QUANTIZERS = ("lsq", "pq")


@dataclass(frozen=True)
class CellPicture(Request):
    """Draw a cloud with the cells of a quantizer, "lsq" or "pq". settings: of which its seed is used for the
    text and for the quantizer; measures are ignored."""

    settings: Settings = field(default_factory=Settings)
    quantizer: str = "lsq"


@dataclass(frozen=True)
class PicturedCells(Result):
    """What was drawn. fingerprint: of the subject. explained: the shares of the variance. points: drawn."""

    subject: str
    fingerprint: str
    quantizer: str
    n: int
    d: int
    points: int
    explained: tuple[float, float]
    seconds: float


@dataclass(frozen=True)
class Drawn:
    """A picture with the curves of the same cells, and whose they are."""

    picture: "Picture"
    curves: "Curves"
    plan: "Plan"
    target: "Target"


def check(request: CellPicture) -> None:
    """InputError for a quantizer that there is not, and for a number of vectors that cannot be."""
    if request.quantizer not in QUANTIZERS:
        raise InputError(f"There is no quantizer {request.quantizer}: choose {' or '.join(QUANTIZERS)}.")
    if request.settings.at is not None and request.settings.at < 2:
        raise InputError(f"A draw of {request.settings.at} vectors shows nothing: give at least 2.")


def draw(
    store: Store, subject: Subject, request: CellPicture, tell: Progress, roots: Iterable[Path] | None = None
) -> Drawn:
    """Quantize a cloud and draw it. Errors: InputError for a subject or settings that cannot be used."""
    from cache.measuring import computing
    from cache.measuring import plan as plans
    from core.cells.curves import Curves
    from core.cells.picture import picture, sample_rows
    from core.measures import measure_cells

    check(request)
    settings, name = request.settings, f"{request.quantizer}_patchiness"
    make_out = plans.of_vectors if isinstance(subject, Vectors) else plans.of_checkpoint
    plan = make_out(store, subject, settings, [name], tell, roots)
    target = next(plan.targets)
    if target.impossible:
        raise InputError(target.impossible)
    whole = target.source.obtained.vectors
    n = whole.shape[0] if target.at is None else target.at
    kept = computing.draw(whole.shape[0], n)
    vectors = whole if target.at is None else whole[kept]
    rows = sample_rows(n)
    tokens = (
        _tokens(store, plan.checkpoint, settings, kept[rows], tell) if plan.checkpoint else [""] * len(rows)
    )
    drawn: list[tuple[Picture, Curves]] = []

    def look(quantizer: str, cells: "Cells") -> None:
        drawn.append((picture(cells, rows, tokens), Curves.of(cells)))

    M, k, seed = settings.M, settings.k, target.seed
    measure_cells(vectors, [name], seed=seed, M=M, k=k, engine=settings.engine, progress=tell, look=look)
    return Drawn(*drawn[0], plan, target)


def _tokens(
    store: Store, checkpoint: "Checkpoint", settings: Settings, rows: "np.ndarray", tell: Progress
) -> list[str]:
    """What each of these rows of the hidden states is the vector of: a token, or a sequence."""
    from cache import samples
    from core.hidden_states.tokens import words_at

    sample = samples.text_sample(store, settings.corpus, settings.sequences, settings.seed, settings.column)
    if settings.position != "all":
        return [sample.sequences[row] for row in rows]
    return words_at(checkpoint, sample.sequences, settings.max_length, rows, tell)


def run(
    store: Store,
    subject: Subject,
    request: CellPicture,
    progress: Progress,
    roots: Iterable[Path] | None,
    out: Path | None = None,
) -> PicturedCells:
    """Draw one subject and keep the picture where the tab Cells reads it. out: a folder for its tables."""
    from core.cells import example

    started = time.perf_counter()
    made = draw(store, subject, request, progress, roots)
    checkpoints.keep(store, made.plan.row)
    cloud, at, seed = made.target.source.cloud, made.target.at, made.target.seed
    cell_pictures.keep(store, cloud, request.quantizer, at, seed, made.picture)
    store.ingest()
    if out is not None:
        try:
            example.write(made.picture, made.curves, out)
        except OSError as error:
            raise InputError(
                f"{out} cannot be written ({reason(error)}): give a folder that exists."
            ) from error
    one = made.picture
    return PicturedCells(
        subject=subject.name,
        fingerprint=made.plan.fingerprint,
        quantizer=request.quantizer,
        n=one.n,
        d=one.d,
        points=len(one.rows),
        explained=one.explained,
        seconds=time.perf_counter() - started,
    )


def title(request: CellPicture, subjects: Sequence[Subject]) -> str:
    """Of a job that was given none."""
    return f"Picture of the cells of {first_few(map(called, subjects))}"


TASK = Task(
    name="cell_picture",
    request=CellPicture,
    run=run,
    verb="Drawing the cells of",
    title=title,
    page=lambda request: Page("explore", "Explore", "cells"),
    remedy="free some, or quantize fewer vectors",
    check=check,
    listed=False,
)
