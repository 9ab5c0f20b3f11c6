"""Both rankings of the published checkpoints: the only place that names modules of prediction."""

from pathlib import Path
from typing import Any

SCORE = "glue_average"
COLUMNS = ("predicted", "low", "high", "in_range")


def rankings(folder: Path) -> dict[str, dict[str, Any]]:
    """{"ranking_shortlist": {link: …}, "ranking_predicted": {predictor: …}} of a store in `folder`.

    A link is what the parameter `predictor` of Shortlist's address accepts; the rows of its ranking come best
    first.
    """
    from cache.predictions import overview_of, predictions_for
    from cache.store import Store
    from core.prediction import PREDICTORS
    from core.prediction.candidates import PATCHINESS, SPREAD

    overview = overview_of(Store.open(folder))
    links = {
        "spread": ("linear", SPREAD),
        "patchiness": ("linear", PATCHINESS),
        "both": ("linear", (*SPREAD, *PATCHINESS)),
        "best": ("best", ()),
    }
    ranked = {name: predictions_for(overview, SCORE, *link) for name, link in links.items()}
    predicted = {name: predictions_for(overview, SCORE, name) for name in PREDICTORS}
    return {
        "ranking_shortlist": {name: _listed(result, result.ranked) for name, result in ranked.items()},
        "ranking_predicted": {name: _listed(result, result.rows) for name, result in predicted.items()},
    }


def _listed(result: Any, rows: Any) -> dict[str, Any]:
    """Coverage of the intervals, and the rows in order: subject and COLUMNS."""
    listed = [
        [str(subject), *(float(row[name]) for name in COLUMNS[:3]), bool(row["in_range"])]
        for subject, row in rows.iterrows()
    ]
    return {"coverage": float(result.coverage), "columns": ["subject", *COLUMNS], "rows": listed}
