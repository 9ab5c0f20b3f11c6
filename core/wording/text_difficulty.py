"""What the studies of text by its difficulty show, in sentences."""

from collections.abc import Mapping

from core.formatting import capital, decimal, signed
from core.studies.layers import MEASURES, LayerFigures
from core.studies.perplexity import Association, Curve

TITLES = {
    "dispersion": "dispersion",
    "effective_rank": "effective rank",
    "alpha_req": "α-ReQ",
    "prompt_entropy": "prompt entropy",
    "curvature": "curvature",
}
CLUSTERS_NOT_SHOWN = (
    "The clusters are whatever words the text repeats, in a small text mostly formulas, and checkpoints "
    "compare only where their tokenizers cut the same n-grams."
)
LAYERS_NOT_SHOWN = (
    "A measure that rises or falls with perplexity at a layer need not say which layer is of use, nor which "
    "checkpoint is better."
)

NOT_SHOWN = (
    "It says how parts of one text compare for one checkpoint: neither which of two checkpoints is better, "
    "nor what holds on other text."
)


def title(measure: str) -> str:
    """A measure as it begins a sentence; a Greek letter stays as it is."""
    name = TITLES[measure]
    return name if name.startswith("α") else capital(name)


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


def along_layers(name: str, corpus: str, layers: list[LayerFigures]) -> list[str]:
    """At which layer each measure goes with perplexity the most, as found; one sentence without it."""
    if not layers[0].correlations:
        return [along(name, corpus, "dispersion", {})]
    return [
        along(name, corpus, measure, {one.layer: one.correlations[measure] for one in layers})
        for measure in MEASURES
    ]


def along(name: str, corpus: str, measure: str, found: Mapping[int, Association | None]) -> str:
    """At which layer one measure goes with perplexity the most. found: layer → correlation; None: none."""
    each = {layer: one for layer, one in found.items() if one is not None}
    if not each:
        return f"{name} predicts nothing, so its layers are not set against perplexity."
    sure = [layer for layer, one in each.items() if sign(one)]
    if not sure:
        return f"{title(measure)} of {name} surely goes with perplexity on {corpus} at no layer."
    best = max(sure, key=lambda layer: abs(each[layer].pearson or 0))
    verb = "rises" if sign(each[best]) > 0 else "falls"
    return (
        f"{title(measure)} of {name} {verb} with perplexity on {corpus} the most at layer "
        f"{best} of {max(each)}: {coefficient(each[best])}."
    )


def between(names: tuple[str, str], found: tuple[Association, Association], measure: str) -> str:
    """How the correlation of a measure at the last layer differs between two checkpoints of one course.

    names, found: of the earlier and the later. Two intervals that overlap are no proof that they are equal.
    """
    ends = [(one.pearson_low, one.pearson_high) for one in found]
    apart = all(None not in pair for pair in ends) and (
        max(low for low, _ in ends if low is not None) > min(high for _, high in ends if high is not None)
    )
    verdict = "the intervals are apart" if apart else "the intervals overlap, so no change is shown"
    return (
        f"From {names[0]} to {names[1]} the correlation of {TITLES[measure]} at the last layer with "
        f"perplexity goes from {coefficient(found[0])} to {coefficient(found[1])}: {verdict}."
    )


def of_clusters(name: str, corpus: str, sizes: tuple[int, int, int], within: float, between: float) -> str:
    """Distances of a checkpoint. sizes: clusters, occurrences of each, tokens of the n-grams."""
    count, occurrences, tokens = sizes
    return (
        f"{name} on {corpus}, {count:,} clusters of {occurrences} contexts before the same {tokens} tokens: "
        f"mean cosine distance {decimal(within, 3)} within a cluster and {decimal(between, 3)} between them."
    )


def clusters_between(
    names: tuple[str, str], within: tuple[float, float], between: tuple[float, float]
) -> str:
    """How both distances differ from an earlier to a later checkpoint on the same clusters."""
    moves = ["rises" if later > earlier else "falls" for earlier, later in (within, between)]
    both = all(move == "rises" for move in moves)
    paper = "as the paper found during training" if both else "where the paper found both to rise"
    return (
        f"From {names[0]} to {names[1]} the distance within clusters {moves[0]} from "
        f"{decimal(within[0], 3)} to {decimal(within[1], 3)} and that between them {moves[1]} from "
        f"{decimal(between[0], 3)} to {decimal(between[1], 3)}, {paper}."
    )
