"""Cell measures of one subject at many sizes: how they grow with n, and what the number of bins does to them.

A study is an ordinary measurement taken at several sizes one after the other, so that each is remembered by
itself and a study that was stopped goes on where it was.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from cache.requests import CellStudy, Progress, Settings, Subject, Vectors
from cache.results import Measured, Size, SizeLeftOut, StudiedCells
from cache.store import Store
from cache.tasks import Page, Task, text_sample
from cache.tasks.measure import measure_subject, only_cells
from core.checkpoints.resolve import MINILM
from core.corpora.sources import CORPORA
from core.errors import InputError
from core.measures.protocol import Sample

if TYPE_CHECKING:
    import pandas as pd

SHARES = (0.125, 0.25, 0.5, 1.0)
BINS = (16, 64, 256, 1024)
BOOKS = (1, 2, 4, 8)


def check(request: CellStudy) -> None:
    """InputError for sizes that cannot be, and where other than cell measures are asked for."""
    plan = request.plan
    if not (plan.M and plan.k and plan.shares):
        raise InputError("A study needs at least one M, one k and one share of the vectors: give them.")
    if min(plan.M) < 1 or min(plan.k) < 2 or not 0 < min(plan.shares) <= max(plan.shares) <= 1:
        raise InputError(
            "A study needs M from 1, k from 2 and shares of the vectors above 0 and up to 1: change them."
        )
    if not only_cells(request.settings):
        raise InputError(
            "A study of cells measures cells only: give cells, lsq, pq or names of such measures."
        )


def study(
    store: Store,
    subject: Subject,
    request: CellStudy,
    progress: Progress | None = None,
    *,
    roots: Iterable[Path] | None = None,
) -> StudiedCells:
    """Measure one subject at every size of the plan.

    Errors: InputError where no size can be measured, or where the settings ask for other than cell measures.
    """
    check(request)
    settings, sizes = request.settings, request.plan.sizes()
    values: list[Size] = []
    left_out: list[SizeLeftOut] = []
    whole: Measured | None = None
    seconds, cached = 0.0, True
    for number, (share, M, k) in enumerate(sizes, start=1):
        at = settings.at if share == 1 or whole is None else max(2, round(share * whole.n))
        prefix = f"M = {M}, k = {k}" + (f", n = {at:,}" if at else "") + f" ({number} of {len(sizes)}): "
        one = replace(settings, at=at, M=M, k=k)
        try:
            result = measure_subject(store, subject, one, partial(_prefixed, progress, prefix), roots=roots)
        except InputError as error:
            left_out.append(SizeLeftOut(M, k, at, str(error)))
            if whole is None and number == len(sizes):
                raise
            continue
        whole = whole or result
        seconds, cached = seconds + result.seconds, cached and result.cached
        values.append(Size(M, k, result.n, result.measures, result.sd))
    assert whole is not None
    of = (whole.subject, whole.fingerprint, whole.n, whole.d)
    return StudiedCells(*of, values, left_out, seconds, cached)


def agreements(results: Sequence[StudiedCells]) -> "pd.DataFrame":
    """How each size orders the subjects of `study`'s results against M = 4, k = 256, measure by measure.

    Returned: measure, M, k, n, checkpoints, spearman; empty where fewer than three share all sizes and n.
    """
    import pandas as pd

    from core.cells.sweep import FEWEST, agreement

    long = pd.DataFrame(
        [
            {"measure": name, "subject": result.fingerprint, "value": value}
            | {"M": size.M, "k": size.k, "n": size.n}
            for result in results
            for size in result.values
            for name, value in size.measures.items()
        ],
        columns=["measure", "subject", "value", "M", "k", "n"],
    )
    parts = []
    for (name, _), rows in long.groupby(["measure", "n"], sort=False):
        sizes = rows.groupby("subject").size()
        kept = rows[rows["subject"].isin(sizes[sizes == sizes.max()].index)]
        if kept["subject"].nunique() >= FEWEST:
            compared = agreement(kept)
            compared.insert(0, "measure", name)
            parts.append(compared)
    if not parts:
        return pd.DataFrame(columns=["measure", "M", "k", "n", "checkpoints", "spearman"])
    return pd.concat(parts, ignore_index=True)


def subject_of(row: "pd.Series") -> Subject:
    """The subject that a row of `checkpoints` (or of an overview) stands for, to measure it again."""
    if row["origin"] == "uploaded":
        return Vectors(row["name"], path=row["path"])
    if row["source"] == "package":
        return Subject(MINILM)
    if row["source"] == "hub":
        return Subject(row["name"], revision=row["revision"])
    return Subject(row["path"])


def settings_at(sample: Sample, measures: Iterable[str]) -> Settings | None:
    """Settings that measure at a sample; None where its text was a file, of which only the name is known."""
    if sample.corpus not in CORPORA:
        return None
    return Settings(
        corpus=sample.corpus,
        sequences=sample.sequences or Settings.sequences,
        measures=",".join(measures),
        layer=sample.layer,
        position=sample.position,
        max_length=sample.max_length,
        at=sample.n,
    )


def too_small(clouds: "pd.DataFrame", subjects: Iterable[str], sample: Sample) -> dict[str, int]:
    """Subjects known to have fewer vectors of the sample's text than it takes → how many they have."""
    kept = clouds[(clouds["corpus"] == sample.corpus) & (clouds["position"] == sample.position)]
    if sample.n is None or not sample.sequences:
        return {}
    sizes = kept[kept["sequences"] == sample.sequences].groupby("subject")["n"].max()
    return {name: int(sizes[name]) for name in subjects if name in sizes and sizes[name] < sample.n}


