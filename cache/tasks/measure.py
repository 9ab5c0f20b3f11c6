"""The whole path of one subject, from a checkpoint's name or a file to rows in the store.

What the store holds is not computed again; a subject that is known whole comes back without torch being
imported. A measurement is identified by subject, cloud, measure, parameters, seed and version of the measure.
"""

import math
import statistics
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from cache import checkpoints
from cache.files import Remembered
from cache.measuring import plan as plans
from cache.measuring.computing import Value, compute
from cache.measuring.plan import Key, Target
from cache.requests import Measure, Progress, Settings, Subject, Vectors
from cache.results import CellSettings, Measured
from cache.store import Store
from cache.tasks import Page, Task, text_sample
from core.errors import InputError


def measure_subject(
    store: Store,
    subject: Subject,
    settings: Settings,
    progress: Progress | None = None,
    *,
    roots: Iterable[Path] | None = None,
) -> Measured:
    """Measure one subject.

    progress: called as progress(stage, done, total, unit); may raise to stop the work.
    roots: folders that a local checkpoint must lie under; None: anywhere.
    Errors: InputError, one sentence, for a subject or settings that cannot be used.
    """
    from core.measures import select

    started = time.perf_counter()
    tell = progress or _silent
    names = select(settings.measures)
    if settings.repeats < 1:
        raise InputError(f"{settings.repeats} repeats measure nothing: give at least 1.")
    if settings.quantizer_seeds is not None and settings.quantizer_seeds < 1:
        raise InputError(f"{settings.quantizer_seeds} quantizer seeds measure nothing: give at least 1.")
    if settings.at is not None and settings.at < 2:
        raise InputError(f"A draw of {settings.at} vectors measures nothing: give at least 2.")
    store.ingest()  # what another process has just found out need not be computed again
    make_out = plans.of_vectors if isinstance(subject, Vectors) else plans.of_checkpoint
    plan = make_out(store, subject, settings, names, tell, roots)
    return measure_plan(store, subject.name, plan, settings, tell, started)


def measure_plan(
    store: Store, called: str, plan: plans.Plan, settings: Settings, tell: Progress, started: float
) -> Measured:
    """Measure what a plan lists and the store lacks. called: the subject's name; started: the clock then."""
    from core.checkpoints.damage import why_not_finite
    from core.measures import select
    from core.measures.cloud import NotFiniteError

    names = select(settings.measures)
    results = _known(store, plan.fingerprint)
    targets: list[Target] = []
    added = False
    for target in plan.targets:
        targets.append(target)
        lacking = [name for name in target.names if target.key(name) not in results]
        if target.impossible:
            results |= {target.key(name): Value(None, 0, 0, target.impossible) for name in lacking}
        elif lacking:
            if not added:
                checkpoints.keep(store, plan.row)
                added = True
            try:
                results |= compute(store, plan.fingerprint, target, lacking, settings, tell)
            except NotFiniteError as error:
                if plan.checkpoint is None:
                    raise
                raise InputError(why_not_finite(plan.checkpoint.name, plan.checkpoint.folder)) from error
    if plan.checkpoint is not None:
        checkpoints.remember_aliases(store, plan.checkpoint, Remembered(store.folder / "digests"))
    cached = not any(target.is_obtained for target in targets)
    checkpoints.keep_name(store, plan.row)
    store.ingest()
    summary = _summary(targets, names, results, settings)
    seconds = time.perf_counter() - started
    return Measured(called, plan.fingerprint, **summary, seconds=seconds, cached=cached, notes=plan.notes)


def is_known(store: Store, plan: plans.Plan) -> bool:
    """Whether the store has all that a plan lists; no vectors are obtained."""
    results = _known(store, plan.fingerprint)
    return all(
        target.impossible or target.key(name) in results for target in plan.targets for name in target.names
    )


def _summary(
    targets: Sequence[Target], names: list[str], results: dict[Key, Value], settings: Settings
) -> dict[str, Any]:
    """The fields of `Measured` that follow from values."""
    values: dict[str, list[list[float]]] = {}  # name → text samples → seeds
    spread: dict[str, float | None] = {}
    text: dict[str, float] = {}
    quantizer: dict[str, float] = {}
    left_out: dict[str, str] = {}
    sizes: list[Value] = []
    cells: CellSettings | None = None
    for name in names:
        samples: dict[int, list[float]] = {}
        for target in targets:
            if name not in target.names:
                continue
            one = results[target.key(name)]
            if one.value is None:
                left_out[name] = one.why
                continue
            samples.setdefault(target.sample, []).append(one.value)
            sizes.append(one)
            if plans.of_cells(name):
                cells = CellSettings(one.n, settings.M, settings.k, settings.engine)
        if not samples:
            continue
        values[name] = list(samples.values())
        first = values[name][0]
        if len(samples) > 1:
            text[name] = statistics.stdev(seeds[0] for seeds in values[name])
        if len(first) > 1:
            quantizer[name] = statistics.stdev(first)
        spread[name] = text.get(name, quantizer.get(name))
    if not sizes:
        raise InputError(next(iter(left_out.values())))
    sizes.sort(key=lambda one: not one.d)  # those of vectors first
    return {
        "n": sizes[0].n,
        "d": sizes[0].d,
        "measures": {
            name: statistics.fmean(statistics.fmean(seeds) for seeds in samples)
            for name, samples in values.items()
        },
        "sd": spread,
        "sd_text": text,
        "sd_quantizer": {name: sd for name, sd in quantizer.items() if plans.of_cells(name)},
        "cells": cells,
        "left_out": left_out,
    }


def _silent(stage: str, done: int, total: int, unit: str) -> None:
    """Progress that nobody asked for."""


def _known(store: Store, fingerprint: str) -> dict[Key, Value]:
    """What the store holds of a subject."""
    rows = store.query(
        "SELECT cloud, measure, parameters, seed, version, value, n, d, note FROM measurements "
        "WHERE subject = ?",
        [fingerprint],
    )
    return {
        (cloud, measure, parameters, int(seed), int(version)): Value(
            None if math.isnan(value) else float(value), int(n), int(d), str(note)
        )
        for cloud, measure, parameters, seed, version, value, n, d, note in rows.itertuples(index=False)
    }


def run(
    store: Store, subject: Subject, request: Measure, progress: Progress, roots: Iterable[Path] | None
) -> Measured:
    """`measure_subject` for a piece of a job."""
    return measure_subject(store, subject, request.settings, progress, roots=roots)


def only_cells(settings: Settings) -> bool:
    """Whether nothing but cell measures is asked for."""
    from core.measures import select

    return all(plans.of_cells(name) for name in select(settings.measures))


def page(request: Measure) -> Page:
    """Where the measures are shown: cells alone have a page of their own."""
    try:
        alone = only_cells(request.settings)
    except InputError:  # a measure that another version had
        alone = False
    return Page("explore", "Explore", "cells") if alone else Page("shortlist", "Shortlist")


TASK = Task(
    name="measure",
    request=Measure,
    run=run,
    verb="Measuring",
    page=page,
    remedy="free some, or measure fewer sequences",
    also=lambda store, request, subjects: text_sample.beside(store, request.settings, subjects),
)
