"""Predictions out of the store: those that pages and the command line show, and the held-out table."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cache.remembered import by_state
from cache.store import Store
from cache.tables import measurements, one_row_each
from core.checkpoints.resolve import MINILM
from core.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from core.overview import Overview
    from core.prediction import Predictions
    from core.prediction.by_measure import RankEvidence
    from core.prediction.shortlist import Shortlist

R2_FROM = {"BestModel": "10-fold cross-validation", "ChosenModel": "cross-validation"}
SETS = {"nonstandard": "the 13 non-standard checkpoints of arXiv 2406.12159, in the order of their table"}


def overview_of(store: Store) -> "Overview":
    """One row a checkpoint, as of the store's newest snapshot."""
    from core.overview import overview

    checkpoints, clouds, scores = (
        store.query(f"SELECT * FROM {name}") for name in ("checkpoints", "clouds", "scores")
    )
    return overview(checkpoints, clouds, measurements(store), scores)


def predictions_for(
    overview: "Overview",
    score: str,
    predictor: str,
    measures: Sequence[str] | None = None,
    reference: str | None = None,
) -> "Predictions":
    """Predict `score` for every checkpoint of `overview`: what pages and the command line show.

    Arguments:
        predictor: a key of `core.prediction.PREDICTORS`; measures: of a linear one, point patchiness by
            default.
        reference: a key of `core.prediction.references.TITLES`; None: the one that covers most candidates.

    Raises InputError: no such score, predictor, measure or reference; too few checkpoints with all of it.
    """
    from core.prediction import estimator
    from core.prediction.predictions import covering, predict
    from core.prediction.references import reference_of

    estimator(predictor, measures)  # a wrong name is reported before a score that is missing
    if reference is None:
        return covering(overview, score, predictor, measures)
    return predict(overview, reference_of(overview, reference, score), predictor, measures)


@by_state(24)
def predictions_of(
    store: Store, score: str, predictor: str, measures: tuple[str, ...], reference: str | None = None
) -> "Predictions":
    """`predictions_for` every checkpoint of the store."""
    return predictions_for(one_row_each(store), score, predictor, measures, reference)


@by_state(64)
def shortlist_of(
    store: Store,
    score: str,
    predictor: str,
    measures: tuple[str, ...],
    reference: str | None,
    subjects: frozenset[str],
) -> "Shortlist":
    """The checkpoints among `subjects` as a shortlist, ranked by predicted score."""
    from core.prediction.shortlist import shortlist

    return shortlist(predictions_of(store, score, predictor, measures, reference), subjects)


@by_state(64)
def shortlist_by_measure(store: Store, score: str, measure: str, subjects: frozenset[str]) -> "Shortlist":
    """The checkpoints among `subjects` as a shortlist, ranked by a measure."""
    from core.prediction.shortlist import shortlist_by

    return shortlist_by(one_row_each(store), score, measure, subjects)


@by_state(64)
def rank_evidence_of(store: Store, score: str, reference: str, measure: str) -> "RankEvidence | None":
    """What a reference says of ranking by a measure; None where it has too few checkpoints with it."""
    from core.prediction.by_measure import rank_evidence
    from core.prediction.references import reference_of

    return rank_evidence(reference_of(one_row_each(store), reference, score, fewest=0), measure)


@by_state(24)
def measures_of_reference(store: Store, score: str, reference: str) -> list[str]:
    """The measures that enough checkpoints of a reference have for `rank_evidence_of` to say something."""
    from core.prediction.by_measure import FEWEST
    from core.prediction.references import reference_of

    overview = one_row_each(store)
    rows = reference_of(overview, reference, score, fewest=0).rows
    return [name for name in overview.measures if name in rows and rows[name].notna().sum() >= FEWEST]


@by_state(24)
def references(store: Store, score: str) -> dict[str, int]:
    """How many checkpoints with `score` each reference holds, by its name."""
    from core.prediction.references import sizes

    return sizes(one_row_each(store), score)


@by_state(4)
def predictable(store: Store) -> list[str]:
    """The scores that some reference can teach, and those of one's own checkpoints, however few have them.

    First come those that enough of one's own have, of these the one that most have.
    """
    from core.prediction.references import FEWEST, offered

    own = offered(one_row_each(store))
    return sorted(own, key=lambda score: -own[score] if own[score] >= FEWEST else 0)


