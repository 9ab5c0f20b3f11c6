"""Charts: the palette under colour blindness and on both backgrounds, and what the charts hold."""

import ast
import itertools
import tomllib
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pytest

from core.charts import palette
from core.charts.estimators import dots
from core.charts.palette import family_colours
from core.charts.scatter import scatter
from core.charts.strips import range_cell, strips, ticks
from core.statistics.regression import trend
from tests import TOP

# Machado, Oliveira and Fernandes 2009, severity 1.0, in linear RGB.
BLINDNESS = {
    "none": np.eye(3),
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.01182, 0.04294, 0.968881],
    ],
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.3039],
    ],
}


def linear(colour: str) -> np.ndarray:
    share = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ rgb
    f = np.cbrt(np.maximum(xyz / [0.9505, 1, 1.089], 1e-9))
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def contrast(one: str, other: str) -> float:
    low, high = sorted(float(linear(c) @ [0.2126, 0.7152, 0.0722]) for c in (one, other))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("kind", list(BLINDNESS))
def test_palette_colours_stay_apart(kind: str) -> None:
    seen = [lab(np.clip(BLINDNESS[kind] @ linear(colour), 0, 1)) for colour in palette.PALETTE]
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)) > 12


def test_the_check_of_the_palette_can_fail() -> None:
    red, green = (lab(np.clip(BLINDNESS["deuteranopia"] @ linear(c), 0, 1)) for c in ("#A86432", "#7D7D28"))
    assert np.linalg.norm(red - green) < 12


@pytest.mark.parametrize("variant", ["light", "dark"])
def test_palette_stands_out_on_the_theme(variant: str) -> None:
    theme = tomllib.loads((TOP / ".streamlit" / "config.toml").read_text())["theme"]
    background = theme[variant]["backgroundColor"]
    assert min(contrast(colour, background) for colour in (*palette.PALETTE, palette.GREY)) > 2.2
    assert contrast(theme[variant]["textColor"], background) > 7


def test_a_family_keeps_its_colour_whatever_else_there_is() -> None:
    few = family_colours(["BERT-base", "Llama"])
    many = family_colours(["GPT-2", "RoBERTa-base", "BERT-base", "Llama", "BERT-small"])
    assert few["BERT-base"] == many["BERT-base"] == palette.PALETTE[1]
    shown = [colour for name, colour in many.items()]
    assert len(set(shown)) == len(shown)
    crowd = family_colours([f"family {i:02}" for i in range(12)])
    assert list(crowd.values()).count(palette.GREY) == 12 - (len(palette.PALETTE) - len(palette.FIXED))


@pytest.fixture
def points() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "subject": [f"s{i}" for i in range(20)],
            "name": [f"checkpoint {i}" for i in range(20)],
            "family": ["BERT-small", "Llama"] * 10,
            "origin": ["published", "measured here"] * 10,
            "text": "text",
            "eee": rng.uniform(size=20),
            "pass@1.v2": rng.uniform(size=20),
        }
    )


@pytest.mark.parametrize(
    ("by", "metric", "unit"),
    [
        (None, "pass@1", " (as a fraction)"),
        ("family", "loss", " (a loss; lower is better)"),
        ("family", "Elo", ""),
    ],
)
def test_the_scatter_names_axes_selections_and_what_is_seen(
    points: pd.DataFrame, by: str | None, metric: str, unit: str
) -> None:
    lines, residuals = trend(points, "eee", "pass@1.v2", by=by)
    chart = scatter(
        points.assign(residual=residuals),
        lines,
        "eee",
        "pass@1.v2",
        metrics={"pass@1.v2": metric},
        colours=family_colours(points["family"]),
        title="What is seen",
        subtitle="n = 20",
    ).to_dict()
    text = str(chart)
    assert chart["title"]["text"] == ["What is seen"]
    assert "Eigenvalue early enrichment (no unit; higher: variance sits in fewer directions)" in text
    assert f"'pass@1.v2{unit}'" in text and r"pass@1\\.v2" in text
    assert {param["name"] for param in chart["params"]} >= {"brush", "picked"}
    assert len(chart["vconcat"]) == 2


