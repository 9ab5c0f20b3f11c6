"""Papers, "Our own repetition": what it bears out, its correlations beside the paper's, its figures."""

from functools import partial
from typing import Any

import streamlit as st

from cache import studies
from cache.studies import OwnStudy
from core.charts.own_study import own_study_chart
from core.measures.titles import title_of
from core.wording.own_study import of_finding
from pages.parts.picture_downloads import picture_downloads

SOURCE = "Latent Shortlist: own study, checkpoints made and scored by the project"


@st.cache_resource(max_entries=2, show_spinner=False)
def specs(theme: str | None) -> list[dict[str, Any]]:
    """The figures as Vega-Lite reads them, made once a theme: checking them takes a second."""
    return [own_study_chart(finding).to_dict() for finding in studies.own_study().findings]


def own_study(study: OwnStudy) -> None:
    """Our own repetition beside the paper's figures, as far as it has been run."""
    if not study.findings:
        return
    st.space("small")
    st.header("Our own repetition, on a small scale", anchor="own-study")
    st.markdown(
        f"{study.checkpoints} checkpoints that we made and scored. Checkpoints made from the same weights "
        "are not independent of each other, and with one seed a task a score can be several points "
        "off by chance: read directions, not digits."
    )
    with st.container(border=True):
        st.markdown("**What it bears out, and what not**")
        st.markdown("\n".join(f"- {line}" for line in study.sentences))
        with st.expander("Pearson’s r with the score, measure by measure", icon=":material/table:"):
            named = study.beside.assign(measure=[title_of(name) for name in study.beside["measure"]])
            columns = {
                name: st.column_config.NumberColumn(
                    f"{name}{', the paper' if place < 2 else ', ours'}", format="%+.2f"
                )
                for place, name in enumerate(named.columns[1:])
            }
            st.dataframe(
                named,
                hide_index=True,
                height="content",
                column_config={"measure": "Measure", **columns},
                alt="Pearson's r of each measure with the score, in the paper's data and in ours",
            )
        st.caption(f"Scores and text. {study.scoring}.")
    drawn = list(zip(study.findings, specs(st.context.theme.type), strict=True))
    for start in range(0, len(drawn), 2):
        for column, (finding, spec) in zip(st.columns(2), drawn[start:], strict=False):
            with column.container(border=True, height="stretch"):
                st.markdown(f"**{finding.title}**")
                st.vega_lite_chart(spec=spec, width="stretch", alt=finding.title)
                st.caption(of_finding(finding))
                with st.container(horizontal=True, horizontal_alignment="right", gap="xsmall"):
                    make = partial(own_study_chart, finding)
                    picture_downloads(make, finding.title, SOURCE, finding.title, f"own-{finding.title}")
