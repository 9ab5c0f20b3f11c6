"""Predictions out of the store: those that pages and the command line show, and the held-out table."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cache.files import reason, replacing
from cache.remembered import by_state
from cache.store import Store
from cache.tables import one_row_each
from core.checkpoints.resolve import MINILM
from core.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from core.overview import Overview
    from core.prediction import Predictions
    from core.prediction.selection import Say

SETS = {"nonstandard": "the 13 non-standard checkpoints of arXiv 2406.12159, in the order of their table"}


def overview_of(store: Store) -> "Overview":
    """One row a checkpoint, as of the store's newest snapshot."""
    from core.overview import overview

    tables = ("checkpoints", "clouds", "measurements", "scores")
    return overview(*(store.query(f"SELECT * FROM {name}") for name in tables))


def predictions_for(
    overview: "Overview",
    score: str,
    predictor: str,
    measures: Sequence[str] | None = None,
) -> "Predictions":
    """Predict `score` for every checkpoint of `overview`: what pages and the command line show.

    Arguments:
        predictor: a key of `core.prediction.PREDICTORS`; measures: of a linear one, point patchiness by
            default.

    The reference is that of the perturbed published checkpoints.
    Raises InputError: no such score, predictor or measure; too few checkpoints with all of it.
    """
    from core.prediction import estimator, perturbed_reference, predict

    estimator(predictor, measures)  # a wrong name is reported before a score that is missing
    return predict(overview, perturbed_reference(overview, score), predictor, measures)


@dataclass(frozen=True)
class Shortlist:
    """Some predicted checkpoints as a shortlist shows them, each part with the highest predicted score first.

    candidates: those without a known score where several are, else all that the reference covers. chance: of
    each of them to be among the best three, (candidates,). checked: the others that the reference covers.
    outside: those that it does not cover.
    """

    candidates: "pd.DataFrame"
    chance: "np.ndarray"
    checked: "pd.DataFrame"
    outside: "pd.DataFrame"

    @property
    def covered(self) -> "pd.DataFrame":
        """All that the reference covers, highest predicted score first."""
        import pandas as pd

        return pd.concat([self.candidates, self.checked]).sort_values(
            ["predicted", "raw"], ascending=False, kind="stable"
        )


@by_state(24)
def predictions_of(store: Store, score: str, predictor: str, measures: tuple[str, ...]) -> "Predictions":
    """`predictions_for` every checkpoint of the store."""
    return predictions_for(one_row_each(store), score, predictor, measures)


@by_state(64)
def shortlist(
    store: Store, score: str, predictor: str, measures: tuple[str, ...], subjects: frozenset[str]
) -> Shortlist:
    """Those of the predicted checkpoints that are among `subjects`; the rest as of `predictions_for`."""
    from core.prediction import chances

    predictions = predictions_of(store, score, predictor, measures)
    rows = predictions.ranked
    rows = rows[rows.index.isin(subjects)]
    covered = rows[rows["in_range"]]
    unscored = covered[covered["actual"].isna()]
    candidates = unscored if len(unscored) > 1 else covered
    return Shortlist(
        candidates,
        chances(predictions.model, candidates),
        covered.drop(candidates.index),
        rows[~rows["in_range"]],
    )


@by_state(4)
def predictable(store: Store, fewest: int, *, perturbed: bool = False) -> list[str]:
    """The scores that at least `fewest` checkpoints with a measure have, or `fewest` perturbed ones."""
    overview = one_row_each(store)
    rows = overview.rows
    if perturbed:
        rows = rows[rows["variant"] == "perturbed"]
    rows = rows[rows[overview.measures].notna().any(axis=1)]
    return [name for name in overview.scores if rows[name].notna().sum() >= fewest]


def predict(
    store: Store,
    subjects: Sequence[str],
    score: str,
    predictor: str,
    measures: Sequence[str] | None = None,
    *,
    named_set: str | None = None,
) -> dict[str, Any]:
    """Predict `score` for checkpoints of the store; see `predictions_for`.

    Arguments:
        subjects: names, folders, fingerprints or ids; without any, and without `named_set`, every checkpoint
            that can be predicted.
        named_set: a key of SETS, instead of subjects.

    Returns: {"results": a dict for each subject, "model": what predicted}. `predicted` is the predictor's own
    value, which for a linear regression may lie beyond what a score can be; low and high are cut to that.
    `rank` is among all checkpoints of the store that the reference covers, 1 for the highest predicted.
    Raises InputError: an unknown subject, set, score, predictor or measure.
    """
    from core.prediction import nonstandard

    if named_set is not None and named_set not in SETS:
        raise InputError(f"There is no set {named_set}: choose {' or '.join(SETS)}.")
    if named_set is not None and subjects:
        raise InputError("Checkpoints and --set exclude each other: give one of them.")
    overview = overview_of(store)
    asked = [(name, _subject(overview, name)) for name in subjects]
    predictions = predictions_for(overview, score, predictor, measures)
    if named_set is not None:
        asked = [(str(subject), str(subject)) for subject in nonstandard(overview.rows).index]
    elif not subjects:
        asked = [(str(subject), str(subject)) for subject in predictions.rows.index]
    return {
        "results": [_result(predictions, overview, name, subject) for name, subject in asked],
        "model": _model(predictions),
    }


