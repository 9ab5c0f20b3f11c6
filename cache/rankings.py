"""Checkpoints of the store ranked by one measure, with what a reference says of that."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from cache.predictions import number, overview_of, subject_of
from cache.remembered import by_state
from cache.store import Store
from cache.tables import one_row_each

if TYPE_CHECKING:
    import pandas as pd


def rank(
    store: Store, subjects: Sequence[str], score: str, measure: str, *, reference: str | None = None
) -> dict[str, Any]:
    """The checkpoints measured here ranked by a measure, in the direction that the literature expects.

    Arguments:
        subjects: names, folders, fingerprints or ids to rank among themselves; without any, all that are
            measured here, of which those without a known score are the candidates.
        score: what the reference's evidence is about. reference: a key of
            `core.prediction.references.TITLES`; None: the one with most checkpoints.

    Returns: {"results": best first, those without the measure last, "ranked_by": the measure, the evidence}.
    Raises InputError: an unknown subject, score or reference; a measure of which no direction is stated.
    """
    import pandas as pd

    from core.prediction.by_measure import rank_evidence
    from core.prediction.references import reference_of, sizes
    from core.prediction.shortlist import shortlist_by
    from core.wording.ranking import evidence_line

    overview = overview_of(store)
    asked = frozenset(subject_of(overview, name) for name in subjects) or None
    shown = shortlist_by(overview, score, measure, asked)
    counts = sizes(overview, score) if score in overview.scores else {}
    name = reference or max(counts, key=counts.__getitem__, default="own")
    learnt = reference_of(overview, name, score, fewest=0)
    evidence = rank_evidence(learnt, measure)
    rows = pd.concat([shown.candidates, shown.checked, shown.outside])
    results = [
        {
            "id": str(subject),
            "name": row["name"],
            "origin": row["origin"],
            "value": number(row.get("by")),
            "standard_error": number(overview.errors[measure].get(subject))
            if measure in overview.errors
            else None,
            "actual": number(row["actual"]),
            "candidate": subject in shown.candidates.index,
            "rank": _whole(row.get("rank")),
            "rank_low": _whole(row.get("rank_low")),
            "rank_high": _whole(row.get("rank_high")),
            "chance": number(row.get("chance")),
        }
        for subject, row in rows.iterrows()
    ]
    return {
        "results": results,
        "ranked_by": {
            "measure": measure,
            "score": score,
            "reference": name,
            "evidence": None if evidence is None else _finite(asdict(evidence)),
            "sentence": evidence_line(evidence, measure, score),
            "kendall": number(shown.tau),
        },
    }


@by_state(16)
def ranked_by(store: Store, measure: str, subjects: frozenset[str]) -> "pd.DataFrame":
    """These checkpoints as `core.prediction.by_measure.rank_by` ranks them, without those that lack it."""
    from core.prediction.by_measure import rank_by

    overview = one_row_each(store)
    return rank_by(overview.rows[overview.rows.index.isin(subjects)], overview.errors, measure)


@by_state(16)
def fallback(
    store: Store, subjects: frozenset[str], known: tuple[str, ...]
) -> "tuple[str, pd.Series] | None":
    """The measure that ranks most of these checkpoints, and their ranks by it; None where none does.

    known: measures of which a reference says something, preferred among equals.
    """
    from core.prediction.by_measure import rankable

    overview = one_row_each(store)
    rows = overview.rows[overview.rows.index.isin(subjects)]
    counts = {name: int(rows[name].notna().sum()) for name in rankable(overview.measures)}
    if not any(counts.values()):
        return None
    best = max(counts, key=lambda name: (counts[name], name in known))
    return best, ranked_by(store, best, subjects)["rank"]


def _whole(value: Any) -> int | None:
    return None if value is None or value != value else int(value)


def _finite(document: dict[str, Any]) -> dict[str, Any]:
    return {key: None if value != value else value for key, value in document.items()}
