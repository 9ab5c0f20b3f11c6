"""What a ranking says, in sentences computed from it."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from core.formatting import decimal, listed, lower_first, percent, signed
from core.measures import MEASURES
from core.measures.titles import title_of
from core.prediction import Model, Predictions, chances
from core.prediction.by_measure import RankEvidence
from core.prediction.ranking import LEVEL, percentiles, widest
from core.prediction.reference import SOURCE
from core.prediction.shortlist import PREDICTED, Shortlist
from core.wording.predictions import accuracy, fitted_to


def headline(shortlist: Shortlist, score: str) -> tuple[str, str]:
    """The answer in one line, and how sure it is in one to three sentences.

    Arguments:
        shortlist: with at least one candidate.
    """
    shown = shortlist.candidates
    top = shown.iloc[:3]
    if shortlist.by != PREDICTED:
        return _by_measure(shortlist)
    if len(shown) < 2:
        title = f"{top['name'].iloc[0]}: predicted {title_of(score)} {decimal(top['predicted'].iloc[0])}"
        return title, "It is the only candidate here, so there is nothing to rank."
    hits = float(shown["chance"].iloc[: shortlist.best].sum())
    if shown["actual"].notna().all() and shortlist.best == len(top):
        return _test(shown, top, hits, score)
    guess = shortlist.best / len(shown)
    sure = confidence(hits / shortlist.best, guess)
    if shortlist.best == 1:
        tied = top["tie"] == 1
        top = top[tied] if tied.any() else top.iloc[:1]
        said = (
            f"the first is the best of them with a chance of {percent(hits)}, by guessing {percent(guess)}."
        )
        parts = [f"{sure}: {said}", ties(shown)]
    else:
        parts = [
            f"{sure}: {hits:.1f} of these {len(top)} are expected among the true best {len(top)}, "
            f"{shortlist.best * guess:.1f} by guessing.",
            ties(shown),
        ]
    if top["actual"].notna().any():
        parts.append(_known(shown, top, score))
    return f"Fine-tune first: {' · '.join(top['name'])}", " ".join(filter(None, parts))


def ties(shown: pd.DataFrame) -> str:
    """Which candidates cannot be told from the first; "" where that is not known.

    Arguments:
        shown: ranked candidates, best first, with `tie` and `name`.
    """
    if len(shown) < 2 or not np.isfinite(shown["tie"].iloc[0]):
        return ""
    level = shown.iloc[1:][shown["tie"].iloc[1:] == 1]
    first = shown["name"].iloc[0]
    if level.empty:
        return f"{first} is told from every other in at least {percent(LEVEL)} of the draws."
    if len(level) == len(shown) - 1:
        return "None of them can be told from the first: the differences lie within the error."
    names = f"{listed(level['name'])}" if len(level) <= 3 else f"{len(level)} others"
    return f"Not separable from {first}: {names}."


def _by_measure(shortlist: Shortlist) -> tuple[str, str]:
    """The headline of a ranking by a single measure, which predicts nothing."""
    shown, name = shortlist.candidates, title_of(shortlist.by)
    first = ", ".join(f"{row['name']} ({row['by']:.3g})" for _, row in shown.iloc[:3].iterrows())
    side = "highest" if MEASURES[shortlist.by].better == "higher" else "lowest"
    return (
        f"By {lower_first(name)}, first: {' · '.join(shown['name'].iloc[:3])}",
        f"The {side} {lower_first(name)} of {len(shown)}: {first}. {ties(shown)}".strip(),
    )


def example() -> str:
    """That the ranking is of published checkpoints, since there is none of the user's."""
    return (
        "An example: these are the published checkpoints that come with the program. Measure one of your own "
        "and this page is about yours."
    )


def learnt_from(predictions: Predictions, score: str) -> str:
    """What is ranked, by what, learnt from what, and how good that is."""
    reference = predictions.model.reference
    unlike = len(reference.unlike)
    left = (
        f" {unlike} more of them {'was' if unlike == 1 else 'were'} measured otherwise, so left out."
        if unlike
        else ""
    )
    others = readings_of_others(predictions)
    return f"Ranked by predicted {title_of(score)}. {caveat(predictions)}{others}{left}"