def _result(predictions: "Predictions", overview: "Overview", name: str, subject: str) -> dict[str, Any]:
    from core.reasons import Reason
    from core.wording.applicability import sentence, sentences

    identity = {"subject": name, "id": subject, "name": overview.rows.loc[subject, "name"]}
    model = predictions.model
    if subject not in predictions.rows.index:
        missing = Reason("not_measured", measures=model.measures)
        return (
            identity
            | dict.fromkeys(("predicted", "low", "high"))
            | {
                "level": model.level,
                "in_range": False,
                "actual": _number(overview.rows.loc[subject].get(model.score)),
                "reasons": [sentence(missing)],
                "held_out": False,
                "rank": None,
            }
        )
    row = predictions.rows.loc[subject]
    return identity | {
        "predicted": _number(row["raw"]),
        "low": _number(row["low"]),
        "high": _number(row["high"]),
        "level": row["level"],
        "in_range": bool(row["in_range"]),
        "actual": _number(row["actual"]),
        "reasons": [sentences(row["reasons"])] if row["reasons"] else [],
        "held_out": bool(row["held_out"]),
        "rank": int(row["rank"]) if row["rank"] == row["rank"] else None,
    }


def _model(predictions: "Predictions") -> dict[str, Any]:
    from core.prediction.best import BestModel

    model, errors = predictions.model, predictions.model.errors
    document: dict[str, Any] = {
        "predictor": predictions.predictor,
        "score": model.score,
        "measures": list(model.measures),
        "n": model.n,
        "r2": _number(model.r2),
        "r2_from": "10-fold cross-validation" if isinstance(model, BestModel) else "the fit itself",
        "families": list(model.families),
        "level": model.level,
        "groups": model.reference.groups,
        "coverage": _number(predictions.coverage),
        "coverage_by_family": _number(predictions.coverage_by_group),
        "held_out": None
        if errors is None
        else {
            "rmse": errors.rmse,
            "rmse_of_the_mean": errors.mean_rmse,
            "half_width": errors.quantile,
            "by_family": errors.by_group.to_dict("records"),
        },
    }
    if isinstance(model, BestModel):
        document["new_base"] = model.choice.new.name
        document["known_base"] = model.choice.known.name
        document["known_base_half_width"] = _number(model.near_half)
    return document


def _subject(overview: "Overview", name: str) -> str:
    """The id of the checkpoint that a person calls `name`."""
    rows = overview.rows
    if name in rows.index:
        return name
    path = str(Path(name).expanduser().resolve())
    meant = (rows["name"] == name) | rows["path"].isin([name, path])
    if name == MINILM:
        meant |= rows["source"] == "package"
    ids = sorted(map(str, rows.index[meant]))
    if not ids:
        raise InputError(
            f"The store does not know {name}: measure it first, or use a name that `cli.py export` gives."
        )
    if len(ids) > 1:
        raise InputError(f"{len(ids)} checkpoints are called {name}: give one of {', '.join(ids)}.")
    return ids[0]


def _number(value: Any) -> float | None:
    return None if value is None or value != value else float(value)


def held_out_table(again: bool, names: Sequence[str] = (), say: "Say | None" = None) -> "pd.DataFrame":
    """The held-out table: as shipped, or computed `again` from the published figures, which takes minutes.

    Arguments:
        names: only these predictors, by their names in the table.
    """
    from core.prediction.candidates import candidates
    from core.prediction.held_out import ANEW, BEST
    from core.reference import held_out

    if unknown := sorted(set(names) - {entry.name for entry in candidates()} - {BEST, ANEW}):
        raise InputError(
            f"The held-out table has no predictor {', '.join(unknown)}: `cli.py study held-out` lists those "
            "that it has."
        )
    if not again:
        shipped = held_out()
        return shipped[shipped["predictor"].isin(names)] if names else shipped
    import pandas as pd

    from core import reference
    from core.overview import overview
    from core.prediction.held_out import table

    nothing = pd.DataFrame(columns=["cloud", "subject"])
    rows = overview(reference.checkpoints(), nothing, reference.measurements(), reference.scores()).rows
    compared = [entry for entry in candidates() if not names or entry.name in names]
    return table(rows, compared=compared, say=say or (lambda text: None))


def save_table(table: "pd.DataFrame", file: Path) -> None:
    """Write a table to a .csv file, whole or not at all."""
    if file.suffix != ".csv":
        raise InputError(f"{file} is of no known format: give a name that ends in .csv.")
    try:
        with replacing(file) as temporary:
            table.to_csv(temporary, index=False, float_format="%.10g")
    except OSError as error:
        raise InputError(f"{file} cannot be written ({reason(error)}): give another place.") from error
