"""What measures, scores and facts are called where people read them."""

from core.measures.registry import MEASURES
from core.metrics import Scale

_UNITS = {
    Scale.SHARE: " (as a fraction)",
    Scale.CORRELATION: " (a correlation)",
    Scale.LOSS: " (a loss; lower is better)",
    Scale.PERPLEXITY: " (a perplexity; lower is better)",
}


def title_of(name: str) -> str:
    """The display name of a measure or score."""
    if name in MEASURES:
        return MEASURES[name].title
    return {
        "glue_average": "GLUE average",
        "glue_average_8_tasks": "GLUE average over the same 8 tasks",
        "parameters": "Parameters",
        "alpha": "Noise",
        "log_parameters": "Parameters (log₁₀)",
    }.get(name, name)


def axis_title(name: str, scale: Scale | None = Scale.SHARE) -> str:
    """The display name with what the axis counts: direction of a measure, unit of a score.

    scale: of a score, from its metric (`core.metrics.scale_of`); None: not known.
    """
    if name in MEASURES:
        return f"{MEASURES[name].title} (no unit; {MEASURES[name].direction})"
    if name == "parameters":
        return "Parameters (count, logarithmic)"
    if name == "alpha":
        return f"{title_of(name)} (as a fraction)"
    return title_of(name) + (_UNITS[scale] if scale else "")
