"""Perplexity against dispersion."""

from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from cache.measuring.segments import SegmentedText
from cache.paths import store_folder
from cache.requests import Request
from cache.store import Store
from cache.tasks import perplexity as task
from cache.tasks.perplexity import Perplexity, StudiedPerplexity
from cache.text_difficulty import point_rows
from commands.study.text_options import (
    CheckpointsArgument,
    ColumnOption,
    CorporaOption,
    DeviceOption,
    LengthOption,
    PrecisionOption,
    SeedOption,
    SegmentsOption,
    ShorterOption,
    carried_out,
)
from commands.terminal import (
    DetachOption,
    JsonOption,
    StoreOption,
    numbers,
    people,
    print_frame,
    print_json,
    report,
    save_table,
)
from core.studies import text_difficulty as tables
from core.wording import text_difficulty as wording

app = typer.Typer()


@app.command("perplexity")
def study_perplexity(
    checkpoints: CheckpointsArgument,
    corpus: CorporaOption = None,
    column: ColumnOption = None,
    segments: SegmentsOption = 5000,
    length: LengthOption = 128,
    shorter: ShorterOption = False,
    contexts: Annotated[
        str, typer.Option(help="Also the last token's perplexity after so many tokens.")
    ] = "16,64,128,256",
    layer: Annotated[int | None, typer.Option(help="0 (embeddings) to the last, the default.")] = None,
    size: Annotated[int, typer.Option("--bin", min=2, help="Segments in a bin.")] = task.BIN,
    count: Annotated[int, typer.Option("--bins", min=2, help="Bins that Algorithm 1 picks.")] = task.PICKED,
    seed: SeedOption = 0,
    device: DeviceOption = "auto",
    precision: PrecisionOption = "auto",
    save: Annotated[Path | None, typer.Option(help="Also write the figures to this .csv file.")] = None,
    detach: DetachOption = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Set the dispersion of segments of a text against their perplexity, bin by bin."""
    requests: list[Request] = [
        Perplexity(
            SegmentedText(
                corpus=one,
                column=column,
                segments=segments,
                length=length,
                shorter=shorter,
                contexts=tuple(map(int, numbers(contexts, "--contexts"))),
                seed=seed,
                device=device,
                precision=precision,
            ),
            layer,
            size,
            count,
        )
        for one in corpus or ["auto"]
    ]
    opened = Store.open(store_folder(store))
    done = carried_out(opened, requests, checkpoints, task.study, detach=detach, as_json=as_json)
    if done is None:
        return
    results, failures = done
    if save:
        rows = [row for one in results for row in point_rows(one)]
        save_table(tables.table("points", rows), save)
    if as_json:
        documents = [result.to_json() | {"sentences": sentences(result)} for result in results]
        print_json({"results": documents, "failures": failures})
    else:
        for result in results:
            print_result(result)
        if results:
            people.print(wording.NOT_SHOWN, highlight=False)
    report(failures)


def sentences(result: StudiedPerplexity) -> list[str]:
    """What a result shows, of whole segments first."""
    return [wording.course(result.name, result.corpus, one) for one in (result.whole, *result.contexts)]


def print_result(result: StudiedPerplexity) -> None:
    """Draw one result for people."""
    points = [point for point in result.whole.points if point.picked]
    frame = pd.DataFrame(
        {
            "perplexity": [point.perplexity for point in points],
            "dispersion": [point.dispersion for point in points],
            "segments": [point.segments for point in points],
        }
    )
    print_frame(
        frame,
        f"{result.name} on {result.corpus}: {result.segments:,} segments of {result.length} tokens, "
        f"perplexity {result.perplexity:.4g}",
    )
    for sentence in sentences(result):
        people.print(f"- {sentence}", highlight=False)
    if result.note:
        people.print(f"- Note: {result.note}.", highlight=False)
    people.print()
