"""References of real checkpoints: how far each is measured here, and measuring the rest from the hub."""

from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from cache import jobs, references, worker
from cache.paths import store_folder
from cache.requests import Settings, Subject
from cache.store import Store
from cache.tasks.reference_build import GB, ReferenceBuild, check
from commands.jobs import watch_job
from commands.terminal import (
    DetachOption,
    JsonOption,
    StoreOption,
    detached,
    draw,
    people,
    print_json,
    say,
    stages,
)
from core.errors import InputError
from core.formatting import short_bytes, short_number
from core.hub.remote import is_off
from core.reference.members import NAMES
from core.wording import references as wording

app = typer.Typer(help="Checkpoints with scores that predictions can learn from.", no_args_is_help=True)


@app.command("list")
def list_references(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """List the references: how many of their checkpoints are measured here, and what the rest would take."""
    opened = Store.open(store_folder(store))
    standings = references.standings(opened)
    if as_json:
        print_json({"references": [asdict(one) for one in standings], "hub_off": is_off()})
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("reference", "what it is", "measured here", "parameters", "to download"):
        table.add_column(heading)
    for one in standings:
        rest = one.rest
        table.add_row(
            one.name,
            wording.TITLES[one.name],
            wording.measured(one.measured, one.checkpoints, one.measures),
            wording.parameters(one.parameters, one.sized, one.checkpoints),
            "" if rest is None else wording.download(rest.checkpoints, rest.sized, rest.stated, rest.bytes),
        )
    draw(table)
    if is_off():
        people.print(wording.HUB_OFF, highlight=False)
    else:
        people.print(f"`cli.py reference build {'|'.join(NAMES)}` measures the rest.", highlight=False)


@app.command("build")
def build_reference(
    reference: Annotated[str, typer.Argument(metavar="NAME", help=" or ".join(NAMES) + ".")],
    max_parameters: Annotated[
        str | None,
        typer.Option(metavar="N", help="Leave larger checkpoints out: a number, or one like 500M or 1.5B."),
    ] = None,
    measures: Annotated[
        str,
        typer.Option(help="all (but cells), unembedding (fetches one matrix each), or as `measure` does."),
    ] = "all",
    keep_weights: Annotated[
        bool, typer.Option("--keep-weights", help="Keep weights in the hub's cache; else they are deleted.")
    ] = False,
    disk_budget: Annotated[
        float, typer.Option(metavar="GB", min=0, help="Disk that downloaded weights take at a time.")
    ] = 20,
    corpus: Annotated[str, typer.Option(help="Text, as of `measure`.")] = "auto",
    column: Annotated[str | None, typer.Option(help="Text column, as of `measure`.")] = None,
    sequences: Annotated[int, typer.Option(min=2, help="Text sequences, as of `measure`.")] = 5000,
    seed: Annotated[int, typer.Option(help="Seed of the text sample and of sampled measures.")] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    precision: Annotated[str, typer.Option(help="auto (float32), float32 or bfloat16.")] = "auto",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be downloaded and measured, and end.")
    ] = False,
    detach: DetachOption = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure the checkpoints of a reference from the hub, smallest first; their weights do not stay."""
    settings = Settings(
        corpus=corpus,
        column=column,
        sequences=sequences,
        measures=measures,
        seed=seed,
        device=device,
        precision=precision,
    )
    most = None if max_parameters is None else count(max_parameters)
    request = ReferenceBuild(reference, settings, most, round(disk_budget * GB), keep_weights)
    check(request)
    opened = Store.open(store_folder(store))
    if not is_off():
        with stages("Asking the hub for sizes") as show:
            references.ask(
                opened,
                references.within(references.entries(opened, reference, settings), most),
                lambda done, total: show(f"Asking the hub for sizes: {done} of {total}"),
            )
    listed = references.entries(opened, reference, settings)
    chosen = references.within(listed, most)
    if dry_run or not as_json:
        print_plan(request, listed, chosen, as_json, names=dry_run)
    if dry_run:
        return
    if is_off():
        raise InputError(wording.HUB_OFF)
    if not chosen:
        if as_json:
            print_json({"job": None})
        return
    available = references.available(chosen)
    if not available:
        raise InputError(wording.none_to_be_had(len(chosen), chosen[0].problem))
    for entry in chosen:
        if entry.problem:
            say(entry.problem)
    job = jobs.open_job(opened, request)
    job = job or jobs.submit(opened, request, [Subject(entry.name) for entry in available])
    worker.ensure_workers(opened)
    if detach:
        detached(opened, job, as_json)
    else:
        watch_job(job, store, as_json)


def count(text: str) -> int:
    """A number of parameters as people write it: 500000000, 500M, 1.5B."""
    units = {"K": 1e3, "M": 1e6, "B": 1e9}
    number, unit = (text[:-1], text[-1].upper()) if text[-1:].upper() in units else (text, "")
    try:
        return round(float(number) * units.get(unit, 1))
    except (ValueError, OverflowError) as error:
        raise InputError(f"--max-parameters takes a number such as 500M or 1.5B, not {text!r}.") from error


def print_plan(
    request: ReferenceBuild,
    listed: list[references.Entry],
    chosen: list[references.Entry],
    as_json: bool,
    *,
    names: bool,
) -> None:
    """Say what a build would measure and download. names: also of each checkpoint."""
    available = references.available(chosen)
    refused, total = len(chosen) - len(available), references.summed(available)
    lacking = sum(bool(entry.lacking) for entry in listed)
    if as_json:
        document = {
            "reference": request.reference,
            "checkpoints": len(listed),
            "lacking": lacking,
            "to_measure": [asdict(entry) for entry in chosen],
            "download": asdict(total),
            "disk_budget": request.disk_budget,
            "hub_off": is_off(),
        }
        print_json(document)
        return
    if names and chosen:
        table = Table(box=None, pad_edge=False)
        table.add_column("checkpoint")
        for heading in ("parameters", "to download"):
            table.add_column(heading, justify="right")
        if refused:
            table.add_column("left out, since")
        for entry in chosen:
            size = "" if entry.bytes is None else short_bytes(entry.bytes)
            about = "" if entry.stated or entry.bytes is None else "about "
            counted = "" if entry.parameters is None else short_number(entry.parameters)
            table.add_row(entry.name, counted, about + size, *([entry.problem] if refused else []))
        draw(table)
    text = wording.plan(request.reference, len(listed), lacking, len(chosen), refused)
    people.print(text, highlight=False)
    if total.checkpoints:
        needed = wording.download(total.checkpoints, total.sized, total.stated, total.bytes)
        people.print(wording.budget(needed, request.disk_budget, request.keep_weights), highlight=False)
    if is_off() and names:
        people.print(wording.HUB_OFF, highlight=False)
