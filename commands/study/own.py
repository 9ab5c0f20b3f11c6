"""The project's own repetition of arXiv 2406.12159."""

from pathlib import Path
from typing import Annotated

import typer

from cache import own_study
from cache.paths import store_folder
from cache.store import Store
from cache.tasks import glue_run as fine_tuning
from commands.terminal import (
    JsonOption,
    StoreOption,
    people,
    print_json,
    queued,
)
from core.studies import own_study as own_plan

app = typer.Typer()


@app.command("own")
def study_own(
    part: Annotated[str, typer.Argument(help=f"{' or '.join(own_plan.PARTS)}.")],
    data: Annotated[
        Path | None, typer.Option(help="Folder of GLUE's Parquet files; default: the hub.")
    ] = None,
    checkpoints: Annotated[Path, typer.Option(help="Where the small encoders are kept.")] = Path(
        "checkpoints/own-study"
    ),
    tasks: Annotated[str, typer.Option(help="GLUE tasks, with commas.")] = "CoLA,MRPC,RTE,STS-B",
    learning_rate: Annotated[float | None, typer.Option(help="Default: 2e-5.")] = None,
    train_examples: Annotated[
        int | None, typer.Option(min=1, help="Only the first so many of each task. Default: all.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Also what the shipped table holds.")] = False,
    collect: Annotated[
        Path | None, typer.Option(help="Queue nothing: write what is finished to this .csv file.")
    ] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """The project's own repetition of arXiv 2406.12159: queue what is missing, or collect the finished."""
    opened = Store.open(store_folder(store))
    shipped = own_plan.shipped()
    if collect is not None:
        table = own_plan.merged(shipped, own_study.collect(opened, part, checkpoints))
        table.to_csv(collect, index=False, float_format="%.6g")
        count = table["label"].nunique()
        if as_json:
            print_json({"file": str(collect), "rows": len(table), "checkpoints": count})
        else:
            people.print(f"Wrote {len(table):,} rows of {count} checkpoints to {collect}.", highlight=False)
        return
    names = tuple(name.strip() for name in tasks.split(",") if name.strip())
    request = fine_tuning.request_of(
        {"learning_rate": learning_rate, "train_examples": train_examples}, data, names
    )
    skip = set() if again else own_plan.finished(shipped, names)
    queued(opened, own_study.queue(opened, part, checkpoints, request, skip=skip), as_json)
