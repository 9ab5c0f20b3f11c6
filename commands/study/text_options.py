"""Options that the studies of a text share."""

from collections.abc import Callable
from typing import Annotated, TypeVar

import typer

from cache import jobs, tasks
from cache.requests import Request, Subject
from cache.results import Result
from cache.store import Store
from commands.terminal import attempt, queued

Made = TypeVar("Made", bound=Result)

CheckpointsArgument = Annotated[
    list[str], typer.Argument(metavar="CHECKPOINT…", help="Folders, hub ids, or variants of them.")
]
CorporaOption = Annotated[
    list[str] | None,
    typer.Option("--corpus", help="As in `cli.py measure`; repeatable, each is a study of its own."),
]
ColumnOption = Annotated[str | None, typer.Option(help="Of a table, the column with the text.")]
SegmentsOption = Annotated[int, typer.Option(min=2, help="Segments drawn from the text.")]
LengthOption = Annotated[int, typer.Option(min=3, help="Tokens of a segment, special ones included.")]
ShorterOption = Annotated[
    bool, typer.Option("--shorter", help="Shorter segments where a checkpoint reads fewer tokens.")
]
SeedOption = Annotated[int, typer.Option(help="Seed of the draw.")]
DeviceOption = Annotated[str, typer.Option(help="auto, cpu or cuda.")]
PrecisionOption = Annotated[str, typer.Option(help="auto, float32 or bfloat16.")]


def carried_out(
    opened: Store,
    requests: list[Request],
    checkpoints: list[str],
    study: Callable[..., Made],
    *,
    detach: bool,
    as_json: bool,
) -> tuple[list[Made], list[dict[str, str]]] | None:
    """(results, failures) of each request on each checkpoint, a text after the other; None: queued as jobs.

    study: of a task, called as study(store, subject, request, progress).
    """
    for request in requests:
        tasks.task_of(request).check(request)
    if detach:
        subjects = [Subject(name) for name in checkpoints]
        queued(opened, [jobs.submit(opened, request, subjects) for request in requests], as_json)
        return None
    asked = [(name, request) for request in requests for name in checkpoints]
    return attempt(
        [name for name, _ in asked],
        lambda index, progress: study(opened, Subject(asked[index][0]), asked[index][1], progress),
    )
