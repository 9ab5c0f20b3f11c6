"""The back door: the same work from a terminal.

Prints for people; with --json the last line of standard output is one JSON document and nothing else goes
there. What cannot be done ends with one sentence on standard error and an exit status above 0.
"""

import json
import math
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from cache import (
    cell_studies,
    evidences,
    fine_tuning,
    gaps,
    imports,
    jobs,
    own_study,
    predicting,
    queries,
    worker,
)
from cache.measuring import Progress, Settings, Subject, measure_subject
from cache.paths import store_folder
from cache.store import Store
from core.errors import InputError
from core.evidence import LEVELS
from core.gap import Z
from core.glue import TASKS as GLUE_TASKS
from core.measures import GROUPS, MEASURES, select
from core.studies import own_study as own_plan

app = typer.Typer(
    help="Which checkpoints are worth fine-tuning first, from the geometry of their latent space.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
scores_app = typer.Typer(help="Benchmark scores: your own beside the published ones.", no_args_is_help=True)
jobs_app = typer.Typer(help="Work handed to background workers.")
covariates_app = typer.Typer(help="What may stand behind a correlation: size, training, noise.")
app.add_typer(scores_app, name="scores")
app.add_typer(covariates_app, name="covariates", no_args_is_help=True)
study_app = typer.Typer(help="Questions that the papers leave open, asked of your checkpoints.")
app.add_typer(jobs_app, name="jobs")
app.add_typer(study_app, name="study", no_args_is_help=True)

people = Console()
notices = Console(stderr=True)
TRACEBACKS = "LATENT_SHORTLIST_TRACEBACKS"  # set: an unforeseen error is raised instead of told

StoreOption = Annotated[
    Path | None,
    typer.Option("--store", help="Where results live.", envvar="LATENT_SHORTLIST_STORE", show_envvar=False),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="End with one line of JSON, and print nothing else.")
]


