"""What the studies of text by its difficulty show, in sentences."""

from core.formatting import capital, signed
from core.studies.perplexity import Association, Curve

NOT_SHOWN = (
    "It says how parts of one text compare for one checkpoint: neither which of two checkpoints is better, "
    "nor what holds on other text."
)


def coefficient(found: Association, kind: str = "pearson") -> str:
    """ "r = −0.62 (95 % interval −0.80 to −0.35)"; kind: "pearson" or "spearman"."""
    value, low, high = (getattr(found, f"{kind}{end}") for end in ("", "_low", "_high"))
    name = "r" if kind == "pearson" else "ρ"
    if value is None:
        return f"{name} undefined"
    if low is None or high is None:
        return f"{name} = {signed(value)} (too few for an interval)"
    return f"{name} = {signed(value)} (95 % interval {signed(low)} to {signed(high)})"


def sign(found: Association) -> int:
    """1 or −1 where Pearson's interval leaves out zero, else 0."""
    low, high = found.pearson_low, found.pearson_high
    return 0 if low is None or high is None or low <= 0 <= high else 1 if low > 0 else -1


def course(name: str, corpus: str, curve: Curve) -> str:
    """What perplexity against dispersion shows of a checkpoint on a text, as found."""
    subject, verb = ("tokens", "are") if curve.last_token else ("text", "is")
    which = f"{subject} that {name} predicts better {verb}"
    claim = {
        -1: f"{which} spread more widely, as the paper found of large models",
        1: f"{which} spread less widely, the opposite of what the paper found",
        0: f"dispersion does not surely rise or fall with the perplexity of {name}",
    }[sign(curve.picked)]
    what = f"after {curve.tokens} tokens of context" if curve.last_token else f"at layer {curve.layer}"
    return capital(f"{claim}: {coefficient(curve.picked)} over {curve.picked.n} bins of {corpus}, {what}.")
