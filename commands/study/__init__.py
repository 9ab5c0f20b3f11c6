"""Studies: the papers' figures and tables, fine-tuning, sweeps, and the repetition of our own."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from cache import jobs, own_study, worker
from cache import predictions as predicting
from cache.paths import store_folder
from cache.requests import CellStudy, Plan, Settings, Subject
from cache.results import StudiedCells
from cache.store import Store
from cache.tasks import cell_study as cell_studies
from cache.tasks import glue_run as fine_tuning
from commands.terminal import (
    DetachOption,
    JsonOption,
    StoreOption,
    attempt,
    detached,
    draw,
    notices,
    numbers,
    people,
    print_frame,
    print_json,
    records,
    report,
    subjects_of,
)
from core.fine_tuning.glue import TASKS as GLUE_TASKS
from core.studies import own_study as own_plan

study_app = typer.Typer(
    help="Questions that the papers leave open, asked of your checkpoints.", no_args_is_help=True
)


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
    request = fine_tuning.request_of(
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
    detach: DetachOption = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure cells with other numbers of bins: does the order of the checkpoints change?"""
    subjects = subjects_of(checkpoints, vectors)
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
        people.print(f"M = {left.M}, k = {left.k}: {left.reason}", markup=False, highlight=False)
    people.print()
