"""What each measure is worth here: raw, residual, partial, added R², with q-values over all that were tried.

One function for one measure and score, one for many; the statistics are in `core.statistics.partial`, the law
in `core.statistics.scaling_law`, what is held fixed in `core.evidence.covariates`. Every statistic names the
covariates it used, and says in a sentence why where it has no value: nothing falls back silently.
"""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from core.errors import InputError
from core.evidence.correlations import Evidence, evidence
from core.evidence.covariates import COMPUTE, KNOWN, SIZE, TOKENS, Held, called, held
from core.evidence.loss_scale import as_loss
from core.statistics.partial import Added, Statistic, added_r2, partial_spearman, q_values
from core.statistics.regression import residuals
from core.statistics.scaling_law import STEEPEST, ScalingLaw, fit_law

TESTED = ("raw", "residual", "law", "partial")  # statistics with a p, hence a q
_NAN = float("nan")


@dataclass(frozen=True)
class Worth:
    """What a measure says about a score."""

    measure: str
    score: str
    known: Evidence  # pooled and by family, with the badge
    raw: Statistic
    residual: Statistic  # of the score after the logs of size and training tokens
    terms: tuple[str, ...]  # what the residual was taken after
    law: Statistic  # of the score after the fitted scaling law
    fitted: ScalingLaw | None
    loss: str  # how the score was made a loss
    partial: Statistic
    held: Held
    added: Added
    baseline: tuple[str, ...]  # what the measure was added to; (): always the mean
    notes: tuple[str, ...]  # what a reader must know of the fall-backs, a sentence each
    q: dict[str, float] = field(default_factory=dict)  # of TESTED, over all measures tried with this score


@dataclass(frozen=True)
class _Sizes:
    """Logs of size, tokens and compute, a column each; only what most checkpoints have and what varies."""

    logs: pd.DataFrame
    notes: tuple[str, ...]


def _sizes(covariates: pd.DataFrame) -> _Sizes:
    columns: dict[str, pd.Series] = {}
    notes = []
    for role, words in ((SIZE, "The number of parameters"), (TOKENS, "The number of training tokens")):
        name = called(covariates, role)
        values = covariates[name].where(covariates[name] > 0).dropna() if name else pd.Series(dtype=float)
        if len(values) < KNOWN * len(covariates) or values.empty:
            known = f"only {len(values)} of {len(covariates)}" if len(values) else "none"
            notes.append(f"{words} is known for {known} of these checkpoints, so it is not taken out.")
        elif values.nunique() < 2:
            notes.append(f"{words} is the same for all of these checkpoints, so there is none to take out.")
        else:
            columns[role] = np.log(values)
    compute = called(covariates, COMPUTE)
    if compute and (covariates[compute] > 0).mean() >= KNOWN and covariates[compute].nunique() > 1:
        columns[COMPUTE] = np.log(covariates[compute].where(covariates[compute] > 0))
    elif SIZE in columns and TOKENS in columns:
        columns[COMPUTE] = np.log(6) + columns[SIZE] + columns[TOKENS]  # 6ND, Hoffmann et al. 2022
    return _Sizes(pd.DataFrame(columns, index=covariates.index), tuple(notes))


def worth(
    rows: pd.DataFrame,
    covariates: pd.DataFrame,
    measure: str,
    score: str,
    *,
    asked: list[str] | tuple[str, ...] | None = None,
    words: str | None = None,
    seed: int = 0,
) -> Worth:
    """What `measure` says about `score` among the checkpoints of `rows`. See `worths`."""
    return worths(rows, covariates, [measure], score, asked=asked, words=words, seed=seed)[0]


def worths(
    rows: pd.DataFrame,
    covariates: pd.DataFrame,
    measures: list[str],
    score: str,
    *,
    asked: list[str] | tuple[str, ...] | None = None,
    words: str | None = None,
    seed: int = 0,
) -> list[Worth]:
    """What each of `measures` says about `score`, with q-values (Benjamini–Hochberg) over all of them.

    Arguments:
        rows: one row a checkpoint (index: subject): the measures, the score, family.
        covariates: of the same checkpoints, from `core.evidence.covariates.covariates_of`.
        asked: covariates to hold fixed; None: all that are known (see `core.evidence.covariates.held`).
        words: score and metric, from `core.evidence.loss_scale.words_of`; default: the score's name.
        seed: of bootstrap and folds.

    Returns: one Worth a measure. Checkpoints without the score, the measure, or a covariate that a statistic
    uses are left out of that statistic; its n says how many remain.
    """
    scored = rows.dropna(subset=[score])
    beside = covariates.reindex(scored.index)
    fixed = held(beside, asked)
    sizes = _sizes(beside)
    laws: dict[tuple[str, ...], tuple[np.ndarray, ScalingLaw | None, str, str]] = {}
    found = []
    for measure in measures:
        kept = scored.dropna(subset=[measure])
        x, y = kept[measure].to_numpy(np.float64), kept[score].to_numpy(np.float64)
        residual, terms = _residual(kept, sizes.logs, measure, score, seed)
        law, fitted, loss = _after_law(kept, sizes.logs, measure, score, words or score, laws, seed)
        complete = kept.index[beside.loc[kept.index, list(fixed.used)].notna().all(axis=1)]
        Z = beside.loc[complete, list(fixed.used)].to_numpy(np.float64)
        part = kept.loc[complete]
        partial = (
            partial_spearman(
                part[measure].to_numpy(np.float64), part[score].to_numpy(np.float64), Z, seed=seed
            )
            if fixed.used
            else Statistic(_NAN, len(kept), reason="No covariate is known that varies.")
        )
        added, baseline = _added(kept, sizes.logs, measure, score, seed)
        notes = list(sizes.notes)
        if fitted is not None and fitted.alpha > STEEPEST - 1e-3:
            notes.append(
                f"The fitted law is as steep as it may be (1/N^{STEEPEST:.0f}): beyond the smallest size "
                "these scores do not follow size, and little is taken out."
            )
        if fixed.used and len(complete) < len(kept):
            notes.append(
                f"{len(kept) - len(complete)} of {len(kept)} checkpoints lack a covariate that is held fixed "
                "and are left out of the partial correlation."
            )
        found.append(
            Worth(
                measure=measure,
                score=score,
                known=evidence(kept, measure, score, seed=seed),
                raw=partial_spearman(x, y, np.empty((len(x), 0)), seed=seed),
                residual=residual,
                terms=terms,
                law=law,
                fitted=fitted,
                loss=loss,
                partial=partial,
                held=fixed,
                added=added,
                baseline=baseline,
                notes=tuple(notes),
            )
        )
    q = {name: q_values(np.array([getattr(entry, name).p for entry in found])) for name in TESTED}
    for index, entry in enumerate(found):
        entry.q.update({name: float(q[name][index]) for name in TESTED})
    return found


