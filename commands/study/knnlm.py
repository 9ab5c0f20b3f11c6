"""kNN-LM with each candidate key: was the most dispersed layer the best?"""

from pathlib import Path
from typing import Annotated

import pandas as pd
import typer
from rich.table import Table

from cache import jobs
from cache.decoder_studies import keys
from cache.paths import store_folder
from cache.requests import Subject
from cache.store import Store
from cache.tasks import knnlm as task
from cache.tasks.knnlm import KnnLm, StudiedKnn
from commands.study.text_options import (
    CheckpointsArgument,
    ColumnOption,
    DeviceOption,
    LengthOption,
    PrecisionOption,
    SeedOption,
    ShorterOption,
)
from commands.terminal import (
    DetachOption,
    JsonOption,
    StoreOption,
    attempt,
    detached,
    draw,
    people,
    print_json,
    report,
    save_table,
)
from core.studies.knnlm import verdict
from core.wording import knnlm as wording

app = typer.Typer()


@app.command("knnlm")
def study_knnlm(
    checkpoints: CheckpointsArgument,
    train: Annotated[str, typer.Option(help="Text of the datastore: a file, or as in `cli.py measure`.")],
    validation: Annotated[str, typer.Option(help="Text that λ and the temperature are chosen on.")],
    test: Annotated[str, typer.Option(help="Text that keys are compared on.")],
    column: ColumnOption = None,
    train_tokens: Annotated[
        int, typer.Option(min=1, help="Tokens of the training text in the datastore.")
    ] = KnnLm.train_tokens,
    tokens: Annotated[
        int, typer.Option(min=1, help="Tokens of the validation text, and of the test text.")
    ] = KnnLm.tokens,
    length: LengthOption = KnnLm.length,
    shorter: ShorterOption = False,
    neighbours: Annotated[int, typer.Option(min=1, help="Nearest keys of a query.")] = KnnLm.neighbours,
    every: Annotated[
        bool, typer.Option("--all-blocks", help="Keys of every block and layer; else of the last block.")
    ] = False,
    flat_up_to: Annotated[
        int, typer.Option(min=1, help="Keys that are searched exactly; more by an index with a recall.")
    ] = KnnLm.flat_up_to,
    save: Annotated[Path | None, typer.Option(help="CSV of every key of every checkpoint.")] = None,
    seed: SeedOption = 0,
    device: DeviceOption = "auto",
    precision: PrecisionOption = "auto",
    detach: DetachOption = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Build the kNN-LM with each key layer: is the most dispersed one the best?"""
    request = KnnLm(
        train=train,
        validation=validation,
        test=test,
        column=column,
        train_tokens=train_tokens,
        tokens=tokens,
        length=length,
        shorter=shorter,
        neighbours=neighbours,
        every=every,
        flat_up_to=flat_up_to,
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
    if save is not None and results:
        save_table(pd.concat(map(keys, results), ignore_index=True), save)
    if as_json:
        documents = [result.to_json() | {"sentences": sentences(result)} for result in results]
        print_json({"results": documents, "failures": failures})
    else:
        for result in results:
            print_result(result)
        if results:
            people.print(wording.NOT_SHOWN, highlight=False)
    report(failures)


def sentences(result: StudiedKnn) -> list[str]:
    """What a result shows, the answer first."""
    return wording.sentences(verdict(result.keys), result.plain.perplexity)


def print_result(result: StudiedKnn) -> None:
    """Draw one result for people: a row a key, the best first."""
    plain = result.plain
    title = (
        f"{result.name}: {plain.train_tokens:,} tokens of {result.train}, {result.neighbours} neighbours; "
        f"perplexity on {plain.test_tokens:,} tokens of {result.test}, {plain.perplexity:.4g} without"
    )
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    table.add_column("key")
    chunks = sorted({one.chunks for key in result.keys for one in key.spreads})
    for heading in (*(f"dispersion, N = {n}" for n in chunks), "λ", "T", "validation", "test"):
        table.add_column(heading, justify="right")
    recalls = {key.title: key.recall for key in result.keys if key.recall is not None}
    for key in sorted(result.keys, key=lambda one: one.perplexity):
        spreads = {one.chunks: f"{one.mean:.3f} ± {one.sd:.3f}" for one in key.spreads}
        tuned = (f"{key.weight:.2f}", f"{key.temperature:.3g}")
        perplexities = (f"{key.validation_perplexity:.4g}", f"{key.perplexity:.4g}")
        table.add_row(key.title, *(spreads.get(n, "") for n in chunks), *tuned, *perplexities)
    draw(table)
    for sentence in sentences(result):
        people.print(f"- {sentence}", highlight=False)
    if recalls:
        people.print(f"- {wording.searched(list(recalls.values()))}", highlight=False)
    if plain.note:
        people.print(f"- Note: {plain.note}.", highlight=False)
    people.print()
