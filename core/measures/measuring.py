"""One call for any choice of measures on one table of vectors, with the work they share done once."""

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from core.errors import InputError
from core.measures.entry import Measured
from core.measures.registry import MEASURES, select

if TYPE_CHECKING:
    from core.blocks import Progress
    from core.measures.families.decoder import TextLoss
    from core.measures.quantized import Cells

M, K = 4, 256  # codebooks, and centroids in each, where nothing else is asked for


def measure(vectors: Any, names: str | Iterable[str] | None = None, *, seed: int = 0) -> dict[str, float]:
    """Values of measures on a cloud or, for names with `unembedding_`, on an output-embedding matrix.

    Arguments:
        vectors: (n, d), one vector a row: a floating-point NumPy array, also memory-mapped, or torch tensor.
        names: as `select` takes them; None for every measure of a cloud that trains no quantizer.
        seed: of whatever is sampled or trained.

    Returns: name → value, in the order asked for.
    Raises InputError for vectors or names that cannot be used, and for a measure undefined on these vectors.
    """
    return {name: measured.value for name, measured in measure_detailed(vectors, names, seed=seed).items()}


def measure_detailed(
    vectors: Any,
    names: str | Iterable[str] | None = None,
    *,
    seed: int = 0,
    M: int = M,
    k: int = K,
    engine: str = "own",
    progress: "Progress | None" = None,
    undefined: dict[str, str] | None = None,
) -> dict[str, Measured]:
    """As `measure`, with each value's standard error and a note on what was left out or sampled.

    Arguments:
        M, k, engine: of the cell measures, see `measure_cells`.
        progress: called as progress(stage, done, total, unit) between blocks of work; may raise to cancel.
        undefined: filled with name → why, where a measure is undefined; None: that is raised. Vectors that
            cannot be measured at all are InputError anyway.
    """
    from threadpoolctl import threadpool_limits

    from core.measures.cloud import Cloud

    entries = [MEASURES[name] for name in select(names)]
    if of_text := [entry.name for entry in entries if entry.subject == "text"]:
        raise InputError(f"{of_text[0]} is no measure of vectors: it takes a decoder and a text.")
    if names is None:
        entries = [entry for entry in entries if entry.subject == "cloud"]
    spectra = any("spectrum" in entry.needs for entry in entries)
    cloud = Cloud(vectors, spectra=spectra, seed=seed, progress=progress)
    # Blocks of rows run in parallel here. Threads of BLAS itself wait busily for each other, which on a
    # machine with other work to do costs several times what they save.
    with threadpool_limits(1, user_api="blas"):
        cloud.moments  # noqa: B018  refuses numbers that are not finite, whatever is asked for
        values: dict[str, Measured] = {}
        for entry in entries:
            if not entry.quantizer:
                _take(entry.name, cloud, values, undefined)
    if of_cells := [entry.name for entry in entries if entry.quantizer]:
        options: dict[str, Any] = {"seed": seed, "M": M, "k": k, "engine": engine, "progress": progress}
        values |= measure_cells(vectors, of_cells, **options, undefined=undefined)
    return {entry.name: values[entry.name] for entry in entries if entry.name in values}


def measure_text(
    text: "TextLoss", names: Iterable[str], undefined: dict[str, str] | None = None
) -> dict[str, Measured]:
    """Measures of how well a text is predicted: name → value; `undefined` as of `measure_detailed`."""
    values: dict[str, Measured] = {}
    for name in names:
        _take(name, text, values, undefined)
    return values


def measure_cells(
    vectors: Any,
    names: Iterable[str],
    *,
    seed: int = 0,
    M: int = M,
    k: int = K,
    engine: str = "own",
    progress: "Progress | None" = None,
    undefined: dict[str, str] | None = None,
    look: "Callable[[str, Cells], None] | None" = None,
) -> dict[str, Measured]:
    """Cell measures of a cloud; each quantizer that they need is trained once.

    Arguments:
        vectors: (n, d), one vector a row: a floating-point NumPy array, also memory-mapped, or torch tensor;
            quantized in float32, of which a copy is made unless they are float32 already.
        names: of measures that need the cells of a quantizer.
        seed: of the quantizer. The seed-to-seed spread belongs to the value: measure several.
        M, k: codebooks, and centroids in each.
        engine: "own", or "faiss" for the reference.
        progress: called as progress(stage, done, total, unit); may raise to cancel.
        undefined: filled with name → why, where a measure or a quantizer cannot be; None: that is raised.
        look: called as look("lsq" or "pq", cells) with each quantized cloud, for more than its measures.

    Returns: name → value, whose note holds engine, schedule, M, k, n and seed.
    Raises InputError for sizes that cannot be, and for a measure undefined on these vectors.
    """
    from threadpoolctl import threadpool_limits

    from core import quantizers
    from core.measures.quantized import Cells, to_quantize

    names = list(names)
    try:
        table = to_quantize(vectors)
    except InputError as error:
        _refuse(undefined, names, error)
        return {}
    values: dict[str, Measured] = {}
    note = (
        f"quantizer trained and applied on all {len(table):,} vectors, M = {M}, k = {k}, seed {seed}, "
        f"engine {engine}, schedule {quantizers.SCHEDULE}"
    )
    with threadpool_limits(1, user_api="blas"):
        for quantizer in quantizers.QUANTIZERS:
            wanted = [name for name in names if MEASURES[name].quantizer == quantizer]
            if not wanted:
                continue
            step = partial(_report, progress, f"training {quantizer.upper()}", "rounds")
            try:
                made = quantizers.quantize(quantizer, table, M=M, k=k, seed=seed, engine=engine, step=step)
            except InputError as error:
                _refuse(undefined, wanted, error)
                continue
            cells = Cells(table, made, partial(_report, progress, f"cells of {quantizer.upper()}", "cells"))
            for name in wanted:
                _take(name, cells, values, undefined)
                if name in values:
                    own = values[name].note
                    values[name] = replace(values[name], note="; ".join(filter(None, [own, note])))
            if look:
                look(quantizer, cells)
    return {name: values[name] for name in names if name in values}


def _take(name: str, of: Any, values: dict[str, Measured], undefined: dict[str, str] | None) -> None:
    """Add the value of one measure of what it is taken of, or note why there is none."""
    try:
        value = MEASURES[name].function(of)
        measured = value if isinstance(value, Measured) else Measured(value)
        if not math.isfinite(measured.value):
            raise InputError(f"{name} is {measured.value} here, which is no value: leave it out.")
    except InputError as error:
        _refuse(undefined, [name], error)
    else:
        values[name] = measured


def _refuse(undefined: dict[str, str] | None, names: list[str], error: InputError) -> None:
    """Note why the names have no value, or raise it where nobody takes the note."""
    if undefined is None:
        raise error
    undefined.update(dict.fromkeys(names, str(error)))


def _report(progress: "Progress | None", stage: str, unit: str, done: int, total: int) -> None:
    if progress:
        progress(stage, done, total, unit)
