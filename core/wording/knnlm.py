"""What kNN-LM with several keys shows of the rule to take the most dispersed layer, in sentences."""

from collections.abc import Mapping, Sequence
from typing import Any

from core.formatting import capital, decimal, percent, signed
from core.studies.knnlm import Difference, KeyResult, Verdict

NOT_SHOWN = (
    "One checkpoint, one training text and one size of the datastore: another may order the keys otherwise."
)
READING = "Bars: ± one standard deviation between draws of chunks. Dashed: the model alone."
TOO_FEW = "The validation text is too short to measure dispersion, so keys are compared by perplexity alone."


def made_of(of: Mapping[str, Any]) -> str:
    """What a study was made of. of: a row of a table of it, as `cache.decoder_studies.keys` gives it."""
    return (
        f"Datastore: {int(of['train_tokens']):,} tokens of {of['train']}, {int(of['neighbours'])} neighbours "
        f"of each token. λ and the temperature were chosen on {of['validation']}, whose chunks of "
        f"{int(of['length'])} tokens dispersion is measured on, mean ± standard deviation over ten draws. "
        f"Test perplexity: of {int(of['test_tokens']):,} tokens of {of['test']}."
    )


def searched(recalls: Sequence[float]) -> str:
    """How the nearest keys were searched. recalls: of the keys whose search is inexact."""
    if not recalls:
        return "The search for neighbours is exact."
    return f"The search for neighbours is inexact: recall {decimal(min(recalls))} to {decimal(max(recalls))}."


def sentences(found: Verdict | None, plain: float) -> list[str]:
    """What follows, the answer first. plain: test perplexity without a datastore."""
    if found is None:
        return [TOO_FEW]
    lines = [answer(found), gain(found, plain)]
    if found.spearman is not None:
        lines.append(course(found))
    if found.attention and found.feed_forward:
        lines.append(pair(found.attention, found.feed_forward))
    return lines


def answer(found: Verdict) -> str:
    """Whether the most dispersed key gave the lowest perplexity."""
    widest, best = found.widest, found.best
    if found.rank == 1:
        return (
            f"The most dispersed of {found.keys} keys was the best: {_with(widest)} had the lowest test "
            f"perplexity, {decimal(widest.perplexity)}."
        )
    more = widest.perplexity / best.perplexity - 1
    return (
        f"The most dispersed of {found.keys} keys was not the best: {_with(widest)} had test perplexity "
        f"{decimal(widest.perplexity)}, place {found.rank}, {percent(more, '.2g')} above {_with(best)}; the "
        f"difference {_sure(found.difference)}."
    )


def gain(found: Verdict, plain: float) -> str:
    """What the datastore gives at all."""
    less = 1 - found.best.perplexity / plain
    if found.best.weight == 0 or less <= 0:
        return f"No key lowers the test perplexity of the model alone, {decimal(plain)}."
    return (
        f"The model alone has test perplexity {decimal(plain)}; the best key lowers it by "
        f"{percent(less, '.2g')}, with λ = {found.best.weight:.2f}."
    )


def course(found: Verdict) -> str:
    """How dispersion orders the keys."""
    assert found.spearman is not None
    rho = found.spearman
    says = "the higher the dispersion, the lower" if rho < 0 else "the higher the dispersion, the higher"
    how = f"{says} the perplexity" if abs(rho) >= 0.5 else "dispersion hardly orders the keys by perplexity"
    return f"{capital(how)}: Spearman's ρ = {signed(rho)} over {found.keys} keys."


def pair(attention: KeyResult, feed_forward: KeyResult) -> str:
    """The two sub-layers that the paper compares."""
    spreads = attention.dispersion or 0.0, feed_forward.dispersion or 0.0
    wider, better = spreads[0] > spreads[1], attention.perplexity < feed_forward.perplexity
    words = "more" if wider else "less", "the better" if better else "the worse"
    rule = ", as the paper's rule says" if wider == better else ", against the paper's rule"
    if attention.perplexity == feed_forward.perplexity:
        words, rule = (words[0], "no better or worse a"), ""
    return (
        f"Of the last block, attention is {words[0]} dispersed than feed-forward ({decimal(spreads[0])} "
        f"against {decimal(spreads[1])}) and {words[1]} key (test perplexity "
        f"{decimal(attention.perplexity)} against {decimal(feed_forward.perplexity)}){rule}."
    )


def _with(one: KeyResult) -> str:
    return f"{one.title} (dispersion {decimal(one.dispersion or 0)})"


def _sure(one: Difference) -> str:
    interval = f"({one.loss:.4f} nats a token, 95 % interval {signed(one.low, 4)} to {signed(one.high, 4)})"
    return (
        f"is {'more than chance over segments' if one.low > 0 else 'within chance over segments'} {interval}"
    )