def _complete(kept: pd.DataFrame, logs: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """The rows for which all `logs` are known, and those logs (n, terms)."""
    beside = logs.loc[kept.index]
    whole = beside.notna().all(axis=1)
    return kept[whole], beside[whole].to_numpy(np.float64)


def _rank_correlation(x: np.ndarray, left: np.ndarray, seed: int) -> Statistic:
    """Spearman of the measure with a residual; the regression is taken as given in the resamples."""
    return partial_spearman(x, left, np.empty((len(x), 0)), seed=seed)


def _residual(
    kept: pd.DataFrame, logs: pd.DataFrame, measure: str, score: str, seed: int
) -> tuple[Statistic, tuple[str, ...]]:
    terms = tuple(name for name in (SIZE, TOKENS) if name in logs)
    if not terms:
        reason = "Neither size nor training tokens are known and vary, so there is nothing to take out."
        return Statistic(_NAN, len(kept), reason=reason), ()
    part, X = _complete(kept, logs[list(terms)])
    if len(part) < len(terms) + 3:
        return Statistic(_NAN, len(part), reason=f"{len(part)} checkpoints are too few."), terms
    left = residuals(part[score].to_numpy(np.float64), X)
    return _rank_correlation(part[measure].to_numpy(np.float64), left, seed), terms


def _after_law(
    kept: pd.DataFrame,
    logs: pd.DataFrame,
    measure: str,
    score: str,
    words: str,
    known: dict[tuple[str, ...], tuple[np.ndarray, ScalingLaw | None, str, str]],
    seed: int,
) -> tuple[Statistic, ScalingLaw | None, str]:
    """known: laws fitted so far, by the rows that they were fitted to: many measures share them."""
    if SIZE not in logs:
        return (
            Statistic(_NAN, len(kept), reason="A scaling law needs checkpoints of several sizes."),
            None,
            "",
        )
    part, X = _complete(kept, logs[[name for name in (SIZE, TOKENS) if name in logs]])
    key = tuple(map(str, part.index))
    if key not in known:
        known[key] = _law_of(part[score].to_numpy(np.float64), np.exp(X), words)
    left, fitted, loss, reason = known[key]
    if fitted is None:
        return Statistic(_NAN, len(part), reason=reason), None, loss
    return _rank_correlation(part[measure].to_numpy(np.float64), left, seed), fitted, loss


def _law_of(y: np.ndarray, sizes: np.ndarray, words: str) -> tuple[np.ndarray, ScalingLaw | None, str, str]:
    """(what the law leaves of the score, the law, how the score was made a loss, why there is none)."""
    formed = as_loss(y, words)
    if formed is None:
        return y, None, "", "The score is neither a loss nor a fraction, so no scaling law describes it."
    losses, sign, how = formed
    try:
        law = fit_law(losses, sizes[:, 0], sizes[:, 1] if sizes.shape[1] > 1 else None)
    except InputError as error:
        return y, None, how, str(error)
    left = sign * (losses - law.predict(sizes[:, 0], sizes[:, 1] if sizes.shape[1] > 1 else None))
    return left, law, how, ""


def _added(
    kept: pd.DataFrame, logs: pd.DataFrame, measure: str, score: str, seed: int
) -> tuple[Added, tuple[str, ...]]:
    part, X = _complete(kept, logs)
    x, y = part[measure].to_numpy(np.float64), part[score].to_numpy(np.float64)
    return added_r2(x, y, X, seed=seed), tuple(map(str, logs.columns))


def worth_table(found: list[Worth]) -> pd.DataFrame:
    """One row a measure: every statistic with interval, p and q, in flat columns; NaN where there is none."""
    rows = []
    for entry in found:
        row: dict[str, object] = {
            "measure": entry.measure,
            "n": entry.raw.n,
            "level": entry.known.level,
            "pearson": entry.known.pooled.pearson,
            "pearson_low": entry.known.pooled.pearson_low,
            "pearson_high": entry.known.pooled.pearson_high,
            "added_r2": entry.added.value,
            "base_r2": entry.added.base,
            "simpson": entry.known.simpson,
        }
        for name in TESTED:
            told: Statistic = getattr(entry, name)
            row |= {
                name: told.value,
                f"{name}_low": told.low,
                f"{name}_high": told.high,
                f"{name}_p": told.p,
                f"{name}_q": entry.q.get(name, _NAN),
                f"{name}_n": told.n,
            }
        rows.append(row)
    return pd.DataFrame(rows)
