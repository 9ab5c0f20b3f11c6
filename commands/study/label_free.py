"""Accuracy without labels, from the dispersion of queries."""

from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from cache import decoder_studies, jobs
from cache.paths import store_folder
from cache.requests import Subject
from cache.store import Store
from cache.tasks import label_free as task
from cache.tasks.label_free import LabelFree, StudiedLabelFree
from commands.study.text_options import CheckpointsArgument, DeviceOption, PrecisionOption, SeedOption
from commands.terminal import (
    DetachOption,
    JsonOption,
    StoreOption,
    attempt,
    detached,
    people,
    print_frame,
    print_json,
    report,
    save_table,
)
from core.errors import InputError
from core.wording import label_free as wording

app = typer.Typer()
_SHOWN = 5  # queries


@app.command("label-free")
def study_label_free(
    checkpoints: CheckpointsArgument,
    calibration: Annotated[
        str,
        typer.Option(help="Questions known to be answered rightly or wrongly: ARC's form, or a table."),
    ],
    unlabelled: Annotated[str, typer.Option(help="Questions whose accuracy is to be estimated.")] = "",
    text: Annotated[str | None, typer.Option(help="Of a table, the column of text.")] = None,
    correct: Annotated[
        str | None, typer.Option(help="Of a table, the column that says whether the answer was correct.")
    ] = None,
    confidence: Annotated[
        str | None, typer.Option(help="Of a table, the column of the model's confidence, 0 to 1.")
    ] = None,
    layer: Annotated[int | None, typer.Option(help="0 (embeddings) to the last, the default.")] = None,
    queries: Annotated[int, typer.Option(min=2, help="Queries in a mixture.")] = LabelFree.queries,
    seeds: Annotated[int, typer.Option(min=2, help="Draws of each mixture.")] = LabelFree.seeds,
    max_length: Annotated[int | None, typer.Option(help="Tokens that a query is cut to.")] = None,
    export: Annotated[
        Path | None, typer.Option(help="CSV of the queries, the least spread first; of one checkpoint.")
    ] = None,
    save: Annotated[Path | None, typer.Option(help="CSV of the curve of every checkpoint.")] = None,
    seed: SeedOption = 0,
    device: DeviceOption = "auto",
    precision: PrecisionOption = "auto",
    detach: DetachOption = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Estimate accuracy on unlabelled questions from how widely a model spreads them."""
    if export is not None and (detach or len(checkpoints) > 1):
        raise InputError("--export writes the queries of one checkpoint, not of several and not of a job.")
    request = LabelFree(
        calibration=calibration,
        unlabelled=unlabelled,
        text=text,
        correct=correct,
        confidence=confidence,
        layer=layer,
        queries=queries,
        seeds=seeds,
        max_length=max_length,
        seed=seed,
        device=device,
        precision=precision,
    )
    task.check(request)
    opened = Store.open(store_folder(store))
    if detach:
        detached(opened, jobs.submit(opened, request, [Subject(name) for name in checkpoints]), as_json)
        return
    results, failures = attempt(
        checkpoints,
        lambda index, progress: task.study(opened, Subject(checkpoints[index]), request, progress),
    )
    if export is not None and results:
        save_table(decoder_studies.queries(results[0]), export)
    if save is not None and results:
        save_table(pd.concat(map(decoder_studies.curve, results), ignore_index=True), save)
    if as_json:
        documents = [result.to_json() | {"sentences": sentences(result)} for result in results]
        print_json({"results": documents, "failures": failures})
    else:
        for result in results:
            print_result(result)
        if results:
            people.print(wording.NOT_SHOWN, highlight=False)
    report(failures)


def sentences(result: StudiedLabelFree) -> list[str]:
    """What a result shows, the estimate first."""
    known = (result.accuracy, result.confidence, result.mean_confidence, result.truth)
    return wording.sentences(result.curve, result.estimate, *known)


def print_result(result: StudiedLabelFree) -> None:
    """Draw one result for people."""
    points = result.curve.points
    mixtures = pd.DataFrame(
        {
            "right answers": [f"{100 * point.share:.0f} %" for point in points],
            "dispersion": [point.dispersion for point in points],
            "standard error": [point.standard_error for point in points],
            "expected": [point.expected for point in points],
        }
    )
    right, wrong = result.curve.right, result.curve.wrong
    print_frame(mixtures, f"{result.name} on {result.calibration}: {right:,} right answers, {wrong:,} wrong")
    for sentence in sentences(result):
        people.print(f"- {sentence}", highlight=False)
    for note in result.notes:
        people.print(f"- Note: {note}.", highlight=False)
    shown = decoder_studies.queries(result).drop(columns="row", errors="ignore").head(_SHOWN)
    shown["text"] = [" ".join(text.split())[:70] for text in shown["text"]]
    print_frame(shown, f"The {len(shown)} queries nearest to the others, of {len(result.queries):,}")
    people.print()
