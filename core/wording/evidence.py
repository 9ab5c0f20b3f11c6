"""How measures are associated with a score, in words computed from `core.evidence.association`.

"Correlates" means a q-value below 5 %.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from core.evidence.association import Association
from core.evidence.correlation_matrix import ALIKE, Matrix
from core.evidence.covariates import COMPUTE, SIZE, TOKENS, Controlled
from core.formatting import capital, decimal, first_few, listed, signed
from core.measures.titles import title_of
from core.reasons import Reason

SURE = 0.05
COVARIATES = {
    SIZE: "number of parameters",
    TOKENS: "training tokens",
    COMPUTE: "training compute",
    "alpha": "amount of noise",
    "bits_per_byte": "measured loss in bits per byte",
}
FORMED = {"loss": "the loss as it is", "log": "ln of the perplexity", "complement": "1 − score", "": ""}


def covariate_title(name: str) -> str:
    """A covariate as it stands within a sentence."""
    return COVARIATES.get(name, name.replace("_", " "))


def sentence(reason: Reason) -> str:
    """A note, or why a statistic has no value. Raises KeyError for a code without words."""
    return _SENTENCES[reason.code](reason.values)


def why_missing(reason: Reason) -> str:
    """Why a covariate is not controlled for, in a few words. Raises KeyError for a code without words."""
    return _MISSING[reason.code](reason.values)


def controlling(used: Controlled) -> str:
    """What is controlled for and what is not, in one or two sentences."""
    text = f"Controlling for {_names(used.names)}." if used.names else "No covariate is controlled for."
    if used.missing:
        missing = ", ".join(
            f"{covariate_title(name)} ({why_missing(reason)})" for name, reason in used.missing.items()
        )
        text += f" Not controlled for: {missing}."
    return text


def notes(associated: Iterable[Association]) -> list[str]:
    """The notes of all measures. Of those that differ in their counts only, the first measure's."""
    first: dict[tuple[str, str], Reason] = {}
    for entry in associated:
        for note in entry.notes:
            first.setdefault((note.code, note.values.get("role", "")), note)
    return [sentence(note) for note in first.values()]


def headline(associated: Sequence[Association], score: str) -> str:
    """How many of the measures correlate with the score, and how many still do controlling for covariates.

    score: its title.
    """
    n, raw = len(associated), _correlated(associated, "raw")
    used = associated[0].controlled.names
    if n == 1:
        return _of_one(associated[0], score)
    verb = "correlates" if raw == 1 else "correlate"
    claim = f"Of {n} measures {raw or 'none'} {verb} with {score}"
    if not raw:
        return claim
    if not used:
        return f"{claim}; whether size explains it is not known"
    kept = sum(
        bool(e.q["raw"] < SURE and e.q["partial"] < SURE and np.sign(e.raw.value) == np.sign(e.partial.value))
        for e in associated
    )
    still = f"{kept or 'none'} still {'does' if kept == 1 else 'do'}"
    return f"{claim}; controlling for {_names(used)}, {still}"


def _of_one(entry: Association, score: str) -> str:
    claim = f"{title_of(entry.measure)} and {score}: ρ = {signed(entry.raw.value)}"
    if not entry.controlled.names:
        return f"{claim}; whether size explains it is not known"
    return f"{claim}, and {signed(entry.partial.value)} controlling for {_names(entry.controlled.names)}"


def fall(associated: Sequence[Association]) -> str:
    """How far correlations fall when controlling for covariates: medians, and the measure that falls most."""
    both = [e for e in associated if np.isfinite(e.raw.value) and np.isfinite(e.partial.value)]
    if not both:
        return (
            "No covariate is controlled for, so there is no partial correlation to compare the raw one with."
        )
    raw, partial = (
        float(np.median([abs(getattr(e, name).value) for e in both])) for name in ("raw", "partial")
    )
    furthest = max(both, key=lambda e: abs(e.raw.value) - abs(e.partial.value))
    turned = sum(
        bool(e.q["raw"] < SURE and e.q["partial"] < SURE and np.sign(e.raw.value) != np.sign(e.partial.value))
        for e in both
    )
    text = (
        f"Controlling for {_names(both[0].controlled.names)}, the median |ρ| falls from {raw:.2f} to "
        f"{partial:.2f}"
    )
    if abs(furthest.raw.value) > abs(furthest.partial.value):
        text += (
            f"; {title_of(furthest.measure)} falls most, from {signed(furthest.raw.value)} to "
            f"{signed(furthest.partial.value)}"
        )
    return f"{text}; {turned} change{'s' * (turned == 1)} sign." if turned else f"{text}."


