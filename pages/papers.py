"""Papers: the figures and tables of the latent-geometry paper drawn from its data, each with its words."""

from typing import Any

import pandas as pd
import streamlit as st

from cache import studies
from core.charts import findings as charts_findings
from core.charts.pictures import as_file, file_stem
from core.formatting import capital, minus
from core.studies.latent_geometry import COLUMNS
from core.studies.latent_geometry_print import as_text
from core.wording import estimators
from core.wording.latent_geometry import IDS, Finding
from pages.parts.common import open_store
from pages.parts.controls import from_address, to_address
from pages.parts.label_study import labels_or_not
from pages.parts.markdown import plain
from pages.parts.own_study_view import own_study
from pages.parts.push_away_view import TITLE as PUSH_AWAY
from pages.parts.push_away_view import push_away

ALL = "all"
PRINT = "text"  # the id of the numbers in text and captions
SOURCE = "Data: Marbut et al. 2024, arXiv 2406.12159 (repository amarbut/manifolds, commit 7cec378)"
MARKS = {"same": "{}", "last digit": "{} ≈", "differs": ":red[**{} ≠**]", "illegible": "{}"}

store = open_store()
with st.spinner("Reading the published tables…"):
    paper = studies.paper()


def choose(name: str) -> None:
    """Show one finding large, or all; the callback of buttons."""
    st.session_state["finding"] = name


def table(name: str) -> None:
    """Table 1 or 2: printed beside ours, differences marked."""
    rows = paper.comparisons[paper.comparisons["table"] == IDS[name]]
    columns: dict[str, list[str]] = {"Measure": list(dict.fromkeys(rows["row"]))}
    for column, title in COLUMNS.items():
        own = rows[rows["column"] == column]
        columns[f"{title}: printed"] = [minus(value) or "–" for value in own["printed"]]
        columns[f"{title}: from the data"] = [
            MARKS[row.verdict].format(as_text(row.ours, row.printed)) for row in own.itertuples()
        ]
    st.table(pd.DataFrame(columns), hide_index=True, border="horizontal")
    st.caption(
        "**≠** differs, **≈** off by one in the last printed digit, **–** not legible in the copy of the "
        "paper at hand. r: Pearson's correlation with the GLUE average over perturbed models. MSE: of a "
        "regression with a term for the architecture, on the 13 non-standard models."
        + (" AQ: additive quantizer (LSQ), PQ: product quantizer." if name == "table-2" else "")
    )


def numbers() -> None:
    """Every number in text and captions beside what the data give."""
    rows = paper.comparisons[paper.comparisons["table"] == "Text"]
    shown = pd.DataFrame(
        {
            "What": [capital(f"{row.row}: {row.column}") for row in rows.itertuples()],
            "Printed": [f"{row.printed} {row.unit}".strip() for row in rows.itertuples()],
            "From the data": [
                MARKS[row.verdict].format(as_text(row.ours, row.printed, row.unit))
                for row in rows.itertuples()
            ],
            "Where, and what we find": [
                capital(f"{row.source.removeprefix('arXiv 2406.12159, ')}. {row.comment}".strip())
                for row in rows.itertuples()
            ],
        }
    )
    st.table(shown, hide_index=True, border="horizontal")
    st.caption("**≠** differs, **≈** off by one in the last printed digit.")


@st.cache_resource(max_entries=4 * len(IDS), show_spinner=False)
def specs(name: str, large: bool, theme: str | None) -> list[dict[str, Any]]:
    """The charts of a figure as Vega-Lite reads them, made once a theme: checking thirty takes a second."""
    shown = paper.panels[name]
    if len(shown) == 1:
        height = {"matrix": 620 if large else 470}.get(shown[0].kind, 560 if large else 340)
        return [charts_findings.chart(shown[0], height=height, large=large, labels=large).to_dict()]
    height = 380 if large else 300 if len(shown) == 2 else 210
    options: dict[str, Any] = {"large": large, "legend": False, "labels": large, "x_title": False}
    return [charts_findings.chart(panel, height=height, **options).to_dict() for panel in shown]


def charts(name: str, large: bool) -> None:
    """The panels of a figure in a grid that fits their number."""
    shown, pictures, title = (
        paper.panels[name],
        specs(name, large, st.context.theme.type),
        paper.findings[name].title,
    )
    if len(shown) == 1:
        st.vega_lite_chart(spec=pictures[0], width="stretch", alt=title)
        return
    st.html(charts_findings.key(shown))
    across = 2 if len(shown) in (2, 4, 8) and large else min(len(shown), 4)
    for start in range(0, len(shown), across):
        row = zip(st.columns(across), shown[start:], pictures[start:], strict=False)
        for column, panel, picture in row:
            with column:
                st.markdown(f"**{panel.title}**")
                st.vega_lite_chart(spec=picture, width="stretch", alt=f"{title}: {panel.title}")


def words(finding: Finding) -> None:
    """The sentence, and the differences to the print."""
    st.markdown(finding.text)
    for note in finding.notes:
        st.markdown(f":material/difference: {note}")


