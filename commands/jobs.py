"""Jobs handed to background workers: list, watch, cancel, resume, remove."""

from typing import Annotated, Any

import typer
from rich.table import Table

from cache import jobs, worker
from cache.paths import store_folder
from cache.store import Store
from commands.terminal import JsonOption, StoreOption, draw, people, print_json, say, stages
from core.errors import InputError

app = typer.Typer(help="Work handed to background workers.")

STARTING = 60.0  # seconds that a worker may take to begin

JobArgument = Annotated[str, typer.Argument(metavar="JOB", help="Its id, as `cli.py jobs list` shows it.")]


def job_document(job: jobs.Job) -> dict[str, Any]:
    """One job as the JSON that `jobs list` and `jobs watch` print."""
    return {
        "job": job.id,
        "title": job.title,
        "state": job.state,
        "submitted_at": job.submitted_at,
        "error": job.error,
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


@app.callback(invoke_without_command=True)
def jobs_default(context: typer.Context, store: StoreOption = None, as_json: JsonOption = False) -> None:
    """List the jobs when no command is given."""
    if context.invoked_subcommand is None:
        list_jobs(store, as_json)


@app.command("list")
def list_jobs(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """List the jobs, newest first, with how far each is."""
    listed = jobs.list_jobs(Store.open(store_folder(store)))
    if as_json:
        print_json({"jobs": [job_document(job) for job in listed]})
        return
    if not listed:
        people.print("No jobs yet: `cli.py measure CHECKPOINT --detach` makes one.")
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("job", "title", "state", "pieces done", "submitted"):
        table.add_column(heading)
    for job in listed:
        finished = sum(piece.state == "done" for piece in job.pieces)
        table.add_row(job.id, job.title, job.state, f"{finished} of {len(job.pieces)}", job.submitted_at)
    draw(table)


@app.command("watch")
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
    interrupted = time.monotonic() if job.state == "interrupted" else None  # since when
    with stages() as show:
        while job.state in jobs.OPEN:
            if job.state != "interrupted":
                interrupted = None
            elif interrupted is None:  # its worker has died: another one takes a while to begin
                worker.ensure_workers(opened)
                interrupted = time.monotonic()
            elif time.monotonic() - interrupted > STARTING:
                break
            running = [piece for piece in job.pieces if piece.state == "running"]
            finished = sum(piece.state in ("done", "failed") for piece in job.pieces)
            doing = "; ".join(f"{piece.subject.name}: {piece.stage}" for piece in running)
            show(f"{finished} of {len(job.pieces)} finished. {doing}")
            time.sleep(0.5)
            job = jobs.get(opened, job.id)
    if as_json:
        print_json(job_document(job))
    else:
        people.print(f"Job {job.id}: {job.state}.")
    if job.error:
        say(job.error)
    for piece in job.pieces:
        if piece.error:
            say(f"{piece.subject.name}: {piece.error}")
    if job.state != "done":
        raise typer.Exit(1)


@app.command("cancel")
def cancel_job(job_id: JobArgument, store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Stop a job; what it has finished stays."""
    jobs.cancel(Store.open(store_folder(store)), job_id)
    if as_json:
        print_json({"job": job_id, "cancelled": True})
    else:
        people.print(f"Job {job_id} is being cancelled.")


@app.command("resume")
def resume_job(job_id: JobArgument, store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Go on with a cancelled, interrupted or partly failed job; finished pieces are not done again."""
    opened = Store.open(store_folder(store))
    jobs.resume(opened, job_id)
    worker.ensure_workers(opened)
    if as_json:
        print_json({"job": job_id, "resumed": True})
    else:
        people.print(f"Job {job_id} goes on; `cli.py jobs watch {job_id}` shows how far it is.")


@app.command("remove")
def remove_job(job_id: JobArgument, store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Take a job off the list; what it computed stays in the store."""
    jobs.forget(Store.open(store_folder(store)), job_id)
    if as_json:
        print_json({"job": job_id, "removed": True})
    else:
        people.print(f"Job {job_id} is removed.")
