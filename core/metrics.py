"""What a score's metric is: a share, a correlation, a loss or a perplexity.

Every score in the store has its metric beside it, as its authors or the imported file name it. That name,
never the task's, says which values the score can take and whether more is better.
"""

import re
from enum import StrEnum


class Scale(StrEnum):
    """What kind of number a metric gives."""

    SHARE = "share"  # 0 to 1, more is better
    CORRELATION = "correlation"  # -1 to 1, more is better
    LOSS = "loss"  # less is better
    PERPLEXITY = "perplexity"  # the exponential of a loss

    @property
    def higher_is_better(self) -> bool:
        """Whether a higher value is a better one."""
        return self in (Scale.SHARE, Scale.CORRELATION)

    @property
    def limits(self) -> tuple[float, float] | None:
        """The lowest and the highest value; None: there are none."""
        return {Scale.SHARE: (0.0, 1.0), Scale.CORRELATION: (-1.0, 1.0)}.get(self)


# Words of metrics' names, without regard to case.
_WORDS = {
    Scale.SHARE: "accuracy acc f1 em exact precision recall pass auc auroc ndcg mrr map glue superglue tasks",
    Scale.CORRELATION: "matthews mcc pearson pearsonr spearman spearmanr kendall corrcoef corr correlation",
    Scale.LOSS: "loss nll entropy crossentropy bits bpb bpc error mse mae rmse",
    Scale.PERPLEXITY: "perplexity ppl",
}
_SCALES = {word: scale for scale, words in _WORDS.items() for word in words.split()}
_SHARE = re.compile(r"accuracy.*|acc\d+|f1(?!\d).*|.*(acc|accuracy|f1)")  # "valacc", "macrof1", "acc1"
KNOWN = ", ".join(_SCALES)


def scale_of(metric: str) -> Scale | None:
    """The scale of a metric by the words of its name; None: they are unknown, or contradict each other.

    "mean of accuracy and F1" is a share, "mean of Pearson and accuracy" may be as low as a correlation.
    """
    words = re.findall(r"[a-z]+\d*", metric.lower())
    scales = {_SCALES[word] for word in words if word in _SCALES}
    scales |= {Scale.SHARE for word in words if _SHARE.fullmatch(word)}
    if scales == {Scale.SHARE, Scale.CORRELATION}:
        return Scale.CORRELATION
    return scales.pop() if len(scales) == 1 else None
