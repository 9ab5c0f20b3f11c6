"""Papers, "With labels or without?": estimators that use labels beside geometry, size and loss."""

import streamlit as st

from cache.studies import LabelStudy
from core.charts.estimators import dots
from core.formatting import capital
from core.studies.estimators import OVERALL, TASKS
from core.wording import estimators as words
from pages.parts.controls import control
from pages.parts.picture_downloads import chart_with_downloads

SOURCE = "Latent Shortlist: own study, checkpoints made and scored by the project"
FORMATS = {
    **{name: st.column_config.NumberColumn(format="%+.2f") for name in ("ρ", "τ")},
    **{name: st.column_config.NumberColumn(format="%.1f") for name in ("Regret", "Of three", "Seconds")},
}


def labels_or_not(study: LabelStudy) -> None:
    """The section: the chart by task, the baseline of published decoders, a table a base."""
    if study.summary.empty:
        return
    st.space("small")
    st.header(words.TITLE, anchor="labels")
    st.markdown(f"**{words.headline(study.summary)}.**")
    left, right = st.columns([3, 2], gap="medium")
    with left.container(border=True, height="stretch"):
        task = control(
            st.segmented_control,
            "Tasks",
            "tasks",
            OVERALL,
            list(TASKS),
            format_func=lambda name: name if name in TASKS[OVERALL] else ", ".join(TASKS[name]),
            label_visibility="collapsed",
            required=True,
        )
        rows = words.named(study.summary, task)
        title = "Spearman’s ρ with the score, over checkpoints of one base"
        drawn = dots(rows, shapes=list(dict.fromkeys(rows["kind"])), title=title)
        chart_with_downloads(drawn, title, "Estimators with labels and without", source=SOURCE)
    with right.container(border=True, height="stretch"):
        st.markdown("**The baseline: size and loss of 61 published decoders**")
        rows = words.named_decoders(study.size_and_loss)
        title = "Spearman’s ρ with the mean of seven fine-tuned GLUE tasks"
        drawn = dots(rows, shapes=list(dict.fromkeys(rows["kind"])), title=title)
        chart_with_downloads(drawn, title, "Size and loss of published decoders", source=SOURCE)
        st.markdown("\n".join(f"- {line}" for line in words.on_size_and_loss(study.size_and_loss)))
    st.markdown("\n".join(f"- {line}" for line in study.sentences))
    bases = list(dict.fromkeys(study.summary["base"]))
    for column, base in zip(st.columns(len(bases)), bases, strict=True):
        with column.container(border=True):
            st.markdown(f"**{capital(base)}**")
            st.dataframe(
                words.table(study.summary, base, task),
                hide_index=True,
                height=330,
                column_config=FORMATS,
                alt=f"Estimators by their correlation with the scores of {base}, with regret and seconds",
            )
    st.caption(words.CAPTION)
