"""What arXiv 2406.12159 prints beside what its data give: both tables, and the numbers in text and captions.

The printed numbers stand in `core/reference/latent_geometry_printed.csv`. Numbers that depend on rows of the
authors' files which carry no measures, or on their text sample, are in `latent_geometry_files.csv`, as those
files are no part of this project. Not covered: numbers of other papers that this one quotes.
"""

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from core import reference
from core.formatting import decimal, minus, signed
from core.studies.latent_geometry import (
    ADDITIVE,
    BASE,
    COLUMNS,
    FAMILIES,
    LOW_NOISE,
    ROBERTA,
    SMALL,
    others,
    pearson,
    perturbed,
    recomputed,
    regression,
)

VERDICTS = {
    "same": "the same to the printed digits",
    "last digit": "off by one in the last printed digit",
    "differs": "different",
    "illegible": "not legible in the copy of the paper at hand",
}
_HERE = Path(reference.__file__).parent


def printed() -> pd.DataFrame:
    """What the paper prints: table, row, column, printed (as text, with its digits), unit, source."""
    return pd.read_csv(_HERE / "latent_geometry_printed.csv", dtype=str, keep_default_na=False)


def comparisons(frame: pd.DataFrame, tables: pd.DataFrame | None = None) -> pd.DataFrame:
    """Every number that the paper prints beside what its data give, and table rows that we cannot read.

    Arguments:
        tables: of `recomputed`, where it is at hand already.

    Returned: table ("Table 1", "Table 2", "Text"), row, column, printed (text; "" where not legible), ours,
    difference (ours − printed), verdict (a key of VERDICTS), unit, source.
    """
    ours = (recomputed(frame) if tables is None else tables).set_index(["table", "row"])
    text = _text_numbers(frame)
    entries = printed()
    seen = set(zip(entries["table"], entries["row"], strict=True))
    missing = [
        {"table": table, "row": row, "column": column, "printed": "", "unit": "", "source": ""}
        for table, row in ours.index
        if (table, row) not in seen
        for column in COLUMNS
    ]
    rows = pd.concat([entries, pd.DataFrame(missing)], ignore_index=True)
    values = [
        text[(row.row, row.column)] if row.table == "Text" else ours.loc[(row.table, row.row), row.column]
        for row in rows.itertuples()
    ]
    rows["ours"] = np.array(values, dtype=float)
    rows["difference"] = rows["ours"] - pd.to_numeric(rows["printed"])
    rows["verdict"] = [verdict(row.printed, row.ours, row.unit) for row in rows.itertuples()]
    order = {key: place for place, key in enumerate([*ours.index])}
    place = [order.get((row.table, row.row), len(order)) for row in rows.itertuples()]
    return (
        rows.assign(place=place).sort_values("place", kind="stable", ignore_index=True).drop(columns="place")
    )


def for_people(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of `comparisons` as words: row, number, printed, from the data, agreement."""
    named = [COLUMNS.get(row.column, row.column) for row in rows.itertuples()]
    return pd.DataFrame(
        {
            "row": rows["row"],
            "number": named,
            "printed": [minus(f"{row.printed} {row.unit}".strip()) for row in rows.itertuples()],
            "from the data": [as_text(row.ours, row.printed, row.unit) for row in rows.itertuples()],
            "agreement": rows["verdict"],
        }
    )


def verdict(text: str, ours: float, unit: str = "") -> str:
    """How a printed number and ours agree: a key of VERDICTS. Counts (no decimals, no unit) must be equal."""
    if not text:
        return "illegible"
    step = 10.0 ** -len(text.partition(".")[2])
    distance = abs(ours - float(text))
    if distance <= step / 2 + 1e-9:
        return "same"
    return "last digit" if distance <= step + 1e-9 and ("." in text or unit) else "differs"


def as_text(value: float, printed_: str, unit: str = "") -> str:
    """Our value as people read it beside a printed one: counts whole, the rest with a digit to spare."""
    if unit:
        return f"{value:,.1f} {unit}"
    if printed_ and "." not in printed_:
        return f"{value:.0f}"
    turned = bool(printed_) and value * float(printed_) < 0
    return signed(value, 3) if turned else decimal(value, 3)


def _text_numbers(frame: pd.DataFrame) -> dict[tuple[str, str], float]:
    """(row, column) of the numbers in the paper's text and captions → what the data give."""
    file = facts()
    noisy = {family: perturbed(frame, family) for family in FAMILIES}
    r_small, r_roberta = (pearson(frame, ADDITIVE["PP"], family) for family in (SMALL, ROBERTA))
    alone, typed = (regression(frame, ADDITIVE["PP"], architecture=flag).r2 for flag in (False, True))
    skewed = noisy[ROBERTA].dropna(subset=[ADDITIVE["RS"], ADDITIVE["RI"]])
    numbers: dict[tuple[str, str], float] = {
        ("r of patchiness", "BERT-small"): r_small,
        ("r of patchiness", "RoBERTa"): r_roberta,
        ("r of patchiness", "BERT-small (caption)"): r_small,
        ("r of patchiness", "RoBERTa (caption)"): r_roberta,
        ("r² of patchiness", "alone"): alone,
        ("r² of patchiness", "with architecture"): typed,
        ("perturbed models", "in all"): len(perturbed(frame)),
        ("perturbed models", "BERT-small"): len(noisy[SMALL]),
        ("perturbed models", "BERT-base"): len(noisy[BASE]),
        ("perturbed models", "RoBERTa"): len(noisy[ROBERTA]),
        ("models behind r", "BERT-small"): len(noisy[SMALL]),
        ("models behind r", "RoBERTa"): len(noisy[ROBERTA]),
        ("models behind r", "RoBERTa, RS and RI"): len(skewed),
        ("BERT-small models", "with α ≤ 0.1"): (noisy[SMALL]["alpha"] <= LOW_NOISE).sum(),
        ("non-standard models", "described"): len(others(frame)),
        ("non-standard models", "drawn in Figure 5"): len(others(frame)),
        ("latent sample", "sequences"): file["sequences"] / 1e3,
        ("latent sample", "tokens"): file["tokens of BERT"] / 1e3,
    }
    for family, column in zip(FAMILIES, ("BERT-small", "BERT-base", "RoBERTa"), strict=True):
        numbers["transformer blocks", column] = float(noisy[family]["layers"].median())
        numbers["parameters", column] = float(noisy[family]["parameters"].median()) / 1e6
    return numbers


@cache
def facts() -> dict[str, int]:
    """Counts in the authors' files that are no part of this project."""
    rows = pd.read_csv(_HERE / "latent_geometry_files.csv")
    return {fact: int(value) for fact, value in zip(rows["fact"], rows["value"], strict=True)}


def printed_counts() -> list[int]:
    """The numbers of perturbed models that Section 3.1 prints, one a family."""
    rows = printed()
    kept = (rows["row"] == "perturbed models") & (rows["column"] != "in all")
    return [int(count) for count in rows.loc[kept, "printed"]]
