"""Trust, "Evidence": how each measure correlates with a score, raw and controlling for covariates."""

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cache import evidence as evidences
from cache.store import Store
from cache.tables import whole
from cache.tasks.evidence import Evidence
from core.charts import evidence as charts_evidence
from core.charts.palette import family_colours
from core.evidence.association import Association
from core.evidence.association import table as association_table
from core.evidence.correlation_matrix import pairs
from core.evidence.covariates import KNOWN
from core.evidence.published import STATISTICS, published
from core.formatting import capital, percent
from core.measures import MEASURES
from core.measures.titles import title_of
from core.overview import Overview
from core.wording import evidence as words
from core.wording import published_evidence as published_words
from core.wording.correlations import LEVELS, interval, sentences
from pages.parts.common import empty
from pages.parts.controls import control
from pages.parts.evidence_job import computed
from pages.parts.markdown import plain
from pages.parts.picture_downloads import chart_with_downloads

SETS = {
    evidences.ALL: "All",
    evidences.PERTURBED: "Published, perturbed",
    "own": "Measured here",
    "encoders": "Encoders measured here",
    "decoders": "Decoders measured here",
}


def ranked(associated: list[Association]) -> pd.DataFrame:
    """The table of all measures, those with the largest partial correlation first."""
    frame = association_table(associated)
    order = frame["partial"].abs().fillna(-1) + frame["raw"].abs().fillna(-1) / 1000
    return frame.assign(order=order).sort_values("order", ascending=False, kind="stable", ignore_index=True)


def all_measures(frame: pd.DataFrame) -> None:
    """Every statistic of every measure."""
    shown = pd.DataFrame(
        {
            "Measure": frame["measure"].map(title_of),
            "Badge": frame["level"].map(LEVELS),
            "n": frame["n"],
            "Pearson": frame["pearson"],
            "Spearman": frame["raw"],
            "q": frame["raw_q"],
            "Residual": frame["residual"],
            "After law": frame["law"],
            "Partial": frame["partial"],
            "q, partial": frame["partial_q"],
            "Added R²": frame["added_r2"],
        }
    )
    rho, q = {"format": "%+.2f", "width": 82}, {"format": "%.2g", "width": 78}
    st.dataframe(
        shown,
        hide_index=True,
        placeholder="–",
        height="content",
        column_config={
            "Measure": st.column_config.TextColumn(pinned=True, width=285),
            "Badge": st.column_config.TextColumn(
                width=150, help="Whether the correlation holds family by family"
            ),
            "n": st.column_config.NumberColumn(width=50, help="Checkpoints with measure and score"),
            "Pearson": st.column_config.NumberColumn(**rho),
            "Spearman": st.column_config.NumberColumn(**rho, help="Raw, controlling for nothing"),
            "q": st.column_config.NumberColumn(
                **q, help="Of Spearman: false-discovery rate over all measures (Benjamini and Hochberg)"
            ),
            "Residual": st.column_config.NumberColumn(
                **rho, help="Spearman with what a regression on log size and log training tokens leaves"
            ),
            "After law": st.column_config.NumberColumn(
                **rho, help="Spearman with what a fitted scaling law E + A/N^α + B/D^β leaves"
            ),
            "Partial": st.column_config.NumberColumn(**rho, help="Spearman controlling for every covariate"),
            "q, partial": st.column_config.NumberColumn(**(q | {"width": 90})),
            "Added R²": st.column_config.NumberColumn(
                format="%+.3f",
                width=90,
                help="On held-out checkpoints (5 folds), over a baseline of size and compute",
            ),
        },
        alt="How each measure correlates with the score",
    )


def closer(entry: Association, colours: dict[str, str]) -> None:
    """One measure: family by family, and what its statistics rest on."""
    left, right = st.columns([3, 2], gap="large")
    parts = [("All", entry.known.pooled), *entry.known.families.items()]
    drawn = pd.DataFrame(
        [
            {"name": name, "n": c.n, "r": c.pearson, "low": c.pearson_low, "high": c.pearson_high}
            for name, c in parts
        ]
    ).dropna(subset=["r"])
    text = sentences(entry.known.reasons)
    with left:
        name = f"{title_of(entry.measure)} and the score by family"
        chart_with_downloads(charts_evidence.families(drawn, colours), text, name)
        st.caption(f"Pooled: {interval(entry.known.pooled)}.")
    with right:
        st.markdown(f"**{capital(LEVELS[entry.known.level])}.** {text}")
        for name, title in (("residual", "residual"), ("law", "scaling law"), ("partial", "partial")):
            reason = getattr(entry, name).reason
            if reason:
                st.caption(f"No {title} correlation: {words.sentence(reason)}")
        if entry.fitted:
            st.caption(
                f"Scaling law of {words.FORMED[entry.loss]}, from {entry.fitted.n} checkpoints: "
                f"`{entry.fitted.formula}`."
            )
        if entry.measure in MEASURES:
            registered = MEASURES[entry.measure]
            st.caption(f"{registered.explanation} Source: {registered.source}.")


def published_beside(store: Store, frame: pd.DataFrame, score: str) -> None:
    """Published correlations with loss, ours beside them, and where papers disagree."""
    rows = published(whole(store, "findings"))
    if rows.empty:
        return
    with st.expander("Published correlations with loss, and ours", icon=":material/menu_book:"):
        _published_beside(rows, frame, score)


