"""Every chart of a page is given away by one function; charts of figures made once a theme are named here."""

import re

import pytest
from streamlit.testing.v1 import AppTest

from tests import TOP

DRAWS = re.compile(r"\b(altair_chart|vega_lite_chart)\(")
THEMSELVES = {  # files that draw by Streamlit's own functions, all of which offer downloads
    "pages/parts/picture_downloads.py",
    "pages/parts/scatter_view.py",  # selections
    "pages/papers.py",  # figures of several panels
    "pages/parts/own_study_view.py",
}


def test_no_chart_of_a_page_lacks_its_downloads() -> None:
    draw = {
        str(file.relative_to(TOP)) for file in (TOP / "pages").rglob("*.py") if DRAWS.search(file.read_text())
    }
    assert draw == THEMSELVES
    for file in THEMSELVES:
        assert "downloads(" in (TOP / file).read_text()


def page() -> None:
    import altair as alt
    import pandas as pd

    from pages.parts.picture_downloads import chart_with_downloads

    chart = alt.Chart(pd.DataFrame({"x": [1.0], "y": [2.0]})).mark_point().encode(x="x:Q", y="y:Q")
    chart_with_downloads(chart, "y rises", "y against x", source="Here")


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_a_chart_comes_with_two_files(kind: str) -> None:
    app = AppTest.from_function(page, default_timeout=60).run()
    assert not app.exception and len(app.get("vega_lite_chart")) == 1
    button = next(one for one in app.get("download_button") if one.proto.label == kind.upper())
    assert button.proto.id.endswith(f"picture-{kind}-y-against-x")
    assert "y against x as one picture" in button.proto.help
