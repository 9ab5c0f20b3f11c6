"""Benchmark scores: import your own, list all."""

from pathlib import Path
from typing import Annotated

import typer

from cache import imports
from cache import tables as queries
from cache.paths import store_folder
from cache.store import Store
from commands.terminal import JsonOption, StoreOption, people, print_frame, print_json, records

app = typer.Typer(help="Benchmark scores: your own beside the published ones.", no_args_is_help=True)


@app.command("import")
def import_scores(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE…",
            help="Tables (CSV, TSV, Parquet, JSON lines) with checkpoint, benchmark, task, metric, value, or "
            "with a column a task; results of lm-evaluation-harness or MTEB (.json, or a folder of them).",
        ),
    ],
    checkpoint: Annotated[
        str | None, typer.Option(help="Whose scores they are, where the file does not say it.")
    ] = None,
    benchmark: Annotated[str | None, typer.Option(help="Where a table has no column benchmark.")] = None,
    metric: Annotated[str | None, typer.Option(help="Where a table has no column metric.")] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Import your own benchmark scores: whole files, or nothing. The newest value of a score counts."""
    opened = Store.open(store_folder(store))
    done = imports.import_scores(opened, files, checkpoint=checkpoint, benchmark=benchmark, metric=metric)
    print_import(done, "scores", as_json)


def print_import(done: imports.Imported, what: str, as_json: bool) -> None:
    """Print what an import has done."""
    if as_json:
        print_json({"imported": done.count, "notes": done.notes, "unmatched": done.unmatched})
        return
    people.print(f"Imported {done.count} {what}.", highlight=False)
    for note in imports.sentences(done):
        people.print(note, highlight=False)


@app.command("list")
def list_scores(
    task: Annotated[str | None, typer.Option(help="Only this task, for example glue_average.")] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the scores in the store, with how each average was formed and its source.

    With --json also those that a newer import has replaced.
    """
    frame = queries.scores_frame(Store.open(store_folder(store)))
    if task is not None:
        frame = frame[frame["task"] == task]
    if as_json:
        print_json({"scores": records(frame)})
    else:
        shown = ["name", "benchmark", "task", "metric", "split", "value", "formed", "origin"]
        print_frame(frame.loc[~frame["replaced"], shown], "Scores")
