"""Explore: any measure against any score or measure, what the line leaves over, and one checkpoint's card."""

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.charts.palette import ORIGINS, PALETTE, family_colours
from core.charts.scatter import scatter
from core.evidence.correlations import Evidence, evidence
from core.formatting import capital, signed
from core.measures import MEASURES
from core.measures import protocol as cell_samples
from core.measures.titles import title_of
from core.overview import Overview, at_sample
from core.statistics.regression import trend
from core.wording.correlations import LEVELS, finding, interval, sentences
from pages.parts.cards import facts_line, measures_table, scores_table, text_line
from pages.parts.cell_sizes import bring_others
from pages.parts.common import empty, from_url, open_store, refresh, subjects, to_url

DEFAULTS = ("lsq_patchiness_published", "glue_average")
COLOURS = {"family": "Family", "origin": "Origin"}
FEWEST = 3  # checkpoints for an axis to be offered
LOGARITHMIC = "parameters"

store = open_store()
everything = subjects(store)
refresh(store, store.state())


def offered(overview: Overview) -> list[str]:
    """What an axis can show: measures, then scores, then sizes; each known for a few checkpoints at least."""
    names = [*overview.measures, *overview.scores, "parameters", "alpha"]
    cells = overview.cells.groupby(["measure", "sample"])["subject"].nunique().groupby("measure").max()
    held = {name: cells.get(name, overview.rows[name].notna().sum()) for name in names}
    return [name for name in names if held[name] >= FEWEST]


def choose_sample(overview: Overview, names: list[str], place: DeltaGenerator) -> Overview:
    """The overview at one text and size of cell measures, where an axis shows one; a choice if many are."""
    asked = [name for name in names if name in cell_samples.NAMES]
    if not asked:
        return overview
    held = overview.cells[overview.cells["measure"].isin(asked)]
    counts = held.groupby("sample")["subject"].nunique()
    fits = [entry.id for entry in cell_samples.samples(held) if counts[entry.id] >= FEWEST]
    if not fits:
        return overview
    from_url("cells", fits[0], fits)
    chosen = fits[0]
    if len(fits) > 1:
        chosen = place.selectbox(
            "Cells measured on",
            fits,
            format_func=lambda name: cell_samples.sample_of(name).title,
            key="cells",
            width=290,
            persist_state="session",
            help="Cell measures depend on how many vectors the quantizer is trained on, and compare at one "
            "text and number only.",
        )
        to_url("cells", fits[0])
    return at_sample(overview, chosen)


@st.cache_data(max_entries=64, show_spinner=False)
def evidence_of(_points: pd.DataFrame, state: str, x: str, y: str, kept: tuple[str, ...]) -> Evidence:
    """Correlations of what is shown, computed once per state of the store and choice of rows."""
    return evidence(_points, x, y)


axes = offered(everything)
if len(axes) < 2:
    st.title("Explore")
    empty(
        "Nothing to draw yet",
        "A chart needs at least three checkpoints with two numbers each, and this store holds fewer. The "
        "published figures come with the program and are loaded when it starts with a fresh store; your own "
        "come through **Add models**.",
    )
    st.stop()

x_default = DEFAULTS[0] if DEFAULTS[0] in axes else axes[0]
y_default = DEFAULTS[1] if DEFAULTS[1] in axes else next(name for name in axes if name != x_default)
families = sorted(everything.rows["family"].unique())
heading = st.container(gap="xsmall")
from_url("x", x_default, axes)
from_url("y", y_default, axes)
from_url("colour", "family", list(COLOURS))
from_url("families", [], families, many=True)
from_url("lines", "all", ["all", "family"])
controls = st.container(horizontal=True, gap="small")
kept = {"persist_state": "session"}
x = controls.selectbox("Across", axes, format_func=title_of, key="x", width=290, **kept)
y = controls.selectbox("Up", axes, format_func=title_of, key="y", width=230, **kept)
colour = controls.selectbox(
    "Colour", list(COLOURS), format_func=COLOURS.__getitem__, key="colour", width=130, **kept
)
chosen = controls.multiselect(
    "Families", families, key="families", placeholder="All families", width=210, **kept
)
lines_by = controls.selectbox(
    "Line",
    ["all", "family"],
    format_func={"all": "One for all", "family": "One per family"}.__getitem__,
    key="lines",
    width=150,
    **kept,
)
for key, default in (("x", x_default), ("y", y_default), ("colour", "family"), ("lines", "all")):
    to_url(key, default)
