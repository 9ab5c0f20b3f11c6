"""The sentences under the pictures of quantized cells, computed from what is drawn."""

import numpy as np
import pandas as pd

from core.cells.curves import Curves
from core.cells.picture import COLOURED, Picture
from core.formatting import percent, signed
from core.measures.titles import title_of

CLOSE = 0.01  # shares of vectors that differ by less look alike
ALIKE = 0.05  # so do variances that differ by less than this share of the larger


def heading(named: dict[str, Curves]) -> str:
    """What the page shows, in one line."""
    if len(named) != 2:
        name, curves = next(iter(named.items()))
        return f"{percent(curves.fullest_share)} of {name}'s vectors lie in a tenth of its cells"
    (a, first), (b, second) = named.items()
    if first.n != second.n:
        return f"{a} and {b} are not quantized at one number of vectors yet"
    steeper = _steeper(first, second)
    if not steeper:
        return f"{a} and {b} fill their cells about equally evenly"
    even, clumped = (b, a) if steeper > 0 else (a, b)
    return f"{even} fills its cells more evenly than {clumped}"


PICTURE = (
    "Each cloud is drawn by its own two principal components, so directions do not compare between clouds; "
    "both axes of one span a range of one length. At most 2,000 vectors are drawn, always the same ones; "
    "cells and shares are of all that were quantized. What lies in the other dimensions is not seen: cells "
    "that overlap here can lie apart."
)
NOT_DRAWN = "Not drawn yet: the vectors are read, or computed again, and quantized as for the measures."
EXAMPLE = "What it looks like, by a checkpoint that was quantized when this program was made."


def picture(name: str, drawn: Picture, codebook: int = 0) -> str:
    """What a cloud coloured by its fullest cells says. codebook: from 0."""
    k = len(drawn.counts[codebook])
    few = min(COLOURED, k)
    return (
        f"{name}: the {few} fullest of {k} cells hold {percent(drawn.share(few, codebook))} of {drawn.n:,} "
        f"vectors, where an even share is {percent(few / k)}; the two components hold "
        f"{percent(sum(drawn.explained))} of the variance."
    )


def not_drawable(corpus: str) -> str:
    """Why a cloud cannot be drawn again."""
    return f"Cannot be drawn here: its text was the file {corpus}, of which only the name was kept."


def occupancy(named: dict[str, Curves]) -> str:
    """What the sorted occupancy of one or two checkpoints says."""
    parts = []
    for name, curves in named.items():
        empty = f", {curves.empty} cells hold none" if curves.empty else ""
        parts.append(
            f"{name}: the fullest tenth of the cells holds {percent(curves.fullest_share)} of the vectors, "
            f"the emptier half {percent(curves.emptiest_share)}{empty}"
        )
    text = "; ".join(parts) + ". A flat curve at 1 means that all cells are filled alike, a steep one clumps."
    if _compare(named):
        (a, first), (b, second) = named.items()
        steeper = _steeper(first, second)
        if not steeper:
            return f"{text} The two are filled about equally evenly."
        return f"{text} {a if steeper > 0 else b} is the steeper: its vectors clump more."
    return text


def nearest(named: dict[str, Curves]) -> str:
    """What the distances between centroids say."""
    parts, steep = [], {}
    for name, curves in named.items():
        if not curves.nearest:
            parts.append(f"{name}: every centroid coincides with another")
            continue
        values = np.array(curves.nearest).ravel()
        low, high = np.percentile(values, [10, 90])
        steep[name] = (high - low) / max(high, 1e-12)
        parts.append(f"{name}: eight of ten centroids lie between {low:.2g} and {high:.2g} of the largest")
    text = (
        "; ".join(parts) + ". A flat curve means centroids at even distances, a steep one some far off and "
        "others close together."
    )
    if len(steep) == 2 and _compare(named):
        a, b = steep
        if abs(steep[a] - steep[b]) < CLOSE:
            return f"{text} The two are alike in this."
        return f"{text} {a if steep[a] > steep[b] else b} is the steeper."
    return text


def errors(named: dict[str, Curves]) -> str:
    """What the reconstruction errors say."""
    parts = [
        f"{name}: half of the vectors are missed by less than {percent(curves.median)} of a typical length, "
        f"the middle half within {percent(curves.spread)} of each other"
        for name, curves in named.items()
    ]
    text = "; ".join(parts) + ". A steep, narrow hill means that every region is coded equally well."
    if _compare(named):
        (a, first), (b, second) = named.items()
        return f"{text} {b if second.median < first.median else a} is the easier to quantize."
    return text


def growth(rows: pd.DataFrame, measure: str) -> str:
    """How a measure changes from the fewest to the most vectors. rows: name, n, value."""
    parts = []
    for name, group in rows.groupby("name", sort=False):
        by_n = group.groupby("n")["value"].mean().sort_index()
        if len(by_n) > 1:
            first, last = by_n.iloc[0], by_n.iloc[-1]
            few, many = f"{first:.3g} at {by_n.index[0]:,} vectors", f"{last:.3g} at {by_n.index[-1]:,}"
            if np.isclose(first, last, rtol=0.01):
                parts.append(f"{name} stays put, {few} and {many}")
            else:
                parts.append(f"{name} {'falls' if last < first else 'rises'} from {few} to {many}")
    if not parts:
        return ""
    return (
        f"{title_of(measure)} of {'; '.join(parts)}. Two checkpoints compare only at one number of vectors."
    )


def bins(agreement: pd.DataFrame, measure: str) -> str:
    """How much the order of checkpoints depends on k and M. agreement: of `core.cells.sweep`."""
    ranked = agreement.dropna(subset=["spearman"])
    others = ranked[(ranked["M"] != 4) | (ranked["k"] != 256)]
    if others.empty:
        return (
            "At least three checkpoints, measured at the default M = 4, k = 256 and at other sizes on one "
            "text and number of vectors, are needed to say how the order changes."
        )
    worst = others.loc[others["spearman"].idxmin()]
    count = int(worst["checkpoints"])
    verdict = (
        "the order hardly depends on how many cells there are"
        if worst["spearman"] >= 0.9
        else "the order depends on how many cells there are"
    )
    few = " So few checkpoints say little." if count < 6 else ""
    return (
        f"By {title_of(measure)}, {verdict}: against M = 4, k = 256 the Spearman correlation of the ranks is "
        f"lowest at M = {worst['M']:.0f}, k = {worst['k']:.0f}, with {signed(worst['spearman'])} over "
        f"{count} checkpoints.{few}"
    )


def _steeper(first: Curves, second: Curves) -> int:
    """1 where the first fills its cells less evenly, −1 where the second does, 0 where the two are alike.

    Judged by the variance of the counts, which orders two clouds of one size as their patchiness does.
    """
    a, b = (float(np.var(curves.occupancy, axis=1).mean()) for curves in (first, second))
    return 0 if abs(a - b) <= ALIKE * max(a, b) else (1 if a > b else -1)


def _compare(named: dict[str, Curves]) -> bool:
    """Whether there are two, at one number of vectors."""
    return len(named) == 2 and len({curves.n for curves in named.values()}) == 1
