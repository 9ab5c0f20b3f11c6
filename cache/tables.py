"""Tables of the store, one row a checkpoint, and everything in one long table that goes out as a file."""

from pathlib import Path
from typing import TYPE_CHECKING

from cache.files import reason, replacing
from cache.remembered import by_state
from cache.store import Store
from core.errors import InputError
from core.tables.as_csv import harmless

if TYPE_CHECKING:
    import pandas as pd

    from core.overview import Overview

# Clouds of which there is a newer one of the same subject and texts (`cache.measuring.revisions`).
COMPUTED_AGAIN = """
    SELECT cloud FROM clouds WHERE sample_fingerprint IS NOT NULL
    QUALIFY row_number() OVER (
        PARTITION BY subject, sample_fingerprint, layer, position, max_length, precision
        ORDER BY created_at DESC) > 1"""


@by_state(16)
def whole(store: Store, name: str) -> "pd.DataFrame":
    """A whole table of the store, by its name."""
    return store.query(f"SELECT * FROM {name}")


@by_state(4)
def one_row_each(store: Store) -> "Overview":
    """One row a checkpoint, as of the store's newest snapshot."""
    from core.overview import overview

    checkpoints, clouds, scores = (whole(store, name) for name in ("checkpoints", "clouds", "scores"))
    return overview(checkpoints, clouds, measurements(store), scores)


@by_state(4)
def measurements(store: Store) -> "pd.DataFrame":
    """The measurements that count: not those of a cloud that was computed again, otherwise."""
    return store.query(f"SELECT * FROM measurements WHERE coalesce(cloud, '') NOT IN ({COMPUTED_AGAIN})")


def scores_frame(store: Store) -> "pd.DataFrame":
    """Every score, with how it was formed and its source; values of bounded metrics are fractions.

    `replaced`: a newer import, or another source of the same score, counts instead of this one.
    """
    from core.scores.readings import replaced

    frame = store.query("SELECT * FROM scores ORDER BY benchmark, task, metric, split, name, source")
    return frame.assign(replaced=replaced(frame))


def covariates_frame(store: Store) -> "pd.DataFrame":
    """Every published and imported covariate with its source."""
    return store.query("SELECT * FROM covariates ORDER BY covariate, name, source")


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
                harmless(frame).to_csv(temporary, index=False)
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