to_url("families", [])

everything = choose_sample(everything, [x, y], controls)
rows = everything.rows
points = rows[rows["family"].isin(chosen)] if chosen else rows
points = points.dropna(subset=[x, y])
if x == y or len(points) < FEWEST:
    heading.title("Explore")
    empty(
        "Nothing to draw" if x != y else "Both axes show the same",
        "Choose two different numbers that at least three of the chosen checkpoints have.",
    )
    st.stop()

known = evidence_of(points, store.state(), x, y, tuple(points.index))
told = finding(known, title_of(x), title_of(y))
lines, residuals = trend(points, x, y, by="family" if lines_by == "family" else None, log_x=x == LOGARITHMIC)
drawn = points.reset_index()[["subject", "name", "family", "origin", x, y]].assign(
    origin=points["origin"].map(ORIGINS).to_numpy(),
    residual=residuals.to_numpy(),
    text=[text_line(row) for _, row in points.iterrows()],
)
with heading:
    st.title(told)
    st.markdown(
        f"{capital(LEVELS[known.level])}. {sentences(known.reasons)}"
        + (
            " Pooling misleads here: families lie apart, and the pooled correlation is not that within them."
            if known.simpson
            else ""
        )
    )

colours = (
    family_colours(rows["family"])
    if colour == "family"
    else dict(zip(ORIGINS.values(), PALETTE, strict=False))
)
st.space("small")  # the chart's own buttons appear above it and must not cover the controls
event = st.altair_chart(
    scatter(
        drawn,
        lines,
        x,
        y,
        colours=colours,
        colour_by=colour,
        title=interval(known.pooled),
        subtitle="Band: 95 % confidence of the line's mean. Drag across to follow a range into the "
        "residuals; click a point for its card.",
    ),
    width="stretch",
    on_select="rerun",
    selection_mode="picked",
    key=f"chart-{x}-{y}-{colour}-{lines_by}",
    alt=told,
)

texts = points["corpus"].fillna("").astype(str) + points["sequences"].map("{:.0f}".format)
mixed = points.loc[points["origin"] != "published", "origin"]
if texts.nunique() > 1 and (x in MEASURES or y in MEASURES) and len(mixed):
    st.caption(
        f":material/info: {len(mixed)} of these {len(points)} were not measured on the published sample of "
        "text (their cards say text and number of sequences), which moves most measures somewhat."
    )

bring_others(store, everything, [x, y], "bring_explore")
picked = [str(item["subject"]) for item in event["selection"].get("picked", [])]
picked = [subject for subject in picked if subject in points.index]
left, right = st.columns([3, 2], gap="large")
with left:
    if picked:
        row = rows.loc[picked[0]]
        with st.container(border=True):
            st.markdown(f"### {row['name']}")
            st.caption(f"{facts_line(row)}  \n{text_line(row)}")
            if isinstance(row["note"], str) and row["note"]:
                st.markdown(row["note"])
            measures_table(everything, row, everything.measures)
            scores_table(store, row)
            if isinstance(row["source"], str):
                st.caption(f"Source: {row['source']}")
    else:
        st.caption(
            "Click a point to see its card here: facts, measures with their place, scores and their making."
        )
with right:
    by_family = pd.DataFrame(
        [
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
            for name, c in [("All", known.pooled), *known.families.items()]
        ]
    )
    st.dataframe(
        by_family,
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
    st.caption(
        "\n\n".join(
            f"**{MEASURES[name].title}**: {MEASURES[name].explanation} Source: {MEASURES[name].source}."
            for name in (x, y)
            if name in MEASURES
        )
    )
