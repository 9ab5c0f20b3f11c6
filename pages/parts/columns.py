"""The columns of the tables of Shortlist as data, an entry each; measures and scores come from the store."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from core.charts.palette import ORIGINS
from core.charts.strips import ticks
from core.formatting import capital, decimal, listed, lower_first
from core.measures import MEASURES
from core.measures.titles import title_of
from core.overview import Overview
from core.wording.applicability import TRUST, labels
from pages.parts.markdown import plain
from pages.parts.ranked_rows import CANDIDATES, EVERY, NOT_RANKED, RankedTable


@dataclass(frozen=True)
class Column:
    """One column: its cells, how they are drawn, in which tables, and whether it is there unasked.

    title: what the choice of columns calls it. picture: drawn, so no file gets it. by: "predicted" or
    "measure" where only such rankings have it.
    """

    name: str
    title: str
    cells: Callable[[RankedTable], Any]
    look: Callable[[RankedTable], Any]
    kinds: frozenset[str] = EVERY
    usual: bool = True
    picture: bool = False
    by: str = ""

    def of(self, table: RankedTable) -> bool:
        """Whether the table may have this column."""
        by = "predicted" if table.predicted else "measure"
        return table.kind in self.kinds and self.by in ("", by)


def of_rows(name: str) -> Callable[[RankedTable], pd.Series]:
    """The cells of a column that the rows have already; numbers as such."""

    def cells(table: RankedTable) -> pd.Series:
        values = table.rows[name] if name in table.rows else pd.Series(np.nan, table.rows.index)
        return values if isinstance(values.dropna().iloc[:1].squeeze(), str) else pd.to_numeric(values)

    return cells


def text(title: str, width: int, **more: Any) -> Callable[[RankedTable], Any]:
    """The look of a column of text."""
    return lambda table: st.column_config.TextColumn(title, width=width, **more)


def number(title: str, width: int, shape: str, **more: Any) -> Callable[[RankedTable], Any]:
    """The look of a column of numbers."""
    return lambda table: st.column_config.NumberColumn(title, width=width, format=shape, **more)


def _range_look(table: RankedTable) -> Any:
    at = ticks(*table.limits) or [table.limits[0]]  # where one value is all there is
    places = max(0, *(len(f"{value:.10g}".partition(".")[2]) for value in at))
    what = (
        f"the {table.level} prediction interval. Grey track: the scores of the reference. Dark mark: the "
        "known score."
        if table.predicted
        else "the measure within its standard error. Grey track: all checkpoints of this store."
    )
    return st.column_config.ImageColumn(
        "Range  " + "  ".join(f"| {decimal(value, places)}" for value in at),
        width=210,
        help=f"Thin lines stand at {listed(decimal(value, places) for value in at)}. Coloured bar: {what}",
    )


COLUMNS = (
    Column(
        "rank",
        "Rank",
        RankedTable.ranks,
        number(
            "#", 45, "%d", pinned=True, help="The same number: not separable, they differ within the error"
        ),
        EVERY - NOT_RANKED,
    ),
    Column(
        "star",
        "Star",
        lambda table: np.where(table.marked("starred", False), "★", "☆"),
        lambda table: st.column_config.ButtonColumn(
            "★", key=f"star-{table.kind}", type="tertiary", width=45, help="Press to mark a checkpoint"
        ),
        picture=True,
    ),
    Column("name", "Checkpoint", of_rows("name"), text("Checkpoint", 200)),
    Column(
        "reason",
        "Why not ranked",
        lambda table: [labels(reasons) for reasons in table.rows["reasons"]],
        lambda table: st.column_config.MultiselectColumn(
            "Why not ranked", options=[], color="gray", width=210, help="*Why?* has the sentences."
        ),
        NOT_RANKED,
        by="predicted",
    ),
    Column(
        "also_rank",
        "Rank of those not ranked",
        of_rows("also_rank"),
        lambda table: st.column_config.NumberColumn(
            "#", format="%d", width=45, help=f"By {lower_first(title_of(table.also))}, among these alone"
        ),
        NOT_RANKED,
        by="predicted",
    ),
    Column(
        "also",
        "Measure of those not ranked",
        lambda table: table.rows[table.also] if table.also else pd.Series(np.nan, table.rows.index),
        lambda table: st.column_config.NumberColumn(title_of(table.also), format="%.4g", width=100),
        NOT_RANKED,
        by="predicted",
    ),
    Column("range", "Range", RankedTable.intervals, _range_look, picture=True),
    Column(
        "chance",
        "Chance of the best",
        lambda table: np.round(100 * table.rows["chance"]),
        lambda table: st.column_config.ProgressColumn(
            f"Among best {table.best}" if table.best > 1 else "The best",
            format="%d %%",
            min_value=0,
            max_value=100,
            width=110,
            help="The chance to be among the best of this list, from 1,000 to 4,000 draws of all "
            + ("predictions with their errors" if table.predicted else "values within their standard errors")
            + ".",
        ),
        frozenset({CANDIDATES}),
    ),
    Column(
        "trust",
        "Evidence",
        lambda table: table.rows["trust"],
        lambda table: st.column_config.ButtonColumn(
            "Evidence",
            key=f"why-{table.kind}",
            width=130,
            help="How far to trust the row; press it for the reasons. "
            + " ".join(f"{capital(level)}: {meaning}." for level, meaning in TRUST.items()),
        ),
        by="predicted",
    ),
    Column("parameters", "Size", of_rows("parameters"), number("Size", 65, "compact", help="Parameters")),
    Column("corpus", "Text", of_rows("corpus"), text("Text", 120)),
    Column(
        "predicted",
        "Predicted score",
        of_rows("predicted"),
        lambda table: st.column_config.NumberColumn(
            "Predicted", format="%.2f", width=75, help=f"Predicted {plain(title_of(table.score))}"
        ),
        by="predicted",
    ),
    Column(
        "by",
        "Measure ranked by",
        lambda table: table.values,
        lambda table: st.column_config.NumberColumn(
            title_of(table.by), format="%.4g", width=110, help=MEASURES[table.by].explanation
        ),
        by="measure",
    ),
    Column(
        "error",
        "± of the measure ranked by",
        lambda table: table.error(table.by),
        number("±", 70, "%.2g", help="Standard error, or spread between samples"),
        by="measure",
    ),
    *(
        Column(
            name,
            title,
            of_rows(name),
            number(head, 65, "%d", help="The 90 % interval of the rank among these, from the same draws"),
            frozenset({CANDIDATES}),
        )
        for name, title, head in (
            ("rank_low", "Best rank, 90 %", "# from"),
            ("rank_high", "Worst rank, 90 %", "# to"),
        )
    ),
    Column(
        "actual",
        "Known score",
        of_rows("actual"),
        lambda table: st.column_config.NumberColumn(
            "Known",
            format="%.2f",
            width=65,
            help=f"Known {plain(title_of(table.score))}; not used for the row",
        ),
    ),
    Column("family", "Family", of_rows("family"), text("Family", 105)),
    Column("note", "Note", lambda table: table.marked("note", ""), text("Note", 160)),
    Column(
        "measures",
        "Percentiles of what is predicted from",
        RankedTable.percentiles,
        lambda table: st.column_config.BarChartColumn(
            "Measures", y_min=0, y_max=100, width=90, color="gray", help="Percentile within the reference"
        ),
        usual=False,
        picture=True,
        by="predicted",
    ),
    Column(
        "origin",
        "Origin",
        lambda table: table.rows["origin"].map(ORIGINS),
        text("Origin", 100, help="Where the measures come from"),
        usual=False,
    ),
    *(
        Column(name, title, of_rows(name), text(title, 130), usual=False)
        for name, title in (
            ("base", "Base"),
            ("variant", "Variant"),
            ("architecture", "Architecture"),
            ("kind", "Kind"),
            ("precision", "Precision"),
        )
    ),
    *(
        Column(name, title, of_rows(name), number(title, 85, "localized"), usual=False)
        for name, title in (
            ("sequences", "Sequences"),
            ("n", "Vectors"),
            ("layer", "Layer"),
            ("layers", "Layers"),
            ("width", "Width"),
            ("vocabulary", "Vocabulary"),
        )
    ),
)


def offered(overview: Overview) -> dict[str, Column]:
    """Every column that can be chosen, by name: COLUMNS, then each measure with its ±, then each score."""
    columns = {column.name: column for column in COLUMNS}
    for name in overview.measures:
        measure = MEASURES[name]
        columns[name] = Column(
            name,
            measure.title,
            of_rows(name),
            number(measure.title, 110, "%.4g", help=measure.explanation),
            usual=False,
        )
        if name in overview.errors and overview.errors[name].notna().any():
            columns[f"{name}_error"] = Column(
                f"{name}_error",
                f"± {measure.title}",
                partial(RankedTable.error, measure=name),
                number(f"± {measure.title}", 90, "%.2g"),
                usual=False,
            )
    for name in overview.scores:
        look = number(title_of(name), 110, "%.3f")
        columns[f"score_{name}"] = Column(f"score_{name}", title_of(name), of_rows(name), look, usual=False)
    return columns
