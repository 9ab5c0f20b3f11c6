"""Dispersion gaps of output embeddings."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from cache import jobs
from cache.gap_rows import tied_pairs
from cache.paths import store_folder
from cache.requests import REFERENCE, Gap, Subject
from cache.results import MeasuredGap
from cache.store import Store
from cache.tasks import gap as gaps
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
)
from core.errors import InputError
from core.measures.families.gap import Z

app = typer.Typer()


@app.command()
def gap(
    checkpoints: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="CHECKPOINT…", help="Folders, folders of checkpoints, hub ids, or `minilm` (installed)."
        ),
    ] = None,
    domain: Annotated[
        str, typer.Option(help="Token set (see --sets) or a text file with one word a line.")
    ] = "digits",
    reference: Annotated[
        str, typer.Option(help="Token set, a file, or random:N tokens of the rest of the vocabulary.")
    ] = REFERENCE,
    form: Annotated[
        str | None, typer.Option(help="Which token of a word: plain, word or both; default: the set's own.")
    ] = None,
    cases: Annotated[bool, typer.Option("--cases", help="Also lower, Capitalised and UPPER case.")] = False,
    several: Annotated[
        str, typer.Option(help="A word of several tokens: skip it, or average its rows.")
    ] = "skip",
    seed: Annotated[int, typer.Option(min=0, help="Seed of the resamples and of random:N.")] = 0,
    revision: Annotated[str | None, typer.Option(help="Branch, tag or commit of hub ids.")] = None,
    owner: Annotated[str, typer.Option(help="Also every hub repository of this owner.")] = "",
    made_from: Annotated[str, typer.Option(help="Also every hub repository made from this model.")] = "",
    tag: Annotated[list[str] | None, typer.Option(help="Only hub repositories with this tag.")] = None,
    sets: Annotated[bool, typer.Option("--sets", help="List the token sets and end.")] = False,
    detach: DetachOption = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Rank checkpoints by the dispersion gap, from a few rows of their output embedding alone."""
    if sets:
        print_sets(as_json)
        return
    names = gaps.expand(checkpoints or [])
    if owner or made_from or tag:
        from core.hub.search import search

        repositories = search(owner=owner, base_model=made_from, tags=tuple(tag or ()))
        names = list(dict.fromkeys([*names, *repositories]))
    if not names:
        raise InputError("Nothing to measure: name checkpoints, a folder of them, or --made-from MODEL.")
    request = Gap.of(domain, reference, form=form, cases=cases, several=several, seed=seed)
    opened = Store.open(store_folder(store))
    if detach:
        subjects = [Subject(name, revision=revision) for name in names]
        detached(opened, jobs.submit(opened, request, subjects), as_json)
        return
    results, failures = attempt(
        names,
        lambda index, progress: gaps.gap_for(opened, names[index], request, progress, revision=revision),
    )
    if as_json:
        print_json({"results": [result.to_json() for result in results], "failures": failures})
    elif results:
        print_gaps(results, tied_pairs(opened, results, "cosine"))
    report(failures)


def print_gaps(results: list[MeasuredGap], tied: list[tuple[int, int]]) -> None:
    """Draw gaps as a ranking by cosine distance; what cannot be told apart says so."""
    first = results[0]
    title = f"Token gap of {first.domain} against {first.reference}, by cosine distance"
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    table.add_column("rank", justify="right")
    table.add_column("checkpoint")
    for heading in ("gap", "± 95 %", "within", "between", "euclidean"):
        table.add_column(heading, justify="right")
    table.add_column("tied with rank")
    order = sorted(range(len(results)), key=lambda index: -results[index].cosine.gap)
    rank = {index: place for place, index in enumerate(order, start=1)}
    for index in order:
        result, cosine = results[index], results[index].cosine
        near = sorted(rank[j if i == index else i] for i, j in tied if index in (i, j))
        table.add_row(
            str(rank[index]),
            Path(result.subject).name,
            f"{cosine.gap:.4f}",
            f"{Z * cosine.se:.2g}",
            f"{cosine.within_domain:.4f}",
            f"{cosine.between:.4f}",
            f"{result.euclidean.gap:.4g}",
            ", ".join(map(str, near)),
        )
    draw(table)
    read, requests = (
        sum(result.bytes_read for result in results),
        sum(result.requests for result in results),
    )
    cached = sum(result.cached for result in results)
    people.print(
        f"Read {read / 1e6:,.2f} MB in {requests:,} requests; {cached} of {len(results)} from the store."
    )
    for result in results:
        if result.note:
            people.print(result.note, highlight=False)


def print_sets(as_json: bool) -> None:
    """List the token sets that come along."""
    from core.token_sets import token_sets

    if as_json:
        print_json([vars(entry) for entry in token_sets().values()])
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("name", "words", "what it is", "source"):
        table.add_column(heading)
    for entry in token_sets().values():
        table.add_row(entry.name, str(len(entry.words)), entry.about, entry.source)
    draw(table)
