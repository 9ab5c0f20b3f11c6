"""Measures at every layer, and how each goes with perplexity."""

from itertools import pairwise
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from cache.measuring.segments import SegmentedText
from cache.paths import store_folder
from cache.requests import Request
from cache.store import Store
from cache.tasks import layers as task
from cache.tasks.layers import LayerStudy, StudiedLayers
from cache.text_difficulty import layer_rows
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
    people,
    print_frame,
    print_json,
    report,
    save_table,
)
from core.checkpoints.variants import SEEDS
from core.studies import text_difficulty as tables
from core.studies.perplexity import BIN, PICKED
from core.wording import text_difficulty as wording

app = typer.Typer()


@app.command("layers")
def study_layers(
    checkpoints: CheckpointsArgument,
    corpus: CorporaOption = None,
    column: ColumnOption = None,
    segments: SegmentsOption = 5000,
    length: LengthOption = 128,
    shorter: ShorterOption = False,
    size: Annotated[int, typer.Option("--bin", min=2, help="Segments in a bin.")] = BIN,
    count: Annotated[int, typer.Option("--bins", min=2, help="Bins that Algorithm 1 picks.")] = PICKED,
    untrained: Annotated[
        bool, typer.Option("--untrained", help="Before each checkpoint, a re-initialised copy of it.")
    ] = False,
    seed: SeedOption = 0,
    device: DeviceOption = "auto",
    precision: PrecisionOption = "auto",
    save: Annotated[Path | None, typer.Option(help="Also write the figures to this .csv file.")] = None,
    detach: DetachOption = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure every layer in one pass, and set each measure against perplexity."""
    requests: list[Request] = [
        LayerStudy(
            SegmentedText(
                corpus=one,
                column=column,
                segments=segments,
                length=length,
                shorter=shorter,
                seed=seed,
                device=device,
                precision=precision,
            ),
            size,
            count,
        )
        for one in corpus or ["auto"]
    ]
    if untrained:
        copies = [f"{name}+reinitialised:{SEEDS[0]}" for name in checkpoints]
        checkpoints = [one for pair in zip(copies, checkpoints, strict=True) for one in pair]
    opened = Store.open(store_folder(store))
    done = carried_out(opened, requests, checkpoints, task.study, detach=detach, as_json=as_json)
    if done is None:
        return
    results, failures = done
    if save:
        rows = [row for one in results for row in layer_rows(one)]
        save_table(tables.table("layers", rows), save)
    if as_json:
        print_json(
            {
                "results": [one.to_json() for one in results],
                "sentences": sentences(results),
                "failures": failures,
            }
        )
    else:
        for result in results:
            print_layers(result)
        for sentence in sentences(results):
            people.print(f"- {sentence}", highlight=False)
        if results:
            people.print(wording.LAYERS_NOT_SHOWN, highlight=False)
    report(failures)


def sentences(results: list[StudiedLayers]) -> list[str]:
    """What each shows, and what changes from one to the next on one text, where they have as many layers."""
    found = [line for one in results for line in wording.along_layers(one.name, one.corpus, one.layers)]
    for earlier, later in pairwise(results):
        ends = [one.layers[-1].correlations.get("dispersion") for one in (earlier, later)]
        alike = earlier.corpus == later.corpus and len(earlier.layers) == len(later.layers)
        if alike and ends[0] is not None and ends[1] is not None:
            found.append(wording.between((earlier.name, later.name), (ends[0], ends[1]), "dispersion"))
    return found


def print_layers(result: StudiedLayers) -> None:
    """Draw one result for people: values, and Pearson's r with perplexity behind them."""
    rows = []
    for layer in result.layers:
        row: dict[str, float | int | None] = {"layer": layer.layer} | layer.values
        rows.append(row | {f"r {name}": one.pearson for name, one in layer.correlations.items()})
    measured = f"{result.segments:,} segments of {result.length} tokens"
    print_frame(pd.DataFrame(rows), f"{result.name} on {result.corpus}: {measured}")
    if result.note:
        people.print(f"- Note: {result.note}.", highlight=False)
    people.print()
