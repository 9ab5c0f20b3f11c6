"""The store itself: one file of all its rows, and whether its files are whole."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from cache import backups
from cache.paths import store_folder
from cache.store import Store
from commands.terminal import JsonOption, StoreOption, draw, people, print_json
from core.formatting import short_bytes

app = typer.Typer(help="Back up, restore and check the store.", no_args_is_help=True)

FileArgument = Annotated[Path, typer.Argument(metavar="FILE.duckdb", help="The backup.")]


@app.command()
def backup(file: FileArgument, store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Write all measurements, scores and covariates to one file; uploads and jobs are not in it."""
    size = backups.backup(Store.open(store_folder(store)), file)
    if as_json:
        print_json({"file": str(file), "bytes": size})
    else:
        people.print(f"Wrote {short_bytes(size)} to {file}.", highlight=False)


@app.command()
def restore(file: FileArgument, store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Make a store of a backup, in a folder that holds none yet."""
    made = backups.restore(file, store_folder(store))
    rows = int(made.query("SELECT count(*) FROM measurements WHERE origin = 'measured'").iloc[0, 0])
    if as_json:
        print_json({"store": str(made.folder), "measured": rows})
    else:
        people.print(f"{made.folder} holds what {file} held: {rows:,} own measurements.", highlight=False)


@app.command()
def check(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Read the database and every snapshot whole; exit status 1 where one is damaged. Nothing is changed."""
    found = backups.findings(store_folder(store).resolve())
    if as_json:
        print_json({"files": [{"file": file, "fault": fault} for file, fault in found]})
    else:
        table = Table(box=None, pad_edge=False)
        for heading in ("file", "state"):
            table.add_column(heading)
        for file, fault in found:
            table.add_row(file, fault or "whole")
        draw(table)
    if any(fault for file, fault in found if file.endswith(".duckdb")):
        raise typer.Exit(1)
