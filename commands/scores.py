"""What the store holds: export it, bring scores and covariates of your own."""

from pathlib import Path
from typing import Annotated

import typer

from cache import imports
from cache import tables as queries
from cache.paths import store_folder
from cache.store import Store
from commands.terminal import JsonOption, StoreOption, people, print_frame, print_json, records

app = typer.Typer()
scores_app = typer.Typer(help="Benchmark scores: your own beside the published ones.", no_args_is_help=True)
covariates_app = typer.Typer(
    help="What may stand behind a correlation: size, training, noise.", no_args_is_help=True
)


@app.command()
def export(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv|.parquet|.html", help="Where to write to.")],
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write every measurement and score in the store to one file: a long table, or a page to hand over."""
    opened = Store.open(store_folder(store))
    rows = queries.export(opened, file)
    if as_json:
        print_json({"file": str(file), "rows": rows})
    else:
        people.print(f"Wrote {rows:,} rows to {file}.", markup=False, highlight=False)


@scores_app.command("import")
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


@scores_app.command("list")
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


@covariates_app.command("import")
def import_covariates(
    file: Annotated[
        Path, typer.Argument(help="CSV or Parquet: checkpoint, covariate, value; or a column a covariate.")
    ],
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Import covariates of your checkpoints, such as training_tokens: the whole file, or nothing of it."""
    count = imports.import_covariates(Store.open(store_folder(store)), file)
    if as_json:
        print_json({"imported": count})
    else:
        people.print(f"Imported {count} covariates.")


@covariates_app.command("list")
def list_covariates(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """List the covariates in the store with their source; parameters and other facts are not among them."""
    frame = queries.covariates_frame(Store.open(store_folder(store)))
    if as_json:
        print_json({"covariates": records(frame)})
    else:
        print_frame(frame[["name", "covariate", "value", "source", "origin"]], "Covariates")
