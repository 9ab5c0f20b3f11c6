"""Export everything in the store to one file."""

from pathlib import Path
from typing import Annotated

import typer

from cache import tables as queries
from cache.paths import store_folder
from cache.store import Store
from commands.terminal import JsonOption, StoreOption, people, print_json

app = typer.Typer()


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
        people.print(f"Wrote {rows:,} rows to {file}.", highlight=False)