def readings_of_others(predictions: Predictions) -> str:
    """How many of the scores learnt from are of other protocols than the score asked for; "" of none."""
    reference = predictions.model.reference
    if SOURCE not in reference.rows:
        return ""
    n = int((~reference.rows[SOURCE].str.endswith(f": {reference.score}")).sum())
    return f" {n} of the known scores are of another protocol, with a level of its own." if n else ""


def not_predicted(problem: str, measure: str) -> str:
    """Why candidates are ranked by a measure, and what would give a prediction.

    problem: why nothing is predicted; "" where it is, but not ranked by.
    """
    why = problem or ("Ranked by the measure alone, whether or not a reference covers a checkpoint.")
    return f"{why} The order is that of {lower_first(title_of(measure))}, not of a predicted score."


def evidence_line(evidence: RankEvidence | None, measure: str, score: str, others: Sequence[str] = ()) -> str:
    """What the reference says of ranking by a measure, in one line.

    others: measures of which it says something, to be named where it says nothing of this one.
    """
    name = title_of(measure)
    if evidence is None:
        instead = f" There is some for {listed(map(title_of, others[:4]))}." if others else ""
        return (
            f"No evidence here for {name}: fewer than four checkpoints of the reference have it and "
            f"{title_of(score)}.{instead}"
        )
    if not np.isfinite(evidence.rho):
        return f"{name} or {title_of(score)} does not vary among the {evidence.n} {evidence.title}."
    parts = [
        f"{name} and {title_of(score)} of {evidence.n} {evidence.title}: Spearman {signed(evidence.rho)}"
        f"{_between(evidence.low, evidence.high)} in the expected direction"
    ]
    if np.isfinite(evidence.within):
        parts.append(
            f"within a size class {signed(evidence.within)}"
            f"{_between(evidence.within_low, evidence.within_high)} (n = {evidence.n_within})"
        )
    if np.isfinite(evidence.size_rho):
        parts.append(f"size alone {signed(evidence.size_rho)}")
    if np.isfinite(evidence.loss_rho):
        parts.append(f"loss alone (bits per byte, lower is better) {signed(evidence.loss_rho)}")
    if np.isfinite(evidence.rmse):
        size = f", size {evidence.size_rmse:.3f}" if np.isfinite(evidence.size_rmse) else ""
        size += f", loss {evidence.loss_rmse:.3f}" if np.isfinite(evidence.loss_rmse) else ""
        parts.append(f"held-out RMSE {evidence.rmse:.3f}{size}, mean baseline {evidence.mean_rmse:.3f}")
    return "; ".join(parts) + "."


def _between(low: float, high: float) -> str:
    return f" ({signed(low)} to {signed(high)})" if np.isfinite(low) else ""


def measured_alike(differences: pd.DataFrame, lacking: int) -> str:
    """How many candidates were measured otherwise than the others, and in what.

    Arguments:
        differences: as of `core.prediction.alike.differences`; lacking: candidates without a measure.
    """
    parts = []
    if len(differences):
        counts = differences.groupby("what", sort=False)["subject"].nunique()
        what = listed(f"{name} ({n})" for name, n in counts.items())
        count = differences["subject"].nunique()
        parts.append(f"{count} candidate{'s' * (count > 1)} measured otherwise than the others: {what}")
    if lacking:
        parts.append(f"{lacking} candidate{'s' * (lacking > 1)} without the measures to rank by")
    return "; ".join(parts)


def agreement(tau: float, n: int) -> str:
    """Kendall's τ of a ranking with the known scores; "" where it is not known."""
    return f"Kendall's τ of the ranking with the {n} known scores: {signed(tau)}." if np.isfinite(tau) else ""


def rank_range(low: float, high: float) -> str:
    """The interval of a rank: "2", "1 to 4", or "" where it is not known."""
    if not np.isfinite(low):
        return ""
    return f"{low:.0f}" if low == high else f"{low:.0f} to {high:.0f}"