def downloads(finding: Finding) -> None:
    """The figure as a file, made when asked for."""

    def made(kind: str) -> bytes:
        sheet = charts_findings.sheet(paper.panels[finding.id], finding.title, f"{finding.label}. {SOURCE}")
        return as_file(sheet, kind)

    for kind, mime in (("png", "image/png"), ("svg", "image/svg+xml")):
        st.download_button(
            kind.upper(),
            data=lambda kind=kind: made(kind),
            file_name=f"{file_stem(finding.title)}.{kind}",
            mime=mime,
            icon=":material/download:",
            type="tertiary",
            on_click="ignore",
            key=f"download-{kind}-{finding.id}",
            help="One picture on white, for slides and papers",
        )


def picture(finding: Finding, large: bool) -> None:
    """The figure or table of a finding."""
    if finding.id in paper.panels:
        charts(finding.id, large)
    elif finding.id == PRINT:
        numbers()
    else:
        table(finding.id)


@st.fragment
def on_demand(finding: Finding) -> None:
    """The figure or table in a box, drawn once the box is open; the first one is, and all when asked for."""
    every = bool(st.session_state.get("draw_every_figure"))
    first = finding.id == next(iter(IDS))
    box = st.expander(
        finding.label,
        expanded=first or every,
        icon=":material/table:" if finding.id not in paper.panels else ":material/show_chart:",
        key=f"box-{finding.id}-{every}",
        on_change="rerun",
    )
    if box.open:
        with box:
            picture(finding, large=False)


def card(finding: Finding) -> None:
    """One finding of the gallery: what it says, and its figure on demand."""
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader(f":gray[{finding.label}]  {finding.title}", anchor=finding.id)
            st.button(
                "Show large",
                icon=":material/fullscreen:",
                type="tertiary",
                key=f"large-{finding.id}",
                on_click=choose,
                args=(finding.id,),
            )
        words(finding)
        on_demand(finding)


def alone(finding: Finding) -> None:
    """One finding, large, with the way to its neighbours."""
    ids = list(IDS)
    place = ids.index(finding.id)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("All findings", icon=":material/grid_view:", on_click=choose, args=(ALL,))
        for step, label, icon in (
            (-1, "Previous", ":material/arrow_back:"),
            (1, "Next", ":material/arrow_forward:"),
        ):
            other = ids[(place + step) % len(ids)]
            st.button(label, icon=icon, help=IDS[other], on_click=choose, args=(other,))
        if finding.id in paper.panels:
            downloads(finding)
    st.caption(f"{finding.label}. {SOURCE}.")
    words(finding)
    picture(finding, large=True)


def contents() -> None:
    """The list of contents; a figure or table by what it shows."""
    study, labels = studies.own_study(), studies.label_study()
    lines = [f"- {f.label}: [{plain(f.title)}](#{f.id})" for f in paper.findings.values() if f.id != PRINT]
    lines += ["- [Our own repetition, on a small scale](#own-study)"] if study.findings else []
    lines += [] if labels.summary.empty else [f"- [{estimators.TITLE}](#labels)"]
    lines += [f"- [{PUSH_AWAY}](#push-away)", "- [Agreement with the print](#agreement)"]
    with st.expander("Contents", expanded=True, icon=":material/toc:"):
        st.markdown("\n".join(lines))


def agreement() -> None:
    """How far the numbers that the paper prints come out of its data."""
    legible = paper.comparisons[paper.comparisons["verdict"] != "illegible"]
    counts = legible["verdict"].value_counts()
    st.space("small")
    st.header("Agreement with the print", anchor="agreement")
    st.markdown(
        f"{counts['same']} of {len(legible)} numbers printed in the paper come out of its data, "
        f"{counts.get('differs', 0)} do not, {counts.get('last digit', 0)} are off by one in their last "
        "digit. :material/difference: marks on this page where the print says something else."
    )
    card(paper.findings[PRINT])


chosen = from_address("finding", ALL, [ALL, *IDS])
top = st.container(gap="xsmall")
if chosen != ALL:
    top.title(paper.findings[chosen].title)
    alone(paper.findings[chosen])
else:
    top.title("What published studies found, drawn from their data")
    contents()
    st.toggle(
        "Draw every figure",
        key="draw_every_figure",
        help="Figures are drawn when their box is opened; all of them take some seconds. To print the page, "
        "draw them all first.",
    )
    st.header("Latent geometry and performance after fine-tuning")
    st.markdown(
        "The figures and tables of *Exploring the Impact of a Transformer's Latent Space Geometry on "
        "Downstream Task Performance*, drawn anew from the tables that its authors published, in the paper's "
        "order. Titles and sentences are computed from the same data. Figure 2, the text sample, is drawn on "
        "**Add** for your own text."
    )
    st.markdown(
        ":material/balance: **What this does not show.** The perturbed models stem from three checkpoints, "
        "so they are far fewer than their number; correlations say nothing on why; and 13 non-standard "
        "models are too few to rank measures by their error."
    )
    for finding in paper.findings.values():
        if finding.id != PRINT:
            card(finding)
    own_study(studies.own_study())
    labels_or_not(studies.label_study())
    push_away(store)
    agreement()
    st.caption(SOURCE + ".")
to_address("finding", ALL)
