"""Measure checkpoints and vectors; list the measures."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from cache import jobs, worker
from cache.documents import from_json
from cache.paths import store_folder
from cache.requests import Measure, Request, Settings, Subject
from cache.results import Measured, MeasuredLabels
from cache.store import Store
from cache.tasks.labelled import Labelled, measure_labels
from cache.tasks.measure import measure_subject
from commands.labels import check_options, print_labels
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
    people,
    print_json,
    report,
    stages,
    subjects_of,
)
from core.errors import InputError
from core.hidden_states.vector_files import READERS
from core.measures import GROUPS, MEASURES
from core.measures.labels import KINDS

app = typer.Typer()


@app.command()
def measure(
    checkpoints: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="CHECKPOINT…", help="Folders, hub ids, `minilm` (installed), or files of vectors."
        ),
    ] = None,
    vectors: Annotated[
        list[Path] | None,
        typer.Option(help=f"File of vectors: {' '.join(READERS)}; repeatable."),
    ] = None,
    vector_columns: ColumnsOption = None,
    array: ArrayOption = None,
    skip_bad_rows: SkipRowsOption = False,
    corpus: Annotated[
        str, typer.Option(help="standard-library, ptb+wikitext-2, a file, or auto: the best that is here.")
    ] = "auto",
    column: Annotated[
        str | None, typer.Option(help="Text column of a Parquet, CSV or JSON Lines corpus.")
    ] = None,
    sequences: Annotated[int, typer.Option(min=2, help="Text sequences drawn from the corpus.")] = 5000,
    measures: Annotated[
        str,
        typer.Option(help=f"all (but cells), {', '.join(GROUPS)}, or names: see `cli.py measures`."),
    ] = "all",
    layer: Annotated[
        int | None, typer.Option(help="0 = embeddings, 1 = first block …; default: last.")
    ] = None,
    position: Annotated[str, typer.Option(help="Which tokens of a sequence: all, last or mean.")] = "all",
    max_length: Annotated[int | None, typer.Option(help="Cut sequences to this many tokens.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the text sample and of sampled measures.")] = 0,
    repeats: Annotated[int, typer.Option(min=1, help="Text samples (seeds SEED, SEED+1 …); gives sd.")] = 1,
    at: Annotated[
        int | None, typer.Option(min=2, help="Cells: quantize a draw of so many vectors; default: all.")
    ] = None,
    quantizer_seeds: Annotated[
        int | None,
        typer.Option(min=1, help="Cells: quantizer seeds on the first text sample; default: as --repeats."),
    ] = None,
    m: Annotated[int, typer.Option("--m", min=1, help="Cells: codebooks.")] = 4,
    k: Annotated[int, typer.Option("--k", min=2, help="Cells: centroids in each codebook.")] = 256,
    engine: Annotated[str, typer.Option(help="Cells: own, or faiss for the reference.")] = "own",
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    precision: Annotated[str, typer.Option(help="auto (float32), float32 or bfloat16.")] = "auto",
    revision: Annotated[str | None, typer.Option(help="Branch, tag or commit of hub ids.")] = None,
    labels_file: Annotated[
        Path | None,
        typer.Option(
            "--labels",
            help="Labelled text, a table of 20 to 2,000 rows: measure how well labels can be read off the "
            "vectors.",
        ),
    ] = None,
    text: Annotated[
        str | None, typer.Option(help="With --labels: column of the text; guessed where only one fits.")
    ] = None,
    text_pair: Annotated[
        str | None, typer.Option(help="With --labels: column of the second text of a pair.")
    ] = None,
    label: Annotated[
        str | None, typer.Option(help="With --labels: column of the label; guessed where only one fits.")
    ] = None,
    label_kind: Annotated[
        str, typer.Option(help=f"With --labels: {', '.join(KINDS)}; auto: with a fraction, numbers.")
    ] = "auto",
    layers: Annotated[
        bool, typer.Option("--layers", help="With --labels: print every layer, not only their mean.")
    ] = False,
    detach: DetachOption = False,
    executor: Annotated[
        str | None, typer.Option(help="Spread over processes: local, or over machines: dask:ADDRESS.")
    ] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure checkpoints, or vectors of your own; what the store already holds is not computed again."""
    subjects = subjects_of(
        checkpoints, vectors, revision, columns=vector_columns, array=array, skip_bad_rows=skip_bad_rows
    )
    settings = Settings(
        corpus=corpus,
        column=column,
        sequences=sequences,
        measures=measures,
        layer=layer,
        position=position,
        max_length=max_length,
        seed=seed,
        repeats=repeats,
        device=device,
        precision=precision,
        at=at,
        quantizer_seeds=quantizer_seeds,
        M=m,
        k=k,
        engine=engine,
    )
    asked = Labelled(
        file=str(labels_file or ""),
        text=text,
        text_pair=text_pair,
        label=label,
        kind=label_kind,
        measures=measures,
        max_length=max_length,
        device=device,
        precision=precision,
    )
    of_labels = check_options(settings, asked, layers)
    request: Request = asked if of_labels else Measure(settings)
    opened = Store.open(store_folder(store))
    if detach:
        detached(opened, jobs.submit(opened, request, subjects), as_json)
        return
    if executor:
        documents, failures = spread(opened, request, subjects, executor)
        results = [from_json(MeasuredLabels if of_labels else Measured, one) for one in documents]
    else:
        results, failures = attempt(
            [subject.name for subject in subjects],
            lambda index, progress: (
                measure_labels(opened, subjects[index], asked, progress)
                if of_labels
                else measure_subject(opened, subjects[index], settings, progress)
            ),
        )
    if as_json:
        print_json({"results": [result.to_json() for result in results], "failures": failures})
    elif of_labels:
        print_labels([result for result in results if isinstance(result, MeasuredLabels)], every=layers)
    else:
        for result in results:
            if isinstance(result, Measured):
                print_card(result)
    report(failures)


