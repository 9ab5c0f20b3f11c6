"""Covariates of checkpoints, such as training tokens: import your own, list all."""

from pathlib import Path
from typing import Annotated

import typer

from cache import imports
from cache import tables as queries
from cache.paths import store_folder
from cache.store import Store
from commands.scores import print_import
from commands.terminal import JsonOption, StoreOption, print_frame, print_json, records

app = typer.Typer(help="What may explain a correlation: size, training, noise.", no_args_is_help=True)


@app.command("import")
def import_covariates(
    file: Annotated[
        Path, typer.Argument(help="A table: checkpoint, covariate, value; or a column a covariate.")
    ],
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Import covariates of your checkpoints, such as training_tokens: the whole file, or nothing of it."""
    done = imports.import_covariates(Store.open(store_folder(store)), file)
    print_import(done, "covariates", as_json)


@app.command("list")
def list_covariates(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """List the covariates in the store with their source; parameters and other facts are not among them."""
    frame = queries.covariates_frame(Store.open(store_folder(store)))
    if as_json:
        print_json({"covariates": records(frame)})
    else:
        print_frame(frame[["name", "covariate", "value", "source", "origin"]], "Covariates")
