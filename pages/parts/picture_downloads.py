"""Charts of a page with their downloads: PNG and SVG with finding and source, made when asked for."""

from collections.abc import Callable

import streamlit as st

from core.charts.pictures import Drawn, as_file, file_stem, framed
from pages.parts.markdown import plain

SOURCE = "Latent Shortlist: published tables (arXiv 2406.12159) and checkpoints measured on this machine"

READ_HERE = "Latent Shortlist: text and checkpoints read on this machine, and the shipped study"


def chart_with_downloads(
    chart: Drawn, finding: str, name: str, *, source: str = SOURCE, width: str = "stretch"
) -> None:
    """Draw a chart and, below it, the buttons that give it away.

    finding: what is seen, in words: the picture's title, and the chart's alternative text.
    name: what the chart shows, one a page: for the files' name, and the key of the buttons.
    source: where the data are from. width: of the chart on the page, as Streamlit takes it.
    """
    st.altair_chart(chart, width=width, alt=finding)  # type: ignore[arg-type]
    with st.container(horizontal=True, horizontal_alignment="right", gap="xsmall"):
        picture_downloads(lambda: chart, finding, source, name, file_stem(name))


def picture_downloads(make: Callable[[], Drawn], finding: str, source: str, name: str, where: str) -> None:
    """Draw the two buttons.

    make: gives the chart. name: what it shows, for the file's name. where: a word for the keys, one a chart.
    """
    for kind, mime in (("png", "image/png"), ("svg", "image/svg+xml")):
        st.download_button(
            kind.upper(),
            data=lambda kind=kind: as_file(framed(make(), finding, source), kind),
            file_name=f"{file_stem(name)}.{kind}",
            mime=mime,
            icon=":material/download:",
            type="tertiary",
            on_click="ignore",
            key=f"picture-{kind}-{where}",
            help=f"{plain(name)} as one picture on white, with title and source, for slides and papers",
        )
