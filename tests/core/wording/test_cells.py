"""Orders, curves and sentences of cells, from values made by hand."""

import numpy as np
import pandas as pd
import pytest

from core.cells.curves import Curves
from core.cells.sweep import agreement, comparable, ranks
from core.charts import cells as charts_cells
from core.measures.quantized import Cells
from core.quantizers import Quantization
from core.wording import cells as wording


def swept(values: dict[str, dict[int, float]], n: int = 100) -> pd.DataFrame:
    """Rows of a sweep over k at M = 4: checkpoint → k → value."""
    rows = [(name, k, value) for name, present in values.items() for k, value in present.items()]
    frame = pd.DataFrame(rows, columns=["name", "k", "value"]).assign(M=4, n=n, engine="own", corpus="a")
    text = {"sequences": 50, "text_seed": 0, "position": "all", "max_length": None}
    return frame.assign(subject=frame["name"], **text)


def test_orders_are_compared_with_that_of_the_default_sizes() -> None:
    rows = swept({"a": {16: 1, 256: 3}, "b": {16: 2, 256: 2}, "c": {16: 3, 256: 1}, "once": {256: 9}})
    kept = comparable(pd.concat([rows, swept({"other": {16: 1, 256: 1}}, n=99)]))
    assert set(kept["name"]) == {"a", "b", "c"}
    ranked = ranks(kept).set_index(["name", "k"])["rank"]
    assert (ranked["a", 256], ranked["a", 16]) == (1, 3)
    result = agreement(kept).set_index("k")["spearman"]
    assert (result[16], result[256]) == (-1, 1)
    assert "lowest at M = 4, k = 16, with −1.00 over 3 checkpoints." in wording.bins(
        agreement(kept), "lsq_patchiness"
    )
    assert agreement(comparable(rows[rows["name"].isin(["a", "b"])]))["spearman"].isna().all()
    assert wording.bins(agreement(kept.iloc[:0]), "lsq_patchiness").startswith("At least three checkpoints")


def curves(counts: list[int]) -> Curves:
    """Of a cloud on a line whose vectors fill the cells of one codebook as told."""
    codes = np.repeat(np.arange(len(counts)), counts)[:, None].astype(np.int32)
    centroids = np.arange(len(counts), dtype=np.float32)[:, None]
    vectors = (codes + np.linspace(-0.2, 0.2, len(codes))[:, None]).astype(np.float32)
    return Curves.of(Cells(vectors, Quantization(codes, [centroids], [slice(0, 1)])))


def test_curves_and_sentences_follow_from_known_cells() -> None:
    even, clumped = curves([10] * 20), curves([105, *[5] * 19])
    assert (even.emptiest_share, even.fullest_share, even.empty) == (0.5, 0.1, 0)
    assert clumped.fullest_share == 110 / 200
    assert even.nearest == [[1.0] * 20]
    assert charts_cells.points("occupancy", even)["y"].tolist() == [1.0] * 20
    density = charts_cells.points("errors", even)
    width = np.diff(even.edges).mean()
    assert (density["y"] * width).sum() == pytest.approx(1, abs=0.02)
    both = {"A": even, "B": clumped}
    assert wording.heading(both) == "A fills its cells more evenly than B"
    assert wording.heading({"A": even, "B": even}) == "A and B fill their cells about equally evenly"
    assert "B is the steeper: its vectors clump more." in wording.occupancy(both)
    # By the variance of the counts, as patchiness has it, however many cells stand empty.
    thin, peaked = curves([20] * 10 + [0] * 10), curves([105, *[5] * 19])
    assert wording.heading({"A": thin, "B": peaked}) == "A fills its cells more evenly than B"
    assert "eight of ten centroids lie between 1 and 1 of the largest" in wording.nearest(both)
    assert curves([3, 0, 3]).empty == 1


def test_growth_is_told_with_its_ends() -> None:
    rows = pd.DataFrame({"name": ["x"] * 3, "n": [100, 200, 400], "value": [4.0, 3.0, 2.0]})
    assert wording.growth(rows, "lsq_patchiness") == (
        "Point patchiness (LSQ) of x falls from 4 at 100 vectors to 2 at 400. Two checkpoints compare only "
        "at one number of vectors."
    )
    flat = wording.growth(rows.assign(value=1.0), "lsq_patchiness")
    assert flat.startswith("Point patchiness (LSQ) of x stays put, 1 at 100 vectors and 1 at 400.")
    assert wording.growth(rows.iloc[:1], "lsq_patchiness") == ""