def _published_beside(rows: pd.DataFrame, frame: pd.DataFrame, score: str) -> None:
    headline = published_words.headline(rows)
    st.markdown(f"{headline} {published_words.beside(rows, frame)}")
    named = {ours: theirs for theirs, ours in STATISTICS.items()}
    ours = frame.rename(columns=named).melt(
        ["measure"], list(STATISTICS), var_name="statistic", value_name="value"
    )
    ours = ours[ours["measure"].isin(rows["measure"])].dropna(subset=["value"])
    here = f"here, {score}"
    chart_with_downloads(
        charts_evidence.findings(rows, ours.assign(setting=here), here, published_words.STATISTICS),
        headline,
        "Published correlations with loss",
        source="arXiv 2602.20433, and Latent Shortlist",
        width="content",
    )
    if ours.empty:
        st.caption(
            "None of its five measures is known here together with this score; measure checkpoints with "
            "scores on **Add** and ours appear among the points. There the score is a loss, so signs "
            "are turned round."
        )
    with st.container(border=True):
        st.markdown(":material/fact_check: **Where the papers disagree**")
        for sentence in published_words.disagreements(rows):
            st.markdown(f"- {plain(sentence)}")
        st.caption(
            "Source: arXiv 2602.20433, Appendix A.3, Tables 2 to 9; 108 models of 4M to 75M parameters."
        )


def bring_link() -> None:
    """The way to scores and covariates of one's own."""
    st.page_link(
        "pages/add.py",
        label="Bring your own scores and covariates",
        icon=":material/upload_file:",
        query_params={"tab": "scores"},
    )


def below() -> None:
    """Ways to add scores and covariates, and what the page does not show."""
    bring_link()
    st.caption(
        "What this does not show: whether changing a measure would change a score, since all of it is "
        "observation; checkpoints made from the same weights are not independent, so intervals are narrower "
        "than they should be; covariates that nobody recorded cannot be controlled for; and ranks of several "
        "covariates enter as a sum, so what they do together can be left in a partial correlation."
    )


def evidence_tab(store: Store, overview: Overview, score: str, heading: DeltaGenerator) -> None:
    """Draw the tab for a score; heading: where the page's title goes."""
    data = evidences.material(store)
    if not score:
        heading.title("Evidence")
        empty(
            "No evidence yet",
            "Evidence needs at least three checkpoints that have both a measure and a score, and this store "
            "holds fewer. Measures come through **Add**, scores from a file of your own.",
        )
        bring_link()
        return

    sets = evidences.choices(data.rows)
    offered = list(data.covariates.columns)
    row = st.container(horizontal=True, gap="small")
    chosen = control(
        row.selectbox,
        "Checkpoints",
        "of",
        evidences.ALL,
        sets,
        format_func=lambda name: SETS.get(name, name),
        width=220,
    )
    asked = control(
        row.multiselect,
        "Controlling for",
        "fixed",
        [],
        offered,
        format_func=lambda name: capital(words.covariate_title(name)),
        placeholder="All that are known",
        width=380,
        help="Covariates for the partial correlation. Left empty: parameters, noise and all published or "
        f"imported ones that at least {percent(KNOWN)} of the checkpoints have.",
    )

    if not evidences.tried(evidences.chosen(data.rows, chosen), data.measures, score):
        heading.title("Evidence")
        empty("No measure to compare", "Fewer than three of these checkpoints have this score and a measure.")
        return
    key = evidences.key_of(store, score, chosen, tuple(asked))
    made = computed(store, score, Evidence(chosen, tuple(asked), key))
    if made is None:
        heading.title("Evidence")
        heading.markdown(
            f"Every measure is being correlated with {plain(title_of(score))}: raw, controlling for "
            "covariates, after a scaling law, each with a bootstrap interval. The result is kept until the "
            "values change."
        )
        below()
        return
    associated = made.associations
    frame = ranked(associated)
    title = title_of(score)
    with heading:
        st.title(plain(words.headline(associated, title)))
        st.markdown(plain(words.controlling(associated[0].controlled)))
        for note in words.notes(associated):
            st.caption(f":material/info: {plain(note)}")

    chart_with_downloads(
        charts_evidence.forest(frame), words.fall(associated), f"Correlations of measures with {title}"
    )
    st.markdown(plain(words.fall(associated)))
    st.markdown(plain(words.gain(associated)))
    with st.expander(f"All {len(frame)} measures, every statistic", icon=":material/table:"):
        all_measures(frame)

    st.header("Family by family")
    warnings = words.simpsons(associated)
    if warnings:
        st.warning(
            "Pooling misleads where families lie apart:\n\n"
            + "\n".join(f"- {plain(text)}" for text in warnings),
            icon=":material/call_split:",
        )
    else:
        st.markdown(
            "For none of these measures does pooling over families change the sign or the strength of the "
            "correlation."
        )
    measures = list(frame["measure"])
    measure = control(
        st.selectbox, "A closer look at", "measure", measures[0], measures, format_func=title_of, width=380
    )
    closer(
        next(entry for entry in associated if entry.measure == measure),
        family_colours(data.rows["family"]),
    )

    published_beside(store, frame, title)

    st.header("How the measures correlate with each other")
    compared = made.matrix
    text = words.matrix(compared)
    st.markdown(text)
    if len(compared.rho) > 1:
        chart_with_downloads(
            charts_evidence.matrix(
                pairs(compared), list(compared.rho.index), dark=st.context.theme.type == "dark"
            ),
            text,
            "Correlations of the measures with each other",
        )

    below()
