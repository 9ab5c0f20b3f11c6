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
    file: Annotated[Path, typer.Argument(help="CSV or Parquet: checkpoint, benchmark, task, metric, value.")],
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Import your own benchmark scores: the whole file, or nothing of it."""
    opened = Store.open(store_folder(store))
    count = imports.import_scores(opened, file)
    if as_json:
        print_json({"imported": count})
    else:
        people.print(f"Imported {count} scores.")


@app.command("list")
def list_scores(
    task: Annotated[str | None, typer.Option(help="Only this task, for example glue_average.")] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the scores in the store, with how each average was formed and its source."""
    frame = queries.scores_frame(Store.open(store_folder(store)))
    if task is not None:
        frame = frame[frame["task"] == task]
    if as_json:
        print_json({"scores": records(frame)})
    else:
        print_frame(frame[["name", "benchmark", "task", "metric", "value", "formed", "origin"]], "Scores")
