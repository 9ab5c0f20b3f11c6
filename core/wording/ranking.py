"""What a ranking says, in sentences computed from it."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from core.formatting import decimal, listed, percent
from core.measures.titles import title_of
from core.prediction import Model, Predictions, chances
from core.prediction.ranking import percentiles, widest
from core.wording.predictions import accuracy, fitted_to


def headline(shown: pd.DataFrame, chance: np.ndarray, score: str) -> tuple[str, str]:
    """The answer in one line, and how sure it is in two or three sentences.

    Arguments:
        shown: the ranked candidates, best first; chance: of each to be among the best three.
    """
    top = shown.iloc[:3]
    if len(shown) < 2:
        title = f"{top['name'].iloc[0]}: predicted {title_of(score)} {decimal(top['predicted'].iloc[0])}"
        return title, "It is the only candidate here, so there is nothing to rank."
    hits = float(np.sum(chance[:3]))
    if shown["actual"].notna().all():
        return _test(shown, top, hits, score)
    third = top["predicted"].iloc[-1]
    rivals = int((shown["high"].iloc[3:] >= third).sum())
    parts = [
        f"{confidence(hits / len(top))}: {hits:.1f} of these {len(top)} are expected among the true best "
        f"{len(top)}"
        + (
            f"; the {'intervals' if rivals > 1 else 'interval'} of {rivals} other{'s' * (rivals > 1)} "
            f"{'reach' if rivals > 1 else 'reaches'} the prediction of the third."
            if rivals
            else "."
        )
    ]
    if top["actual"].notna().any():
        parts.append(_known(shown, top, score))
    return f"Fine-tune first: {' · '.join(top['name'])}", " ".join(parts)


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


def confidence(share: float) -> str:
    """How sure a choice is whose expected share of right picks is `share`."""
    return f"{'High' if share >= 0.8 else 'Moderate' if share >= 0.4 else 'Low'} confidence"


def caveat(predictions: Predictions) -> str:
    """What the predictions rest on, their held-out RMSE against the mean baseline, and their coverage."""
    return f"{fitted_to(predictions.model)}. {accuracy(predictions)}"


def standing(inside: pd.DataFrame) -> str:
    """Where the few checkpoints without a known score stand among the ranked; "" for none or many."""
    place = {name: place for place, name in enumerate(inside["name"], 1)}
    few = inside.loc[inside["actual"].isna(), "name"]
    if not 0 < len(few) <= 3 or len(inside) < 2:
        return ""
    text = listed(f"{name} is {nth(place[name])}" for name in few)
    return f"Without a known score: {text} of {len(inside)}."


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
