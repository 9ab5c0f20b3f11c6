"""The shortlist: every checkpoint with its predicted score, how sure that is, and the words that say so.

Published checkpoints are predicted with their own family left out, so that their known scores are a fair
check; the others from the whole reference. Checkpoints that the reference does not cover are ranked apart.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.formatting import listed, lower_first, percent
from core.measures.protocol import PUBLISHED
from core.measures.titles import title_of
from core.overview import Overview, at_sample, percentile
from core.prediction.best import Best
from core.prediction.intervals import coverage
from core.prediction.predicted import limits_of, predicted, say_other_cells
from core.prediction.regression import SPREAD, Model, Trust, fit, held_out, probability_among_best, trust

PREDICTORS: dict[str, tuple[str, ...]] = {
    "spread": SPREAD,
    "patchiness": ("lsq_patchiness_published",),
    "both": (*SPREAD, "lsq_patchiness_published"),
    "best": SPREAD,  # and, near checkpoints of a known base, whatever `core.prediction.best` reads
}
PREDICTOR_TITLES = {
    "spread": "Spread: EEE, VRM, IsoScore",
    "patchiness": "Point patchiness (the paper's)",
    "both": "Spread and point patchiness",
    "best": "Best by held-out error",
}


@dataclass(frozen=True)
class Ranking:
    """Candidates with predictions, and the model behind them."""

    rows: pd.DataFrame  # the overview's rows with predicted, low, high, sd, in_range, reason, actual, trust
    model: Model | Best
    covered: float  # share of known scores that the interval held, out of sample
    span: tuple[float, float]  # lowest and highest score of the reference
    trusts: dict[str, Trust]  # by subject


def rank(overview: Overview, score: str, predictor: str = "spread", *, architecture: bool = False) -> Ranking:
    """Predict `score` for every checkpoint that has the predictor's measures, best first.

    Arguments:
        predictor: a key of PREDICTORS; architecture: whether each family gets its own intercept.

    Cell measures are those taken by the published protocol, since the reference's were; a checkpoint with
    others only is not predicted from them, and its row says so.
    Raises InputError (from `fit`) when the reference has too few checkpoints with all of it.
    """
    if predictor == "best":
        return _rank_by_best(overview, score)
    if overview.sample != PUBLISHED:
        overview = at_sample(overview, PUBLISHED)
    rows, measures = overview.rows, PREDICTORS[predictor]
    missing = [name for name in (*measures, score) if name not in rows]
    rows = rows.assign(**dict.fromkeys(missing, np.nan))
    has = rows[list(measures)].notna().all(axis=1)
    reference = rows[has & rows[score].notna() & (rows["origin"] == "published")]
    limits = limits_of(reference[score])
    model = fit(reference, measures, score, architecture=architecture, limits=limits)
    known = held_out(reference, model)
    others = rows[rows[list(measures)].notna().any(axis=1) & ~rows.index.isin(known.index)]
    predictions = pd.concat([part for part in (known, model.predict(others)) if len(part)])
    predictions = say_other_cells(overview, predictions, list(measures))
    joined = rows.join(predictions, how="inner").assign(actual=rows[score])
    return _ranking(joined, model, coverage(known, reference[score]), reference[score])


def _rank_by_best(overview: Overview, score: str) -> Ranking:
    """The ranking by `core.prediction.best`, which is fitted to the perturbed checkpoints alone."""
    found = predicted(overview, score, "best")
    return _ranking(found.rows, found.model, found.covered, found.rows.loc[found.rows["fitted"], "actual"])


def _ranking(joined: pd.DataFrame, model: Model | Best, covered: float, actual: pd.Series) -> Ranking:
    trusts = {str(subject): trust(model, row) for subject, row in joined.iterrows()}
    joined = joined.assign(trust=[trusts[str(subject)].level for subject in joined.index])
    joined = joined.sort_values("predicted", ascending=False, kind="stable")
    return Ranking(joined, model, covered, (float(actual.min()), float(actual.max())), trusts)


def chances(ranking: Ranking, shown: pd.DataFrame, k: int = 3) -> np.ndarray:
    """The chance of each row of `shown` to be among the k best of them. Returned: (rows,)."""
    errors = ranking.model.errors
    if errors is None or shown.empty:
        return np.full(len(shown), np.nan)
    return probability_among_best(
        shown["predicted"].to_numpy(),
        shown["sd"].to_numpy(),
        k,
        families=shown["family"].to_numpy(),
        shared_sd=errors.shared_sd,
    )


def headline(shown: pd.DataFrame, chance: np.ndarray, score: str) -> tuple[str, str]:
    """The answer in one sentence, and how sure it is in two or three more.

    Arguments:
        shown: the ranked candidates, best first; chance: of each to be among the best three.
    """
    top = shown.iloc[:3]
    if len(shown) < 2:
        told = f"{top['name'].iloc[0]}: predicted {title_of(score)} {top['predicted'].iloc[0]:.2f}"
        return told, "It is the only candidate here, so there is nothing to rank."
    hits = float(np.sum(chance[:3]))
    sure = hits / min(3, len(shown))
    word = (
        "That is fairly sure"
        if sure >= 0.8
        else "That is a lean, not a verdict"
        if sure >= 0.4
        else "That is far from sure"
    )
    values = listed([f"{value:.2f}" for value in top["actual"].dropna()])
    best = f"the best known here is {shown['actual'].max():.2f} ("
    if shown["actual"].notna().all():
        found = len(top.index.intersection(shown["actual"].nlargest(len(top)).index))
        return f"A blind ranking puts first: {' · '.join(top['name'])}", (
            f"All {len(shown)} here have a known score, so this tests the ranking: each was predicted "
            f"without its own family. It expected {hits:.1f} of these {len(top)} among the true best "
            f"{len(top)}; {found or 'none'} {'are' if found > 1 else 'is'}. Their known "
            f"{title_of(score)} is {values}; {best}{shown.loc[shown['actual'].idxmax(), 'name']})."
        )
    third = top["predicted"].iloc[-1]
    rivals = int((shown["high"].iloc[3:] >= third).sum())
    said = [
        f"{word}: on average {hits:.1f} of these {len(top)} would turn out among the true best {len(top)}"
        + (f", and the ranges of {rivals} others reach up to the third." if rivals else ".")
    ]
    if top["actual"].notna().any():
        holder = shown.loc[shown["actual"].idxmax(), "name"]
        said.append(f"Their known {title_of(score)} is {values}; {best}{holder}).")
    return f"Fine-tune first: {' · '.join(top['name'])}", " ".join(said)


def caveat(ranking: Ranking) -> str:
    """What the predictions rest on and how far they have been off, against always saying the mean."""
    model = ranking.model
    based = listed([title_of(name) for name in model.measures])
    said = f"Predicted from {based} by a straight line through {model.n} published checkpoints"
    if isinstance(model, Best):
        said = (
            f"Predicted by {lower_first(model.choice.new.title)}, and near checkpoints of a base that the "
            f"reference holds by {lower_first(model.choice.known.title)}, "
            f"fitted to {model.n} perturbed checkpoints"
        )
    if model.errors is None:
        return f"{said}. They are of one family, so how far it is off on another is not known."
    errors = model.errors
    verdict = "less than" if errors.rmse < errors.mean_rmse else "more than"
    return (
        f"{said} of {len(model.families)} families. On a family it had not seen it missed by "
        f"{errors.rmse:.3f} (root mean square), {verdict} always saying the mean ({errors.mean_rmse:.3f}); "
        f"its {percent(model.level)} ranges held {percent(ranking.covered)} of the known scores."
    )


def standing(inside: pd.DataFrame) -> str:
    """Where the few checkpoints without a known score stand among the ranked; "" for none or many."""
    places = {name: place for place, name in enumerate(inside["name"], 1)}
    few = inside.loc[inside["actual"].isna(), "name"]
    if not 0 < len(few) <= 3 or len(inside) < 2:
        return ""
    told = listed([f"{name} stands {_nth(places[name])}" for name in few])
    return f"Without a known score, {told} of {len(inside)}."


def ordinal(share: float) -> str:
    """A share of 1 as a percentile in words: 0.21 → 21st."""
    return _nth(min(max(round(share * 100), 1), 99))


def _nth(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _places(ranking: Ranking, chosen: pd.DataFrame, name: str) -> list[float]:
    reference = ranking.rows.loc[ranking.rows["origin"] == "published", name]
    return [percentile(reference, value) for value in chosen[name]]


def widest(ranking: Ranking, chosen: pd.DataFrame, measures: list[str]) -> str | None:
    """The measure in which the chosen checkpoints lie farthest apart, in percentiles of the reference.

    None when they share no measure that the reference has too.
    """
    apart = {name: np.ptp(_places(ranking, chosen, name)) for name in measures if chosen[name].notna().all()}
    apart = {name: value for name, value in apart.items() if np.isfinite(value)}
    return max(apart, key=apart.__getitem__) if apart else None


def difference(ranking: Ranking, chosen: pd.DataFrame, measures: list[str], score: str) -> str:
    """What sets the chosen checkpoints apart, in one or two sentences computed from their values.

    Arguments:
        chosen: two to four rows of the ranking; measures: those to compare them in.
    """
    name = widest(ranking, chosen, measures)
    if name is None:
        return "They share no measure, so nothing can be compared."
    places = _places(ranking, chosen, name)
    high, low = int(np.argmax(places)), int(np.argmin(places))
    first, last = chosen.iloc[high], chosen.iloc[low]
    said = (
        f"They differ most in {title_of(name)}: {first['name']} has {first[name]:.3g} "
        f"({ordinal(places[high])} percentile of the reference), {last['name']} {last[name]:.3g} "
        f"({ordinal(places[low])})."
    )
    if places[high] - places[low] < 0.1:
        said = f"They are alike in every measure: even {title_of(name)} differs by under 10 percentiles."
    best = chances(ranking, chosen, k=1)
    if not np.isfinite(best).all() or chosen["predicted"].isna().any():
        return said
    odds = listed([f"{percent(chance)} for {row}" for chance, row in zip(best, chosen["name"], strict=True)])
    apart = " although the reference does not cover all of them" if not chosen["in_range"].all() else ""
    return f"{said} The chance to have the highest {title_of(score)} is {odds}{apart}."
