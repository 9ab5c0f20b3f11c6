"""What accuracy without labels shows, in sentences."""

import math

from core.formatting import capital, decimal, percent, signed
from core.studies.label_free import Calibration, Estimate

NOT_SHOWN = (
    "The estimate presumes that right and wrong queries of the unlabelled set spread as those of the "
    "calibration; nothing here can tell whether they do."
)
READING = (
    "Points: mean dispersion of mixtures, ± 2 standard errors over draws. Line: what all queries for "
    "calibration lead to expect. Dashed: the unlabelled set."
)
_USEFUL = 0.5  # of the range from 0 to 100 %: a wider interval says little


def course(found: Calibration) -> str:
    """Whether dispersion rises with accuracy, as the paper has it."""
    first, last = found.points[0], found.points[-1]
    errors = math.hypot(first.standard_error, last.standard_error)
    apart = last.dispersion - first.dispersion
    how = "does not surely change" if abs(apart) <= 2 * errors else "rises" if apart > 0 else "falls"
    paper = "as in the paper" if how == "rises" else "unlike in the paper"
    rho = "" if found.spearman is None else f"; Spearman's ρ = {signed(found.spearman)} over all mixtures"
    return (
        f"Dispersion {how} with accuracy, {paper}: {first.dispersion:.4f} of mixtures without a right "
        f"answer, {last.dispersion:.4f} of right ones alone ({found.queries} queries each{rho})."
    )


def estimated(found: Estimate | None) -> str | None:
    """The accuracy of the unlabelled set; None without one."""
    if found is None:
        return None
    if found.low is None or found.high is None:
        return (
            f"The {found.n:,} unlabelled queries have dispersion {found.dispersion:.4f}, which no mixture of "
            "the calibration has: the two sets differ in more than accuracy, and there is no estimate."
        )
    wide = found.high - found.low > _USEFUL
    says = ", which says little" if wide else ""
    return (
        f"Estimated accuracy on {found.n:,} unlabelled queries: {percent(found.accuracy)}, 95 % interval "
        f"{percent(found.low)} to {percent(found.high)}{says}."
    )


def baselines(
    accuracy: float, confidence: float | None, mean_confidence: float | None, truth: float | None
) -> list[str]:
    """What one would say without dispersion, and what labels say.

    accuracy, confidence: of the calibration. mean_confidence, truth: of the unlabelled set; None: not known.
    """
    lines = [f"Baseline: the accuracy of the calibration, {percent(accuracy, '.1f')}."]
    if mean_confidence is not None:
        off = ""
        if confidence is not None:
            off = f" (on the calibration it is {percent(confidence, '.1f')})"
        lines.append(
            "Baseline: the mean confidence of the model's own answers, "
            f"{percent(mean_confidence, '.1f')}{off}."
        )
    if truth is not None:
        lines.append(f"The labels that the set has say {percent(truth, '.1f')}.")
    return lines


def sources(
    estimate: Estimate,
    accuracy: float,
    confidence: float | None,
    mean_confidence: float | None,
    truth: float | None,
) -> list[dict[str, str | None]]:
    """What each source says of the accuracy of the unlabelled set, and of the calibration, a row each.

    The arguments are those of `baselines`.
    """
    none = estimate.low is None or estimate.high is None
    interval = None if none else f"{percent(estimate.low or 0)} to {percent(estimate.high or 0)}"
    rows = [
        ("Estimate from dispersion", None if none else estimate.accuracy, interval, None),
        ("Baseline: accuracy of the calibration", accuracy, None, None),
        ("Baseline: mean confidence of the model", mean_confidence, None, confidence),
        ("Labels", truth, None, accuracy),
    ]
    return [
        {
            "Source": name,
            "Accuracy": _percent(value),
            "95 % interval": between,
            "Of the calibration": _percent(known),
        }
        for name, value, between, known in rows
    ]


def _percent(value: float | None) -> str | None:
    return None if value is None else percent(value, ".1f")


def nearest(
    estimate: Estimate | None, accuracy: float, mean_confidence: float | None, truth: float | None
) -> str | None:
    """Which of the estimate and the baselines comes nearest to what labels say; None without labels.

    The arguments are those of `baselines`.
    """
    if truth is None or estimate is None:
        return None
    given: dict[str, float | None] = {
        "the accuracy of the calibration": accuracy,
        "the mean confidence": mean_confidence,
        "the estimate from dispersion": None if estimate.low is None else estimate.accuracy,
    }
    off = {name: abs(value - truth) for name, value in given.items() if value is not None}
    first, *others = sorted(off, key=off.__getitem__)
    more = "".join(f", {name} {decimal(100 * off[name], 1)}" for name in others)
    return f"Nearest to the labels is {first}, {decimal(100 * off[first], 1)} percentage points off{more}."


def single(auc: float) -> str:
    """Whether single queries that spread little are those answered wrongly."""
    if abs(auc - 0.5) < 0.05:
        return (
            "Single queries: distance to the others hardly tells right from wrong answers (AUC "
            f"{decimal(auc)}; 0.5 is chance)."
        )
    which = "wrong" if auc > 0.5 else "right"
    return capital(
        f"single queries: those nearest to the others are more often answered {which}ly (AUC {decimal(auc)} "
        "for right answers to lie farther off; 0.5 is chance)."
    )


def findings(
    curve: Calibration,
    estimate: Estimate | None,
    accuracy: float,
    mean_confidence: float | None,
    truth: float | None,
) -> list[str]:
    """What to conclude, the estimate first; the arguments are those of the functions above."""
    last = nearest(estimate, accuracy, mean_confidence, truth)
    return [*filter(None, [estimated(estimate)]), course(curve), single(curve.auc), *filter(None, [last])]


def sentences(
    curve: Calibration,
    estimate: Estimate | None,
    accuracy: float,
    confidence: float | None,
    mean_confidence: float | None,
    truth: float | None,
) -> list[str]:
    """The findings, and the baselines that they are compared with."""
    found = findings(curve, estimate, accuracy, mean_confidence, truth)
    return found + (baselines(accuracy, confidence, mean_confidence, truth) if estimate else [])
