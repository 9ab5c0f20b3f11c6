"""The table `gaps`: gaps looked for, kept, and compared.

A gap is identified by the checkpoint's fingerprint, the words of both sets (by content, not by name), how
words become tokens, the seed and GAP_VERSION. Its two sums stand in `measurements`, the whole of it (parts,
words used and left out, resamples) in `gaps`.
"""

import json
from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

from cache.checkpoints import subject_of
from cache.files import now
from cache.requests import Gap
from cache.results import MeasuredGap
from cache.store import Store
from core.measures.families.gap import DISTANCES
from core.token_sets.comparison import are_tied
from core.token_sets.word_gap import PARTS, WordGap

if TYPE_CHECKING:
    import pandas as pd

GAP_VERSION = 1


def find(store: Store, subject: str, request: Gap) -> WordGap | None:
    """The gap of a checkpoint (its fingerprint) that a request asks for, or None."""
    details = _details(store, subject, request.parameters, request.seed)
    return None if details is None else WordGap.from_json(details)


def _details(store: Store, subject: str, parameters: str, seed: int) -> dict[str, Any] | None:
    rows = store.query(
        "SELECT details FROM gaps WHERE subject = ? AND parameters = ? AND seed = ? AND version = ?",
        [subject, parameters, seed, GAP_VERSION],
    )
    return None if rows.empty else json.loads(rows["details"].iloc[0])


def keep(store: Store, subject: str, request: Gap, result: WordGap, seconds: float) -> None:
    """Add the rows of a gap; they are seen once they are ingested. seconds: what it took."""
    domain, reference = request.names
    key = {
        "subject": subject,
        "parameters": request.parameters,
        "seed": request.seed,
        "version": GAP_VERSION,
    }
    rows = [
        key
        | {
            "cloud": "",
            "measure": f"gap_{distance}",
            "value": result.distances[distance].gap,
            "standard_error": result.distances[distance].se,
            "note": f"{domain} against {reference}",
            "n": sum(map(len, result.words.values())),
            "d": result.d,
            "seconds": seconds,
            "origin": "measured",
            "created_at": now(),
        }
        for distance in DISTANCES
    ]
    # Last, so that a gap found in `gaps` always has its rows in `measurements`.
    store.add("measurements", rows)
    entry = {"domain": domain, "reference": reference, "details": json.dumps(result.to_json())}
    store.add("gaps", [key | entry | {"created_at": now()}])


def measured(store: Store) -> "pd.DataFrame":
    """Every gap measured here, newest last: one row each, with the name of its checkpoint.

    Columns: subject, name, path, parameters, seed, domain, reference, created_at, `{distance}_{part}` for
    DISTANCES and PARTS, and details (a WordGap's to_json: with resamples, and the words used and left out).
    """
    rows = store.query(
        "SELECT gaps.subject, name, path, gaps.parameters, seed, domain, reference, created_at, details "
        "FROM gaps JOIN checkpoints USING (subject) WHERE version = ? ORDER BY created_at",
        [GAP_VERSION],
    )
    rows["details"] = rows["details"].map(json.loads)
    for distance in DISTANCES:
        for part in PARTS:
            rows[f"{distance}_{part}"] = [float(details[distance][part]) for details in rows["details"]]
    return rows


def tied_pairs(store: Store, results: Sequence[MeasuredGap], distance: str) -> list[tuple[int, int]]:
    """Pairs (by position, i < j) of gaps in `distance` that cannot be told apart.

    Where both checkpoints have the same words, their difference is taken word by word (the resamples are
    paired), else their errors are added.
    """
    details = [
        _details(store, subject_of(store, one.fingerprint), one.parameters, one.seed) for one in results
    ]
    return [
        (i, j)
        for (i, a), (j, b) in combinations(enumerate(details), 2)
        if a is not None and b is not None and are_tied(a, b, distance)
    ]
