"""Fine-tuning on GLUE."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from cache import jobs
from cache.paths import store_folder
from cache.requests import Subject
from cache.store import Store
from cache.tasks import glue_run as fine_tuning
from commands.terminal import (
    DetachOption,
    JsonOption,
    StoreOption,
    attempt,
    draw,
    print_json,
    queued,
    report,
)
from core.fine_tuning.glue import TASKS as GLUE_TASKS

app = typer.Typer()


@app.command("glue")
def study_glue(
    checkpoints: Annotated[
        list[str],
        typer.Argument(
            metavar="CHECKPOINT…", help="Folders, hub ids, `minilm`, or variants: minilm+noise:0.1."
        ),
    ],
    tasks: Annotated[str, typer.Option(help="GLUE tasks, with commas.")] = ",".join(GLUE_TASKS),
    data: Annotated[
        Path | None, typer.Option(help="Folder of Parquet files, CoLA.train.parquet …; default: the hub.")
    ] = None,
    epochs: Annotated[float | None, typer.Option(help="Default: 3.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Default: 2e-5.")] = None,
    train_examples: Annotated[
        int | None,
        typer.Option(min=1, help="Train on the first so many only; stored with every score. Default: all."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Of the head, the order and the dropout. Default: 42.")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    detach: DetachOption = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fine-tune on GLUE, as its script in transformers does by default; what is scored is not done again."""
    request = fine_tuning.request_of(
        {
            "epochs": epochs,
            "learning_rate": learning_rate,
            "train_examples": train_examples,
            "seed": seed,
        },
        data,
        tuple(name.strip() for name in tasks.split(",") if name.strip()),
        device,
    )
    subjects = [Subject(name) for name in checkpoints]
    opened = Store.open(store_folder(store))
    if detach:
        queued(opened, [jobs.submit(opened, request, subjects, "GLUE fine-tuning")], as_json)
        return
    results, failures = attempt(
        checkpoints,
        lambda index, progress: fine_tuning.fine_tune_subject(opened, subjects[index], request, progress),
    )
    if as_json:
        print_json({"results": [result.to_json() for result in results], "failures": failures})
    else:
        for result in results:
            origin = "from the store" if result.cached else f"{result.seconds:.0f} s"
            table = Table(
                title=f"{result.subject}  ({origin})", title_justify="left", box=None, pad_edge=False
            )
            for heading in ("score", "value", "examples"):
                table.add_column(heading, justify="right" if heading == "value" else "left")
            for name, value in (result.scores | result.averages).items():
                table.add_row(name, f"{value:.4f}", result.examples.get(name, ""))
            draw(table)
    report(failures)
