"""Which predictor is best: errors on what it was not fitted to, and the rule of choice.

The rule, written down before any predictor here was tried on the 13 non-standard checkpoints of
arXiv 2406.12159, which stay a test:

1. Only the 168 perturbed checkpoints are looked at. The predictors are those of `core.prediction.candidates`.
2. For a checkpoint made from a base checkpoint that the reference does not hold, the predictor with the
   lowest leave-one-family-out mean squared error is taken; families count the same, 125 BERT-small no more
   than 7 BERT-base. The reference holds one base checkpoint a family, so leaving out a family is leaving out
   a base checkpoint.
3. For a checkpoint made from a base checkpoint that the reference does hold, and no farther from it than the
   reference is from itself (`core.prediction.best`), the predictor with the lowest mean squared error in
   10-fold cross-validation (three shuffles) is taken.
4. Ties go to the earlier in the list, which is the plainer.
5. The non-standard checkpoints are predicted once, after that, and change nothing.

What this can and cannot say. Three families are three draws: a difference in leave-one-family-out error
between two good predictors is within luck, and picking the lowest of 43 flatters it. So the choice itself is
repeated with each family left out (`chosen_anew`): two families choose, the third is predicted, and that
error is what choosing costs. The list, too, was drawn up after leave-one-family-out errors of similar
predictors had been seen, which no repetition undoes. And perturbed checkpoints are all damaged by the same
noise: nothing here says how well a predictor does on a checkpoint that is odd in another way; the 13 do.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.prediction.candidates import Candidate, fit_predict
from core.prediction.intervals import (
    FitPredict,
    coverage,
    coverage_by_group,
    errors_on_others,
    left_out,
    nested,
)
from core.prediction.reference import BASE, FAMILY

LEVEL = 0.9
Say = Callable[[str], None]  # receives what is being done, for a progress line
FOLDS, SHUFFLES = 10, 3


@dataclass(frozen=True)
class Choice:
    """The predictors taken for a base checkpoint that the reference does not hold, and for one it does."""

    new: Candidate
    known: Candidate


@dataclass(frozen=True)
class HeldOut:
    """A predictor's errors on perturbed checkpoints that it was not fitted to."""

    n: int
    by_family: dict[str, float]  # mean squared error on each family, from the others
    family_mse: float  # their mean
    base_mse: float  # the same with base checkpoints instead of families
    fold_mse: float  # in 10-fold cross-validation, mean of the shuffles
    fold_r2: float
    coverage: float  # of the interval in leave-one-family-out, checkpoints counting the same
    family_coverage: float  # the same, families counting the same
    width: float  # mean width of those intervals


def complete(reference: pd.DataFrame, measures: Sequence[str], score: str) -> pd.DataFrame:
    """The rows that have the score and all the measures."""
    return reference.dropna(subset=[*measures, score, FAMILY])


def folds(n: int, seed: int) -> Iterable[tuple[np.ndarray, np.ndarray]]:
    """The rows of a shuffled 10-fold split: (fitted to, predicted), ten times."""
    from sklearn.model_selection import KFold

    return KFold(min(FOLDS, n), shuffle=True, random_state=seed).split(np.zeros(n))


def in_folds(frame: pd.DataFrame, run: FitPredict, seed: int) -> pd.Series:
    """Each row predicted from the other nine tenths."""
    predictions = pd.Series(np.nan, index=frame.index)
    for train, test in folds(len(frame), seed):
        predictions.iloc[test] = run(frame.iloc[train], frame.iloc[test])
    return predictions


def fold_errors(frame: pd.DataFrame, score: str, run: FitPredict) -> tuple[float, float]:
    """(mean squared error, R²) in 10-fold cross-validation, each the mean over three shuffles."""
    actual = frame[score].to_numpy(np.float64)
    total = float(((actual - actual.mean()) ** 2).mean())
    mse = [float(((in_folds(frame, run, seed) - actual) ** 2).mean()) for seed in range(SHUFFLES)]
    return float(np.mean(mse)), 1 - float(np.mean(mse)) / total


def held_out_errors(
    frame: pd.DataFrame, score: str, run: FitPredict, *, known: FitPredict | None = None
) -> HeldOut:
    """All errors of a predictor on the rows of `frame`, which have the score and what the predictor reads.

    Arguments:
        known: what predicts in the 10-fold part where it is not the same as `run`.
    """
    errors = errors_on_others(frame, score, FAMILY, run, LEVEL)
    assert errors is not None, "a reference of one family has no held-out error"
    by_base = (left_out(frame, BASE, run) - frame[score]) ** 2
    predictions = nested(frame, score, FAMILY, run, LEVEL, (0.0, 1.0))
    fold_mse, fold_r2 = fold_errors(frame, score, known or run)
    by_family = {str(row[FAMILY]): float(row["rmse"] ** 2) for _, row in errors.by_group.iterrows()}
    return HeldOut(
        n=len(frame),
        by_family=dict(sorted(by_family.items())),
        family_mse=float(np.mean(list(by_family.values()))),
        base_mse=float(by_base.groupby(frame[BASE]).mean().mean()),
        fold_mse=fold_mse,
        fold_r2=fold_r2,
        coverage=coverage(predictions, frame[score]),
        family_coverage=coverage_by_group(predictions, frame[score], frame[FAMILY]),
        width=float((predictions["high"] - predictions["low"]).mean()),
    )


def choose(compared: Sequence[tuple[Candidate, HeldOut]]) -> Choice:
    """The rule above. `compared` in the order of the list, plain predictors first."""
    return Choice(
        new=min(compared, key=lambda pair: pair[1].family_mse)[0],
        known=min(compared, key=lambda pair: pair[1].fold_mse)[0],
    )


def chosen_anew(
    score: str, compared: Sequence[Candidate], say: Say = lambda text: None
) -> tuple[FitPredict, dict[str, str]]:
    """Step 2 of the rule as a predictor of its own: on each set of families that it is fitted to, it chooses.

    Returns: the predictor, and a dict that it fills: the families it was fitted to → the name of its choice.
    With one family to fit to there is nothing to choose by, and it takes the mean.
    """
    chosen: dict[str, str] = {}

    def run(rest: pd.DataFrame, others: pd.DataFrame) -> np.ndarray:
        families = " + ".join(sorted(rest[FAMILY].unique()))
        if families not in chosen:
            best, lowest = compared[0], np.inf
            for entry in compared if rest[FAMILY].nunique() > 1 else ():
                say(f"choosing on {families}: {entry.title}")
                kept = complete(rest, entry.measures, score)
                error = (left_out(kept, FAMILY, fit_predict(entry, score)) - kept[score]) ** 2
                mse = float(error.groupby(kept[FAMILY]).mean().mean())
                if mse < lowest:
                    best, lowest = entry, mse
            chosen[families] = best.name
        entry = next(entry for entry in compared if entry.name == chosen[families])
        return fit_predict(entry, score)(complete(rest, entry.measures, score), others)

    return run, chosen
