"""The whole path of one subject, from a checkpoint's name or a file to rows in the store.

What the store holds is not computed again; a subject that is known whole comes back without torch being
imported. A measurement is identified by subject, cloud, measure, parameters, seed and version of the measure.
A cell measure that is undefined on some vectors is a row without a value, whose note says why.
"""

import json
import math
import statistics
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cache.files import now
from cache.measuring import plan as targets
from cache.measuring.plan import Target
from cache.requests import Measure, Progress, Settings, Subject, Vectors
from cache.store import Store
from cache.tasks import Page, Task, text_sample
from core.errors import InputError

if TYPE_CHECKING:
    import numpy as np

    from core.measures.quantized import Cells

Key = tuple[str, str, str, int, int]  # cloud, measure, parameters, seed, version


@dataclass(frozen=True)
class Value:
    """What is known of one measurement; value None: it is undefined, and why says so."""

    value: float | None
    n: int
    d: int
    why: str = ""


def measure_subject(
    store: Store,
    subject: Subject,
    settings: Settings,
    progress: Progress | None = None,
    *,
    roots: Iterable[Path] | None = None,
) -> dict[str, Any]:
    """Measure one subject; returns what `cli.py measure --json` gives for it.

    {"subject", "fingerprint", "n", "d", "measures": {name: mean over repeats}, "sd": {name: between text
    samples where there are several, else between seeds, or None for one value}, "sd_text" and "sd_quantizer":
    {name: that of either kind, of cell measures and where it exists}, "cells": {"n", "M", "k", "engine"} that
    cell measures were taken at, or None, "left_out": {name: why it has no value}, "seconds", "cached":
    nothing had to be computed}. The text samples of `sd_text` have one quantizer seed each, so that it holds
    the quantizer's share as well; `sd_quantizer` is that of the first sample.
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
    find = targets.of_vectors if isinstance(subject, Vectors) else targets.of_checkpoint
    found = find(store, subject, settings, names, tell, roots)
    known = _known(store, found.fingerprint)
    missing = [
        (target, lacking)
        for target in found.targets
        if (lacking := [name for name in target.names if target.key(name) not in known])
    ]
    if missing:
        if store.query("SELECT 1 FROM checkpoints WHERE subject = ?", [found.fingerprint]).empty:
            store.add("checkpoints", [found.row | {"added_at": now()}])
        for target, lacking in missing:
            measure = _measure_cells if targets.of_cells(lacking[0]) else _measure
            known |= measure(store, found.fingerprint, target, lacking, settings, tell)
        store.ingest()
    return _summary(subject, found, names, known, settings) | {
        "seconds": time.perf_counter() - started,
        "cached": not missing,
    }


def _summary(
    subject: Subject, found: targets.Found, names: list[str], known: dict[Key, Value], settings: Settings
) -> dict[str, Any]:
    """What `measure_subject` returns, but for seconds and cached."""
    values: dict[str, list[list[float]]] = {}  # name → text samples → seeds
    spread: dict[str, float | None] = {}
    text: dict[str, float] = {}
    quantizer: dict[str, float] = {}
    left_out: dict[str, str] = {}
    sizes: list[Value] = []
    cells: dict[str, Any] | None = None
    for name in names:
        samples: dict[int, list[float]] = {}
        for target in found.targets:
            if name not in target.names:
                continue
            one = known[target.key(name)]
            if one.value is None:
                left_out[name] = one.why
                continue
            samples.setdefault(target.sample, []).append(one.value)
            sizes.append(one)
            if targets.of_cells(name):
                cells = {"n": one.n, "M": settings.M, "k": settings.k, "engine": settings.engine}
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
    return {
        "subject": subject.name,
        "fingerprint": found.fingerprint,
        "n": sizes[0].n,
        "d": sizes[0].d,
        "measures": {
            name: statistics.fmean(statistics.fmean(seeds) for seeds in samples)
            for name, samples in values.items()
        },
        "sd": spread,
        "sd_text": text,
        "sd_quantizer": {name: sd for name, sd in quantizer.items() if targets.of_cells(name)},
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


def _measure(
    store: Store, fingerprint: str, target: Target, names: list[str], settings: Settings, tell: Progress
) -> dict[Key, Value]:
    """Measure and add rows; each carries its share of the seconds, since the measures share their work."""
    from core.measures import measure_detailed

    vectors, note = target.load()
    n, d = vectors.shape
    started = time.perf_counter()
    measured = measure_detailed(vectors, names, seed=target.seed, progress=tell)
    seconds = (time.perf_counter() - started) / len(names)
    common = _common(fingerprint, target, n, d, seconds)
    rows = [
        common
        | {
            "measure": name,
            "version": target.key(name)[-1],
            "value": found.value,
            "standard_error": found.standard_error,
            "note": "; ".join(filter(None, [note, found.note])) or None,
        }
        for name, found in measured.items()
    ]
    store.add("measurements", rows)
    return {target.key(name): Value(found.value, n, d) for name, found in measured.items()}


def _measure_cells(
    store: Store, fingerprint: str, target: Target, names: list[str], settings: Settings, tell: Progress
) -> dict[Key, Value]:
    """Train quantizers, measure their cells and add rows; of the default sizes also what is drawn of them."""
    from core.cells.curves import Curves
    from core.measures import MEASURES, measure_cells
    from core.measures.measuring import K, M

    whole, note = target.load()
    total, d = whole.shape
    n = total if target.at is None else target.at
    if n > total:
        why = f"{settings.at:,} vectors were asked for, but there are {total:,}: ask for no more than those."
        return {target.key(name): Value(None, total, d, why) for name in names}
    stored = target
    if target.at == total:  # which was not known before the vectors were made
        told = json.loads(target.parameters)
        told.pop("n")
        stored = replace(target, parameters=json.dumps(told, sort_keys=True))
    vectors = whole if n == total else whole[draw(total, n)]
    drawn: list[dict[str, Any]] = []

    def look(quantizer: str, quantized: "Cells") -> None:
        if (settings.M, settings.k) != (M, K):
            return
        version = max(MEASURES[name].version for name in names if MEASURES[name].quantizer == quantizer)
        row = {"quantizer": quantizer, "version": version, "created_at": now()}
        row |= {"curves": json.dumps(Curves.of(quantized).to_json())}
        drawn.append(row | {key: getattr(stored, key) for key in ("cloud", "parameters", "seed")})

    undefined: dict[str, str] = {}
    started = time.perf_counter()
    told_seed = f" (quantizer seed {target.seed})"
    measured = measure_cells(
        vectors,
        names,
        seed=target.seed,
        M=settings.M,
        k=settings.k,
        engine=settings.engine,
        progress=lambda stage, *far: tell(stage + told_seed, *far),
        undefined=undefined,
        look=look,
    )
    seconds = (time.perf_counter() - started) / len(names)
    part = "" if n == total else f"a draw of {n:,} of {total:,} vectors"
    found = {name: Value(one.value, n, d, one.note or "") for name, one in measured.items()}
    found |= {name: Value(None, n, d, why) for name, why in undefined.items()}
    common = _common(fingerprint, stored, n, d, seconds)
    rows = [
        common
        | {
            "measure": name,
            "version": stored.key(name)[-1],
            "value": one.value,
            "note": "; ".join(filter(None, [note, part, one.why])) if one.value is not None else one.why,
        }
        for name, one in found.items()
    ]
    store.add("measurements", rows)
    store.add("cell_curves", [{"subject": fingerprint} | row for row in drawn])
    return {target.key(name): one for name, one in found.items()}


def draw(total: int, n: int) -> "np.ndarray":
    """Which n of `total` vectors a draw takes, ascending; a smaller draw is part of every larger one."""
    import numpy as np

    return np.sort(np.random.default_rng(0).permutation(total)[:n])


def _common(fingerprint: str, target: Target, n: int, d: int, seconds: float) -> dict[str, Any]:
    """What the rows of one target have in common."""
    return {
        "subject": fingerprint,
        "cloud": target.cloud,
        "parameters": target.parameters,
        "seed": target.seed,
        "n": n,
        "d": d,
        "seconds": seconds,
        "origin": "measured",
        "created_at": now(),
    }


def run(
    store: Store, subject: Subject, request: Measure, progress: Progress, roots: Iterable[Path] | None
) -> Any:
    """`measure_subject` for a piece of a job."""
    return measure_subject(store, subject, request.settings, progress, roots=roots)


def only_cells(settings: Settings) -> bool:
    """Whether nothing but cell measures is asked for."""
    from core.measures import select

    return all(targets.of_cells(name) for name in select(settings.measures))


def page(request: Measure) -> Page:
    """Where the measures are shown: cells alone have a page of their own."""
    try:
        alone = only_cells(request.settings)
    except InputError:  # a measure that another version had
        alone = False
    return Page("quantized_cells", "Quantized cells") if alone else Page("shortlist", "Shortlist")


TASK = Task(
    name="measure",
    request=Measure,
    run=run,
    verb="Measuring",
    page=page,
    remedy="free some, or measure fewer sequences",
    also=lambda store, request, subjects: text_sample.beside(store, request.settings, subjects),
)
