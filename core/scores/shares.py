"""Metrics that are shares or correlations, and their values as fractions."""

import re
from collections.abc import Sequence

from core.metrics import Scale, scale_of

_METRICS = re.compile(
    r"acc(uracy)?(_norm)?|((macro|micro|weighted)_)?f1(_(macro|micro|weighted|score))?|em|exact_match|mcc|"
    r"matthews(_?corr(elation|coef)?)?|pearsonr?|spearmanr?|corr|auc|auroc|roc_auc|precision|recall|"
    r"loss|ppl|perplexity|bits_per_byte|bpb|bleu|rouge[l12]?|mse|rmse|mae|ndcg(@?\d+)?|mrr(@?\d+)?|map",
    re.IGNORECASE,
)


def is_metric(word: str) -> bool:
    """Whether a word is the usual name of a metric."""
    return bool(_METRICS.fullmatch(word))


def as_fractions(
    values: Sequence[float], metrics: Sequence[str], places: Sequence[str], name: str, given: Sequence[object]
) -> tuple[list[float], bool, dict[int, str]]:
    """The values, those of shares and correlations as fractions.

    Arguments:
        values: the numbers of one file; metrics: of what.
        places: where each stands ("row 3"); name: of the file; given: as written; all for messages.

    Where a share or a correlation is beyond 1, all of them were given in percent.

    Returns: (values, whether they were given in percent, {index: a sentence} of values that cannot be used:
    percentages beside fractions, and what a metric cannot be).
    """
    scales = [scale_of(metric) for metric in metrics]
    bounded = [index for index, scale in enumerate(scales) if scale in (Scale.SHARE, Scale.CORRELATION)]
    large = [index for index in bounded if abs(values[index]) > 1]
    small = [index for index in bounded if 0 < abs(values[index]) <= 1]

    def mixed(index: int) -> str:
        percentage, fraction = (index, small[0]) if index in large else (large[0], index)
        return (
            f"{name} mixes percentages ({values[percentage]:g} in {places[percentage]}) with fractions "
            f"({values[fraction]:g} in {places[fraction]}): give all as fractions."
        )

    if large and small:
        fewer = large if len(large) <= len(small) else small
        return list(values), False, {index: mixed(index) for index in fewer}
    made, wrong = list(values), {}
    for index in bounded:
        made[index] /= 100 if large else 1
        if not (-1 if scales[index] == Scale.CORRELATION else 0) <= made[index] <= 1:
            wrong[index] = (
                f"{name} gives {given[index]} as {metrics[index]} in {places[index]}, which it cannot be: "
                "give a fraction."
            )
    return made, bool(large), wrong
