"""The tables of Shortlist: their columns as data, one entry a column."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from core.charts.palette import ORIGINS
from core.charts.strips import range_cell
from core.formatting import capital, listed, percent, short_number
from core.measures.titles import title_of
from core.prediction import Predictions
from core.statistics.percentiles import percentiles
from core.wording.applicability import TRUST, labels
from core.wording.ranking import rank_range, tied_rank

# The tables, and part of their keys.
CANDIDATES, CHECKED, OUTSIDE = "candidates", "checked", "outside"
OTHERS, OTHERS_OUTSIDE = "others", "others-outside"
EVERY = frozenset({CANDIDATES, CHECKED, OUTSIDE, OTHERS, OTHERS_OUTSIDE})
NOT_RANKED = frozenset({OUTSIDE, OTHERS_OUTSIDE})
MOST_SHOWN = 12  # rows without scrolling


@dataclass(frozen=True)
class RankedTable:
    """Predicted checkpoints to be drawn as one table.

    kind: one of EVERY. rows: of the predictions, in the order to be drawn; candidates with the columns of
    `core.prediction.ranking.standings`. colours: of every family. best: how many best ones a chance is about.
    """

    kind: str
    predictions: Predictions
    rows: pd.DataFrame
    colours: Mapping[str, str]
    best: int = 3

    @property
    def score(self) -> str:
        """The predicted score as a person calls it."""
        return title_of(self.predictions.model.score)

    @property
    def level(self) -> str:
        """The level of the prediction interval."""
        return percent(self.predictions.model.level)

    @property
    def limits(self) -> tuple[float, float]:
        """The lowest and the highest score that the table draws."""
        low, high = self.predictions.span
        predicted = self.rows["predicted"]
        return (
            float(min(low, self.rows["low"].min(), predicted.min())),
            float(max(high, self.rows["high"].max(), predicted.max())),
        )

    def intervals(self) -> list[str]:
        """The cells that draw interval, prediction and known score."""
        columns = (self.rows[name] for name in ("predicted", "low", "high", "actual", "family"))
        span, limits = self.predictions.span, self.limits
        return [
            range_cell(predicted, low, high, actual, span, limits, self.colours[family])
            for predicted, low, high, actual, family in zip(*columns, strict=True)
        ]

    def ranks(self) -> list[str]:
        """The rank of each row; candidates that cannot be told apart share one."""
        places = range(1, len(self.rows) + 1)
        if "tie" not in self.rows:
            return [str(place) for place in places]
        sizes = self.rows.groupby("tie")["name"].transform("size")
        return [tied_rank(*row) for row in zip(places, self.rows["tie"], sizes, strict=True)]

    def rank_ranges(self) -> list[str]:
        """The interval of the rank of each candidate."""
        return [rank_range(*pair) for pair in zip(self.rows["rank_low"], self.rows["rank_high"], strict=True)]

    def percentiles(self) -> list[list[float]]:
        """Of each row, where its measures stand within the reference."""
        reference, measures = self.predictions.model.reference.rows, self.predictions.model.measures
        places = [100 * percentiles(reference[name], self.rows[name].to_numpy(float)) for name in measures]
        return np.column_stack(places).tolist() if places else [[] for _ in range(len(self.rows))]


@dataclass(frozen=True)
class Column:
    """One column: its cells, how they are drawn (None: only in the downloaded table), and in which tables."""

    name: str
    cells: Callable[[RankedTable], Any]
    look: Callable[[RankedTable], Any] | None = None
    kinds: frozenset[str] = EVERY


def of_rows(name: str) -> Callable[[RankedTable], pd.Series]:
    """The cells of a column that the rows have already."""
    return lambda table: table.rows[name]


def text(title: str, width: int, **more: Any) -> Callable[[RankedTable], Any]:
    """The look of a column of text."""
    return lambda table: st.column_config.TextColumn(title, width=width, **more)


COLUMNS = (
    Column(
        "rank",
        RankedTable.ranks,
        text(
            "#", 45, pinned=True, help="The same number: not separable, the differences lie within the error"
        ),
        EVERY - NOT_RANKED,
    ),
    Column("name", of_rows("name"), text("Checkpoint", 225, pinned=True)),
    Column(
        "reason",
        lambda table: [labels(reasons) for reasons in table.rows["reasons"]],
        lambda table: st.column_config.MultiselectColumn(
            "Why not ranked",
            options=[],
            color="gray",
            width=235,
            help="Press the evidence of a row for the reasons.",
        ),
        NOT_RANKED,
    ),
    Column(
        "range",
        RankedTable.intervals,
        lambda table: st.column_config.ImageColumn(
            f"{table.level} interval",
            width=210,
            help=f"From {table.limits[0]:.2f} to {table.limits[1]:.2f}. Dot: predicted. Coloured bar: the "
            f"{table.level} prediction interval. Grey track: the scores of the reference. Upright mark: the "
            "known score.",
        ),
    ),
    Column(
        "predicted",
        of_rows("predicted"),
        lambda table: st.column_config.NumberColumn(
            "Predicted", format="%.2f", width=75, help=f"Predicted {table.score}"
        ),
    ),
    Column(
        "within",
        RankedTable.rank_ranges,
        text("Rank, 90 %", 85, help="The 90 % interval of the rank among these, from the same draws"),
        frozenset({CANDIDATES}),
    ),
    Column(
        "chance",
        lambda table: np.round(100 * table.rows["chance"]),
        lambda table: st.column_config.ProgressColumn(
            f"Among best {table.best}" if table.best > 1 else "The best",
            format="%d %%",
            min_value=0,
            max_value=100,
            width=115,
            help="The chance to be among the best of this list, from 1,000 to "
            "4,000 draws of all predictions with their errors.",
        ),
        frozenset({CANDIDATES}),
    ),
    Column(
        "actual",
        of_rows("actual"),
        lambda table: st.column_config.NumberColumn(
            "Known",
            format="%.2f",
            width=65,
            help=f"Known {table.score}; the prediction was not fitted to it",
        ),
    ),
    Column("family", of_rows("family"), text("Family", 105)),
    Column(
        "parameters",
        lambda table: [
            short_number(float(value)) if pd.notna(value) else "–" for value in table.rows["parameters"]
        ],
        text("Size", 60, alignment="right", help="Parameters"),
    ),
    Column(
        "measures",
        RankedTable.percentiles,
        lambda table: st.column_config.BarChartColumn(
            "Measures",
            y_min=0,
            y_max=100,
            width=90,
            color="gray",
            help="Percentile within the reference: "
            + listed(title_of(name) for name in table.predictions.model.measures)
            + ".",
        ),
    ),
    Column(
        "origin",
        lambda table: table.rows["origin"].map(ORIGINS),
        text("Origin", 100, help="Where the measures come from"),
    ),
    Column(
        "trust",
        of_rows("trust"),
        lambda table: st.column_config.ButtonColumn(
            "Evidence",
            key=f"why-{table.kind}",
            width=85,
            help="How far to trust the row; press for the reasons. "
            + " ".join(f"{capital(level)}: {meaning}." for level, meaning in TRUST.items()),
        ),
    ),
    Column("low", of_rows("low")),
    Column("high", of_rows("high")),
)


def draw(table: RankedTable) -> tuple[list[str], pd.Series | None]:
    """Draw the table. Returns: subjects of the selected rows, and the row whose evidence was pressed."""
    unknown = {"actual"} if table.rows["actual"].isna().all() else set()
    columns = [column for column in COLUMNS if table.kind in column.kinds and column.name not in unknown]
    event = st.dataframe(
        pd.DataFrame({column.name: column.cells(table) for column in columns}, index=table.rows.index),
        column_order=[column.name for column in columns if column.look],
        column_config={column.name: column.look(table) for column in columns if column.look},
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        key=f"table-{table.kind}-{hash(tuple(table.rows.index))}",
        row_height=34,
        height=480 if len(table.rows) > MOST_SHOWN else "content",
        placeholder="–",
        alt=f"Checkpoints ranked by predicted {table.score}",
    )
    click = st.session_state.get(f"why-{table.kind}")
    subjects = [str(table.rows.index[place]) for place in event["selection"]["rows"]]
    return subjects, table.rows.iloc[click["row"]] if click else None
