"""What the studies that train models show, in sentences."""

from collections.abc import Sequence

from core.formatting import listed, signed
from core.studies.push_away import Comparison, Run
from core.studies.quantized import Rounded

NOT_SHOWN = (
    "Small decoders that have read little text say nothing of large ones, and an interval over few seeds is "
    "of this text and these sizes alone."
)
METHODS = {"gptq": "GPTQ", "nearest": "nearest"}


def of_push_away(comparisons: Sequence[Comparison], runs: Sequence[Run]) -> list[str]:
    """Whether the loss lowered perplexity at the last step, by domain and rate, and raised dispersion."""
    if not comparisons:
        return []
    last = max(one.step for one in comparisons)
    lines = [_effect(one) for one in comparisons if one.step == last]
    return [*lines, _spread(runs)]


def _effect(one: Comparison) -> str:
    where = f"On {one.domain}, at learning rate {one.rate:g}, λ = {one.push:g} (chosen on validation text)"
    change = f"{one.plain:.4g} to {one.pushed:.4g}"
    if one.low is None or one.high is None:
        return f"{where} moved test perplexity from {change}, with one seed, so without an interval."
    between = f"difference {signed(one.difference)}, 95 % interval {signed(one.low)} to {signed(one.high)}"
    if one.low <= 0 <= one.high:
        return (
            f"{where} made no difference that {one.seeds} seeds could tell: {change} ({between}), where the "
            "paper found lower perplexity."
        )
    found = "lowered perplexity, as in the paper" if one.high < 0 else "raised perplexity, against the paper"
    return f"{where} {found}: {change} ({between}, {one.seeds} seeds)."


def _spread(runs: Sequence[Run]) -> str:
    """Whether each run with the loss ended more dispersed than the plain one of its rate and seed."""
    plain = {(run.rate, run.seed): run.marks[-1] for run in runs if not run.push}
    pushed = [run for run in runs if run.push]
    rose = 0
    for run in pushed:
        before, after = plain[run.rate, run.seed], run.marks[-1]
        own = before.dispersion if before.across is None else before.across
        new = after.dispersion if after.across is None else after.across
        rose += new > own
    distance = (
        "distance between the domains"
        if pushed and pushed[0].marks[-1].across is not None
        else ("dispersion of the test text")
    )
    every = "every one" if rose == len(pushed) else f"{rose}"
    values = listed(f"{push:g}" for push in sorted({run.push for run in pushed}))
    return f"The {distance} was larger with the loss in {every} of {len(pushed)} runs (λ {values})."


def of_quantized(name: str, rounded: Sequence[Rounded]) -> list[str]:
    """What rounding costs a checkpoint at each number of bits, and whether GPTQ costs less."""
    lines = []
    for bits in dict.fromkeys(one.bits for one in rounded):
        by = {one.method: one for one in rounded if one.bits == bits}
        gptq, nearest = by["gptq"], by["nearest"]
        if gptq.low <= 0 <= gptq.high:
            lines.append(f"{bits} bits by GPTQ cost {name} no loss that this text can tell.")
            continue
        between = f"95 % interval {signed(gptq.low, 3)} to {signed(gptq.high, 3)}"
        better = "less" if gptq.difference < nearest.difference else "no less"
        lines.append(
            f"{bits} bits by GPTQ cost {name} {signed(gptq.difference, 3)} nats a token ({between}), "
            f"{better} than rounding to the nearest ({signed(nearest.difference, 3)})."
        )
    return lines
