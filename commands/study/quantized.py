"""Loss before and after rounding weights to a few bits."""

from typing import Annotated

import pandas as pd
import typer

from cache.measuring.segments import SegmentedText
from cache.paths import store_folder
from cache.requests import Request
from cache.store import Store
from cache.tasks import quantized as task
from cache.tasks.quantized import Quantized, StudiedQuantized
from commands.study.text_options import (
    CheckpointsArgument,
    ColumnOption,
    CorporaOption,
    DeviceOption,
    LengthOption,
    SeedOption,
    SegmentsOption,
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
)
from core.studies.quantized import BITS, CALIBRATION
from core.wording import training as wording

app = typer.Typer()


@app.command("quantized")
def study_quantized(
    checkpoints: CheckpointsArgument,
    corpus: CorporaOption = None,
    column: ColumnOption = None,
    segments: SegmentsOption = 640,
    length: LengthOption = 128,
    calibration: Annotated[
        int, typer.Option(min=1, help="Of the segments, how many calibrate; they are not tested on.")
    ] = CALIBRATION,
    bits: Annotated[str, typer.Option(help="2 to 8; several by commas.")] = ",".join(map(str, BITS)),
    seed: SeedOption = 0,
    device: DeviceOption = "auto",
    detach: DetachOption = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare a decoder's loss before and after rounding its weights, by GPTQ and to the nearest."""
    widths = tuple(map(int, numbers(bits, "--bits")))
    requests: list[Request] = [
        Quantized(
            SegmentedText(one, column, segments, length, shorter=True, seed=seed, device=device),
            calibration,
            widths,
        )
        for one in corpus or ["auto"]
    ]
    opened = Store.open(store_folder(store))
    done = carried_out(opened, requests, checkpoints, task.study, detach=detach, as_json=as_json)
    if done is None:
        return
    results, failures = done
    if as_json:
        documents = [one.to_json() | {"sentences": sentences(one)} for one in results]
        print_json({"results": documents, "failures": failures})
    else:
        for result in results:
            print_result(result)
    report(failures)


def sentences(result: StudiedQuantized) -> list[str]:
    """What a result shows, the fewest bits last."""
    return wording.of_quantized(result.name, result.rounded)


def print_result(result: StudiedQuantized) -> None:
    """Draw one result for people."""
    rows = [
        {
            "bits": str(one.bits),
            "method": wording.METHODS[one.method],
            "loss": one.loss,
            "more than plain": one.difference,
            "low": one.low,
            "high": one.high,
        }
        for one in result.rounded
    ]
    print_frame(
        pd.DataFrame(rows),
        f"{result.name} on {result.corpus}: loss {result.loss:.4g} nats a token, "
        f"{result.segments:,} segments of {result.length} tokens",
    )
    for sentence in sentences(result):
        people.print(f"- {sentence}", highlight=False)
    if result.note:
        people.print(f"- Note: {result.note}.", highlight=False)
    people.print()
