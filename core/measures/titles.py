"""What measures, scores and facts are called where people read them."""

from core.measures.registry import MEASURES


def title_of(name: str) -> str:
    """The display name of a measure or score."""
    if name in MEASURES:
        return MEASURES[name].title
    return {
        "glue_average": "GLUE average",
        "glue_average_8_tasks": "GLUE average over the same 8 tasks",
        "parameters": "Parameters",
        "alpha": "Noise",
    }.get(name, name)


def axis_title(name: str) -> str:
    """The display name with what the axis counts: direction of a measure, unit of a score."""
    if name in MEASURES:
        return f"{MEASURES[name].title} (no unit; {MEASURES[name].direction})"
    if name == "parameters":
        return "Parameters (count, logarithmic)"
    return f"{title_of(name)} (as a fraction)"
