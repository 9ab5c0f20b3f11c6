"""How measures are associated with a score: raw, residual, partial, added R², with q-values over all.

One function for one measure and score, one for many; the statistics are in `core.statistics.partial`, the law
in `core.statistics.scaling_law`, what is controlled for in `core.evidence.covariates`. Every statistic names
the covariates it used, and has a reason where it has no value: nothing falls back silently.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from core.errors import InputError
from core.evidence.correlations import Evidence, evidence
from core.evidence.covariates import COMPUTE, KNOWN, SIZE, TOKENS, Controlled, called, controlled
from core.evidence.loss_scale import Losses, as_loss
from core.reasons import Reason
from core.statistics.partial import Added, Statistic, added_r2, partial_spearman, q_values
from core.statistics.regression import residuals
from core.statistics.scaling_law import STEEPEST, ScalingLaw, fit_law

TESTED = ("raw", "residual", "law", "partial")  # statistics with a p, hence a q
_NAN = float("nan")


@dataclass(frozen=True)
class Association:
    """How a measure and a score are associated."""

    measure: str
    score: str
    known: Evidence  # pooled and by family, with the badge
    raw: Statistic
    residual: Statistic  # of the score after the logs of size and training tokens
    terms: tuple[str, ...]  # what the residual was taken after
    law: Statistic  # of the score after the fitted scaling law
    fitted: ScalingLaw | None
    loss: str  # how the score was made a loss, one of `core.evidence.loss_scale.FORMED`; "": not at all
    partial: Statistic
    controlled: Controlled
    added: Added
    baseline: tuple[str, ...]  # what the measure was added to; (): the mean
    notes: tuple[Reason, ...]  # what a reader must know of the fall-backs
    q: dict[str, float] = field(default_factory=dict)  # of TESTED, over all measures tried with this score


@dataclass(frozen=True)
class _Sizes:
    """Logs of size, tokens and compute, a column each; only what most checkpoints have and what varies."""

    logs: pd.DataFrame
    notes: tuple[Reason, ...]


def _sizes(covariates: pd.DataFrame) -> _Sizes:
    columns: dict[str, pd.Series] = {}
    notes = []
    for role in (SIZE, TOKENS):
        name = called(covariates, role)
        values = covariates[name].where(covariates[name] > 0).dropna() if name else pd.Series(dtype=float)
        if len(values) < KNOWN * len(covariates) or values.empty:
            notes.append(Reason("size_unknown", role=role, n=len(values), of=len(covariates)))
        elif values.nunique() < 2:
            notes.append(Reason("size_constant", role=role))
        else:
            columns[role] = np.log(values)
    compute = called(covariates, COMPUTE)
    if compute and (covariates[compute] > 0).mean() >= KNOWN and covariates[compute].nunique() > 1:
        columns[COMPUTE] = np.log(covariates[compute].where(covariates[compute] > 0))
    elif SIZE in columns and TOKENS in columns:
        columns[COMPUTE] = np.log(6) + columns[SIZE] + columns[TOKENS]  # 6ND, Hoffmann et al. 2022
    return _Sizes(pd.DataFrame(columns, index=covariates.index), tuple(notes))


def association(
    rows: pd.DataFrame,
    covariates: pd.DataFrame,
    measure: str,
    score: str,
    *,
    asked: list[str] | tuple[str, ...] | None = None,
    metric: str = "",
    seed: int = 0,
) -> Association:
    """How `measure` and `score` are associated among the checkpoints of `rows`. See `associations`."""
    return associations(rows, covariates, [measure], score, asked=asked, metric=metric, seed=seed)[0]


def associations(
    rows: pd.DataFrame,
    covariates: pd.DataFrame,
    measures: list[str],
    score: str,
    *,
    asked: list[str] | tuple[str, ...] | None = None,
    metric: str = "",
    seed: int = 0,
    tell: Callable[[int], None] = lambda done: None,
) -> list[Association]:
    """How each of `measures` is associated with `score`, with q-values (Benjamini–Hochberg) over all of them.

    Arguments:
        rows: one row a checkpoint (index: subject): the measures, the score, family.
        covariates: of the same checkpoints, from `core.evidence.covariates.covariates_of`.
        asked: covariates to control for; None: all known ones (see `core.evidence.covariates.controlled`).
        metric: of the score, as the store has it: it says whether the score is a loss.
        seed: of bootstrap and folds.
        tell: told how many measures are done; may raise to stop.

    Returns: one Association a measure. Checkpoints without the score, the measure, or a covariate that a
    statistic uses are left out of that statistic; its n says how many remain.
    """
    scored = rows.dropna(subset=[score])
    beside = covariates.reindex(scored.index)
    used = controlled(beside, asked)
    sizes = _sizes(beside)
    laws: dict[tuple[str, ...], _Fitted] = {}
    made = []
    for index, measure in enumerate(measures):
        tell(index)
        kept = scored.dropna(subset=[measure])
        x, y = _columns(kept, measure, score)
        residual, terms = _residual(kept, sizes.logs, measure, score, seed)
        law, fitted = _after_law(kept, sizes.logs, measure, score, metric, laws, seed)
        complete = kept[beside.loc[kept.index, list(used.names)].notna().all(axis=1)]
        added, baseline = _added(kept, sizes.logs, measure, score, seed)
        made.append(
            Association(
                measure=measure,
                score=score,
                known=evidence(kept, measure, score, seed=seed),
                raw=partial_spearman(x, y, np.empty((len(x), 0)), seed=seed),
                residual=residual,
                terms=terms,
                law=law,
                fitted=fitted.law,
                loss=fitted.losses.formed if fitted.losses else "",
                partial=_partial(complete, beside, measure, score, used, seed),
                controlled=used,
                added=added,
                baseline=baseline,
                notes=(*sizes.notes, *_fall_backs(fitted.law, used, len(complete), len(kept))),
            )
        )
    q = {name: q_values(np.array([getattr(entry, name).p for entry in made])) for name in TESTED}
    for index, entry in enumerate(made):
        entry.q.update({name: float(q[name][index]) for name in TESTED})
    return made


def _fall_backs(law: ScalingLaw | None, used: Controlled, complete: int, n: int) -> list[Reason]:
    notes = []
    if law is not None and law.alpha > STEEPEST - 1e-3:
        notes.append(Reason("law_at_its_limit", exponent=STEEPEST))
    if used.names and complete < n:
        notes.append(Reason("covariate_missing", n=n - complete, of=n))
    return notes


def _columns(kept: pd.DataFrame, measure: str, score: str) -> tuple[np.ndarray, np.ndarray]:
    return kept[measure].to_numpy(np.float64), kept[score].to_numpy(np.float64)


def _complete(kept: pd.DataFrame, logs: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """The rows for which all `logs` are known, and those logs (n, terms)."""
    beside = logs.loc[kept.index]
    whole = beside.notna().all(axis=1)
    return kept[whole], beside[whole].to_numpy(np.float64)


def _partial(
    part: pd.DataFrame, beside: pd.DataFrame, measure: str, score: str, used: Controlled, seed: int
) -> Statistic:
    if not used.names:
        return Statistic(_NAN, len(part), reason=Reason("no_covariate"))
    Z = beside.loc[part.index, list(used.names)].to_numpy(np.float64)
    return partial_spearman(*_columns(part, measure, score), Z, seed=seed)


def _rank_correlation(x: np.ndarray, left: np.ndarray, seed: int) -> Statistic:
    """Spearman of the measure with a residual; the regression is taken as given in the resamples."""
    return partial_spearman(x, left, np.empty((len(x), 0)), seed=seed)


def _residual(
    kept: pd.DataFrame, logs: pd.DataFrame, measure: str, score: str, seed: int
) -> tuple[Statistic, tuple[str, ...]]:
    terms = tuple(name for name in (SIZE, TOKENS) if name in logs)
    if not terms:
        return Statistic(_NAN, len(kept), reason=Reason("no_sizes")), ()
    part, X = _complete(kept, logs[list(terms)])
    if len(part) < len(terms) + 3:
        return Statistic(_NAN, len(part), reason=Reason("too_few", n=len(part))), terms
    x, y = _columns(part, measure, score)
    return _rank_correlation(x, residuals(y, X), seed), terms


@dataclass(frozen=True)
class _Fitted:
    """A law and what it leaves of the score, (n,), or why there is none."""

    left: np.ndarray | None = None
    law: ScalingLaw | None = None
    losses: Losses | None = None
    reason: Reason | None = None


def _after_law(
    kept: pd.DataFrame,
    logs: pd.DataFrame,
    measure: str,
    score: str,
    metric: str,
    fitted: dict[tuple[str, ...], _Fitted],
    seed: int,
) -> tuple[Statistic, _Fitted]:
    """fitted: laws so far, by the rows that they were fitted to: many measures share them."""
    if SIZE not in logs:
        return Statistic(_NAN, len(kept), reason=Reason("one_size")), _Fitted()
    part, X = _complete(kept, logs[[name for name in (SIZE, TOKENS) if name in logs]])
    x, y = _columns(part, measure, score)
    key = tuple(map(str, part.index))
    if key not in fitted:
        fitted[key] = _law_of(y, np.exp(X), metric)
    one = fitted[key]
    if one.left is None:
        return Statistic(_NAN, len(part), reason=one.reason), one
    return _rank_correlation(x, one.left, seed), one


def _law_of(y: np.ndarray, sizes: np.ndarray, metric: str) -> _Fitted:
    losses = as_loss(y, metric)
    if losses is None:
        return _Fitted(reason=Reason("no_loss", metric=metric))
    parameters, tokens = sizes[:, 0], sizes[:, 1] if sizes.shape[1] > 1 else None
    try:
        law = fit_law(losses.values, parameters, tokens)
    except InputError as error:
        return _Fitted(losses=losses, reason=Reason("no_law", sentence=str(error)))
    return _Fitted(losses.sign * (losses.values - law.predict(parameters, tokens)), law, losses)


def _added(
    kept: pd.DataFrame, logs: pd.DataFrame, measure: str, score: str, seed: int
) -> tuple[Added, tuple[str, ...]]:
    part, X = _complete(kept, logs)
    x, y = _columns(part, measure, score)
    return added_r2(x, y, X, seed=seed), tuple(map(str, logs.columns))


def table(associated: list[Association]) -> pd.DataFrame:
    """One row a measure: every statistic with interval, p and q, in flat columns; NaN where there is none."""
    rows = []
    for entry in associated:
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
            statistic: Statistic = getattr(entry, name)
            row |= {
                name: statistic.value,
                f"{name}_low": statistic.low,
                f"{name}_high": statistic.high,
                f"{name}_p": statistic.p,
                f"{name}_q": entry.q.get(name, _NAN),
                f"{name}_n": statistic.n,
            }
        rows.append(row)
    return pd.DataFrame(rows)