def spread(
    opened: Store, request: Request, subjects: list[Subject], executor: str
) -> tuple[list[Any], list[dict[str, str]]]:
    """Carry out a job on an executor; (documents of results, failures)."""
    job = jobs.submit(opened, request, subjects)
    with stages(f"Job {job}, spread over {executor}"):
        try:
            worker.run_job(opened, job, executor)
        except InputError:  # no such executor: nothing is left behind that would run without it
            jobs.forget(opened, job)
            raise
        worker.wait(opened, job)  # for pieces that a background worker took
    documents, failures = jobs.outcome(opened, jobs.get(opened, job))
    opened.ingest()
    return documents, failures


def print_card(result: Measured) -> None:
    """Draw one subject's measures."""
    origin = "from the store" if result.cached else f"{result.seconds:.1f} s"
    of = f"{result.n:,} × {result.d}" if result.d else f"{result.n:,} predicted tokens"
    title = f"{result.subject}  ({of}, {origin})"
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    table.add_column("measure")
    table.add_column("value", justify="right")
    table.add_column("± sd over samples", justify="right")
    table.add_column("± sd over quantizer seeds" if result.sd_quantizer else "", justify="right")
    for name, value in result.measures.items():
        seeds = result.sd_quantizer.get(name)
        spread = result.sd_text.get(name, None if seeds else result.sd.get(name))
        table.add_row(
            name,
            f"{value:.5g}",
            "one sample" if spread is None else f"{spread:.2g}",
            "" if seeds is None else f"{seeds:.2g}",
        )
    draw(table)
    if cells := result.cells:
        people.print(
            f"Cells at n = {cells.n:,} vectors, M = {cells.M}, k = {cells.k}, engine {cells.engine}."
        )
    for reason in dict.fromkeys(result.left_out.values()):
        names = ", ".join(name for name, why in result.left_out.items() if why == reason)
        people.print(f"No value for {names}: {reason}", highlight=False)
    for note in result.notes:
        people.print(note, highlight=False)
    people.print()


@app.command("measures")
def list_measures(
    as_json: JsonOption = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the page of documentation, docs/measures.md.")
    ] = False,
) -> None:
    """List every measure: what it means, and where it comes from."""
    if markdown:
        from core.wording.measures import page

        print(page(GROUPS.values(), MEASURES.values()), end="")
        return
    if as_json:
        print_json([entry.to_json() for entry in MEASURES.values()])
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("name", "what it says", "direction", "source"):
        table.add_column(heading)
    for entry in MEASURES.values():
        table.add_row(entry.name, entry.meaning, entry.direction, entry.source)
    draw(table)