def tied_rank(place: int, tie: float, size: int) -> str:
    """A rank that shows ties: "1=" for each of several that cannot be told apart; size: how many they are."""
    return f"{tie:.0f}=" if np.isfinite(tie) and size > 1 else str(place)


def _test(shown: pd.DataFrame, top: pd.DataFrame, hits: float, score: str) -> tuple[str, str]:
    """The headline where every score is known, so that the ranking is a test and no advice."""
    right = len(top.index.intersection(shown["actual"].nlargest(len(top)).index))
    return f"Held-out top {len(top)}: {' · '.join(top['name'])}", (
        f"All {len(shown)} here have a known score, so this tests the ranking; those of the reference were "
        f"predicted from the other groups. Of these {len(top)}, {hits:.1f} were expected among the true best "
        f"{len(top)}; {right or 'none'} {'is' if right == 1 else 'are'}. {_known(shown, top, score)}"
    )


def _known(shown: pd.DataFrame, top: pd.DataFrame, score: str) -> str:
    values = listed(decimal(value) for value in top["actual"].dropna())
    best = shown.loc[shown["actual"].idxmax(), "name"]
    return f"Known {title_of(score)}: {values}; the best here is {decimal(shown['actual'].max())} ({best})."


def confidence(share: float, guess: float) -> str:
    """How sure a choice is whose expected share of right picks is `share`, and by guessing `guess`.

    It is graded by how much of the way from guessing to certainty it goes; without a choice it is high.
    """
    gain = (share - guess) / (1 - guess) if guess < 1 else 1.0
    return f"{'High' if gain >= 0.8 else 'Moderate' if gain >= 0.4 else 'Low'} confidence"


def caveat(predictions: Predictions) -> str:
    """What the predictions rest on, their held-out RMSE against the mean baseline, and their coverage."""
    return f"{fitted_to(predictions.model)}. {accuracy(predictions)}"


def difference(model: Model, chosen: pd.DataFrame, measures: Sequence[str]) -> str:
    """What sets the chosen checkpoints apart, in one or two sentences computed from their values.

    Arguments:
        chosen: two to four predicted rows; measures: those to compare them in.
    """
    name = widest(model, chosen, measures)
    if name is None:
        return "They share no measure, so nothing can be compared."
    at = percentiles(model, chosen, name)
    high, low = int(np.argmax(at)), int(np.argmin(at))
    first, last = chosen.iloc[high], chosen.iloc[low]
    text = (
        f"They differ most in {title_of(name)}: {first['name']} has {first[name]:.3g} "
        f"({ordinal(at[high])} percentile of the reference), {last['name']} {last[name]:.3g} "
        f"({ordinal(at[low])})."
    )
    if at[high] - at[low] < 0.1:
        text = f"They are alike in every measure: even {title_of(name)} differs by under 10 percentiles."
    best = chances(model, chosen, k=1)
    if not np.isfinite(best).all() or chosen["predicted"].isna().any():
        return text
    odds = listed(f"{percent(chance)} for {row}" for chance, row in zip(best, chosen["name"], strict=True))
    apart = " although the reference does not cover all of them" if not chosen["in_range"].all() else ""
    return f"{text} The chance to have the highest {title_of(model.score)} is {odds}{apart}."


def side_by_side(model: Model, chosen: pd.DataFrame, measures: Sequence[str]) -> str:
    """The title of a chart of the chosen checkpoints within the reference.

    Arguments:
        chosen: one to four predicted rows; measures: those that the reference has too.
    """
    if len(chosen) == 1:
        return f"Where {chosen['name'].iloc[0]} stands among the {model.reference.title}"
    name = widest(model, chosen, measures)
    return f"They lie farthest apart in {title_of(name)}" if name else "They share no measure with each other"


def ordinal(share: float) -> str:
    """A share of 1 as a percentile in words: 0.21 → 21st."""
    return nth(min(max(round(share * 100), 1), 99))


def nth(number: int) -> str:
    """A place in words: 2nd."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
