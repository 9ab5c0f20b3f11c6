"""A quantized cloud by its two principal components, coloured by the fullest cells of a codebook."""

import altair as alt
import numpy as np
import pandas as pd

from core.cells.picture import COLOURED, Picture
from core.charts.palette import GREY, PALETTE
from core.formatting import percent

OTHERS = "all other cells"


def cell_picture(
    drawn: Picture, codebook: int, *, height: int = 380
) -> alt.LayerChart | alt.FacetChart | alt.Chart:
    """The points of a picture, a token each. codebook: whose cells colour them, from 0.

    Both axes span a range of one length, so that a component that varies more looks longer.
    """
    cells = pd.Series(drawn.cells[codebook])
    counts = drawn.counts[codebook]
    even = drawn.n / len(counts)
    rows = pd.DataFrame({"x": drawn.x, "y": drawn.y, "token": drawn.tokens, "row": drawn.rows})
    rows["cell"] = [str(cell) if cell <= COLOURED else OTHERS for cell in cells]
    rows["place"] = cells.to_numpy()
    rows["vectors"] = [counts[cell - 1] for cell in cells]
    rows["times"] = rows["vectors"] / even
    rows = rows.sort_values("place", ascending=False, kind="stable")  # the fullest on top
    names = [*map(str, range(1, min(COLOURED, len(counts)) + 1)), OTHERS]
    across = max(float(np.ptp(rows["x"])), float(np.ptp(rows["y"])), 1e-9) * 1.05
    tooltip = [alt.Tooltip("token:N", title="Token")] if any(drawn.tokens) else []
    tooltip += [
        alt.Tooltip("row:Q", title="Vector", format=",d"),
        alt.Tooltip("place:Q", title="Cell, 1 the fullest"),
        alt.Tooltip("vectors:Q", title="Vectors in its cell", format=",d"),
        alt.Tooltip("times:Q", title="Times an even share", format=".2f"),
    ]

    def title(number: int) -> str:
        return f"Component {number + 1} ({percent(drawn.explained[number])} of the variance)"

    def span(column: str) -> alt.Scale:
        middle = (rows[column].min() + rows[column].max()) / 2
        return alt.Scale(domain=[middle - across / 2, middle + across / 2], nice=False)

    return (
        alt.Chart(rows)
        .mark_point(filled=True, size=26)
        .encode(
            x=alt.X("x:Q", title=title(0), scale=span("x")),
            y=alt.Y("y:Q", title=title(1), scale=span("y")),
            color=alt.Color(
                "cell:N",
                scale=alt.Scale(domain=names, range=[*PALETTE[: len(names) - 1], GREY]),
                title="Cell, 1 the fullest",
                legend=alt.Legend(orient="top", columns=4, symbolOpacity=1),
            ),
            opacity=alt.condition(f"datum.cell == '{OTHERS}'", alt.value(0.35), alt.value(0.9)),
            tooltip=tooltip,
        )
        .properties(height=height, width="container")
    )
