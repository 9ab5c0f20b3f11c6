"""The part of Add that takes scores and covariates: a template, a look at the file, the import, the list."""

import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from cache import imports
from cache.imports import Preview
from cache.store import Store
from core.errors import InputError, OpenChoiceError
from core.tables import READERS
from core.wording import adding as words
from pages.parts.imported_list import imported_list
from pages.parts.markdown import plain, wrong

KINDS = {"scores": "Scores", "covariates": "Covariates"}
ABOUT = {
    "scores": "Scores of your checkpoints on a task of yours: the ranking learns from them.",
    "covariates": "What may explain a correlation, such as training tokens: it is controlled for.",
}
FORMS = {
    "scores": "- One checkpoint a row, with a column for each task: that is the template. A column may name "
    "its metric, as in `RTE (accuracy)`; empty cells are left out.\n"
    "- One score a row: `checkpoint`, `benchmark`, `task`, `metric`, `value` and, if known, `split`, "
    "`source`, `formed`, `standard_error`.\n"
    "- Result files of lm-evaluation-harness or MTEB.\n\n"
    "A checkpoint is named as here, by its hub id, folder or fingerprint. Accuracies may be fractions or "
    "percentages, but not both.",
    "covariates": "- One checkpoint a row, with a column for each covariate: that is the template.\n"
    "- One value a row: `checkpoint`, `covariate`, `value` and, if known, `source`.\n\n"
    "`training_tokens` and `training_compute` are the names that scaling laws look for.",
}
EXAMPLES = {"scores": {words.TEMPLATE_TASK: "0.83"}, "covariates": {"training_tokens": "3e11"}}
SHOWN = 12  # problems listed before the rest is counted
state = st.session_state


def scores_tab(store: Store) -> None:
    """Everything about values that are brought along."""
    table = st.segmented_control(
        "What to import",
        list(KINDS),
        format_func=KINDS.__getitem__,
        default="scores",
        required=True,
        key="import kind",
        label_visibility="collapsed",
        persist_state="session",
    )
    _report()
    st.markdown(ABOUT[table])
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            "Template to fill in",
            template(store, table),
            f"{table}.csv",
            "text/csv",
            key=f"template {table}",
            icon=":material/download:",
            on_click="ignore",
            help="A table of the checkpoints that are measured here: fill in numbers, rename the column.",
        )
        with st.popover("What a file may look like", type="tertiary", icon=":material/help:"):
            st.markdown(FORMS[table])
    files = st.file_uploader(
        "CSV, Parquet or JSON",
        type=[suffix.removeprefix(".") for suffix in READERS],
        accept_multiple_files=True,
        key=f"import {table} {state.setdefault('import round', 0)}",
    )
    if files:
        _look(store, table, files)
    imported_list(store, table)


def template(store: Store, table: str) -> bytes:
    """A table to fill in: the checkpoints measured here, or an example where there is none."""
    own = store.query("SELECT name FROM checkpoints WHERE origin <> 'published' ORDER BY name")
    names = list(own["name"]) or ["org/model"]
    columns = {column: "" if len(own) else example for column, example in EXAMPLES[table].items()}
    return pd.DataFrame({"checkpoint": names, **columns}).to_csv(index=False).encode()


def _report() -> None:
    """What the last import did, until the next one; of scores also what becomes of them."""
    if (last := state.get("last import")) is None:
        return
    table, done = last
    with st.container(border=True, key="import_report", gap="xsmall"):
        st.markdown(f":green[:material/check: {words.imported(done.count, table)}]")
        for sentence in done.notes:
            st.caption(plain(sentence))


