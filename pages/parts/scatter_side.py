"""What stands beside the scatter chart: correlations by family, and the checkpoints within a rectangle."""

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from cache.relations import Relation, pooled, within
from core.formatting import signed
from core.measures import MEASURES
from core.measures.titles import title_of
from core.wording.correlations import interval
from pages.parts.comparison import MOST


def by_family(relation: Relation) -> None:
    """The correlation of all and of each family."""
    rows = [
        {
            "Family": name,
            "n": c.n,
            "r": c.pearson,
            "95 % interval": (
                f"{signed(c.pearson_low)} to {signed(c.pearson_high)}"
                if pd.notna(c.pearson_low)
                else "too few"
            ),
            "Spearman": c.spearman,
        }
        for name, c in [("All", relation.evidence.pooled), *relation.evidence.families.items()]
    ]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        placeholder="–",
        column_config={
            "r": st.column_config.NumberColumn(format="%+.2f", help="Pearson correlation", width=60),
            "Spearman": st.column_config.NumberColumn(format="%+.2f", width=85),
            "n": st.column_config.NumberColumn(help="Checkpoints", width=50),
            "95 % interval": st.column_config.TextColumn(
                width=130, help="Of Pearson's r, from 1,000 resamplings of the checkpoints"
            ),
        },
        alt="Correlation by family",
    )


def explained(names: list[str]) -> None:
    """What the measures among `names` say, with their source."""
    st.caption(
        "\n\n".join(
            f"**{MEASURES[name].title}**: {MEASURES[name].explanation} Source: {MEASURES[name].source}."
            for name in names
            if name in MEASURES
        )
    )


def send(subjects: list[str], label: str) -> None:
    """A button that opens Shortlist with these in its comparison."""
    if st.button(label, key="explore_send", icon=":material/compare_arrows:"):
        st.switch_page("pages/shortlist.py", query_params={"compared": subjects[:MOST]})


def brushed(points: pd.DataFrame, box: Mapping[str, Sequence[float]], x: str, y: str) -> None:
    """How many checkpoints lie in a rectangle, their correlation, and which they are.

    box: column → (low, high).
    """
    inside = within(points, box)
    st.markdown(f"**{len(inside)} of {len(points)} in the rectangle**")
    if len(inside) >= 3:
        st.caption(interval(pooled(inside, x, y)))
    if inside.empty:
        return
    few = f"the first {MOST}" if len(inside) > MOST else "them" if len(inside) > 1 else "it"
    send([str(subject) for subject in inside.index], f"Compare {few} on Shortlist")
    st.dataframe(
        inside[["name", "family", x, y]],
        hide_index=True,
        height=min(35 * (len(inside) + 1) + 3, 420),
        column_config={
            "name": "Checkpoint",
            "family": "Family",
            x: st.column_config.NumberColumn(title_of(x), format="%.4g"),
            y: st.column_config.NumberColumn(title_of(y), format="%.4g"),
        },
        alt="The checkpoints within the rectangle",
    )
