"""A chart as PNG or SVG, with its finding and its source, made when asked for."""

import streamlit as st

from core.charts.pictures import Drawn, as_file, file_stem, framed


def picture_downloads(chart: Drawn, finding: str, source: str, name: str, where: str) -> None:
    """Draw the two buttons.

    name: what the chart shows, for the file's name. where: a word for the keys, one a chart.
    """
    for kind, mime in (("png", "image/png"), ("svg", "image/svg+xml")):
        st.download_button(
            kind.upper(),
            data=lambda kind=kind: as_file(framed(chart, finding, source), kind),
            file_name=f"{file_stem(name)}.{kind}",
            mime=mime,
            icon=":material/download:",
            type="tertiary",
            on_click="ignore",
            key=f"picture-{kind}-{where}",
            help="One picture on white with title and source, for slides and papers",
        )