def _look(store: Store, table: str, files: list[Any]) -> None:
    """What the files hold, everything that is in the way, and the button that imports."""
    latest = {file.name: file for file in files}
    if twice := [name for name in latest if sum(file.name == name for file in files) > 1]:
        st.caption(f":material/info: {plain(words.twice(twice))}")
    asked = table, [file.file_id for file in latest.values()], state.get("import whose"), store.state()
    if state.get("import preview", (None,))[0] != asked:  # else it was read when the page was drawn before
        try:
            state["import preview"] = asked, _preview(store, table, latest)
        except OpenChoiceError as error:
            wrong(f"{error.statement}: choose it below.")
            _ask_whose(store)
            return
        except InputError as error:
            wrong(str(error))
            return
    preview = state["import preview"][1]
    if preview.problems:
        wrong(words.problems(len(preview.problems), len(preview.rows)))
        st.markdown("\n".join(f"- {plain(problem)}" for problem in preview.problems[:SHOWN]))
        if preview.problems[SHOWN:]:
            st.caption(f"And {len(preview.problems) - SHOWN} more.")
    elif preview.rows:
        subjects = {row["subject"]: row["known"] for row in preview.rows}
        st.markdown(words.ready(len(preview.rows), len(subjects), sum(subjects.values()), table))
    for sentence in [*preview.notes, *words.not_measured(preview.unmatched, preview.alike)]:
        st.caption(f":material/info: {plain(sentence)}")
    if preview.rows:
        _table(preview)
    pressed = st.button(
        f"Import {len(preview.rows)} {table}",
        type="primary",
        icon=":material/download_done:",
        key="import button",
        disabled=bool(preview.problems) or not preview.rows,
    )
    if preview.problems:
        st.caption("Correct the file and drop it again; nothing was imported.")
    if pressed:
        try:
            done = imports.take_in(store, preview)
        except InputError as error:
            wrong(str(error))
            return
        state["last import"] = table, done
        state["import round"] += 1
        state.pop("import whose", None)
        state.pop("import preview", None)
        st.rerun()


def _preview(store: Store, table: str, files: dict[str, Any]) -> Preview:
    """What importing uploaded files, by name, would take in; errors as of `cache.imports`."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / str(place) / Path(name).name for place, name in enumerate(files)]
        for path, file in zip(paths, files.values(), strict=True):
            path.parent.mkdir()
            path.write_bytes(file.getvalue())
        if table == "scores":
            return imports.preview_scores(store, paths, checkpoint=state.get("import whose"))
        return _joined([imports.preview_covariates(store, path) for path in paths])


def _ask_whose(store: Store) -> None:
    """Ask whose scores a file holds that does not say it."""
    own = store.query("SELECT name FROM checkpoints WHERE origin <> 'published' ORDER BY name")
    name = st.selectbox(
        "Whose scores they are",
        list(own["name"]),
        index=None,
        key="import whose asked",
        accept_new_options=True,
        placeholder="A checkpoint",
    )
    if name:
        state["import whose"] = name  # kept beside the widget, which goes once this is known
        st.rerun()


def _joined(previews: list[Preview]) -> Preview:
    """Several files of covariates as one."""
    return Preview(
        "covariates",
        [row for one in previews for row in one.rows],
        [problem for one in previews for problem in one.problems],
        [note for one in previews for note in one.notes],
        [name for one in previews for name in one.unmatched],
        {word: name for one in previews for word, name in one.alike.items()},
    )


def _table(preview: Preview) -> None:
    """The values that can be read, as they would be kept."""
    scores = preview.table == "scores"
    frame = pd.DataFrame(
        [
            {
                "In the file": row["given"],
                "Measured here": row["name"] if row["known"] else None,
                **(
                    {"Task": row["task"], "Metric": row["metric"], "Split": row["split"] or None}
                    if scores
                    else {"Covariate": row["covariate"]}
                ),
                "Value": row["value"],
            }
            for row in preview.rows
        ]
    )
    if scores and frame["Split"].isna().all():
        frame = frame.drop(columns="Split")
    st.dataframe(
        frame,
        hide_index=True,
        placeholder="not yet",
        height="content" if len(frame) < 8 else 300,
        column_config={"Value": st.column_config.NumberColumn(format="%.4g" if scores else None)},
        alt="The values that can be read from the file",
    )