def print_json(document: Any) -> None:
    """Write one line of strict JSON: what is not a number is null."""

    def strict(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: strict(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [strict(item) for item in value]
        return None if isinstance(value, float) and not math.isfinite(value) else value

    print(json.dumps(strict(document), ensure_ascii=False, allow_nan=False))


def records(frame: Any) -> list[dict[str, Any]]:
    """The rows of a data frame as plain JSON values."""
    return json.loads(frame.to_json(orient="records", date_format="iso", double_precision=15))


def print_frame(frame: Any, title: str) -> None:
    """Draw a data frame as a table for people."""
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for column in frame.columns:
        numeric = frame[column].dtype.kind in "fiu"
        table.add_column(str(column), justify="right" if numeric else "left", overflow="fold")
    for row in frame.itertuples(index=False):
        table.add_row(*("" if value is None or value != value else _short(value) for value in row))
    people.print(table)


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


@app.command()
def measure(
    checkpoints: Annotated[
        list[str] | None,
        typer.Argument(metavar="CHECKPOINT…", help="Folders, hub ids, or `minilm` (installed)."),
    ] = None,
    vectors: Annotated[
        list[Path] | None,
        typer.Option(help="File of vectors: .npy .npz .parquet .csv .safetensors; repeatable."),
    ] = None,
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
    precision: Annotated[str, typer.Option(help="auto, float32 or bfloat16.")] = "auto",
    revision: Annotated[str | None, typer.Option(help="Branch, tag or commit of hub ids.")] = None,
    detach: Annotated[
        bool, typer.Option("--detach", help="Hand it to background workers and return; see `cli.py jobs`.")
    ] = False,
    executor: Annotated[
        str | None, typer.Option(help="Spread over processes: local, or over machines: dask:ADDRESS.")
    ] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure checkpoints, or vectors of your own; what the store already holds is not computed again."""
    subjects = [Subject("checkpoint", name, revision=revision) for name in checkpoints or []]
    subjects += [Subject("vectors", path.name, path=str(path)) for path in vectors or []]
    if not subjects:
        raise InputError("Nothing to measure: name checkpoints, or give --vectors FILE.")
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
    select(measures)  # an unknown measure is said once, before any work
    opened = Store.open(store_folder(store))
    if detach or executor:
        job = jobs.submit(opened, subjects, settings)
        if detach:
            worker.ensure_workers(opened)
            if as_json:
                print_json({"job": job})
            else:
                people.print(f"Job {job} is queued; `cli.py jobs watch {job}` shows how far it is.")
            return
        worker.run_job(opened, job, executor)
    results, failures = attempt(
        [subject.name for subject in subjects],
        lambda index, progress: measure_subject(opened, subjects[index], settings, progress),
    )
    if as_json:
        print_json({"results": results, "failures": failures})
    else:
        for result in results:
            print_card(result)
    report(failures)


def attempt(
    names: list[str], work: Callable[[int, Progress], dict[str, Any]]
) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """Do `work(index, progress)` for each name; one that fails does not end the list. (results, failures)"""
    results, failures = [], []
    with notices.status("") as status:
        for index, name in enumerate(names):

            def progress(stage: str, done: int, total: int, unit: str, name: str = name) -> None:
                status.update(f"{name}: {stage}" + (f", {done:,} of {total:,} {unit}" if total else ""))

            try:
                results.append(work(index, progress))
            except Exception as error:
                failures.append({"subject": name, "error": sentence(error)})
    return results, failures


def sentence(error: Exception) -> str:
    """What to tell a person of an error: the sentence of an InputError, or that it was not foreseen."""
    if isinstance(error, InputError):
        return str(error)
    if TRACEBACKS in os.environ:
        raise error
    said = (str(error).splitlines() or [""])[0]
    return f"Failed unexpectedly ({type(error).__name__}: {said}); set {TRACEBACKS}=1 to see where."


def report(failures: list[dict[str, str]]) -> None:
    """Say each failure in one line; any makes the exit status 1."""
    for failure in failures:
        say(f"{failure['subject']}: {failure['error']}")
    if failures:
        raise typer.Exit(1)


def say(message: str) -> None:
    """One sentence on standard error."""
    notices.print(message, markup=False, highlight=False, soft_wrap=True)


def print_card(result: dict[str, Any]) -> None:
    """Draw one subject's measures."""
    origin = "from the store" if result["cached"] else f"{result['seconds']:.1f} s"
    title = f"{result['subject']}  ({result['n']:,} × {result['d']}, {origin})"
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    table.add_column("measure")
    table.add_column("value", justify="right")
    table.add_column("± sd over samples", justify="right")
    table.add_column("± sd over quantizer seeds" if result["sd_quantizer"] else "", justify="right")
    for name, value in result["measures"].items():
        seeds = result["sd_quantizer"].get(name)
        spread = result["sd_text"].get(name, None if seeds else result["sd"].get(name))
        table.add_row(
            name,
            f"{value:.5g}",
            "one sample" if spread is None else f"{spread:.2g}",
            "" if seeds is None else f"{seeds:.2g}",
        )
    people.print(table)
    if result["cells"]:
        people.print(
            "Cells at n = {n:,} vectors, M = {M}, k = {k}, engine {engine}.".format(**result["cells"])
        )
    for reason in dict.fromkeys(result["left_out"].values()):
        names = ", ".join(name for name, why in result["left_out"].items() if why == reason)
        people.print(f"No value for {names}: {reason}", markup=False, highlight=False)
    people.print()


@app.command("measures")
def list_measures(as_json: JsonOption = False) -> None:
    """List every measure: what it means, and where it comes from."""
    if as_json:
        print_json([vars(measure) for measure in MEASURES.values()])
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("name", "what it says", "direction", "source"):
        table.add_column(heading, overflow="fold")
    for entry in MEASURES.values():
        table.add_row(entry.name, entry.meaning, entry.direction, entry.source)
    people.print(table)


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


def job_document(job: jobs.Job) -> dict[str, Any]:
    """One job as the JSON that `jobs list` and `jobs watch` print."""
    return {
        "job": job.id,
        "title": job.title,
        "state": job.state,
        "submitted_at": job.submitted_at,
        "pieces": [
            {
                "subject": piece.subject.name,
                "state": piece.state,
                "stage": piece.stage,
                "done": piece.done,
                "total": piece.total,
                "unit": piece.unit,
                "rate": piece.rate,
                "seconds_left": piece.seconds_left,
                "error": piece.error,
            }
            for piece in job.pieces
        ],
    }


@jobs_app.callback(invoke_without_command=True)
def jobs_default(context: typer.Context, store: StoreOption = None, as_json: JsonOption = False) -> None:
    """List the jobs when no command is given."""
    if context.invoked_subcommand is None:
        list_jobs(store, as_json)


@jobs_app.command("list")
def list_jobs(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """List the jobs, newest first, with how far each is."""
    found = jobs.list_jobs(Store.open(store_folder(store)))
    if as_json:
        print_json({"jobs": [job_document(job) for job in found]})
        return
    if not found:
        people.print("No jobs yet: `cli.py measure CHECKPOINT --detach` makes one.")
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("job", "title", "state", "pieces done", "submitted"):
        table.add_column(heading, overflow="fold")
    for job in found:
        finished = sum(piece.state == "done" for piece in job.pieces)
        table.add_row(job.id, job.title, job.state, f"{finished} of {len(job.pieces)}", job.submitted_at)
    people.print(table)


@jobs_app.command("watch")
def watch_job(
    job_id: Annotated[str | None, typer.Argument(metavar="JOB", help="The newest by default.")] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Follow a job to its end; leaving with Ctrl-C does not stop it."""
    import time

    opened = Store.open(store_folder(store))
    job = jobs.get(opened, job_id) if job_id else next(iter(jobs.list_jobs(opened)), None)
    if job is None:
        raise InputError("There is no job to watch: `cli.py measure CHECKPOINT --detach` makes one.")
    worker.ensure_workers(opened)
    with notices.status("") as status:
        while job.state in ("queued", "running"):
            running = [piece for piece in job.pieces if piece.state == "running"]
            finished = sum(piece.state in ("done", "failed") for piece in job.pieces)
            doing = "; ".join(f"{piece.subject.name}: {piece.stage}" for piece in running)
            status.update(f"{finished} of {len(job.pieces)} finished. {doing}")
            time.sleep(0.5)
            job = jobs.get(opened, job.id)
    if as_json:
        print_json(job_document(job))
    else:
        people.print(f"Job {job.id}: {job.state}.")
    for piece in job.pieces:
        if piece.error:
            say(f"{piece.subject.name}: {piece.error}")
    if job.state != "done":
        raise typer.Exit(1)


@jobs_app.command("cancel")
def cancel_job(job_id: str, store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Stop a job; what it has finished stays."""
    jobs.cancel(Store.open(store_folder(store)), job_id)
    if as_json:
        print_json({"job": job_id, "cancelled": True})
    else:
        people.print(f"Job {job_id} is being cancelled.")


@jobs_app.command("resume")
def resume_job(job_id: str, store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Go on with a cancelled, interrupted or partly failed job; finished pieces are not done again."""
    opened = Store.open(store_folder(store))
    jobs.resume(opened, job_id)
    worker.ensure_workers(opened)
    if as_json:
        print_json({"job": job_id, "resumed": True})
    else:
        people.print(f"Job {job_id} goes on; `cli.py jobs watch {job_id}` shows how far it is.")


@study_app.callback()
def study_default() -> None:
    """Questions that the papers leave open, asked of your checkpoints."""


@study_app.command("held-out")
def study_held_out(
    again: Annotated[
        bool, typer.Option("--again", help="Compute it anew from the published figures: minutes.")
    ] = False,
    predictors: Annotated[str | None, typer.Option(help="Only these, by name, with commas.")] = None,
    save: Annotated[Path | None, typer.Option(help="Also write the table to this .csv file.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Every predictor by what it misses on checkpoints that it was not fitted to."""
    names = [name.strip() for name in (predictors or "").split(",") if name.strip()]
    with notices.status("") as status:
        table = predicting.held_out_table(again, names, say=status.update)
    if save:
        predicting.save_table(table, save)
    if as_json:
        print_json({"predictors": records(table)})
        return
    short = {
        "predictor": "predictor",
        "role": "chosen for",
        "family_mse": "MSE",
        "fold_r2": "R²",
        "coverage": "held",
        "width": "width",
        "test_mse": "MSE 13",
        "test_mae": "MAE 13",
        "test_spearman": "ρ 13",
    }
    shown = table[list(short)].rename(columns=short)
    print_frame(shown.round(dict.fromkeys(shown.columns, 4)), "Predictors by held-out error")
    people.print(
        "MSE: on families left out, families counting the same. R²: in 10-fold cross-validation. held, "
        "width: of the 90 % range, families left out. 13: the 13 non-standard checkpoints; ρ is Spearman's.",
        highlight=False,
    )


@study_app.command("glue")
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
        int | None, typer.Option(min=1, help="Only the first so many; said beside every score. Default: all.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Of the head, the order and the dropout. Default: 42.")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    detach: Annotated[
        bool, typer.Option("--detach", help="Hand it to background workers and return; see `cli.py jobs`.")
    ] = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fine-tune on GLUE, as its script in transformers does by default; what is scored is not done again."""
    request = own_study.request_of(
        {
            "epochs": epochs,
            "learning_rate": learning_rate,
            "train_examples": train_examples,
            "seed": seed,
        },
        data,
        tuple(name.strip() for name in tasks.split(",") if name.strip()),
    )
    settings = fine_tuning.settings_of(request, device)
    subjects = [Subject("glue", name) for name in checkpoints]
    opened = Store.open(store_folder(store))
    if detach:
        queued(opened, [jobs.submit(opened, subjects, settings, "GLUE fine-tuning")], as_json)
        return
    results, failures = attempt(
        checkpoints,
        lambda index, progress: fine_tuning.fine_tune_subject(opened, subjects[index], settings, progress),
    )
    if as_json:
        print_json({"results": results, "failures": failures})
    else:
        for result in results:
            origin = "from the store" if result["cached"] else f"{result['seconds']:.0f} s"
            table = Table(
                title=f"{result['subject']}  ({origin})", title_justify="left", box=None, pad_edge=False
            )
            for heading in ("score", "value", "examples"):
                table.add_column(heading, justify="right" if heading == "value" else "left")
            for name, value in (result["scores"] | result["averages"]).items():
                table.add_row(name, f"{value:.4f}", result["examples"].get(name, ""))
            people.print(table)
    report(failures)


def queued(store: Store, made: list[str], as_json: bool) -> None:
    """Start workers on jobs just made, and say how to follow them."""
    worker.ensure_workers(store)
    if as_json:
        print_json({"jobs": made})
    else:
        people.print(f"Queued: {', '.join(made)}; `cli.py jobs` shows how far they are.", highlight=False)


@study_app.command("own")
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
    request = own_study.request_of(
        {"learning_rate": learning_rate, "train_examples": train_examples}, data, names
    )
    skip = set() if again else own_plan.finished(shipped, names)
    queued(opened, own_study.queue(opened, part, checkpoints, request, skip=skip), as_json)


@study_app.command("cells-sweep")
def cells_sweep(
    checkpoints: Annotated[
        list[str] | None,
        typer.Argument(metavar="CHECKPOINT…", help="Folders, hub ids, or `minilm` (installed)."),
    ] = None,
    vectors: Annotated[list[Path] | None, typer.Option(help="File of vectors; repeatable.")] = None,
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
    detach: Annotated[
        bool, typer.Option("--detach", help="Hand it to background workers and return; see `cli.py jobs`.")
    ] = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure cells with other numbers of bins: does the order of the checkpoints change?"""
    subjects = [Subject("checkpoint", name) for name in checkpoints or []]
    subjects += [Subject("vectors", path.name, path=str(path)) for path in vectors or []]
    if not subjects:
        raise InputError("Nothing to measure: name checkpoints, or give --vectors FILE.")
    plan = cell_studies.Plan(
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
        study=cell_studies.Plan.from_json(plan.to_json()).to_json(),
    )
    select(measures)
    opened = Store.open(store_folder(store))
    if detach:
        title = f"Number of cells: {len(subjects)} subjects"
        job = cell_studies.queue_study(opened, subjects, settings, plan, title)
        worker.ensure_workers(opened)
        if as_json:
            print_json({"job": job})
        else:
            people.print(f"Job {job} is queued; `cli.py jobs watch {job}` shows how far it is.")
        return
    results, failures = attempt(
        [subject.name for subject in subjects],
        lambda index, progress: cell_studies.study(opened, subjects[index], settings, progress),
    )
    agreement = cell_studies.agreements(results)
    if as_json:
        print_json({"results": results, "agreement": records(agreement), "failures": failures})
    else:
        for result in results:
            print_sizes(result)
        if len(agreement):
            print_frame(agreement, "Spearman correlation with the order at M = 4, k = 256")
    report(failures)


@study_app.command("paper")
def study_paper(as_json: JsonOption = False) -> None:
    """Every number that arXiv 2406.12159 prints, beside what its own data give."""
    from core.studies import latent_geometry
    from core.studies import latent_geometry_print as paper

    rows = paper.compared()
    if as_json:
        print_json({"comparisons": records(rows), "verdicts": rows["verdict"].value_counts().to_dict()})
        return
    for table, part in rows.groupby("table"):
        print_frame(paper.for_people(part), f"{table} of arXiv 2406.12159")
        for row in part[part["comment"] != ""].itertuples():
            place = f"{row.row}, {latent_geometry.COLUMNS.get(str(row.column), row.column)}"
            people.print(f"{place}: {row.comment}", markup=False, highlight=False)
        people.print()
    for verdict, count in rows["verdict"].value_counts().items():
        people.print(f"{count} {paper.VERDICTS[verdict]}")


def numbers(text: str, option: str) -> list[float]:
    """Numbers with commas between them."""
    try:
        return [float(part) for part in text.split(",")]
    except ValueError as error:
        raise InputError(f"{option} takes numbers with commas between them, not {text!r}.") from error


def print_sizes(result: dict[str, Any]) -> None:
    """Draw one subject's cell measures at each size."""
    title = f"{result['subject']}  ({result['n']:,} × {result['d']})"
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    names = list(result["values"][0]["measures"])
    for heading in ("M", "k", "n", *names):
        table.add_column(heading, justify="right", overflow="fold")
    for size in result["values"]:
        values = [f"{size['measures'][name]:.4g}" if name in size["measures"] else "" for name in names]
        table.add_row(str(size["M"]), str(size["k"]), f"{size['n']:,}", *values)
    people.print(table)
    for left in result["left_out"]:
        people.print(f"M = {left['M']}, k = {left['k']}: {left['reason']}", markup=False, highlight=False)
    people.print()


@app.command()
def predict(
    subjects: Annotated[
        list[str] | None,
        typer.Argument(metavar="SUBJECT…", help="Names, folders or fingerprints that the store knows."),
    ] = None,
    named_set: Annotated[
        str | None, typer.Option("--set", help="nonstandard: the paper's 13, in the order of their table.")
    ] = None,
    score: Annotated[
        str, typer.Option(help="What to predict: a task in `cli.py scores list`.")
    ] = "glue_average",
    predictor: Annotated[str, typer.Option(help="mean, linear, linear+architecture or best.")] = "best",
    measures: Annotated[
        str | None, typer.Option(help="Of a straight line: names with commas; default: point patchiness.")
    ] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Predict a score from measures, with the range that should hold it; no argument: every checkpoint."""
    names = [name.strip() for name in measures.split(",") if name.strip()] if measures else None
    opened = Store.open(store_folder(store))
    document = predicting.predict(opened, subjects or [], score, predictor, names, named_set=named_set)
    if as_json:
        print_json(document)
    else:
        print_predictions(document)


def print_predictions(document: dict[str, Any]) -> None:
    """Draw predictions as a table, and what they rest on in one line."""
    model = document["model"]
    table = Table(
        title=f"Predicted {model['score']}, by {model['predictor']}",
        title_justify="left",
        box=None,
        pad_edge=False,
    )
    table.add_column("checkpoint", overflow="fold")
    for heading in ("predicted", f"{100 * model['level']:.0f} % range", "known"):
        table.add_column(heading, justify="right")
    table.add_column("outside the reference", overflow="fold")
    for result in document["results"]:
        told, low, known = (result[key] for key in ("predicted", "low", "actual"))
        table.add_row(
            result["name"],
            "" if told is None else f"{told:.3f}",
            "" if low is None else f"{low:.2f} to {result['high']:.2f}",
            "" if known is None else f"{known:.3f}",
            "" if result["in_range"] else " ".join(result["reasons"]),
        )
    people.print(table)
    held = model["held_out"]
    if held:
        people.print(
            f"On families it had not seen it missed by {held['rmse']:.3f} (root mean square), always saying "
            f"the mean by {held['rmse_of_the_mean']:.3f}; its ranges held {100 * model['coverage']:.0f} % of "
            "the known scores.",
            highlight=False,
        )


@app.command()
def gap(
    checkpoints: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="CHECKPOINT…", help="Folders, folders of checkpoints, hub ids, or `minilm` (installed)."
        ),
    ] = None,
    domain: Annotated[
        str, typer.Option(help="Token set (see --sets) or a text file with one word a line.")
    ] = "digits",
    reference: Annotated[
        str, typer.Option(help="Token set, a file, or random:N tokens of the rest of the vocabulary.")
    ] = gaps.REFERENCE,
    form: Annotated[
        str | None, typer.Option(help="Which token of a word: plain, word or both; default: the set's own.")
    ] = None,
    cases: Annotated[bool, typer.Option("--cases", help="Also lower, Capitalised and UPPER case.")] = False,
    several: Annotated[
        str, typer.Option(help="A word of several tokens: skip it, or average its rows.")
    ] = "skip",
    seed: Annotated[int, typer.Option(min=0, help="Seed of the resamples and of random:N.")] = 0,
    revision: Annotated[str | None, typer.Option(help="Branch, tag or commit of hub ids.")] = None,
    owner: Annotated[str, typer.Option(help="Also every hub repository of this owner.")] = "",
    made_from: Annotated[str, typer.Option(help="Also every hub repository made from this model.")] = "",
    tag: Annotated[list[str] | None, typer.Option(help="Only hub repositories with this tag.")] = None,
    sets: Annotated[bool, typer.Option("--sets", help="List the token sets and end.")] = False,
    detach: Annotated[
        bool, typer.Option("--detach", help="Hand it to background workers and return; see `cli.py jobs`.")
    ] = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Rank checkpoints by the dispersion gap, from a few rows of their output embedding alone."""
    if sets:
        print_sets(as_json)
        return
    names = gaps.expand(checkpoints or [])
    if owner or made_from or tag:
        from core.hub_search import search

        found = search(owner=owner, base_model=made_from, tags=tuple(tag or ()))
        names = list(dict.fromkeys([*names, *found]))
    if not names:
        raise InputError("Nothing to measure: name checkpoints, a folder of them, or --made-from MODEL.")
    request = gaps.Request.of(domain, reference, form=form, cases=cases, several=several, seed=seed)
    opened = Store.open(store_folder(store))
    if detach:
        job = gaps.queue_gaps(opened, [(name, revision) for name in names], request)
        worker.ensure_workers(opened)
        if as_json:
            print_json({"job": job})
        else:
            people.print(f"Job {job} is queued; `cli.py jobs watch {job}` shows how far it is.")
        return
    results, failures = attempt(
        names,
        lambda index, progress: gaps.gap_for(opened, names[index], request, progress, revision=revision),
    )
    if as_json:
        print_json({"results": results, "failures": failures})
    elif results:
        print_gaps(results, gaps.tied_pairs(opened, results, "cosine"))
    report(failures)


def print_gaps(results: list[dict[str, Any]], tied: list[tuple[int, int]]) -> None:
    """Draw gaps as a ranking by cosine distance; what cannot be told apart says so."""
    first = results[0]
    title = f"Token gap of {first['domain']} against {first['reference']}, by cosine distance"
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    table.add_column("rank", justify="right")
    table.add_column("checkpoint", overflow="fold")
    for heading in ("gap", "± 95 %", "within", "between", "euclidean"):
        table.add_column(heading, justify="right")
    table.add_column("tied with rank")
    order = sorted(range(len(results)), key=lambda index: -results[index]["cosine"]["gap"])
    rank = {index: place for place, index in enumerate(order, start=1)}
    for index in order:
        result, cosine = results[index], results[index]["cosine"]
        near = sorted(rank[j if i == index else i] for i, j in tied if index in (i, j))
        table.add_row(
            str(rank[index]),
            Path(result["subject"]).name,
            f"{cosine['gap']:.4f}",
            f"{Z * cosine['se']:.2g}",
            f"{cosine['within_domain']:.4f}",
            f"{cosine['between']:.4f}",
            f"{result['euclidean']['gap']:.4g}",
            ", ".join(map(str, near)),
        )
    people.print(table)
    read, requests = (sum(result[key] for result in results) for key in ("bytes_read", "requests"))
    cached = sum(result["cached"] for result in results)
    people.print(
        f"Read {read / 1e6:,.2f} MB in {requests:,} requests; {cached} of {len(results)} from the store."
    )
    for result in results:
        if result["note"]:
            people.print(result["note"], markup=False, highlight=False)


def print_sets(as_json: bool) -> None:
    """List the token sets that come along."""
    from core.token_sets import token_sets

    if as_json:
        print_json([vars(entry) for entry in token_sets().values()])
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("name", "words", "what it is", "source"):
        table.add_column(heading, overflow="fold")
    for entry in token_sets().values():
        table.add_row(entry.name, str(len(entry.words)), entry.about, entry.source)
    people.print(table)


@app.command()
def evidence(
    measure: Annotated[str, typer.Option(help="Measure, by its name in `cli.py measures`.")],
    score: Annotated[str, typer.Option(help="Score: a task in `cli.py scores list`.")],
    covariates: Annotated[
        str | None,
        typer.Option(help="Hold these fixed, with commas between them; default: all that are known."),
    ] = None,
    checkpoints: Annotated[
        str, typer.Option(help="all, perturbed (the published ones), or a family.")
    ] = evidences.ALL,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the resamples and the folds.")] = 0,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what a measure is worth: raw, with size and training taken out, and beyond them."""
    from core.losses import words_of
    from core.worth import worths
    from core.worth_words import document

    known = evidences.material(Store.open(store_folder(store)))
    evidences.found(known, measure, score)
    rows = evidences.chosen(known.rows, checkpoints)
    asked = [name.strip() for name in covariates.split(",") if name.strip()] if covariates else None
    tried = evidences.tried(rows, known.measures, score)
    if measure not in tried:
        raise InputError(
            f"Fewer than {evidences.FEWEST} of these checkpoints have both {measure} and {score}: measure "
            "more of them, or import their scores."
        )
    words = words_of(known.scores, score)
    found = worths(rows, known.covariates, tried, score, asked=asked, words=words, seed=seed)
    told = document(found[tried.index(measure)], checkpoints, len(tried), seed)
    if as_json:
        print_json(told)
    else:
        print_evidence(told)


def print_evidence(told: dict[str, Any]) -> None:
    """Draw one measure's evidence as a table, and under it what it rests on."""
    title = f"{told['measure']} and {told['score']} ({told['n']} checkpoints)"
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    table.add_column("statistic")
    for heading in ("value", "95 % interval", "p", f"q of {told['tests']}", "n"):
        table.add_column(heading, justify="right")
    rows = {
        "Pearson": told["pearson"],
        "Spearman": told["raw_spearman"],
        "residual, linear": told["residual_spearman_linear"],
        "residual, scaling law": told["residual_spearman_chinchilla"],
        "partial": told["partial_spearman"],
    }
    for name, row in rows.items():
        if math.isnan(row["value"]):
            table.add_row(name, "none", "", "", "", str(row["n"]))
            continue
        interval = f"{row['low']:+.2f} to {row['high']:+.2f}" if not math.isnan(row["low"]) else "too few"
        q = f"{row['q']:.2g}" if "q" in row else ""
        table.add_row(name, f"{row['value']:+.3f}", interval, f"{row['p']:.2g}", q, str(row["n"]))
    people.print(table)
    added, law = told["added_r2"], told["residual_spearman_chinchilla"]["law"]
    base = added["baseline_r2"]
    lines = [f"Badge: {LEVELS[told['badge']]}. {' '.join(told['reasons'])}"]
    if added["reason"] is None:
        over = ", ".join(added["baseline"]) or "always the mean"
        lines.append(f"Added R² on held-out checkpoints: {added['value']:+.3f} over {over} ({base:.3f}).")
    if law:
        lines.append(f"Scaling law of {law['loss']}: {law['formula']}.")
    given, missing = told["covariates"]["used"], told["covariates"]["missing"]
    lines.append(f"Held fixed: {', '.join(given) or 'nothing'}.")
    if missing:
        lines.append(f"Not held fixed: {', '.join(f'{name} ({why})' for name, why in missing.items())}.")
    reasons = {told[key].get("reason") for key in told if isinstance(told[key], dict)}
    for line in [*lines, *sorted(filter(None, reasons)), *told["notes"]]:
        people.print(line, markup=False, highlight=False)


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status; errors become one sentence on standard error."""
    try:
        status = app(args=arguments, prog_name="cli.py", standalone_mode=False)
    except typer.TyperException as error:
        say(error.format_message())
        return error.exit_code
    except (typer.Abort, KeyboardInterrupt):
        say("Stopped; what is finished is kept, and the same command goes on from there.")
        return 130
    except Exception as error:
        say(sentence(error))
        return 1
    return status if isinstance(status, int) else 0


if __name__ == "__main__":
    sys.exit(main())
