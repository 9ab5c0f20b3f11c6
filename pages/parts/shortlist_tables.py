"""The tables of Shortlist: candidates, those with a known score, those not covered, the published."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd
import streamlit as st

from core.measures.titles import title_of
from core.overview import Overview
from core.prediction import Predictions
from core.prediction.shortlist import PREDICTED, Shortlist
from pages.parts import measure_table, ranked_table
from pages.parts.common import empty
from pages.parts.markdown import plain
from pages.parts.ranked_table import CANDIDATES, CHECKED, OTHERS, OTHERS_OUTSIDE, OUTSIDE, RankedTable


@dataclass
class Tables:
    """What is drawn, and what was selected (`picked`) and pressed in it."""

    predictions: Predictions | None
    overview: Overview
    shown: Shortlist
    score: str
    colours: Mapping[str, str]
    picked: list[str] = field(default_factory=list)
    pressed: list[pd.Series] = field(default_factory=list)

    def draw(self) -> None:
        """All tables, each with its heading."""
        if self.shown.by == PREDICTED:
            self._predicted()
        else:
            self._by_measure()

    def _table(self, kind: str, rows: pd.DataFrame) -> None:
        assert self.predictions is not None, "nothing is ranked by a prediction that cannot be made"
        picked, pressed = ranked_table.draw(
            RankedTable(kind, self.predictions, rows, self.colours, self.shown.best)
        )
        self.picked.extend(picked)
        self.pressed.extend([] if pressed is None else [pressed])

    def _predicted(self) -> None:
        shown, predictions = self.shown, self.predictions
        assert predictions is not None
        if len(shown.candidates):
            self._table(CANDIDATES, shown.candidates)
            st.caption(
                f"{len(shown.covered)} of {int(predictions.rows['in_range'].sum())} checkpoints. Select two "
                "to four rows to see them side by side; press the evidence of a row for its reasons."
            )
        elif shown.outside.empty:
            empty(
                "No checkpoint fits these filters", "Loosen the filters above, or measure more checkpoints."
            )
        if len(shown.checked):
            st.subheader(f"With a known {title_of(self.score)} ({len(shown.checked)})")
            st.caption(
                "Checkpoints that the predictor was fitted to are predicted from the other groups, so their "
                "known scores are a check of the prediction."
            )
            self._table(CHECKED, shown.checked)
        if len(shown.outside):
            st.subheader(f"Outside what the reference covers ({len(shown.outside)})")
            st.caption(
                "Predictions for these extrapolate beyond the reference, so they are not ranked among the "
                "others. Each row gives the reasons; *Rank by* a measure ranks them too."
            )
            self._table(OUTSIDE, shown.outside)
        if len(shown.others):
            covered = shown.others["in_range"].astype(bool)
            with st.expander(f"Published checkpoints ({len(covered)})", icon=":material/menu_book:"):
                st.caption("Those that the predictor was fitted to are predicted from the other groups.")
                for kind, rows in ((OTHERS, shown.others[covered]), (OTHERS_OUTSIDE, shown.others[~covered])):
                    if len(rows):
                        self._table(kind, rows)

    def _by_measure(self) -> None:
        shown, errors = self.shown, self.overview.errors
        if shown.candidates.empty:
            empty("No checkpoint to rank", "Loosen the filters above, or measure more checkpoints.")
        else:
            measure_table.draw(shown, shown.candidates, errors, self.score, "by-measure")
        if len(shown.checked):
            st.subheader(f"With a known {title_of(self.score)} ({len(shown.checked)})")
            measure_table.draw(shown, shown.checked, errors, self.score, "by-measure-checked")
        if len(shown.outside):
            st.subheader(f"Without {title_of(shown.by)} ({len(shown.outside)})")
            st.markdown(plain(", ".join(shown.outside["name"].head(20))))
