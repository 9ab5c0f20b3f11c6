"""Cell measures at other sizes of the quantizer."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from cache import jobs
from cache.paths import store_folder
from cache.requests import CellStudy, Plan, Settings
from cache.results import StudiedCells
from cache.store import Store
from cache.tasks import cell_study as cell_studies
from commands.terminal import (
    ArrayOption,
    ColumnsOption,
    DetachOption,
    JsonOption,
    SkipRowsOption,
    StoreOption,
    attempt,
    detached,
    draw,
    numbers,
    people,
    print_frame,
    print_json,
    records,
    report,
    subjects_of,
)

app = typer.Typer()


@app.command("cells-sweep")
def cells_sweep(
    checkpoints: Annotated[
        list[str] | None,
        typer.Argument(metavar="CHECKPOINT…", help="Folders, hub ids, or `minilm` (installed)."),
    ] = None,
    vectors: Annotated[list[Path] | None, typer.Option(help="File of vectors; repeatable.")] = None,
    vector_columns: ColumnsOption = None,
    array: ArrayOption = None,
    skip_bad_rows: SkipRowsOption = False,
    k: Annotated[str, typer.Option("--k", help="Centroids in each codebook.")] = "16,64,256,1024",
    m: Annotated[str, typer.Option("--m", help="Codebooks.")] = "4",
    measures: Annotated[str, typer.Option(help="lsq, pq, cells, or names of such measures.")] = "lsq",
    at: Annotated[
        int | None, typer.Option(min=2, help="Vectors to quantize of each; ranks compare at one number.")
    ] = None,
    shares: Annotated[str, typer.Option(help="Parts of the vectors: 0.125,0.25,0.5,1 shows growth.")] = "1",
    corpus: Annotated[str, typer.Option(help="As in `cli.py measure`.")] = "auto",
    sequences: Annotated[int, typer.Option(min=2, help="Text sequences drawn from the corpus.")] = 5000,
    seed: Annotated[int, typer.Option(help="Seed of the text sample and of the quantizer.")] = 0,
    quantizer_seeds: Annotated[int, typer.Option(min=1, help="Quantizer seeds at each size.")] = 1,
    detach: DetachOption = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure cells with other numbers of bins: does the order of the checkpoints change?"""
    subjects = subjects_of(
        checkpoints, vectors, columns=vector_columns, array=array, skip_bad_rows=skip_bad_rows
    )
    plan = Plan(
        M=tuple(map(int, numbers(m, "--m"))),
        k=tuple(map(int, numbers(k, "--k"))),
        shares=tuple(numbers(shares, "--shares")),
    )
    settings = Settings(
        corpus=corpus,
        sequences=sequences,
        measures=measures,
        seed=seed,
        at=at,
        quantizer_seeds=quantizer_seeds,
    )
    request = CellStudy(settings, plan)
    cell_studies.check(request)
    opened = Store.open(store_folder(store))
    if detach:
        detached(opened, jobs.submit(opened, request, subjects), as_json)
        return
    results, failures = attempt(
        [subject.name for subject in subjects],
        lambda index, progress: cell_studies.study(opened, subjects[index], request, progress),
    )
    agreement = cell_studies.agreements(results)
    if as_json:
        documents = [result.to_json() for result in results]
        print_json({"results": documents, "agreement": records(agreement), "failures": failures})
    else:
        for result in results:
            print_sizes(result)
        if len(agreement):
            print_frame(agreement, "Spearman correlation with the order at M = 4, k = 256")
    report(failures)


def print_sizes(result: StudiedCells) -> None:
    """Draw one subject's cell measures at each size."""
    title = f"{result.subject}  ({result.n:,} × {result.d})"
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    names = list(result.values[0].measures)
    for heading in ("M", "k", "n", *names):
        table.add_column(heading, justify="right")
    for size in result.values:
        values = [f"{size.measures[name]:.4g}" if name in size.measures else "" for name in names]
        table.add_row(str(size.M), str(size.k), f"{size.n:,}", *values)
    draw(table)
    for left in result.left_out:
        people.print(f"M = {left.M}, k = {left.k}: {left.reason}", highlight=False)
    people.print()
