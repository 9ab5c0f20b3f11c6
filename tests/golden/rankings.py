"""Both rankings of the published checkpoints: the only place that names modules of prediction."""

from pathlib import Path
from typing import Any

SCORE = "glue_average"
COLUMNS = ("predicted", "low", "high", "in_range")


def rankings(folder: Path) -> dict[str, dict[str, Any]]:
    """{"ranking_shortlist": {predictor: …}, "ranking_predicted": {predictor: …}} of a store in `folder`."""
    from cache.predictions import overview_of
    from cache.store import Store
    from core.prediction import predicted, ranking

    overview = overview_of(Store.open(folder))
    return {
        "ranking_shortlist": {
            name: _listed(ranking.rank(overview, SCORE, name)) for name in ranking.PREDICTORS
        },
        "ranking_predicted": {
            name: _listed(predicted.predicted(overview, SCORE, name)) for name in predicted.PREDICTORS
        },
    }


def _listed(result: Any) -> dict[str, Any]:
    """Share of known scores that the intervals held, and the rows in order: subject and COLUMNS."""
    rows = result.rows
    listed = [
        [str(subject), *(float(row[name]) for name in COLUMNS[:3]), bool(row["in_range"])]
        for subject, row in rows.iterrows()
    ]
    return {"coverage": float(result.covered), "columns": ["subject", *COLUMNS], "rows": listed}
