"""The tables of Shortlist: candidates, those with a known score, those not covered, the published."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.formatting import lower_first
from core.measures.titles import title_of
from core.overview import Overview
from core.prediction import Predictions
from core.prediction.shortlist import PREDICTED, Shortlist
from pages.parts import ranked_table
from pages.parts.common import empty
from pages.parts.markdown import plain
from pages.parts.ranked_rows import CANDIDATES, CHECKED, OTHERS, OTHERS_OUTSIDE, OUTSIDE, RankedTable
from pages.parts.table_view import View


@dataclass
class Tables:
    """What is drawn, where (`places`: the container above each table) and what was pressed in it.

    others: the published ones, ranked. also: the measure by which those outside the reference are ranked, and
    their ranks; None where there is none.
    """

    predictions: Predictions | None
    overview: Overview
    shown: Shortlist
    score: str
    colours: Mapping[str, str]
    view: View
    marks: pd.DataFrame
    others: pd.DataFrame
    also: tuple[str, pd.Series] | None = None
    places: dict[str, DeltaGenerator] = field(default_factory=dict)
    rows: dict[str, pd.Index] = field(default_factory=dict)
    pressed: dict[str, str] = field(default_factory=dict)
    drawn: list[RankedTable] = field(default_factory=list)

    def yours(self) -> None:
        """The candidates, those with a known score, those that are not ranked among them."""
        shown = self.shown
        if len(shown.candidates):
            self._table(CANDIDATES, shown.candidates)
            st.caption(self._counted())
        elif shown.outside.empty:
            empty(
                "No checkpoint fits these filters", "Loosen the filters above, or measure more checkpoints."
            )
        if len(shown.checked):
            st.subheader(f"With a known {plain(title_of(self.score))} ({len(shown.checked)})")
            if shown.by == PREDICTED:
                st.caption(
                    "Checkpoints that the predictor was fitted to are predicted from the other groups, so "
                    "their known scores are a check of the prediction."
                )
            self._table(CHECKED, shown.checked)
        if len(shown.outside):
            self._outside()

    def published(self) -> None:
        """The published checkpoints, where the candidates are one's own."""
        others = self.others
        if others.empty:
            st.caption("No published checkpoint passes the filters above.")
        elif self.shown.by == PREDICTED:
            st.caption("Those that the predictor was fitted to are predicted from the other groups.")
            covered = others["in_range"].astype(bool)
            for kind, rows in ((OTHERS, others[covered]), (OTHERS_OUTSIDE, others[~covered])):
                if len(rows):
                    self._table(kind, rows)
        else:
            self._table(OTHERS, others)

    def file(self) -> pd.DataFrame:
        """All that was drawn as rows for a file."""
        parts = [ranked_table.as_rows(table, self.view) for table in self.drawn]
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()

    def _table(self, kind: str, rows: pd.DataFrame, also: str = "") -> None:
        table = RankedTable(
            kind,
            rows,
            self.overview,
            self.score,
            self.shown.by,
            self.predictions,
            self.colours,
            self.shown.best,
            self.marks,
            also,
        )
        self.places[kind] = st.container()
        self.rows[kind] = rows.index
        self.pressed |= ranked_table.draw(table, self.view)
        self.drawn.append(table)

    def _counted(self) -> str:
        """How many are shown, and what a row offers."""
        shown = self.shown
        if shown.by != PREDICTED or self.predictions is None:
            return "Select two to four rows to compare them."
        whole = int(self.predictions.rows["in_range"].sum())
        return (
            f"{len(shown.covered)} of {whole} checkpoints. Select two to four rows to compare them; press "
            "the evidence of a row for its reasons."
        )

    def _outside(self) -> None:
        shown = self.shown
        if shown.by != PREDICTED:
            st.subheader(f"Without {plain(title_of(shown.by))} ({len(shown.outside)})")
            self._table(OUTSIDE, shown.outside)
            return
        rows, also, by = shown.outside, "", ""
        if self.also:
            also, ranks = self.also
            rows = rows.assign(also_rank=ranks).sort_values("also_rank", kind="stable")
            by = f", ranked by {lower_first(title_of(also))}"
        st.subheader(f"Outside what the reference covers ({len(shown.outside)}){by}")
        st.caption(
            "Predictions for these extrapolate beyond the reference, so they are not ranked among the "
            "others. Each row gives the reasons."
        )
        self._table(OUTSIDE, rows, also)
