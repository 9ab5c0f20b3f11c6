"""Distances within and between clusters of contexts that the same words follow."""

from itertools import pairwise
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from cache.paths import store_folder
from cache.requests import Request
from cache.store import Store
from cache.tasks import clusters as task
from cache.tasks.clusters import ClusterStudy, StudiedClusters
from cache.text_difficulty import cluster_rows
from commands.study.text_options import (
    CheckpointsArgument,
    ColumnOption,
    CorporaOption,
    DeviceOption,
    PrecisionOption,
    SeedOption,
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
from core.studies import text_difficulty as tables
from core.studies.clusters import CLUSTERS, CONTEXT, OCCURRENCES, TOKENS
from core.wording import text_difficulty as wording

app = typer.Typer()
SHOWN = ("name", "corpus", "clusters", "occurrences", "layer", "within", "between", "loss")


@app.command("clusters")
def study_clusters(
    checkpoints: CheckpointsArgument,
    corpus: CorporaOption = None,
    column: ColumnOption = None,
    tokens: Annotated[
        int, typer.Option(min=1, help="Tokens that follow each context of a cluster.")
    ] = TOKENS,
    occurrences: Annotated[
        int, typer.Option(min=3, help="Contexts of a cluster; fewer where the text has too few.")
    ] = OCCURRENCES,
    context: Annotated[int, typer.Option(min=2, help="Tokens of a context.")] = CONTEXT,
    count: Annotated[int, typer.Option("--clusters", min=2, help="Clusters at most.")] = CLUSTERS,
    layer: Annotated[int | None, typer.Option(help="0 (embeddings) to the last, the default.")] = None,
    seed: SeedOption = 0,
    device: DeviceOption = "auto",
    precision: PrecisionOption = "auto",
    save: Annotated[Path | None, typer.Option(help="Also write the figures to this .csv file.")] = None,
    detach: DetachOption = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure how far contexts that the same words follow lie apart, across the checkpoints of a run."""
    requests: list[Request] = [
        ClusterStudy(one, column, tokens, occurrences, context, count, layer, seed, device, precision)
        for one in corpus or ["auto"]
    ]
    opened = Store.open(store_folder(store))
    done = carried_out(opened, requests, checkpoints, task.study, detach=detach, as_json=as_json)
    if done is None:
        return
    results, failures = done
    if save:
        rows = [row for one in results for row in cluster_rows(one)]
        save_table(tables.table("clusters", rows), save)
    if as_json:
        documents = [one.to_json() for one in results]
        print_json({"results": documents, "sentences": sentences(results), "failures": failures})
    else:
        if results:
            rows = [{field: getattr(one, field) for field in SHOWN} for one in results]
            print_frame(pd.DataFrame(rows), f"Contexts of {context} tokens before the same {tokens}")
        for sentence in sentences(results):
            people.print(f"- {sentence}", highlight=False)
        for result in results:
            if result.note:
                people.print(f"- Note: {result.note}.", highlight=False)
        if results:
            people.print(wording.CLUSTERS_NOT_SHOWN, highlight=False)
    report(failures)


def sentences(results: list[StudiedClusters]) -> list[str]:
    """What each shows, and what changes from one to the next on clusters of the same sizes."""
    sizes = [(one.clusters, one.occurrences, one.tokens) for one in results]
    found = [
        wording.of_clusters(one.name, one.corpus, size, one.within, one.between)
        for one, size in zip(results, sizes, strict=True)
    ]
    for (earlier, size), (later, other) in pairwise(zip(results, sizes, strict=True)):
        if (earlier.corpus, size) == (later.corpus, other):
            names = earlier.name, later.name
            within, between = (earlier.within, later.within), (earlier.between, later.between)
            found.append(wording.clusters_between(names, within, between))
    return found
