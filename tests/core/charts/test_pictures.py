"""Charts as files: title, source, margins and a name that says what they show."""

import altair as alt
import pandas as pd

from core.charts.pictures import as_file, file_stem, framed

POINTS = alt.Chart(pd.DataFrame({"x": [1, 2], "y": [3, 4]})).mark_point().encode(x="x:Q", y="y:Q")


def test_a_picture_carries_finding_source_and_margins() -> None:
    chart = alt.vconcat(POINTS.properties(width="container"), POINTS.properties(width="container"))
    spec = framed(chart, "y rises with x", "Source: here", 500).to_dict()
    assert spec["title"]["text"] == ["y rises with x"] and spec["title"]["subtitle"] == ["Source: here"]
    assert spec["padding"] == 24 and spec["background"] == "white"
    assert [view["width"] for view in spec["vconcat"]] == [500, 500]
    assert chart.to_dict()["vconcat"][0]["width"] == "container"  # the chart of the page stays as it was
    svg = as_file(framed(POINTS, "y rises with x", "Source: here"), "svg").decode()
    assert "y rises with x" in svg and "Source: here" in svg
    assert as_file(framed(POINTS, "t", "s"), "png").startswith(b"\x89PNG")


def test_a_file_is_named_by_what_it_shows() -> None:
    assert file_stem("GLUE average against Eigenvalue (LSQ), ±") == "glue-average-against-eigenvalue-lsq"