def simpsons(associated: Iterable[Association]) -> list[str]:
    """A warning for each measure whose pooled correlation misleads about the families."""
    text = []
    for entry in associated:
        if entry.known.simpson:
            inside = {k: c for k, c in entry.known.families.items() if c.n >= 10 and np.isfinite(c.pearson)}
            within = listed(f"{signed(c.pearson)} in {name}" for name, c in inside.items())
            pooled = signed(entry.known.pooled.pearson)
            text.append(f"{title_of(entry.measure)}: pooled r = {pooled}, but {within}.")
    return text


def gain(associated: Sequence[Association]) -> str:
    """What the best measure adds to the baseline on held-out checkpoints."""
    gains = [e for e in associated if np.isfinite(e.added.value)]
    if not gains:
        return sentence(associated[0].added.reason) if associated[0].added.reason else ""
    best = max(gains, key=lambda e: e.added.value)
    baseline = f"a regression on {_names(best.baseline)}" if best.baseline else "the mean baseline"
    helped = sum(e.added.value > 0.01 for e in gains)
    return (
        f"On held-out checkpoints {helped} of {len(gains)} measures add more than 0.01 to the R² of "
        f"{baseline} ({decimal(best.added.base)}); {title_of(best.measure)} adds most, "
        f"{signed(best.added.value)}."
    )


def matrix(compared: Matrix) -> str:
    """How much the measures overlap, in one or two sentences."""
    n = len(compared.rho)
    upper = np.abs(compared.rho.to_numpy()[np.triu_indices(n, 1)])
    upper = upper[np.isfinite(upper)]
    if not len(upper):
        return "Too few measures are known for these checkpoints to compare them."
    text = f"The median |ρ| between two of the {n} measures is {np.median(upper):.2f}"
    alike = [group for group in compared.groups if len(group) > 1]
    if not alike:
        return f"{text}; no two form a group (mean |ρ| of {ALIKE} or more)."
    return (
        f"{text}; grouped where |ρ| averages {ALIKE} or more, the {n} form {len(compared.groups)} groups. "
        f"The largest is {first_few(map(title_of, alike[0]), 4)}."
    )


def _names(covariates: Iterable[str]) -> str:
    return listed(map(covariate_title, covariates))


def _correlated(associated: Iterable[Association], statistic: str) -> int:
    """How many measures correlate with the score by that statistic (a name in TESTED)."""
    return sum(bool(entry.q.get(statistic, np.nan) < SURE) for entry in associated)


def _size_unknown(v: Mapping[str, Any]) -> str:
    count = f"only {v['n']} of {v['of']}" if v["n"] else "none"
    return (
        f"{capital(covariate_title(v['role']))}: known for {count} of these checkpoints, so residuals do not "
        "account for it."
    )


_SENTENCES: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "size_unknown": _size_unknown,
    "size_constant": lambda v: (
        f"{capital(covariate_title(v['role']))}: the same for all of these checkpoints, so residuals need "
        "not account for it."
    ),
    "law_at_its_limit": lambda v: (
        f"The fitted law has the largest exponent that is allowed (1/N^{v['exponent']:.0f}): beyond the "
        "smallest size these scores do not follow size, and the law explains little."
    ),
    "covariate_missing": lambda v: (
        f"{v['n']} of {v['of']} checkpoints lack a covariate that is controlled for and are left out of the "
        "partial correlation."
    ),
    "no_covariate": lambda v: "No covariate is known that varies.",
    "no_sizes": lambda v: "Neither size nor training tokens are known and vary, so no residual can be taken.",
    "one_size": lambda v: "A scaling law needs checkpoints of several sizes.",
    "no_loss": lambda v: (
        f"The metric {v['metric']!r} is not known as a loss, a perplexity, a share or a correlation, so no "
        "scaling law is fitted."
    ),
    "no_law": lambda v: v["sentence"],
    "too_few": lambda v: f"{v['n']} checkpoints with all the values it needs are too few.",
    "too_few_for_covariates": lambda v: (
        f"{v['n']} checkpoints are too few to control for so many covariates."
    ),
    "too_few_for_folds": lambda v: (
        f"{v['folds']} folds need at least {v['needed']} checkpoints, and there are {v['n']}."
    ),
    "constant": lambda v: "One of the two does not vary.",
    "constant_score": lambda v: "The score does not vary.",
    "explained": lambda v: f"The covariates explain the ranks of the {v['which']} completely.",
}
_MISSING: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "unknown": lambda v: "not known",
    "rarely_known": lambda v: f"known for {v['n']} of {v['of']}",
    "constant": lambda v: "the same for all",
}
