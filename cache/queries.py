"""Scores in and out, and everything in one long table."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from cache.files import reason, replacing
from cache.store import Store
from core.checkpoints import MINILM
from core.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

NEEDED = ("checkpoint", "benchmark", "task", "metric", "value")
OPTIONAL = ("split", "source", "formed")
SHARES = re.compile(
    r"accuracy|\bacc\b|f1|exact.?match|\bem\b|precision|recall|pass@|auc|glue|mean over", re.IGNORECASE
)
CORRELATIONS = re.compile(r"matthews|\bmcc\b|pearson|spearman|correlation", re.IGNORECASE)
NAMED = 5  # of many wrong ones, how many a message names


def scores_frame(store: Store) -> "pd.DataFrame":
    """Every score, with how it was formed and its source; values of bounded metrics are fractions."""
    return store.query("SELECT * FROM scores ORDER BY benchmark, task, metric, split, name, source")


def export_frame(store: Store) -> "pd.DataFrame":
    """Every measurement and every score as one row each; `quantity` is the measure's or the task's name.

    options: of a measure, what is not the default, as JSON: a draw of n vectors, M, k, engine.
    """
    return store.query("""
        SELECT 'measure' AS kind, m.subject, c.name, c.family, c.parameters, m.measure AS quantity, m.value,
            m.standard_error, m.parameters AS options, m.seed, m.version, m.n, m.d,
            k.corpus, k.sequences, k.text_seed, k.layer, k.position, k.max_length, k.precision,
            m.note, m.origin, m.source, m.created_at
        FROM measurements m LEFT JOIN checkpoints c USING (subject) LEFT JOIN clouds k USING (cloud)
        UNION ALL BY NAME
        SELECT 'score' AS kind, s.subject, s.name, c.family, c.parameters, s.task AS quantity, s.value,
            s.benchmark, s.metric, s.split, s.formed AS note, s.origin, s.source
        FROM scores s LEFT JOIN checkpoints c USING (subject)
        ORDER BY kind, name, quantity, corpus, layer, seed, metric, split""")


def export(store: Store, file: Path) -> int:
    """Write `export_frame` to a .csv, .parquet or .html file and return its number of rows."""
    if file.suffix not in (".csv", ".parquet", ".html"):
        raise InputError(f"{file} is of no known format: give a name that ends in .csv, .parquet or .html.")
    frame = export_frame(store)
    try:
        with replacing(file) as temporary:
            if file.suffix == ".csv":
                frame.to_csv(temporary, index=False)
            elif file.suffix == ".parquet":
                frame.to_parquet(temporary, index=False)
            else:
                temporary.write_text(_page(frame), encoding="utf-8")
    except OSError as error:
        raise InputError(f"{file} cannot be written ({reason(error)}): give another place.") from error
    return len(frame)


def _page(frame: "pd.DataFrame") -> str:
    table = frame.to_html(index=False, border=0, na_rep="", float_format="{:.6g}".format)
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Latent Shortlist</title><style>'
        "body{font:14px/1.5 system-ui,sans-serif;margin:2rem}table{border-collapse:collapse}"
        "th,td{padding:.2rem .8rem .2rem 0;text-align:left;vertical-align:top;border-bottom:1px solid #ddd}"
        "th{position:sticky;top:0;background:#fff}</style>"
        f"<h1>Latent Shortlist</h1><p>{len(frame):,} measurements and scores, each with its source.</p>"
        f"{table}</html>"
    )


def import_scores(store: Store, file: Path) -> int:
    """Take in a .csv or .parquet file of scores, whole or not at all; returns how many rows it had.

    Columns checkpoint (a name, folder or fingerprint that the store knows), benchmark, task, metric, value;
    optional: split, source, formed (how an average was formed). Accuracies and the like are kept as
    fractions; a file that gives all of them in percent is converted. A corrected score replaces the earlier
    one of the same source.
    Errors: InputError, one sentence, for the first thing that cannot be used.
    """
    frame = _read(file)
    name = file.name
    _check_columns(frame, name)
    subjects = _subjects(store, frame, name)
    values = _fractions(frame, name)
    rows = [
        {
            "subject": subjects[str(row["checkpoint"])][0],
            "name": subjects[str(row["checkpoint"])][1],
            "benchmark": str(row["benchmark"]),
            "task": str(row["task"]),
            "metric": str(row["metric"]),
            "value": value,
            "split": str(row.get("split") or ""),
            "formed": row.get("formed"),
            "source": str(row.get("source") or f"imported from {name}"),
            "origin": "imported",
        }
        for row, value in zip(frame.to_dict("records"), values, strict=True)
    ]
    key = ("subject", "benchmark", "task", "metric", "split", "source")
    keys = [tuple(row[column] for column in key) for row in rows]
    for index, one in enumerate(keys):
        if one in keys[:index]:
            raise InputError(
                f"{name} gives {rows[index]['name']} two values for {one[1]} {one[2]} ({one[3]}): keep one, "
                "or tell them apart by split or source."
            )
    published = store.query(f"SELECT {', '.join(key)} FROM scores WHERE origin = 'published'")
    if clash := set(published.itertuples(index=False, name=None)) & set(keys):
        raise InputError(
            f"{name} would replace a published score ({', '.join(min(clash))}): name your own source for it."
        )
    store.add("scores", rows)
    store.ingest()
    return len(rows)


def _read(file: Path) -> "pd.DataFrame":
    import pandas as pd

    readers = {".csv": pd.read_csv, ".parquet": pd.read_parquet}
    if file.suffix.lower() not in readers:
        raise InputError(f"{file} is of no known format: give scores as .csv or .parquet.")
    try:
        frame = readers[file.suffix.lower()](file)
    except OSError as error:
        raise InputError(f"{file} cannot be read ({reason(error)}): give a file of scores.") from error
    except ValueError as error:  # of pandas and pyarrow, whatever is wrong with the content
        said = (str(error).splitlines() or [""])[0].rstrip(".")
        raise InputError(f"{file} cannot be read as a table ({said}): save it again.") from error
    return frame.astype(object).where(frame.notna(), None)


def _check_columns(frame: "pd.DataFrame", name: str) -> None:
    columns = list(map(str, frame.columns))
    wanted = f"{', '.join(NEEDED)} and, if known, {', '.join(OPTIONAL)}"
    if missing := [column for column in NEEDED if column not in columns]:
        raise InputError(f"{name} lacks the column {', '.join(missing)}: give {wanted}.")
    if unknown := [column for column in columns if column not in NEEDED + OPTIONAL]:
        raise InputError(f"{name} has a column {', '.join(unknown)} of no known meaning: give {wanted}.")
    if frame.empty:
        raise InputError(f"{name} holds no score: give one in each row.")
    for column in NEEDED:
        if frame[column].isna().any():
            row = int(frame[column].isna().argmax()) + 1
            raise InputError(f"{name} lacks a {column} in row {row}: fill it in, or leave the row out.")


def _subjects(store: Store, frame: "pd.DataFrame", name: str) -> dict[str, tuple[str, str]]:
    """What the file calls a checkpoint → (subject, name in the store)."""
    known: dict[str, set[tuple[str, str]]] = {}
    rows = store.query("SELECT subject, name, path, source FROM checkpoints")
    for subject, called, path, source in rows.itertuples(index=False):
        for word in (subject, called, path, MINILM if source == "package" else None):
            if isinstance(word, str):
                known.setdefault(word, set()).add((subject, called))
    given = {str(word) for word in frame["checkpoint"]}
    found = {
        word: known.get(word) or known.get(str(Path(word).expanduser().resolve()), set()) for word in given
    }
    if unknown := sorted(word for word in given if not found[word]):
        more = f" and {len(unknown) - NAMED} more" if len(unknown) > NAMED else ""
        raise InputError(
            f"{name} names checkpoints that the store does not know ({', '.join(unknown[:NAMED])}{more}): "
            "measure them first, or use a name that `cli.py export` gives."
        )
    for word, meant in sorted(found.items()):
        if len(meant) > 1:
            ids = ", ".join(sorted(subject for subject, _ in meant))
            raise InputError(
                f"{name} names {word}, which {len(meant)} checkpoints are called: give one of {ids}."
            )
    return {word: next(iter(meant)) for word, meant in found.items()}


def _fractions(frame: "pd.DataFrame", name: str) -> list[float]:
    """The values, those of bounded metrics as fractions."""
    import pandas as pd

    values = pd.to_numeric(frame["value"], errors="coerce").astype(float)
    for row, (given, value) in enumerate(zip(frame["value"], values, strict=True), start=1):
        if not abs(value) < float("inf"):
            raise InputError(f"{name} gives {given} as a value in row {row}: give a number.")
    metrics = frame["metric"].astype(str)
    signed = metrics.str.contains(CORRELATIONS)
    bounded = signed | metrics.str.contains(SHARES)
    if (values[bounded].abs() > 1).any():
        inside = values[bounded & (values.abs() <= 1) & (values != 0)]
        if len(inside):
            large = values[bounded & (values.abs() > 1)]
            raise InputError(
                f"{name} mixes percentages ({large.iloc[0]:g}) with fractions ({inside.iloc[0]:g}): give "
                "all as fractions."
            )
        values = values.where(~bounded, values / 100)
    wrong = bounded & ((values > 1) | (values < signed.map({True: -1.0, False: 0.0})))
    if wrong.any():
        row = int(wrong.argmax())
        raise InputError(
            f"{name} gives {frame['value'].iloc[row]} as {metrics.iloc[row]} in row {row + 1}, which it "
            "cannot be: give a fraction."
        )
    return values.tolist()