def predict(
    store: Store,
    subjects: Sequence[str],
    score: str,
    predictor: str,
    measures: Sequence[str] | None = None,
    *,
    named_set: str | None = None,
    reference: str | None = None,
) -> dict[str, Any]:
    """Predict `score` for checkpoints of the store; see `predictions_for`.

    Arguments:
        subjects: names, folders, fingerprints or ids; without any, and without `named_set`, every checkpoint
            that can be predicted.
        named_set: a key of SETS, instead of subjects.

    Returns: {"results": a dict for each subject, "model": what predicted}. `predicted` is the predictor's own
    value, which for a linear regression may lie beyond what a score can be; low and high are cut to that.
    `rank` is among all checkpoints of the store that the reference covers, 1 for the best predicted;
    rank_low, rank_high and chance (of the best three, of up to three the best) are among the candidates of
    `core.prediction.shortlist`, null for others.
    Raises InputError: an unknown subject, set, score, predictor or measure.
    """
    from core.prediction import nonstandard
    from core.prediction.shortlist import shortlist

    if named_set is not None and named_set not in SETS:
        raise InputError(f"There is no set {named_set}: choose {' or '.join(SETS)}.")
    if named_set is not None and subjects:
        raise InputError("Checkpoints and --set exclude each other: give one of them.")
    overview = overview_of(store)
    asked = [(name, subject_of(overview, name)) for name in subjects]
    predictions = predictions_for(overview, score, predictor, measures, reference)
    standing = shortlist(predictions).standing
    if named_set is not None:
        asked = [(str(subject), str(subject)) for subject in nonstandard(overview.rows).index]
    elif not subjects:
        asked = [(str(subject), str(subject)) for subject in predictions.rows.index]
    return {
        "results": [
            _result(predictions, overview, name, subject) | _standing(standing, subject)
            for name, subject in asked
        ],
        "model": _model(predictions),
    }


def _result(predictions: "Predictions", overview: "Overview", name: str, subject: str) -> dict[str, Any]:
    from core.reasons import Reason
    from core.wording.applicability import sentence, sentences

    facts = overview.rows.loc[subject]
    identity = {"subject": name, "id": subject, "name": facts["name"], "origin": facts["origin"]}
    model = predictions.model
    if subject not in predictions.rows.index:
        missing = Reason("not_measured", measures=model.measures)
        return (
            identity
            | dict.fromkeys(("predicted", "low", "high"))
            | {
                "level": model.level,
                "in_range": False,
                "actual": number(overview.rows.loc[subject].get(model.score)),
                "reasons": [sentence(missing)],
                "held_out": False,
                "rank": None,
            }
        )
    row = predictions.rows.loc[subject]
    return identity | {
        "predicted": number(row["raw"]),
        "low": number(row["low"]),
        "high": number(row["high"]),
        "level": row["level"],
        "in_range": bool(row["in_range"]),
        "actual": number(row["actual"]),
        "reasons": [sentences(row["reasons"])] if row["reasons"] else [],
        "held_out": bool(row["held_out"]),
        "rank": int(row["rank"]) if row["rank"] == row["rank"] else None,
    }


def _standing(standing: "pd.DataFrame", subject: str) -> dict[str, Any]:
    """How sure the rank of a candidate is; null for a checkpoint that is none."""
    if subject not in standing.index:
        return dict.fromkeys(("rank_low", "rank_high", "chance"))
    row = standing.loc[subject]
    low, high = (None if row[name] != row[name] else int(row[name]) for name in ("rank_low", "rank_high"))
    return {"rank_low": low, "rank_high": high, "chance": number(row["chance"])}


def _model(predictions: "Predictions") -> dict[str, Any]:
    from core.prediction.best import BestModel
    from core.prediction.choosing import ChosenModel

    model, errors = predictions.model, predictions.model.errors
    document: dict[str, Any] = {
        "predictor": predictions.predictor,
        "reference": model.reference.name,
        "score": model.score,
        "measures": list(model.measures),
        "n": model.n,
        "r2": number(model.r2),
        "r2_from": R2_FROM.get(type(model).__name__, "the fit itself"),
        "families": list(model.families),
        "level": model.level,
        "groups": model.reference.groups,
        "coverage": number(predictions.coverage),
        "coverage_by_family": number(predictions.coverage_by_group),
        "held_out": None
        if errors is None
        else {
            "rmse": errors.rmse,
            "rmse_of_the_mean": errors.mean_rmse,
            "half_width": errors.quantile,
            "in_ten_folds": model.in_ten_folds,
            "by_family": errors.by_group.to_dict("records"),
        },
    }
    if isinstance(model, ChosenModel):
        document["chosen"] = model.candidate.name
        document["compared"] = model.compared.to_dict("records")
    if isinstance(model, BestModel):
        document["new_base"] = model.choice.new.name
        document["known_base"] = model.choice.known.name
        document["known_base_half_width"] = number(model.near_half)
    return document


def subject_of(overview: "Overview", name: str) -> str:
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


def number(value: Any) -> float | None:
    """A value as JSON has it: null for NaN."""
    return None if value is None or value != value else float(value)
