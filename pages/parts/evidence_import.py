"""Scores and covariates of one's own, from a file dropped on the page."""

import tempfile
from pathlib import Path

import streamlit as st

from cache.imports import import_covariates, import_scores, sentences
from cache.store import Store
from core.errors import InputError
from core.tables import READERS
from pages.parts.markdown import plain, wrong

KINDS = {"scores": import_scores, "covariates": import_covariates}
FORMS = {
    "scores": "One score a row: `checkpoint, benchmark, task, metric, value` and, if known, `split, source, "
    "formed, standard_error`; or one checkpoint a row with a column a task; or a result file of "
    "lm-evaluation-harness. A checkpoint is named as in the store, by its hub id, folder or fingerprint.",
    "covariates": "One value a row, `checkpoint, covariate, value`, or one checkpoint a row with a column "
    "for each covariate. `training_tokens` and `training_compute` are the names that scaling laws look for.",
}


def bring_your_own(store: Store) -> None:
    """An uploader for a table; what cannot be used is said, and nothing is half imported."""
    with st.expander("Bring your own scores and covariates", icon=":material/upload_file:"):
        kind = st.segmented_control(
            "Kind",
            list(KINDS),
            format_func=str.capitalize,
            default="scores",
            required=True,
            key="import kind",
        )
        st.caption(FORMS[kind])
        file = st.file_uploader(
            "CSV, Parquet, JSON", type=[suffix.removeprefix(".") for suffix in READERS], key=f"import {kind}"
        )
        if file is None or not st.button("Import", icon=":material/download_done:", key="import button"):
            return
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / Path(file.name).name
            path.write_bytes(file.getvalue())
            try:
                done = KINDS[kind](store, path)
            except InputError as error:
                wrong(str(error))
            else:
                st.markdown(f":green[:material/check: Imported {done.count} {kind}.]")
                for sentence in sentences(done):
                    st.caption(plain(sentence))
