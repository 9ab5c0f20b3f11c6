"""A quantized cloud in two dimensions, drawn for the tab Cells of Explore or written as tables."""

from pathlib import Path
from typing import Annotated

import typer

from cache import jobs
from cache.paths import store_folder
from cache.requests import Settings
from cache.store import Store
from cache.tasks import cell_picture
from cache.tasks.cell_picture import CellPicture, PicturedCells
from commands.terminal import (
    ArrayOption,
    ColumnsOption,
    DetachOption,
    JsonOption,
    SkipRowsOption,
    StoreOption,
    attempt,
    detached,
    people,
    print_json,
    report,
    subjects_of,
)
from core.formatting import percent

app = typer.Typer()


@app.command("cells-picture")
def cells_picture(
    checkpoints: Annotated[
        list[str] | None,
        typer.Argument(metavar="CHECKPOINT…", help="Folders, hub ids, or `minilm` (installed)."),
    ] = None,
    vectors: Annotated[list[Path] | None, typer.Option(help="File of vectors; repeatable.")] = None,
    vector_columns: ColumnsOption = None,
    array: ArrayOption = None,
    skip_bad_rows: SkipRowsOption = False,
    quantizer: Annotated[str, typer.Option(help="lsq or pq.")] = "lsq",
    at: Annotated[int | None, typer.Option(min=2, help="Vectors to quantize of each.")] = None,
    corpus: Annotated[str, typer.Option(help="As in `cli.py measure`.")] = "auto",
    sequences: Annotated[int, typer.Option(min=2, help="Text sequences drawn from the corpus.")] = 5000,
    seed: Annotated[int, typer.Option(help="Seed of the text sample and of the quantizer.")] = 0,
    out: Annotated[Path | None, typer.Option(help="Folder for tables of the first one's points.")] = None,
    detach: DetachOption = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Draw clouds by their two principal components, with the cells of a quantizer, for Explore."""
    subjects = subjects_of(
        checkpoints, vectors, columns=vector_columns, array=array, skip_bad_rows=skip_bad_rows
    )
    settings = Settings(corpus=corpus, sequences=sequences, seed=seed, at=at)
    request = CellPicture(settings, quantizer)
    cell_picture.check(request)
    opened = Store.open(store_folder(store))
    if detach:
        detached(opened, jobs.submit(opened, request, subjects), as_json)
        return
    results, failures = attempt(
        [subject.name for subject in subjects],
        lambda index, progress: cell_picture.run(
            opened, subjects[index], request, progress, None, out if index == 0 else None
        ),
    )
    if as_json:
        print_json({"results": [result.to_json() for result in results], "failures": failures})
    else:
        for result in results:
            people.print(_sentence(result), highlight=False)
    report(failures)


def _sentence(result: PicturedCells) -> str:
    return (
        f"{result.subject}: {result.points:,} of {result.n:,} vectors drawn; their two components hold "
        f"{percent(sum(result.explained))} of the variance."
    )
