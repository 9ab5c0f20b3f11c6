"""Computing measures of a table of vectors or of a text, and the rows of the store that come of it.

A measure that is undefined on some vectors is a row without a value, whose note says why.
"""

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cache.files import now
from cache.measuring.plan import Key, Target, of_cells
from cache.requests import Progress, Settings
from cache.store import Store
from core.errors import InputError

if TYPE_CHECKING:
    import numpy as np

    from core.measures.quantized import Cells


@dataclass(frozen=True)
class Value:
    """One measurement, of n vectors of d numbers; value None: it is undefined, and why says so.

    Of a text n are its predicted tokens, and d is 0.
    """

    value: float | None
    n: int
    d: int
    why: str = ""


def compute(
    store: Store, fingerprint: str, target: Target, names: list[str], settings: Settings, tell: Progress
) -> dict[Key, Value]:
    """Measure some of a target's measures and add their rows; nothing is ingested.

    Each row carries its share of the seconds, since the measures share their work.
    """
    take = _text if target.losses is not None else _cells if of_cells(names[0]) else _direct
    return take(store, fingerprint, target, names, settings, tell)


def _direct(
    store: Store, fingerprint: str, target: Target, names: list[str], settings: Settings, tell: Progress
) -> dict[Key, Value]:
    """Measure and add rows; each carries its share of the seconds, since the measures share their work."""
    from core.measures import measure_detailed
    from core.measures.cloud import NotFiniteError

    of_matrix = target.source.cloud == ""
    try:
        vectors, note = target.source.obtained.vectors, target.source.obtained.note
    except InputError as error:
        if not of_matrix:
            raise
        # Another version may find the matrix: nothing is kept.
        return {target.key(name): Value(None, 0, 0, str(error)) for name in names}
    n, d = vectors.shape
    undefined: dict[str, str] = {}
    started = time.perf_counter()
    try:
        measured = measure_detailed(vectors, names, seed=target.seed, progress=tell, undefined=undefined)
    except NotFiniteError as error:
        if not of_matrix:
            raise
        why = f"Row {error.row:,} of the output-embedding matrix holds NaN or infinite values: repair it."
        measured, undefined = {}, dict.fromkeys(names, why)
    if undefined and target.source.cloud not in ("", fingerprint) and not vectors[:].any():
        raise InputError(
            "All hidden states are zero, as where numbers overflow within the model: try --precision "
            "float32, or check the weights."
        )
    seconds = (time.perf_counter() - started) / len(names)
    common = _common(fingerprint, target, n, d, seconds)
    rows = [
        common
        | {
            "measure": name,
            "version": target.key(name)[-1],
            "value": one.value,
            "standard_error": one.standard_error,
            "note": "; ".join(filter(None, [note, one.note])) or None,
        }
        for name, one in measured.items()
    ]
    rows += [
        common | {"measure": name, "version": target.key(name)[-1], "value": None, "note": why}
        for name, why in undefined.items()
    ]
    store.add("measurements", rows)
    values = {name: Value(one.value, n, d) for name, one in measured.items()}
    values |= {name: Value(None, n, d, why) for name, why in undefined.items()}
    return {target.key(name): value for name, value in values.items()}


def _text(
    store: Store, fingerprint: str, target: Target, names: list[str], settings: Settings, tell: Progress
) -> dict[Key, Value]:
    """Measure how well a text is predicted, and add rows; each carries its share of the pass."""
    from core.measures import measure_text

    assert target.losses is not None
    started = time.perf_counter()
    try:
        made, row_of_cloud = target.losses.obtained
    except InputError as error:  # another version may find the head: nothing is kept
        return {target.key(name): Value(None, 0, 0, str(error)) for name in names}
    undefined: dict[str, str] = {}
    measured = measure_text(made.text, names, undefined)
    seconds = (time.perf_counter() - started) / len(names)
    common = _common(fingerprint, target, made.text.tokens, 0, seconds)
    store.add("clouds", [row_of_cloud])  # unless the hidden states have one: the first counts
    rows = [
        common
        | {"measure": name, "version": target.key(name)[-1], "note": undefined.get(name, made.note)}
        | {"value": measured[name].value if name in measured else None}
        for name in names
    ]
    store.add("measurements", rows)
    return {target.key(row["measure"]): Value(row["value"], row["n"], 0, row["note"] or "") for row in rows}


def _cells(
    store: Store, fingerprint: str, target: Target, names: list[str], settings: Settings, tell: Progress
) -> dict[Key, Value]:
    """Train quantizers, measure their cells and add rows; of the default sizes also what is drawn of them."""
    from core.cells.curves import Curves
    from core.measures import MEASURES, measure_cells
    from core.measures.measuring import K, M

    whole, note = target.source.obtained.vectors, target.source.obtained.note
    total, d = whole.shape
    n = total if target.at is None else target.at
    vectors = whole if n == total else whole[draw(total, n)]
    key: dict[str, Any] = {"subject": fingerprint, "cloud": target.source.cloud}
    key |= {"parameters": target.parameters, "seed": target.seed}
    drawn: list[dict[str, Any]] = []

    def look(quantizer: str, quantized: "Cells") -> None:
        if (settings.M, settings.k) != (M, K):
            return
        version = max(MEASURES[name].version for name in names if MEASURES[name].quantizer == quantizer)
        row = {"quantizer": quantizer, "version": version, "created_at": now()}
        row |= {"curves": json.dumps(Curves.of(quantized).to_json())}
        drawn.append(key | row)

    undefined: dict[str, str] = {}
    started = time.perf_counter()
    seed = f" (quantizer seed {target.seed})"
    measured = measure_cells(
        vectors,
        names,
        seed=target.seed,
        M=settings.M,
        k=settings.k,
        engine=settings.engine,
        progress=lambda stage, *far: tell(stage + seed, *far),
        undefined=undefined,
        look=look,
    )
    seconds = (time.perf_counter() - started) / len(names)
    part = "" if n == total else f"a draw of {n:,} of {total:,} vectors"
    values = {name: Value(one.value, n, d, one.note or "") for name, one in measured.items()}
    values |= {name: Value(None, n, d, why) for name, why in undefined.items()}
    common = _common(fingerprint, target, n, d, seconds)
    rows = [
        common
        | {
            "measure": name,
            "version": target.key(name)[-1],
            "value": one.value,
            "note": "; ".join(filter(None, [note, part, one.why])) if one.value is not None else one.why,
        }
        for name, one in values.items()
    ]
    store.add("measurements", rows)
    store.add("cell_curves", drawn)
    return {target.key(name): one for name, one in values.items()}


def draw(total: int, n: int) -> "np.ndarray":
    """Which n of `total` vectors a draw takes, ascending; a smaller draw is part of every larger one."""
    import numpy as np

    return np.sort(np.random.default_rng(0).permutation(total)[:n])


def _common(fingerprint: str, target: Target, n: int, d: int, seconds: float) -> dict[str, Any]:
    """What the rows of one target have in common."""
    return {
        "subject": fingerprint,
        "cloud": target.source.cloud,
        "parameters": target.parameters,
        "seed": target.seed,
        "n": n,
        "d": d,
        "seconds": seconds,
        "origin": "measured",
        "created_at": now(),
    }
