"""Charts as files to hand over: on white, with margins, the finding as title and the source below it."""

from typing import Any

import altair as alt

from core.charts.palette import heading

Drawn = alt.Chart | alt.LayerChart | alt.VConcatChart | alt.HConcatChart | alt.ConcatChart


def framed(chart: Drawn, finding: str, source: str, width: int = 860) -> Drawn:
    """`chart` as a picture of a fixed width on white.

    finding: what is seen, in words; source: where the data are from.
    """
    wide = _wide(chart.copy(deep=True), width)
    return (
        wide.properties(title=heading(finding, source, 110), background="white", padding=24, autosize="pad")
        .configure_axis(grid=True, gridColor="#E8EAED")
        .configure_view(stroke=None)
    )


def _wide(chart: Any, width: int) -> Any:
    """Give every part that takes its container's width this one."""
    for parts in ("vconcat", "hconcat", "concat"):
        if isinstance(getattr(chart, parts, None), list):
            for part in getattr(chart, parts):
                _wide(part, width)
            return chart
    chart.width = width
    return chart


def as_file(chart: Drawn, kind: str) -> bytes:
    """A framed chart as the bytes of a file, kind "png" (twice the size on screen, for slides) or "svg"."""
    import vl_convert  # here, since only a download needs it

    with alt.theme.enable("default"):  # a page's own is for its background, not for white
        spec = chart.to_dict()
    if kind == "svg":
        return vl_convert.vegalite_to_svg(spec).encode()
    return vl_convert.vegalite_to_png(spec, scale=2)


def file_stem(words: str) -> str:
    """A file's name that says what is shown: letters, digits and hyphens of `words`."""
    kept = "".join(sign if sign.isalnum() else "-" for sign in words.lower())
    return "-".join(filter(None, kept.split("-")))[:80]