def cell_rows(store: Store) -> "pd.DataFrame":
    """Every cell measurement taken here, one row each, with its text; parameters read into columns.

    Columns: subject, name, cloud, measure, M, k, at (NaN: all vectors), engine, seed, value, n, d, corpus,
    sequences, text_seed, layer, position, max_length.
    """
    from core.measures.registry import MEASURES

    rows = store.query(
        """SELECT m.subject, c.name, m.cloud, m.measure, m.version,
            coalesce(CAST(m.parameters ->> 'M' AS INTEGER), 4) AS M,
            coalesce(CAST(m.parameters ->> 'k' AS INTEGER), 256) AS k,
            CAST(m.parameters ->> 'n' AS BIGINT) AS at,
            coalesce(m.parameters ->> 'engine', 'own') AS engine,
            m.seed, m.value, m.n, m.d, t.corpus, t.sequences, t.text_seed, t.layer, t.position, t.max_length
        FROM measurements m JOIN checkpoints c USING (subject) LEFT JOIN clouds t USING (cloud)
        WHERE m.origin <> 'published' AND m.value IS NOT NULL AND m.measure SIMILAR TO '(lsq|pq)_.*'"""
    )
    return rows[rows["version"] == rows["measure"].map(lambda name: MEASURES[name].version)]


def curve_rows(store: Store) -> "pd.DataFrame":
    """What can be drawn of quantized clouds, a row each: `curves` is JSON for core.cells.curves.Curves.

    Columns: subject, name, cloud, quantizer, at (NaN: all vectors), seed (the lowest alone), curves, corpus,
    sequences, text_seed, layer, position, max_length, created_at.
    """
    return store.query(
        """SELECT v.subject, c.name, v.cloud, v.quantizer, CAST(v.parameters ->> 'n' AS BIGINT) AS at,
            v.seed, v.curves, t.corpus, t.sequences, t.text_seed, t.layer, t.position, t.max_length,
            v.created_at
        FROM cell_curves v JOIN checkpoints c USING (subject) LEFT JOIN clouds t USING (cloud)
        WHERE (v.parameters ->> 'engine') IS NULL
        QUALIFY row_number() OVER (
            PARTITION BY v.subject, v.cloud, v.quantizer, v.parameters ORDER BY v.version DESC, v.seed) = 1
        ORDER BY v.created_at"""
    )


def _prefixed(progress: Progress | None, before: str, stage: str, done: int, total: int, unit: str) -> None:
    if progress:
        progress(before + stage, done, total, unit)


def run(
    store: Store, subject: Subject, request: CellStudy, progress: Progress, roots: Iterable[Path] | None
) -> StudiedCells:
    """`study` for a piece of a job."""
    return study(store, subject, request, progress, roots=roots)


def title(request: CellStudy, subjects: Sequence[Subject]) -> str:
    """Of a job that was given none."""
    return f"Number of cells: {len(subjects)} subjects"


TASK = Task(
    name="cell_study",
    request=CellStudy,
    run=run,
    verb="Measuring cells of",
    title=title,
    page=lambda request: Page("explore", "Explore", "cells"),
    remedy="free some, or quantize fewer vectors",
    check=check,
    also=lambda store, request, subjects: text_sample.beside(store, request.settings, subjects),
)
