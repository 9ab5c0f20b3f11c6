"""The held-out table: every predictor by its error on checkpoints that it was not fitted to.

Fitted to the perturbed checkpoints of arXiv 2406.12159; judged on families left out, in 10-fold
cross-validation, and, once everything is chosen, on the 13 non-standard checkpoints of the same paper. The
rule of choice is in `core.prediction.selection`. `reference.held_out()` is this table as it was last
computed, by `cli.py study held-out --save core/reference/held_out.csv`.

Errors are those of the predicted value itself, which for a linear regression may lie beyond what a score can
be. The GLUE average is the authors' own, over 9 tasks for BERT-base and 8 for the others.

Not covered: other scores than the one asked for, and other checkpoints than these 181.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from core.prediction.best import Best, whole_predictor
from core.prediction.candidates import Candidate, candidates, fit_predict
from core.prediction.intervals import FitPredict, errors_on_others
from core.prediction.reference import FAMILY, Reference, nonstandard, perturbed
from core.prediction.selection import (
    LEVEL,
    Choice,
    HeldOut,
    Say,
    choose,
    chosen_anew,
    complete,
    held_out_errors,
)
from core.statistics.correlation import spearman
from core.statistics.regression import r_squared

SCORE = "glue_average"
BEST, ANEW = "best", "best:anew"
TITLES = {BEST: "Best", ANEW: "Best, chosen anew without each family"}


def table(
    rows: pd.DataFrame,
    score: str = SCORE,
    compared: Sequence[Candidate] | None = None,
    say: Say = lambda text: None,
) -> pd.DataFrame:
    """The held-out table, minutes of work for all predictors.

    Arguments:
        rows: one row a checkpoint, as `core.overview.overview` gives them.
        compared: which predictors, in the order of `candidates()`; all of them by default.

    Returns: a row a predictor, then two more: the best (see `core.prediction.best`) and the best chosen anew.
    Columns: predictor, title, role (what it was chosen for: "new base" or "known base", else empty), n, r2
    (of the checkpoints it was fitted to), family_mse and mse_… (a family each), base_mse, fold_mse, fold_r2,
    coverage, family_coverage, width; test_n, test_mse, test_mae, test_spearman and test_coverage on the
    non-standard.
    """
    compared = list(compared or candidates())
    reference = perturbed(rows)
    measured: list[tuple[Candidate, HeldOut]] = []
    for entry in compared:
        say(entry.title)
        kept = complete(reference, entry.measures, score)
        measured.append((entry, held_out_errors(kept, score, fit_predict(entry, score))))
    choice = choose(measured)
    roles = {choice.new.name: ["new base"]}
    roles.setdefault(choice.known.name, []).append("known base")

    entries = []
    for entry, errors in measured:
        kept = complete(reference, entry.measures, score)
        run = fit_predict(entry, score)
        asked = complete(nonstandard(rows), entry.measures, score)
        tried = _tried(asked, score, run(kept, asked), _half(kept, score, run))
        role = " and ".join(roles.get(entry.name, []))
        entries.append(_row(entry.name, entry.title, role, errors, _r2(kept, score, run)) | tried)
    entries.append(_best_row(rows, score, choice))
    entries.append(_anew_row(rows, score, compared, say))
    return pd.DataFrame(entries)


def _best_row(rows: pd.DataFrame, score: str, choice: Choice) -> dict[str, object]:
    reference = complete(perturbed(rows), choice.new.measures, score)
    whole = whole_predictor(choice, score)
    errors = held_out_errors(reference, score, fit_predict(choice.new, score), known=whole)
    best = Best(choice).fit(Reference(reference, score))
    asked = complete(nonstandard(rows), choice.new.measures, score)
    predictions = best.predict(asked)
    half = ((predictions["high"] - predictions["low"]) / 2).to_numpy()
    row = _row(BEST, TITLES[BEST], "", errors, _r2(reference, score, whole)) | _tried(
        asked, score, best.raw(asked), half
    )
    within = asked[score].between(predictions["low"], predictions["high"])
    return row | {"test_coverage": float(within.mean())}


def _anew_row(rows: pd.DataFrame, score: str, compared: Sequence[Candidate], say: Say) -> dict[str, object]:
    """Only its leave-one-family-out errors: elsewhere it is the best predictor itself."""
    every = sorted({name for entry in compared for name in entry.measures})
    reference = complete(perturbed(rows), every, score)
    run, _ = chosen_anew(score, compared, say)
    errors = errors_on_others(reference, score, FAMILY, run, LEVEL)
    assert errors is not None
    by_family = {f"mse_{row[FAMILY]}": row["rmse"] ** 2 for _, row in errors.by_group.iterrows()}
    row = {"predictor": ANEW, "title": TITLES[ANEW], "role": "", "n": len(reference)}
    return row | {"family_mse": float(np.mean(list(by_family.values())))} | by_family


def _row(name: str, title: str, role: str, errors: HeldOut, r2: float) -> dict[str, object]:
    row = {
        "predictor": name,
        "title": title,
        "role": role,
        "n": errors.n,
        "r2": r2,
        "family_mse": errors.family_mse,
    }
    row |= {f"mse_{family}": mse for family, mse in errors.by_family.items()}
    return row | {
        "base_mse": errors.base_mse,
        "fold_mse": errors.fold_mse,
        "fold_r2": errors.fold_r2,
        "coverage": errors.coverage,
        "family_coverage": errors.family_coverage,
        "width": errors.width,
    }


def _tried(
    asked: pd.DataFrame, score: str, predicted: np.ndarray, half: np.ndarray | float
) -> dict[str, object]:
    """Errors of predictions of the non-standard checkpoints."""
    actual = asked[score].to_numpy(np.float64)
    error = predicted - actual
    return {
        "test_n": len(asked),
        "test_mse": float((error**2).mean()),
        "test_mae": float(np.abs(error).mean()),
        "test_spearman": spearman(predicted, actual),
        "test_coverage": float((np.abs(np.clip(predicted, 0, 1) - actual) <= half).mean()),
    }


def _half(kept: pd.DataFrame, score: str, run: FitPredict) -> float:
    errors = errors_on_others(kept, score, FAMILY, run, LEVEL)
    return errors.quantile if errors else float("nan")


def _r2(kept: pd.DataFrame, score: str, run: FitPredict) -> float:
    return r_squared(kept[score].to_numpy(np.float64), run(kept, kept))
