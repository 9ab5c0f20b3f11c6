"""The push-away loss: training with it and without."""

from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from cache import jobs, tasks
from cache.paths import store_folder
from cache.requests import Subject
from cache.store import Store
from cache.tasks import push_away as task
from cache.tasks.push_away import PushAway, StudiedPushAway
from commands.study.text_options import ColumnOption, DeviceOption
from commands.terminal import (
    DetachOption,
    JsonOption,
    StoreOption,
    attempt,
    numbers,
    people,
    print_frame,
    print_json,
    queued,
    report,
)
from core.studies import training_tables
from core.studies.push_away import PRESETS
from core.wording import training as wording

app = typer.Typer()


@app.command("push-away")
def study_push_away(
    preset: Annotated[str, typer.Option(help=f"{', '.join(PRESETS)}: how long it takes.")] = "minutes",
    setting: Annotated[
        list[str] | None, typer.Option(help="single (one domain) or cross (text and code); both by default.")
    ] = None,
    text: Annotated[str, typer.Option(help="A text file, or a corpus as in `cli.py measure`.")] = "auto",
    code: Annotated[
        str, typer.Option(help="The second domain: a file, or python-code, the standard library's source.")
    ] = task.PYTHON_CODE,
    column: ColumnOption = None,
    seeds: Annotated[int | None, typer.Option(min=1, help="Runs of each kind; the preset's.")] = None,
    pushes: Annotated[str | None, typer.Option("--lambda", help="λ to choose from, as 0.02,0.1.")] = None,
    device: DeviceOption = "auto",
    save: Annotated[Path | None, typer.Option(help="Also write the figures to this .csv file.")] = None,
    detach: DetachOption = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train a small decoder with the push-away loss and without, and compare perplexity."""
    values = None if pushes is None else tuple(numbers(pushes, "--lambda"))
    request = PushAway(preset, text, code, column, seeds, values, device)
    settings = setting or list(task.SETTINGS)
    for name in settings:
        task.preset_of(request, name)
    tasks.task_of(request).check(request)
    opened = Store.open(store_folder(store))
    if detach:
        queued(opened, [jobs.submit(opened, request, [Subject(name) for name in settings])], as_json)
        return
    results, failures = attempt(
        settings, lambda index, progress: task.study(opened, Subject(settings[index]), request, progress)
    )
    if save:
        rows = [row for one in results for row in training_tables.push_away_rows(one.subject, one.runs)]
        training_tables.table("push_away", rows).to_csv(save, index=False, float_format="%.6g")
    if as_json:
        documents = [one.to_json() | {"sentences": sentences(one)} for one in results]
        print_json({"results": documents, "failures": failures})
    else:
        for result in results:
            print_result(result)
        if results:
            people.print(wording.NOT_SHOWN, highlight=False)
    report(failures)


def sentences(result: StudiedPushAway) -> list[str]:
    """What a result shows."""
    return wording.of_push_away(result.comparisons, result.runs)


def print_result(result: StudiedPushAway) -> None:
    """Draw one result for people."""
    rows = [
        {
            "learning rate": f"{one.rate:g}",
            "λ": f"{one.push:g}",
            "step": one.step,
            "domain": one.domain,
            "plain": one.plain,
            "with the loss": one.pushed,
            "difference": one.difference,
            "low": one.low,
            "high": one.high,
        }
        for one in result.comparisons
    ]
    print_frame(
        pd.DataFrame(rows),
        f"Test perplexity, {task.SETTINGS[result.subject]}: {result.parameters:,} parameters, "
        f"{result.tokens:,} tokens a run, {len(result.runs)} runs, {result.seconds:.0f} s",
    )
    for sentence in sentences(result):
        people.print(f"- {sentence}", highlight=False)
    people.print()
