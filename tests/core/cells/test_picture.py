"""The picture of a quantized cloud against an independent PCA, what it must not depend on, and its tables."""

from pathlib import Path

import numpy as np
import pytest

from core.cells import example
from core.cells.curves import Curves
from core.cells.picture import picture, principal, sample_rows
from core.charts.cell_picture import OTHERS, cell_picture
from core.measures.quantized import Cells
from core.quantizers import Quantization
from core.wording import cells as wording


@pytest.fixture
def cloud() -> np.ndarray:
    rng = np.random.default_rng(0)
    return (rng.normal(size=(400, 6)) * [5, 3, 1, 1, 0.5, 0.1] + 2).astype(np.float32)


def test_components_are_those_of_a_singular_value_decomposition(cloud: np.ndarray) -> None:
    rows = np.arange(400)
    places, explained = principal(cloud, rows)
    centred = cloud.astype(np.float64) - cloud.astype(np.float64).mean(0)
    u, s, _ = np.linalg.svd(centred, full_matrices=False)
    assert np.allclose(np.abs(places), np.abs(u[:, :2] * s[:2]))
    assert np.allclose(explained, (s**2 / (s**2).sum())[:2])


def test_components_do_not_depend_on_rotation_and_shift_but_on_scale(cloud: np.ndarray) -> None:
    turn, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(6, 6)))
    rows = np.arange(0, 400, 7)
    first, share = principal(cloud, rows)
    turned, again = principal((cloud.astype(np.float64) @ turn + 9).astype(np.float64), rows)
    assert np.allclose(np.abs(first), np.abs(turned), atol=1e-5) and np.allclose(share, again)
    scaled, other = principal(cloud * np.float32([1, 1, 1, 1, 1, 30]), rows)
    assert not np.allclose(share, other, atol=0.02) and not np.allclose(np.abs(first), np.abs(scaled))


def test_one_dimension_and_equal_vectors_have_a_picture_too() -> None:
    line, shares = principal(np.arange(5, dtype=np.float32)[:, None], np.arange(5))
    assert line[:, 0].tolist() == [-2, -1, 0, 1, 2] and not line[:, 1].any() and shares.tolist() == [1, 0]
    equal, none = principal(np.ones((3, 4), np.float32), np.arange(3))
    assert not equal.any() and not none.any()


def test_rows_are_drawn_by_their_seed() -> None:
    assert sample_rows(10).tolist() == list(range(10))
    drawn = sample_rows(5000, 100)
    assert len(set(drawn)) == 100 and drawn.tolist() == sorted(drawn) == sample_rows(5000, 100).tolist()
    assert drawn.tolist() != sample_rows(5000, 100, seed=1).tolist()


@pytest.fixture
def quantized(cloud: np.ndarray) -> Cells:
    """Two codebooks of ten cells: the first cell of the first holds 220, of the second each holds 40."""
    first = np.repeat(np.arange(10), [20, 220, *[20] * 8])
    codes = np.stack([first, np.arange(400) % 10], axis=1).astype(np.int32)
    books = [np.random.default_rng(book).normal(size=(10, 6)).astype(np.float32) for book in range(2)]
    return Cells(cloud, Quantization(codes, books, [slice(0, 6)] * 2))


def test_cells_are_numbered_by_how_full_they_are(quantized: Cells) -> None:
    rows = np.array([0, 20, 239, 240])
    made = picture(quantized, rows, ["a", "b", "c", "d"])
    assert made.counts[0] == [220, *[20] * 9] and made.counts[1] == [40] * 10
    assert made.cells[0] == [2, 1, 1, 3]  # cells equally full in the order of the codebook
    assert made.share(1) == 0.55 and made.share(10) == 1 and (made.n, made.d) == (400, 6)
    assert wording.picture("It", made, 1).startswith(
        "It: the 7 fullest of 10 cells hold 70 % of 400 vectors, where an even share is 70 %; the two "
    )


def test_the_chart_colours_the_fullest_cells_and_draws_them_on_top(quantized: Cells) -> None:
    rows = np.arange(400)
    made = picture(quantized, rows, ["" for _ in rows])
    chart = cell_picture(made, 0).to_dict()
    points = next(iter(chart["datasets"].values()))
    assert len(points) == 400 and points[-1]["cell"] == "1" and points[0]["cell"] == OTHERS
    assert sum(point["cell"] == OTHERS for point in points) == 3 * 20
    assert {point["times"] for point in points} == {220 / 40, 20 / 40}
    encoding = chart["encoding"]
    x, y = (np.array(encoding[axis]["scale"]["domain"]) for axis in "xy")
    assert np.ptp(x) == pytest.approx(np.ptp(y)) and x[0] < min(made.x) and max(made.y) < y[1]
    assert "Token" not in [one["title"] for one in encoding["tooltip"]]  # vectors have none
    named = cell_picture(picture(quantized, rows, ["the" for _ in rows]), 0).to_dict()
    assert named["encoding"]["tooltip"][0]["field"] == "token"


def test_tables_hold_what_was_drawn(quantized: Cells, tmp_path: Path) -> None:
    tokens = ["the", "", '"', "##ing", "NA"]
    made = picture(quantized, np.arange(5), tokens)
    curves = Curves.of(quantized)
    example.write(made, curves, tmp_path)
    again = example.read(tmp_path)
    assert again is not None and again.picture.tokens == tokens and again.picture.cells == made.cells
    assert again.picture.x == made.x and again.picture.counts == made.counts
    assert again.curves.occupancy == curves.occupancy and again.curves.edges == curves.edges
    assert again.curves.nearest == curves.nearest and again.curves.median == pytest.approx(curves.median)
    assert example.read(tmp_path / "absent") is None


def test_the_shipped_example_is_whole() -> None:
    shipped = example.read()
    assert shipped is not None and (shipped.picture.n, shipped.picture.d) == (20_000, 384)
    assert [sum(counts) for counts in shipped.curves.occupancy] == [20_000] * 4
    assert len(shipped.picture.x) == 2000 and sum(shipped.curves.shares) == pytest.approx(1, abs=1e-3)
    size = sum((example.FOLDER / name).stat().st_size for name in (example.CURVES, example.POINTS))
    assert size < 200_000