def test_charts_draw_without_a_network(points: pd.DataFrame) -> None:
    import vl_convert

    chart = strips(
        points,
        points.iloc[:2],
        ["eee"],
        colours=family_colours(points["family"]),
        title="t",
        subtitle="s",
    ).to_dict()
    chart["width"] = 400
    png = vl_convert.vegalite_to_png(chart, allowed_base_urls=[])
    assert png[:4] == b"\x89PNG" and len(png) > 3000


def test_few_strips_leave_room_for_themselves(points: pd.DataFrame) -> None:
    colours = family_colours(points["family"])
    chart = strips(points, points.iloc[:2], ["eee"], colours=colours, title="t", subtitle="s").to_dict()
    # Streamlit's own fit counts title, legend and axis into the height; this counts the strips alone.
    assert chart["autosize"] == {"type": "fit-x", "contains": "padding"}
    assert chart["height"] >= 32


def test_a_value_beyond_the_reference_stands_outside_its_strip(points: pd.DataFrame) -> None:
    beyond = points.iloc[[0]].assign(eee=2.0)
    chart = strips(points, beyond, ["eee"], colours=family_colours(["Llama"]), title="t", subtitle="s")
    places = [row["place"] for data in chart.to_dict()["datasets"].values() for row in data]
    assert sorted(places)[-1] > 1 and sorted(places)[-2] == pytest.approx(1)


def test_the_range_cell_draws_what_is_known() -> None:
    cell = unquote(range_cell(0.5, 0.4, 0.6, 0.55, (0.3, 0.8), (0.0, 1.0), "#009C78"))
    assert cell.startswith("data:image/svg+xml;utf8,<svg ")
    lines = cell.count('width="1"')
    assert lines == 3 and cell.count("<rect") == 3 + lines and cell.count('<circle cx="103.0"') == 1
    bare = unquote(range_cell(0.5, np.nan, np.nan, np.nan, (0.3, 0.8), (0.0, 1.0), "#009C78"))
    assert bare.count("<rect") == 1 + lines
    alone = unquote(range_cell(0.5, np.nan, np.nan, np.nan, (0.5, 0.5), (0.5, 0.5), "#009C78"))
    assert alone.count('<circle cx="103.0"') == 1  # the only value there is stands in the middle


def test_ticks_are_few_round_and_within() -> None:
    assert ticks(0.0, 1.0) == [0.0, 0.5, 1.0]
    assert ticks(0.0, 0.9) == [0.0, 0.25, 0.5, 0.75]
    assert ticks(0.0, 0.085) == [0.0, 0.025, 0.05, 0.075]  # nearly ten of its unit
    assert ticks(0.3, 0.3) == []
    for low, high in ((0.41, 0.66), (-3.0, 40.0), (1e-6, 3e-6), (2000.0, 2001.0)):
        found = ticks(low, high)
        assert 2 <= len(found) <= 4 and low <= found[0] and found[-1] <= high


def test_no_chart_imports_what_is_private_to_another() -> None:
    files = sorted((TOP / "core/charts").glob("*.py"))
    nodes = [node for file in files for node in ast.walk(ast.parse(file.read_text()))]
    names = [alias.name for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names]
    assert "PALETTE" in names
    assert [name for name in names if name.startswith("_")] == []


def test_dots_have_a_row_a_name_in_order_and_an_interval_a_group() -> None:
    rows = pd.DataFrame(
        [
            {"name": name, "group": group, "kind": kind, "value": 0.2, "low": 0.1, "high": 0.3, "detail": ""}
            for name, kind in (("b", "with labels"), ("a", "without labels"))
            for group in ("small encoder", "MiniLM")
        ]
    )
    chart = dots(rows, shapes=["with labels", "without labels"], title="ρ").to_dict()
    zero, lines, points = chart["layer"]
    assert zero["mark"]["type"] == "rule" and lines["encoding"]["x2"]["field"] == "high"
    assert points["encoding"]["y"]["sort"] == ["b", "a"]
    assert points["encoding"]["yOffset"]["sort"] == ["small encoder", "MiniLM"]
    assert points["encoding"]["shape"]["legend"] is not None
    alone = dots(rows.assign(kind="with labels"), shapes=["with labels"], title="ρ").to_dict()
    assert alone["layer"][2]["encoding"]["shape"]["legend"] is None
